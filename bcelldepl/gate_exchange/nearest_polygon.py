"""The polygon nearest to a population that no polygon made."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter
from scipy.spatial import ConvexHull, QhullError

from bcelldepl.kernels.regions import POLYGON, judge, polygon

__all__ = ["nearest_polygon"]

_BINS = 160
_SMOOTHNESS = (0.8, 1.5, 3.0, 5.0)  # in bins
_ODDS = (0.5, 1.0, 2.0)  # how many events outside one event inside is worth


def nearest_polygon(
    x: NDArray[np.float32], y: NDArray[np.float32], members: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], int]:
    """Draw the outline of where members are denser than others, as smoothly as costs the fewest events.

    Parameters
    ----------
    x, y : ndarray of float32, shape (n_events,)
        Positions of the parent's events.
    members : ndarray of bool, shape (n_events,)

    Returns
    -------
    corners : ndarray of float64, shape (m, 2)
        Empty where there are fewer than three members.
    disputed : int
        Events on the wrong side of it.
    """
    best, fewest = np.empty((0, 2)), int(members.sum())
    if fewest < 3:
        return best, fewest
    held = np.empty(len(x), dtype=np.uint8)

    def weigh(corners: NDArray[np.float64]) -> int:
        judge(POLYGON, polygon(corners), x, y, 0.0, held)
        return int(np.count_nonzero(held != members))

    for corners in _hulls(np.column_stack([x[members], y[members]]).astype(np.float64)):
        if weigh(corners) < fewest:
            best, fewest = corners, weigh(corners)
    edges = [_edges(values[members]) for values in (x, y)]
    within = np.histogram2d(x[members], y[members], edges)[0]
    without = np.histogram2d(x[~members], y[~members], edges)[0]
    across, upward = (0.5 * (edge[1:] + edge[:-1]) for edge in edges)
    for smooth in _SMOOTHNESS:
        mine, theirs = gaussian_filter(within, smooth), gaussian_filter(without, smooth)
        for odds in _ODDS:
            for corners in _contours(across, upward, odds * mine - theirs, floor=0.002 / smooth**2):
                disputed = weigh(corners)
                if disputed < fewest:
                    best, fewest = corners, disputed
    return best, fewest


def _hulls(points: NDArray[np.float64]) -> list[NDArray[np.float64]]:
    """Convex hulls a little wider than the points: what is best for few of them."""
    try:
        hull = points[ConvexHull(points).vertices]
    except QhullError:  # all in a line
        return []
    middle = hull.mean(axis=0)
    return [middle + grown * (hull - middle) for grown in (1.001, 1.05)]


def _edges(values: NDArray[np.float32]) -> NDArray[np.float64]:
    low, high = float(values.min()), float(values.max())
    margin = max(0.06 * (high - low), 1e-3)
    return np.linspace(low - margin, high + margin, _BINS + 1)


def _contours(
    x: NDArray[np.float64], y: NDArray[np.float64], height: NDArray[np.float64], floor: float
) -> list[NDArray[np.float64]]:
    """Closed outlines at a height just above nothing, the largest first; three at most."""
    from contourpy import contour_generator

    walled = np.pad(height, 1, constant_values=-1.0)  # so that every outline closes
    step_x, step_y = x[1] - x[0], y[1] - y[0]
    across = np.concatenate([[x[0] - step_x], x, [x[-1] + step_x]])
    upward = np.concatenate([[y[0] - step_y], y, [y[-1] + step_y]])
    lines = contour_generator(across, upward, walled.T).lines(floor)
    found = [np.asarray(line, dtype=np.float64) for line in lines if len(line) > 3]
    return [line[:-1] for line in sorted(found, key=_area, reverse=True)[:3]]


def _area(outline: NDArray[np.float64]) -> float:
    """Area within an outline whose last corner is its first again."""
    x, y = outline.T
    return 0.5 * abs(float(x[:-1] @ y[1:] - y[:-1] @ x[1:]))
