"""Gates from the model: a polygon in two markers that parts some kinds from the others."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from bcelldepl.gating.model.alignment import TUBES_VARY
from bcelldepl.gating.model.outlines import joined, signed_area, simplified
from bcelldepl.gating.model.study_model import Boundary, Corners, StudyModel
from bcelldepl.gating.regions import inside, polygon
from bcelldepl.kernels.planes import log_density
from bcelldepl.runtime.threads import in_threads

__all__ = ["clearest_plane", "draw_boundary", "draw_tight", "holds"]

Points = NDArray[np.float64]

_GRID = 200  # points of each axis,
_TIGHT_GRID = 100  # and of a tight gate
_REACH = 6.0  # standard deviations from a kind's centre that the grid reaches
_OUTER = 1e-3  # part of a kind's events that lie beyond a closed gate
_EMPTY = 1e-9  # of the greatest density: places with less hold none of them
_DOUBT = math.log(19.0)  # of the odds, at the ends of the interval: 95 % against 5 %
_SLIVER = 0.02  # of the largest part's area; a smaller part is none
_NO_CLUSTER = math.pi * (2 * TUBES_VARY) ** 2  # natural units squared; none is as small once tubes vary
_COARSE = 0.01  # natural units by which a corner may be left out
_JUDGED = 4_000  # events, of those to hold and of the others, by which planes are compared
_LEAST = math.log(1e-300)  # of a logarithm of a density: where all are less, none is the likeliest
_NOWHERE = -745.0  # of a logarithm: a gate that leaves out only other kinds has no outer edge
_AS_CLEAR = 1.2  # times the fewest events that are to be expected on the wrong side
_CLEARLY = 2e-3  # of the events to hold: so many fewer must be on the wrong side elsewhere
_FAR_AWAY = 40.0  # natural units: an open side of a gate


def clearest_plane(
    model: StudyModel,
    markers: Sequence[str],
    kept: Sequence[str],
    weights: Mapping[str, float],
    points: NDArray[np.float32],
    is_kept: NDArray[np.bool_],
    worth: NDArray[np.float64],
    *,
    first_of_clear: bool,
    preferred: tuple[str, str] | None = None,
) -> tuple[str, str]:
    """Find the two markers in which the fewest events of a sample are on the wrong side.

    Parameters
    ----------
    model : StudyModel
    markers : sequence of str
        To choose from, the preferred ones first.
    kept : sequence of str
        Kinds to hold.
    weights : mapping of str to float
        How many events of each kind to reckon with.
    points : ndarray of float32, shape (n_events, k)
        Of the sample, in natural units.
    is_kept : ndarray of bool, shape (n_events,)
        Whether an event is of the kinds to hold.
    worth : ndarray of float64, shape (n_events,)
        How many events each stands for.
    first_of_clear : bool
        Of planes where about as few are to be expected there take the first, so that a few events more or less in the
        sample do not turn the gate.
    preferred : tuple of str, optional
        Two markers that are taken where in no others clearly fewer are to be expected there.

    Returns
    -------
    tuple of str
    """
    points, is_kept, worth = _thinned(points, is_kept, worth)
    columns = np.ascontiguousarray(points.T, dtype=np.float64)
    shares = model.shares()
    totals = {kind: float(shares[model.kinds == kind].sum()) for kind in weights}
    part = np.array(
        [
            weights[kind] * share / totals[kind] if kind in weights else 0.0
            for kind, share in zip(model.kinds, shares, strict=True)
        ]
    )
    held = np.isin(model.kinds, kept)
    sides = [np.flatnonzero((part > 0.0) & (held == side)) for side in (False, True)]

    def wrong(plane: tuple[str, str]) -> tuple[float, float]:
        marginals = _Marginals.of(model, plane)
        x, y = (columns[axis] for axis in marginals.axes)
        others, own = (
            np.logaddexp(marginals.some(side, part[side]).log_density(x, y), _LEAST) for side in sides
        )
        side = np.where(is_kept, own - others, others - own)
        return float(worth[side <= 0].sum()), float(expit(-side) @ worth)

    planes = list(combinations(markers, 2))
    judged = in_threads(wrong, planes)
    if preferred is not None:
        _, least = min(judged, key=lambda one: one[1])
        if wrong(preferred)[1] <= least + _CLEARLY * float(worth[is_kept].sum()):
            return preferred
    if not first_of_clear:
        return planes[min(range(len(planes)), key=judged.__getitem__)]
    enough = _AS_CLEAR * min(expected for _, expected in judged)
    return next(plane for plane, (_, expected) in zip(planes, judged, strict=True) if expected <= enough)


@dataclass(frozen=True)
class _Marginals:
    """Components in two markers, as wide as tubes vary by, each with a part of the events.

    Attributes
    ----------
    axes : list of int
        Places of the two markers.
    mean : ndarray of float64, shape (m, 2)
    covariance : ndarray of float64, shape (m, 2, 2)
    part : ndarray of float64, shape (m,)
    """

    axes: list[int]
    mean: Points
    covariance: Points
    part: Points

    @classmethod
    def of(cls, model: StudyModel, plane: tuple[str, str]) -> _Marginals:
        """Those of all components of a study, each as if all events were its own."""
        axes = [model.markers.index(marker) for marker in plane]
        covariance = model.frame.covariance[:, axes][:, :, axes] + TUBES_VARY**2 * np.eye(2)
        return cls(axes, model.frame.mean[:, axes], covariance, np.ones(len(covariance)))

    def some(self, chosen: NDArray[np.int64], part: Points) -> _Marginals:
        """Return some of them, with parts of their own."""
        return _Marginals(self.axes, self.mean[chosen], self.covariance[chosen], part)

    def grid(self, points: int) -> tuple[Points, Points]:
        """Lay a grid of so many points each way over them."""
        reach = _REACH * np.sqrt(np.diagonal(self.covariance, axis1=1, axis2=2))
        low, high = (self.mean - reach).min(axis=0), (self.mean + reach).max(axis=0)
        return np.linspace(low[0], high[0], points), np.linspace(low[1], high[1], points)

    def log_density(self, x: Points, y: Points) -> Points:
        """Logarithm of the events per unit of area at some places."""
        precision = np.linalg.inv(self.covariance)
        height = np.log(self.part) - 0.5 * np.log(np.linalg.det(self.covariance)) - math.log(2 * math.pi)
        parts = precision[:, 0, 0], precision[:, 0, 1], precision[:, 1, 1]
        out = np.empty_like(x)
        log_density(x, y, np.array([*self.mean.T, *parts, height]), out)
        return out


def _thinned(
    points: NDArray[np.float32], is_kept: NDArray[np.bool_], worth: NDArray[np.float64]
) -> tuple[NDArray[np.float32], NDArray[np.bool_], NDArray[np.float64]]:
    """Take every so manieth event of the kinds to hold, and of the others, where there are more than are needed."""
    chosen, weights = [], []
    for wanted in (True, False):
        events = np.flatnonzero(is_kept == wanted)
        step = max(1, len(events) // _JUDGED)
        chosen.append(events[::step])
        weights.append(worth[events[::step]] * step)
    index = np.concatenate(chosen)
    return points[index], is_kept[index], np.concatenate(weights)


def draw_boundary(
    model: StudyModel,
    plane: tuple[str, str],
    kept: Sequence[str],
    left_out: Sequence[str],
    *,
    closed: bool,
    weights: Mapping[str, float],
) -> Boundary | None:
    """Draw a gate where events are as likely of the kinds to hold as of those to leave out.

    Parameters
    ----------
    model : StudyModel
    plane : tuple of str
        x and y.
    kept, left_out : sequence of str
        Kinds to hold, and kinds to leave out.
    closed : bool
        Whether the gate also leaves out what is far from the kept kinds; else it holds all but those to leave out.
    weights : mapping of str to float
        How many events of each kind to reckon with.

    Returns
    -------
    Boundary or None
        None where the study has none of the kinds to hold (or, of an open gate, to leave out).
    """
    odds = _Odds.over(model, plane, kept, left_out, closed, weights, _GRID)
    if odds is None:
        return None
    drawn = [odds.outline(shift) for shift in (0.0, -_DOUBT, _DOUBT)]
    return Boundary(*plane, *drawn) if drawn[0] else None


def draw_tight(
    model: StudyModel,
    plane: tuple[str, str],
    kept: Sequence[str],
    left_out: Sequence[str],
    weights: Mapping[str, float],
) -> Corners:
    """Draw a closed gate where events are 95 % likely of the kinds to hold, on a coarser grid.

    Such a gate is chosen among many by the events of one tube.

    Parameters
    ----------
    model, plane, kept, left_out, weights
        As in `draw_boundary`.

    Returns
    -------
    tuple of (float, float)
        Corners; none where there is no such place.
    """
    odds = _Odds.over(model, plane, kept, left_out, True, weights, _TIGHT_GRID)
    return () if odds is None else odds.outline(-_DOUBT)


def holds(corners: Corners, x: NDArray[np.float32], y: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Events inside a polygon, all in natural units; shape (n_events,)."""
    if len(corners) < 3:
        return np.zeros(len(x), dtype=np.bool_)
    return inside(polygon("x", "y", corners), {"x": x, "y": y})


