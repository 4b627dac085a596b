"""A region as it lies among signals: squares of them that are wholly inside or wholly outside.

Signals are cut where the leading bits of ``|signal| + softness`` change, on most scales about evenly; so a signal tells
its square by its bits. Only an event whose square an edge may touch has to be put on the scale.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bcelldepl.kernels.positions import SOFTNESS, _exact_positions
from bcelldepl.kernels.regions import NEAR, POLYGON, RECTANGLE, STRIP, judge
from bcelldepl.runtime.compiled import kernel

__all__ = ["AXIS_BITS", "AXIS_NUMBERS", "axis_of", "chart_of", "cut_signals"]

AXIS_NUMBERS: Final = 6
# Places of an axis' numbers: softness, shift and first value of the bits that tell a square; squares below zero, and
# from zero on; bits that tell them all apart.
_SOFTNESS, _SHIFT, _FIRST, _BELOW, _ABOVE, AXIS_BITS = range(AXIS_NUMBERS)
_LINEAR_BITS: Final = 6  # bits that tell the squares of a doubling
_CURVED_BITS: Final = 4
_DOUBLINGS: Final = 40  # at most
_SLACK: Final = 1e-9  # of a position: more than roundings can shift the ends of a square by


def axis_of(scale: NDArray[np.float64]) -> NDArray[np.float64]:
    """Say how signals are cut.

    Parameters
    ----------
    scale : ndarray of float64
        Its numbers, from `bcelldepl.kernels.positions`.

    Returns
    -------
    ndarray of float64, shape (AXIS_NUMBERS,)
        As `cut_signals` takes it.
    """
    return _cut(scale.tobytes())[0]


@lru_cache(maxsize=256)  # tubes of a study ask for the same ones
def _cut(scale: bytes) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """An axis; middles and half widths, in positions, of all its squares but the last of either end."""
    numbers = np.frombuffer(scale).copy()  # one that may be written to: for those, the kernel is at hand
    softness, bits = float(numbers[SOFTNESS]), _CURVED_BITS
    if softness == 0.0:  # a straight scale; its top lies within the first doubling
        one = float(_exact_positions(np.ones(1), numbers)[0])
        softness, bits = 2.0 ** math.ceil(-math.log2(one)), _LINEAR_BITS
    shift = 52 - bits
    first = int(np.float64(softness).view(np.int64)) >> shift
    pieces = np.arange(first, first + (_DOUBLINGS << bits), dtype=np.int64)
    signals = (pieces << shift).view(np.float64) - softness
    above = min(int(np.searchsorted(_exact_positions(signals, numbers), 1.0)) + 1, len(signals))
    below = (above + 1) // 2
    ends = _exact_positions(np.concatenate([-signals[below - 1 : 0 : -1], signals[:above]]), numbers)
    width = (below + above - 1).bit_length()
    axis = np.array([softness, shift, first, below, above, width], dtype=np.float64)
    return axis, (ends[1:] + ends[:-1]) / 2, (ends[1:] - ends[:-1]) / 2


def chart_of(
    kind: int, region: NDArray[np.float64], x_scale: NDArray[np.float64], y_scale: NDArray[np.float64] | None
) -> NDArray[np.uint8]:
    """Judge every square.

    Parameters
    ----------
    kind : int
    region : ndarray of float64, shape (m, 6)
        Of positions, from `bcelldepl.kernels.regions`.
    x_scale, y_scale : ndarray of float64
        Numbers of the scales; None where the region has one marker.

    Returns
    -------
    ndarray of uint8, shape (n_squares,)
        `OUTSIDE`, `INSIDE`, or `NEAR` where positions must decide: wherever an edge may touch, and in the last square
        of either end, where also what is no number falls.
    """
    return _chart(kind, region.tobytes(), x_scale.tobytes(), b"" if y_scale is None else y_scale.tobytes())


@lru_cache(maxsize=64)  # a plan keeps its own
def _chart(kind: int, region: bytes, x_scale: bytes, y_scale: bytes) -> NDArray[np.uint8]:
    numbers = np.frombuffer(region).reshape(-1, 6)
    _, x, x_half = _cut(x_scale)
    axis, y, y_half = _cut(y_scale) if y_scale else (np.zeros(AXIS_NUMBERS), np.zeros(1), np.zeros(1))
    inner = np.empty((len(x), len(y)), dtype=np.uint8)
    middles = np.repeat(x, len(y)), np.tile(y, len(x)) if y_scale else x
    _judge_squares(kind, numbers, *middles, x_half + _SLACK, y_half + _SLACK if y_scale else y[:0], inner)
    chart = np.full((len(x) + 2, 1 << int(axis[AXIS_BITS])), NEAR, dtype=np.uint8)
    if y_scale:
        chart[1:-1, 1 : len(y) + 1] = inner
    else:
        chart[1:-1] = inner
    return chart.ravel()


@kernel
def _judge_squares(
    kind: int,
    numbers: NDArray[np.float64],
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    x_half: NDArray[np.float64],
    y_half: NDArray[np.float64],
    chart: NDArray[np.uint8],
) -> None:
    """Judge squares by their middles, one after the other, and mark those that an edge may touch.

    Half widths are those of the rows and columns of the chart; without those of y, x and y are one marker.
    """
    judge(kind, numbers, x, y, 0.0, chart.reshape(-1))
    for i in range(chart.shape[0]):
        for j in range(chart.shape[1]):
            k = i * chart.shape[1] + j
            half = y_half[j] if y_half.shape[0] > 0 else x_half[i]
            if _is_touched(kind, numbers, x[k], y[k], x_half[i], half):
                chart[i, j] = NEAR


@kernel
def _is_touched(kind: int, numbers: NDArray[np.float64], x: float, y: float, h: float, v: float) -> bool:
    """Whether an edge of a region may touch the square of half widths h and v about x, y."""
    if kind == POLYGON:
        meets = False
        for edge in range(numbers.shape[0]):
            meets |= _meets(x, y, h, v, numbers[edge], numbers[edge - 1])
        return meets
    first = numbers[0]
    one, two, three, four, five, six = first[0], first[1], first[2], first[3], first[4], first[5]
    if kind == STRIP:
        value, reach = one * x + two * y, abs(one) * h + abs(two) * v
        return bool(abs(value - three) <= reach or abs(value - four) <= reach)
    if kind == RECTANGLE:
        on_side = min(abs(x - one), abs(x - two)) <= h and y + v >= three and y - v <= four
        on_level = min(abs(y - three), abs(y - four)) <= v and x + h >= one and x - h <= two
        return bool(on_side or on_level)
    dx, dy = x - one, y - two  # how much the distance can change within the square
    change = 2.0 * (abs(three * dx + four * dy) * h + abs(four * dx + five * dy) * v)
    change += three * h * h + 2.0 * abs(four) * h * v + five * v * v
    return bool(abs(three * dx * dx + 2.0 * four * dx * dy + five * dy * dy - six) <= change)


@kernel
def _meets(
    x: float, y: float, h: float, v: float, start: NDArray[np.float64], end: NDArray[np.float64]
) -> bool:
    """Whether a line between two corners meets a square: no axis, nor the line's own normal, parts them."""
    x1, y1, x2, y2 = start[0], start[1], end[0], end[1]
    if max(x1, x2) < x - h or min(x1, x2) > x + h or max(y1, y2) < y - v or min(y1, y2) > y + v:
        return False
    along, up = x2 - x1, y2 - y1
    return bool(abs((x - x1) * up - (y - y1) * along) <= h * abs(up) + v * abs(along))


@kernel
def cut_signals(
    signals: NDArray[np.float64],
    axis: NDArray[np.float64],
    scratch: NDArray[np.float64],
    squares: NDArray[np.uint32],
) -> None:
    """Tell the square of each signal.

    Parameters
    ----------
    signals : ndarray of float64, shape (n_events,)
    axis : ndarray of float64, shape (AXIS_NUMBERS,)
        How they are cut.
    scratch : ndarray of float64, shape (n_events,) or longer
        Overwritten.
    squares : ndarray of uint32, shape (n_events,)
        Filled. In a chart of two markers, an event's square is that on x, shifted by the bits of the axis of y, and
        that on y.
    """
    softness, shift, first = axis[_SOFTNESS], np.int64(axis[_SHIFT]), np.int64(axis[_FIRST])
    below, above = np.int64(axis[_BELOW]), np.int64(axis[_ABOVE])
    for i in range(signals.shape[0]):
        scratch[i] = abs(signals[i]) + softness
    bits = scratch.view(np.int64)
    for i in range(signals.shape[0]):
        piece = (bits[i] >> shift) - first
        up, down = below + min(piece, above - 1), below - 1 - min(piece, below - 1)
        squares[i] = down if signals[i] < 0.0 else up
