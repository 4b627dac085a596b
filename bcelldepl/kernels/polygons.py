"""Which events lie in a polygon: edge by edge, of many events only those in squares that an edge touches."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bcelldepl.kernels.verdicts import INSIDE, NEAR, OUTSIDE, Positions, count_near
from bcelldepl.runtime.compiled import kernel, kernel_without_errors

__all__ = ["edges_of", "judge_polygon"]

_OUTSIDE, _INSIDE, _NEAR = np.uint8(OUTSIDE), np.uint8(INSIDE), np.uint8(NEAR)  # so that loops stay in bytes
_USUAL = 3.0  # most positions are smaller: their bands are taken as those of the largest of them
_MANY = 20_000  # events times edges, from which squares are worth their while
_SQUARES = 64  # of a row, and rows
_SLACK = 1e-9  # of a position: more than roundings can shift an edge or the end of a square by


@kernel_without_errors
def edges_of(corners: NDArray[np.float64]) -> NDArray[np.float64]:
    """Numbers of the edges of a polygon, as `judge_polygon` takes them.

    Parameters
    ----------
    corners : ndarray of float64, shape (m, 2)

    Returns
    -------
    ndarray of float64, shape (m, 6)
        Of each edge the corner that it leads to, its slope, its lower and upper end, and how far its crossing may move
        for an error of 1 in both coordinates; a level edge has no crossing.
    """
    edges = np.empty((corners.shape[0], 6))
    for edge in range(corners.shape[0]):
        x, y, from_x, from_y = corners[edge, 0], corners[edge, 1], corners[edge - 1, 0], corners[edge - 1, 1]
        slope, reach = 0.0, np.inf
        if from_y != y:
            slope = (from_x - x) / (from_y - y)
            reach = 1.0 + abs(slope)
        edges[edge] = x, y, slope, min(y, from_y), max(y, from_y), reach
    return edges


@kernel
def judge_polygon(
    numbers: NDArray[np.float64],
    x: Positions,
    y: Positions,
    error: float,
    verdict: NDArray[np.uint8],
) -> int:
    """Judge events by a polygon.

    Parameters
    ----------
    numbers : ndarray of float64, shape (m, 6)
        A row per edge, from `bcelldepl.kernels.regions.polygon`.
    x, y, error, verdict
        As in `bcelldepl.kernels.regions.judge`.

    Returns
    -------
    int
        How many are near.
    """
    if x.shape[0] * numbers.shape[0] < _MANY:
        return _by_edges(numbers, x, y, error, verdict)
    largest = np.abs(numbers[:, :2]).max()
    slack = (_SLACK + 4.0 * error) * (1.0 + largest)
    left, bottom = numbers[:, 0].min() - 2.0 * slack, numbers[:, 1].min() - 2.0 * slack
    across = _SQUARES / (numbers[:, 0].max() + 2.0 * slack - left)
    upward = _SQUARES / (numbers[:, 1].max() + 2.0 * slack - bottom)
    if not slack * max(across, upward) < 0.1:  # NaN too
        return _by_edges(numbers, x, y, error, verdict)
    squares = _squares(numbers, left, bottom, across, upward, slack)
    n, unsure = x.shape[0], 0
    places = np.empty(n + 1, np.int32)
    for i in range(n):
        column, row = (x[i] - left) * across, (y[i] - bottom) * upward
        known = (column >= 0.0) & (column < _SQUARES) & (row >= 0.0) & (row < _SQUARES)  # a NaN is not
        places[i] = int(row) * _SQUARES + int(column) if known else _SQUARES * _SQUARES
    for i in range(n):
        verdict[i] = squares[places[i]]
        places[unsure] = i  # written without a branch: what is sure is overwritten by the next
        unsure += verdict[i] == _NEAR
    some_x, some_y = np.empty(unsure, x.dtype), np.empty(unsure, y.dtype)
    for i in range(unsure):
        some_x[i], some_y[i] = x[places[i]], y[places[i]]
    some = np.empty(unsure, np.uint8)
    near = _by_edges(numbers, some_x, some_y, error, some)
    for i in range(unsure):
        verdict[places[i]] = some[i]
    return near


@kernel
def _squares(
    numbers: NDArray[np.float64], left: float, bottom: float, across: float, upward: float, slack: float
) -> NDArray[np.uint8]:
    """Judge squares, row by row, and one more for all that lies outside of them."""
    squares = np.full(_SQUARES * _SQUARES + 1, _OUTSIDE, np.uint8)
    for edge in range(numbers.shape[0]):
        x1, y1, x0, y0 = numbers[edge, 0], numbers[edge, 1], numbers[edge - 1, 0], numbers[edge - 1, 1]
        lower, upper = min(y0, y1), max(y0, y1)
        first, last = int((lower - slack - bottom) * upward), int((upper + slack - bottom) * upward)
        for row in range(first, min(last, _SQUARES - 1) + 1):
            start, stop = min(x0, x1), max(x0, x1)
            if upper > lower:  # as far as the edge goes within this row
                one = x0 + (max(bottom + row / upward - slack, lower) - y0) / (y1 - y0) * (x1 - x0)
                other = x0 + (min(bottom + (row + 1) / upward + slack, upper) - y0) / (y1 - y0) * (x1 - x0)
                start, stop = max(start, min(one, other)), min(stop, max(one, other))
            begin, end = int((start - slack - left) * across), int((stop + slack - left) * across)
            for column in range(begin, min(end, _SQUARES - 1) + 1):
                squares[row * _SQUARES + column] = _NEAR
    for row in range(_SQUARES):
        known, here = False, _OUTSIDE
        for column in range(_SQUARES):
            place = row * _SQUARES + column
            if squares[place] == _NEAR:
                known = False
                continue
            if not known:  # the next ones are as this one, until an edge comes between
                here = _holds(numbers, left + (column + 0.5) / across, bottom + (row + 0.5) / upward)
                known = True
            squares[place] = here
    return squares


@kernel
def _holds(numbers: NDArray[np.float64], x: float, y: float) -> np.uint8:
    """Judge one position that lies away from all edges."""
    held = _OUTSIDE
    for edge in range(numbers.shape[0]):
        crossing = numbers[edge, 0] + numbers[edge, 2] * (y - numbers[edge, 1])
        held ^= _INSIDE if (y >= numbers[edge, 3]) & (y < numbers[edge, 4]) & (x < crossing) else _OUTSIDE
    return held


@kernel
def _by_edges(
    numbers: NDArray[np.float64],
    x: Positions,
    y: Positions,
    error: float,
    verdict: NDArray[np.uint8],
) -> int:
    n = x.shape[0]
    far = 0
    for i in range(n):
        far += not ((abs(x[i]) <= _USUAL) & (abs(y[i]) <= _USUAL))
        verdict[i] = _OUTSIDE
    for edge in range(numbers.shape[0]):
        x1, y1, slope = numbers[edge, 0], numbers[edge, 1], numbers[edge, 2]
        lower, upper, reach = numbers[edge, 3], numbers[edge, 4], numbers[edge, 5]
        if error == 0.0:
            for i in range(n):
                crossing = x1 + slope * (y[i] - y1)
                verdict[i] ^= _INSIDE if (y[i] >= lower) & (y[i] < upper) & (x[i] < crossing) else _OUTSIDE
        elif far == 0:
            band = error * (1.0 + _USUAL)
            start, stop, width = lower - band, upper + band, reach * band
            for i in range(n):
                off = x[i] - (x1 + slope * (y[i] - y1))
                verdict[i] ^= _INSIDE if (y[i] >= lower) & (y[i] < upper) & (off < 0.0) else _OUTSIDE
                doubt = (y[i] >= start) & (y[i] <= stop) & (abs(off) <= width)
                verdict[i] |= _NEAR if doubt else _OUTSIDE
        else:
            for i in range(n):
                off = x[i] - (x1 + slope * (y[i] - y1))
                verdict[i] ^= _INSIDE if (y[i] >= lower) & (y[i] < upper) & (off < 0.0) else _OUTSIDE
                band = error * (1.0 + max(abs(x[i]), abs(y[i])))
                doubt = (y[i] >= lower - band) & (y[i] <= upper + band) & (abs(off) <= reach * band)
                verdict[i] |= _NEAR if doubt else _OUTSIDE
    if error > 0.0:
        for i in range(n):  # both near and inside
            verdict[i] = min(verdict[i], _NEAR)
    return count_near(verdict)
