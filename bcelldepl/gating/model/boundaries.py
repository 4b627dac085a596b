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
from bcelldepl.gating.model.study_model import Boundary, Corners, StudyModel
from bcelldepl.gating.regions import inside, polygon
from bcelldepl.kernels.planes import log_density
from bcelldepl.runtime.threads import in_threads

__all__ = ["GRID", "clearest_plane", "draw_boundary", "holds"]

Points = NDArray[np.float64]

GRID = 200  # points of each axis
_REACH = 6.0  # standard deviations from a kind's centre that the grid reaches
_OUTER = 1e-3  # part of a kind's events that lie beyond a closed gate
_DOUBT = math.log(19.0)  # of the odds, at the ends of the interval: 95 % against 5 %
_SLIVER = 0.02  # of the largest part's area; a smaller part is none
_NO_CLUSTER = math.pi * (2 * TUBES_VARY) ** 2  # natural units squared; none is as small once tubes vary
_COARSE = 0.01  # natural units by which a corner may be left out
_JUDGED = 4_000  # events, of those to hold and of the others, by which planes are compared
_LEAST = math.log(1e-300)  # of a logarithm of a density: where all are less, none is the likeliest
_NOWHERE = -745.0  # of a logarithm: a gate that leaves out only other kinds has no outer edge
_AS_CLEAR = 1.2  # times the fewest events that are to be expected on the wrong side
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
    grid: int = GRID,
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
    grid : int
        Points of each axis at which densities are looked at.

    Returns
    -------
    Boundary or None
        None where the study has none of the kinds to hold (or, of an open gate, to leave out).
    """
    field = _Field(model, plane, weights)
    present = set(model.kinds.tolist())
    kept, left_out = ([kind for kind in kinds if kind in present] for kinds in (kept, left_out))
    if not (kept if closed else left_out):
        return None
    field.cover(kept if closed else [*kept, *left_out], grid)
    each = [[kind] for kind in kept] if closed else []
    others, own, *densities = in_threads(field.log_density, (left_out, kept, *each))
    odds = own - np.logaddexp(others, min(map(_outer_level, densities), default=_NOWHERE))
    drawn = [field.outline(odds + shift, closed) for shift in (0.0, -_DOUBT, _DOUBT)]
    return Boundary(*plane, *drawn) if drawn[0] else None


def holds(corners: Corners, x: NDArray[np.float32], y: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Events inside a polygon, all in natural units; shape (n_events,)."""
    if len(corners) < 3:
        return np.zeros(len(x), dtype=np.bool_)
    return inside(polygon("x", "y", corners), {"x": x, "y": y})


class _Field:
    """Densities of kinds over a plane."""

    def __init__(self, model: StudyModel, plane: tuple[str, str], weights: Mapping[str, float]) -> None:
        self.model = model
        self.marginals = _Marginals.of(model, plane)
        self.weights = weights
        self.x = self.y = np.empty(0)

    def cover(self, kinds: Sequence[str], grid: int) -> None:
        """Lay the grid over kinds."""
        chosen = self.marginals.some(np.flatnonzero(np.isin(self.model.kinds, kinds)), np.empty(0))
        reach = _REACH * np.sqrt(np.diagonal(chosen.covariance, axis1=1, axis2=2))
        low, high = (chosen.mean - reach).min(axis=0), (chosen.mean + reach).max(axis=0)
        self.x, self.y = (np.linspace(low[axis], high[axis], grid) for axis in (0, 1))

    def log_density(self, kinds: Sequence[str]) -> Points:
        """Logarithm of the events of some kinds per unit of area; shape (n_y, n_x)."""
        shares, part = self.model.shares(), np.zeros(len(self.model.components))
        for kind in kinds:
            own = self.model.kinds == kind
            part[own] = np.maximum(shares[own] / shares[own].sum() * self.weights[kind], 1e-300)
        chosen = np.flatnonzero(part)
        x, y = np.meshgrid(self.x, self.y)
        density = self.marginals.some(chosen, part[chosen]).log_density(x.ravel(), y.ravel())
        return density.reshape(x.shape)

    def outline(self, odds: Points, closed: bool) -> Corners:
        """Corners of where the odds are positive; its parts are joined by lines there and back."""
        import contourpy

        x, y = self.x, self.y
        if not closed:  # the field goes on as it is at its edges
            odds = np.pad(odds, 1, mode="edge")
            x, y = (np.concatenate(([-_FAR_AWAY], axis, [_FAR_AWAY])) for axis in (x, y))
        odds = np.pad(np.clip(odds, -50.0, 50.0), 1, constant_values=-50.0)
        x, y = (np.concatenate(([axis[0] - 1e-6], axis, [axis[-1] + 1e-6])) for axis in (x, y))
        lines = contourpy.contour_generator(x, y, odds).lines(0.0)
        parts = [np.asarray(line) for line in lines if len(line) > 3]
        if not parts:
            return ()
        areas = [abs(_signed_area(part)) for part in parts]
        # What an open gate leaves out may be a small hole in a plane without end.
        least = _SLIVER * max(areas) if closed else _NO_CLUSTER
        kept = [part for part, area in zip(parts, areas, strict=True) if area >= least]
        kept.sort(key=lambda part: -abs(_signed_area(part)))
        return _joined([_simplified(part[:-1]) for part in kept])


def _outer_level(log_density: Points) -> float:
    """Log density beyond which hardly an event lies."""
    ordered = np.sort(np.exp(log_density), axis=None)[::-1]
    held = np.cumsum(ordered)
    place = int(np.searchsorted(held, (1.0 - _OUTER) * held[-1]))
    return math.log(max(float(ordered[min(place, len(ordered) - 1)]), 1e-300))


def _signed_area(corners: Points) -> float:
    x, y = corners.T
    return 0.5 * float(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1)))


def _simplified(corners: Points) -> Points:
    """Leave out corners that lie hardly off the line between their neighbours (Douglas and Peucker)."""
    start = int(np.argmax(np.hypot(*(corners - corners.mean(axis=0)).T)))
    ring = np.roll(corners, -start, axis=0)
    middle = int(np.argmax(np.hypot(*(ring - ring[0]).T)))
    keep = np.zeros(len(ring) + 1, dtype=np.bool_)
    closed = np.vstack((ring, ring[:1]))
    keep[[0, middle, len(ring)]] = True
    waiting = [(0, middle), (middle, len(ring))]
    while waiting:
        first, last = waiting.pop()
        if last - first < 2:
            continue
        base = closed[last] - closed[first]
        away = closed[first + 1 : last] - closed[first]
        length = max(float(np.hypot(*base)), 1e-12)
        off = np.abs(base[0] * away[:, 1] - base[1] * away[:, 0]) / length
        farthest = int(np.argmax(off))
        if off[farthest] > _COARSE:
            place = first + 1 + farthest
            keep[place] = True
            waiting += [(first, place), (place, last)]
    return ring[np.flatnonzero(keep[:-1])]


def _joined(parts: Sequence[Points]) -> Corners:
    """One closed line through all parts: from the first to each other part and back, which encloses nothing."""
    first = parts[0]
    corners = [tuple(corner) for corner in first.tolist()]
    for part in parts[1:]:
        there = [tuple(corner) for corner in part.tolist()]
        corners += [corners[0], *there, there[0], corners[0]]
    return tuple((round(float(a), 5), round(float(b), 5)) for a, b in corners)
