"""Which events lie in a region of one marker or two, and for which of them that is too near to call.

Positions come with an error: of the table they were looked up in, or of the float32 they are kept in. An event within
that error of an edge is said to be near; its exact position then decides, judged with an error of 0. So a membership is
always that of the exact positions, and the exact ones are worked out for next to no event.

A region is a kind and a table of numbers; `strip`, `polygon` and `ellipse` make them.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from bcelldepl.kernels.polygons import edges_of, judge_polygon
from bcelldepl.kernels.verdicts import INSIDE, NEAR, OUTSIDE, Positions, count_near
from bcelldepl.runtime.compiled import kernel

__all__ = [
    "ELLIPSE",
    "FLOAT32_ERROR",
    "INSIDE",
    "NEAR",
    "OUTSIDE",
    "POLYGON",
    "RECTANGLE",
    "STRIP",
    "ellipse",
    "judge",
    "polygon",
    "rectangle",
    "strip",
]

_OUTSIDE, _INSIDE, _NEAR = np.uint8(OUTSIDE), np.uint8(INSIDE), np.uint8(NEAR)  # so that loops stay in bytes
STRIP, POLYGON, ELLIPSE, RECTANGLE = 0, 1, 2, 3
FLOAT32_ERROR = 2.0**-24  # of a position that is rounded once, relative to it


def strip(x_weight: float, y_weight: float, low: float, high: float) -> NDArray[np.float64]:
    """Numbers of the region ``low < x_weight * x + y_weight * y <= high``; a NaN among them holds nothing.

    Parameters
    ----------
    x_weight, y_weight : float
    low : float
        Open end.
    high : float
        Closed end.

    Returns
    -------
    ndarray of float64
        As `judge` takes them.
    """
    return np.array([[x_weight, y_weight, low, high, 0.0, 0.0]])


def rectangle(left: float, right: float, lower: float, upper: float) -> NDArray[np.float64]:
    """Numbers of an upright rectangle, its left and lower edges included.

    Parameters
    ----------
    left, right, lower, upper : float

    Returns
    -------
    ndarray of float64
        As `judge` takes them.
    """
    return np.array([[left, right, lower, upper, 0.0, 0.0]])


def polygon(vertices: Sequence[Sequence[float]] | NDArray[np.float64]) -> NDArray[np.float64]:
    """Numbers of a polygon, a row per edge, by the parity of edges crossed to the right.

    Parameters
    ----------
    vertices : array-like of float, shape (m, 2)
        Corners in order; the last joins the first. An event on an edge belongs to what lies to its right or above.

    Returns
    -------
    ndarray of float64
    """
    return edges_of(np.array(vertices, dtype=np.float64))


def ellipse(
    centre: Sequence[float], precision: NDArray[np.float64], squared_radius: float
) -> NDArray[np.float64]:
    """Numbers of an ellipse in two markers: squared Mahalanobis distance up to `squared_radius`.

    Parameters
    ----------
    centre : sequence of float, length 2
    precision : ndarray of float64, shape (2, 2)
        Inverse covariance.
    squared_radius : float

    Returns
    -------
    ndarray of float64
    """
    both = 0.5 * (precision[0, 1] + precision[1, 0])
    return np.array([[centre[0], centre[1], precision[0, 0], both, precision[1, 1], squared_radius]])


@kernel
def judge(
    kind: int,
    numbers: NDArray[np.float64],
    x: Positions,
    y: Positions,
    error: float,
    verdict: NDArray[np.uint8],
) -> int:
    """Judge events by their positions.

    Parameters
    ----------
    kind : int
        `STRIP`, `POLYGON`, `ELLIPSE` or `RECTANGLE`.
    numbers : ndarray of float64, shape (m, 6)
        Of the region.
    x, y : ndarray of float32 or float64, shape (n_events,)
        Positions; `y` is not looked at where the region has no weight for it.
    error : float
        A position p may be off by ``error * (1 + abs(p))``; 0 where it is exact.
    verdict : ndarray of uint8, shape (n_events,)
        Filled with `OUTSIDE`, `INSIDE` or `NEAR`. What is no number is outside.

    Returns
    -------
    int
        How many are near.
    """
    if kind == STRIP:
        return _judge_strip(numbers[0], x, y, error, verdict)
    if kind == POLYGON:
        return judge_polygon(numbers, x, y, error, verdict)
    if kind == RECTANGLE:
        return _judge_rectangle(numbers[0], x, y, error, verdict)
    return _judge_ellipse(numbers[0], x, y, error, verdict)


@kernel
def _judge_strip(
    numbers: NDArray[np.float64],
    x: Positions,
    y: Positions,
    error: float,
    verdict: NDArray[np.uint8],
) -> int:
    x_weight, y_weight, low, high = numbers[0], numbers[1], numbers[2], numbers[3]
    if y_weight == 0.0 and x_weight == 1.0:
        return _judge_cuts(low, high, x, error, verdict)
    if y_weight == 0.0:
        reach = abs(x_weight) * error
        for i in range(x.shape[0]):
            value = x_weight * x[i]
            band = reach * (1.0 + abs(x[i]))
            verdict[i] = _INSIDE if (value > low) & (value <= high) else _OUTSIDE
            doubt = (abs(value - low) <= band) | (abs(value - high) <= band)
            verdict[i] = _NEAR if doubt & (error > 0.0) else verdict[i]
    else:
        for i in range(x.shape[0]):
            value = x_weight * x[i] + y_weight * y[i]
            band = error * (abs(x_weight) * (1.0 + abs(x[i])) + abs(y_weight) * (1.0 + abs(y[i])))
            verdict[i] = _INSIDE if (value > low) & (value <= high) else _OUTSIDE
            doubt = (abs(value - low) <= band) | (abs(value - high) <= band)
            verdict[i] = _NEAR if doubt & (error > 0.0) else verdict[i]
    return count_near(verdict)


@kernel
def _judge_cuts(low: float, high: float, x: Positions, error: float, verdict: NDArray[np.uint8]) -> int:
    """Judge by two cuts, on numbers of the positions' own type: a float32 is beyond a cut if it is beyond the float32
    below it."""
    cuts, starts, stops = np.empty(2, x.dtype), np.empty(2, x.dtype), np.empty(2, x.dtype)
    for k, cut in enumerate((low, high)):
        cuts[k] = cut
        if cuts[k] > cut:
            cuts[k] = np.nextafter(cuts[k], x.dtype.type(-np.inf))
        starts[k], stops[k] = np.inf, -np.inf
        if error > 0.0 and abs(cut) < np.inf:
            band = 2.0 * error * (1.0 + abs(cut))  # twice, for the rounding of its ends
            starts[k], stops[k] = cut - band, cut + band
    low_cut, high_cut, low_start, high_start = cuts[0], cuts[1], starts[0], starts[1]
    low_stop, high_stop = stops[0], stops[1]
    for i in range(x.shape[0]):
        verdict[i] = _INSIDE if (x[i] > low_cut) & (x[i] <= high_cut) else _OUTSIDE
        doubt = ((x[i] >= low_start) & (x[i] <= low_stop)) | ((x[i] >= high_start) & (x[i] <= high_stop))
        verdict[i] = _NEAR if doubt else verdict[i]
    return count_near(verdict)


@kernel
def _judge_rectangle(
    numbers: NDArray[np.float64],
    x: Positions,
    y: Positions,
    error: float,
    verdict: NDArray[np.uint8],
) -> int:
    left, right, lower, upper = numbers[0], numbers[1], numbers[2], numbers[3]
    for i in range(x.shape[0]):
        x_band, y_band = error * (1.0 + abs(x[i])), error * (1.0 + abs(y[i]))
        doubt = (abs(x[i] - left) <= x_band) | (abs(x[i] - right) <= x_band)
        doubt = doubt | (abs(y[i] - lower) <= y_band) | (abs(y[i] - upper) <= y_band)
        held = (x[i] >= left) & (x[i] < right) & (y[i] >= lower) & (y[i] < upper)
        verdict[i] = _INSIDE if held else _OUTSIDE
        verdict[i] = _NEAR if doubt & (error > 0.0) else verdict[i]
    return count_near(verdict)


@kernel
def _judge_ellipse(
    numbers: NDArray[np.float64],
    x: Positions,
    y: Positions,
    error: float,
    verdict: NDArray[np.uint8],
) -> int:
    cx, cy, pxx, pxy, pyy, limit = numbers[0], numbers[1], numbers[2], numbers[3], numbers[4], numbers[5]
    steepness = 4.0 * np.sqrt((pxx + pyy) * abs(limit))  # of the squared distance, about its limit
    for i in range(x.shape[0]):
        dx, dy = x[i] - cx, y[i] - cy
        distance = pxx * dx * dx + 2.0 * pxy * dx * dy + pyy * dy * dy
        off = error * (1.0 + max(abs(x[i]), abs(y[i])))
        band = off * (steepness + 4.0 * (pxx + pyy) * off)
        verdict[i] = _INSIDE if distance <= limit else _OUTSIDE
        verdict[i] = _NEAR if (abs(distance - limit) <= band) & (error > 0.0) else verdict[i]
    return count_near(verdict)
