"""Gates from the model: a polygon in two markers that parts some kinds from the others."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from bcelldepl.gating.model.study_model import Boundary, Corners, StudyModel
from bcelldepl.gating.regions import inside, polygon

__all__ = ["clearest_plane", "draw_boundary", "holds"]

Points = NDArray[np.float64]

_GRID = 200  # points of each axis
_REACH = 6.0  # standard deviations from a kind's centre that the grid reaches
_OUTER = 1e-3  # part of a kind's events that lie beyond a closed gate
_DRIFT = 0.08  # natural units that tubes vary by, once aligned
_DOUBT = math.log(19.0)  # of the odds, at the ends of the interval: 95 % against 5 %
_SLIVER = 0.02  # of the largest part's area; a smaller part is none
_COARSE = 0.01  # natural units by which a corner may be left out
_JUDGED = 4_000  # events, of those to hold and of the others, by which planes are compared
_FAR_AWAY = 40.0  # natural units: an open side of a gate


def clearest_plane(
    model: StudyModel,
    markers: Sequence[str],
    kept: Sequence[str],
    weights: Mapping[str, float],
    points: NDArray[np.float32],
    is_kept: NDArray[np.bool_],
    worth: NDArray[np.float64],
) -> tuple[str, str]:
    """Find the two markers in which the fewest events of a sample are on the wrong side.

    Parameters
    ----------
    model : StudyModel
    markers : sequence of str
        To choose from.
    kept : sequence of str
        Kinds to hold.
    weights : mapping of str to float
        How many events of each kind to reckon with.
    points : ndarray of float32, shape (n_events, k)
        Of the sample, in natural units.
    is_kept : ndarray of bool, shape (n_events,)
        Whether an event is of the kinds to hold.
    worth : ndarray of float64, shape (n_events,)
    """
    points, is_kept, worth = _thinned(points, is_kept, worth)
    shares = model.shares()
    totals = {kind: float(shares[model.kinds == kind].sum()) for kind in weights}
    part = np.array(
        [
            weights[kind] * share / totals[kind] if kind in weights else 0.0
            for kind, share in zip(model.kinds, shares, strict=True)
        ]
    )
    held = np.isin(model.kinds, kept)

    def wrong(plane: tuple[str, str]) -> tuple[float, float]:
        axes = [model.markers.index(marker) for marker in plane]
        corner = np.ix_(axes, axes)
        x, y = points[:, axes[0]], points[:, axes[1]]
        density = np.zeros((2, len(points)))
        for mean, component, weight, mine in zip(model.frame.mean, model.components, part, held, strict=True):
            if weight == 0.0:
                continue
            covariance = np.array(component.covariance)[corner] + _DRIFT**2 * np.eye(2)
            precision = np.linalg.inv(covariance)
            dx, dy = x - mean[axes[0]], y - mean[axes[1]]
            squared = (precision[0, 0] * dx + 2 * precision[0, 1] * dy) * dx + precision[1, 1] * dy * dy
            density[int(mine)] += (
                weight * np.exp(-0.5 * squared) / math.sqrt(float(np.linalg.det(covariance)))
            )
        odds = np.log(density[1] + 1e-300) - np.log(density[0] + 1e-300)
        side = np.where(is_kept, odds, -odds)
        return float(worth[side <= 0].sum()), float(-np.minimum(side, 20.0) @ worth)

    return min(combinations(markers, 2), key=wrong)


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
    field = _Field(model, plane, weights)
    present = set(model.kinds.tolist())
    kept, left_out = ([kind for kind in kinds if kind in present] for kinds in (kept, left_out))
    if not (kept if closed else left_out):
        return None
    field.cover(kept if closed else [*kept, *left_out])
    beyond = np.logaddexp(field.log_density(left_out), field.outer_level(kept, closed))
    odds = field.log_density(kept) - beyond
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
        self.axes = [model.markers.index(marker) for marker in plane]
        self.weights = weights
        corner = np.ix_(self.axes, self.axes)
        self.mean = model.frame.mean[:, self.axes]
        self.covariance = np.array([np.array(one.covariance)[corner] for one in model.components])
        self.covariance = self.covariance + _DRIFT**2 * np.eye(2)
        self.x = self.y = np.empty(0)

    def cover(self, kinds: Sequence[str]) -> None:
        """Lay the grid over kinds."""
        chosen = np.isin(self.model.kinds, kinds)
        reach = _REACH * np.sqrt(np.diagonal(self.covariance[chosen], axis1=1, axis2=2))
        low, high = (self.mean[chosen] - reach).min(axis=0), (self.mean[chosen] + reach).max(axis=0)
        self.x, self.y = (np.linspace(low[axis], high[axis], _GRID) for axis in (0, 1))

    def log_density(self, kinds: Sequence[str]) -> Points:
        """Logarithm of the events of some kinds per unit of area; shape (n_y, n_x)."""
        total = np.full((len(self.y), len(self.x)), -np.inf)
        shares = self.model.shares()
        for kind in kinds:
            chosen = np.flatnonzero(self.model.kinds == kind)
            parts = shares[chosen] / shares[chosen].sum() * self.weights[kind]
            for component, weight in zip(chosen.tolist(), parts, strict=True):
                total = np.logaddexp(total, math.log(max(weight, 1e-300)) + self._log_normal(component))
        return total

    def _log_normal(self, component: int) -> Points:
        precision = np.linalg.inv(self.covariance[component])
        dx, dy = self.x - self.mean[component, 0], (self.y - self.mean[component, 1])[:, None]
        squared = precision[0, 0] * dx**2 + 2 * precision[0, 1] * dx * dy + precision[1, 1] * dy**2
        constant = 0.5 * math.log(float(np.linalg.det(precision))) - math.log(2 * math.pi)
        return np.asarray(constant - 0.5 * squared)

    def outer_level(self, kinds: Sequence[str], closed: bool) -> float:
        """Log density beyond which hardly an event of any of the kinds lies; an open gate has none."""
        if not closed:
            return -745.0
        lowest = math.inf
        for kind in kinds:
            density = np.exp(self.log_density([kind])).ravel()
            ordered = np.sort(density)[::-1]
            held = np.cumsum(ordered)
            place = int(np.searchsorted(held, (1.0 - _OUTER) * held[-1]))
            lowest = min(lowest, math.log(max(float(ordered[min(place, len(ordered) - 1)]), 1e-300)))
        return lowest

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
        kept = [part for part, area in zip(parts, areas, strict=True) if area >= _SLIVER * max(areas)]
        kept.sort(key=lambda part: -abs(_signed_area(part)))
        return _joined([_simplified(part[:-1]) for part in kept])


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