@dataclass(frozen=True)
class _Odds:
    """Logarithm of the odds that an event is of the kinds to hold, over a plane.

    Attributes
    ----------
    x, y : ndarray of float64, shapes (n_x,), (n_y,)
    odds : ndarray of float64, shape (n_y, n_x)
    closed : bool
        Whether what is far from the kinds to hold is left out.
    """

    x: Points
    y: Points
    odds: Points
    closed: bool

    @classmethod
    def over(
        cls,
        model: StudyModel,
        plane: tuple[str, str],
        kept: Sequence[str],
        left_out: Sequence[str],
        closed: bool,
        weights: Mapping[str, float],
        points: int,
    ) -> _Odds | None:
        """Find them on a grid of so many points each way; None as for `draw_boundary`."""
        present = set(model.kinds.tolist())
        kept, left_out = ([kind for kind in kinds if kind in present] for kinds in (kept, left_out))
        if not (kept if closed else left_out):
            return None
        marginals, shares = _Marginals.of(model, plane), model.shares()
        covered = np.flatnonzero(np.isin(model.kinds, kept if closed else [*kept, *left_out]))
        x, y = marginals.some(covered, np.empty(0)).grid(points)
        places = [axis.ravel() for axis in np.meshgrid(x, y)]

        def density_of(kinds: Sequence[str]) -> Points:
            part = np.zeros(len(model.components))
            for kind in kinds:
                own = model.kinds == kind
                part[own] = np.maximum(shares[own] / shares[own].sum() * weights[kind], 1e-300)
            chosen = np.flatnonzero(part)
            return marginals.some(chosen, part[chosen]).log_density(*places).reshape(len(y), len(x))

        each = [[kind] for kind in kept] if closed else []
        others, own, *densities = in_threads(density_of, (left_out, kept, *each))
        least = min(map(_outer_level, densities), default=_NOWHERE)
        return cls(x, y, own - np.logaddexp(others, least), closed)

    def outline(self, shift: float) -> Corners:
        """Corners of where the odds, shifted, are positive; its parts are joined by lines there and back."""
        import contourpy

        x, y, odds = self.x, self.y, self.odds + shift
        if not self.closed:  # the field goes on as it is at its edges
            odds = np.pad(odds, 1, mode="edge")
            x, y = (np.concatenate(([-_FAR_AWAY], axis, [_FAR_AWAY])) for axis in (x, y))
        odds = np.pad(np.clip(odds, -50.0, 50.0), 1, constant_values=-50.0)
        x, y = (np.concatenate(([axis[0] - 1e-6], axis, [axis[-1] + 1e-6])) for axis in (x, y))
        lines = contourpy.contour_generator(x, y, odds).lines(0.0)
        parts = [np.asarray(line) for line in lines if len(line) > 3]
        if not parts:
            return ()
        areas = [abs(signed_area(part)) for part in parts]
        # What an open gate leaves out may be a small hole in a plane without end.
        least = _SLIVER * max(areas) if self.closed else _NO_CLUSTER
        kept = [part for part, area in zip(parts, areas, strict=True) if area >= least]
        kept.sort(key=lambda part: -abs(signed_area(part)))
        return joined([simplified(part[:-1], _COARSE) for part in kept])


def _outer_level(log_density: Points) -> float:
    """Log density beyond which hardly an event lies."""
    density = np.exp(log_density)
    ordered = np.sort(density[density >= _EMPTY * density.max()])[::-1]
    held = np.cumsum(ordered)
    place = int(np.searchsorted(held, (1.0 - _OUTER) * held[-1]))
    return math.log(max(float(ordered[min(place, len(ordered) - 1)]), 1e-300))
