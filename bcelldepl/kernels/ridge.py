"""The ridge of a population in two markers: positions with the tilt taken out, and the sums that a slope is made of."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bcelldepl.runtime.compiled import kernel

__all__ = ["level_positions", "ridge_sums"]

_TILE = 256


@kernel
def level_positions(
    values: NDArray[np.float32],
    along: NDArray[np.float32],
    slope: float,
    pivot: float,
    out: NDArray[np.float32],
) -> None:
    """Take out of one marker what it rises by with another.

    Parameters
    ----------
    values, along : ndarray of float32, shape (n_events,)
    slope, pivot : float
        ``out = values - slope * (along - pivot)``, worked out in float64.
    out : ndarray of float32, shape (n_events,)
        Filled.
    """
    for event in range(values.shape[0]):
        out[event] = float(values[event]) - slope * (float(along[event]) - pivot)


@kernel
def ridge_sums(
    values: NDArray[np.float32],
    along: NDArray[np.float32],
    centre: float,
    reach: float,
    pivot: float,
    sums: NDArray[np.float64],
) -> None:
    """Sum what the regression of one marker on another is made of, among the events near a centre.

    Parameters
    ----------
    values, along : ndarray of float32, shape (n_events,)
    centre, reach : float
        Events whose `values` lie less than `reach` from `centre` are summed; NaN lies near nothing.
    pivot : float
        `along` is taken from here, `values` from `centre`.
    sums : ndarray of float64, shape (5,)
        Filled: events, and their sums of y, x, y y and x y, for x of `values` and y of `along`.
    """
    parts = np.zeros((5, _TILE))
    one, sum_y, sum_x, sum_yy, sum_xy = parts[0], parts[1], parts[2], parts[3], parts[4]
    for first in range(0, values.shape[0], _TILE):
        size = min(_TILE, values.shape[0] - first)
        own, other = values[first : first + size], along[first : first + size]
        for e in range(size):
            off = float(own[e]) - centre
            near = abs(off) < reach
            x, y = off if near else 0.0, float(other[e]) - pivot if near else 0.0
            one[e] += 1.0 if near else 0.0
            sum_y[e] += y
            sum_x[e] += x
            sum_yy[e] += y * y
            sum_xy[e] += x * y
    for i in range(5):
        total = 0.0
        for e in range(_TILE):
            total += parts[i, e]
        sums[i] = total
