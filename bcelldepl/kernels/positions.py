"""Signals to positions on a scale, by tables that change no position.

A scale is an odd function about zero signal. It is cut into pieces that are 128 to each doubling of
``|signal| + softness``, so that the bits of that number tell the piece; each piece is a cubic in float64. The exact
function builds the table, and decides wherever the table cannot: beyond its end, for what is no number, and where the
table's error could round a position to another float32. The positions are therefore those of the exact function, bit
for bit, at the price of the table.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from bcelldepl.kernels.scales import logicle_coefficients, logicle_position
from bcelldepl.runtime.compiled import kernel

__all__ = [
    "ERROR",
    "asinh_table",
    "exact_position",
    "linear_table",
    "logicle_table",
    "positions",
    "round_positions",
]

_LINEAR, _ASINH, _LOGICLE = 0.0, 1.0, 2.0
KIND, ERROR, SOFTNESS, FIRST, ZERO, _OWN = (
    0,
    1,
    2,
    3,
    4,
    5,
)  # places of a scale's numbers; its own begin at the last
_PIECE_BITS = 7
_SHIFT = 52 - _PIECE_BITS
_TO_PIECE, _TO_TOP = np.uint64(_SHIFT), np.uint64(_PIECE_BITS)
_FRACTION = np.uint64((1 << _SHIFT) - 1)
_ONE = np.float64(1.0).view(np.uint64)
_ROW, _1, _2, _3 = np.uint64(4), np.uint64(1), np.uint64(2), np.uint64(3)
_FARTHEST = 1e39
_BEYOND_TOP = 8.0  # the table goes so far beyond the top of the scale
_NODES = 0.5 - 0.5 * np.cos((2.0 * np.arange(4) + 1.0) * np.pi / 8.0)  # of Chebyshev, on 0 to 1
_TRIALS = np.array(
    [0.0, 0.146, 0.3, 0.5, 0.7, 0.854, 1.0]
)  # where a cubic through the nodes errs most, and between


@kernel
def exact_position(signal: float, numbers: NDArray[np.float64]) -> float:
    """Position of one signal, by the function itself in float64; what is no number stays so.

    Parameters
    ----------
    signal : float
        Compensated.
    numbers : ndarray of float64
        Of a scale, from one of the tables of this module.

    Returns
    -------
    float
    """
    if numbers[KIND] == _LINEAR:
        return float(signal * numbers[_OWN])
    if numbers[KIND] == _ASINH:
        return float(math.asinh(signal / numbers[_OWN]) * numbers[_OWN + 1])
    return float(logicle_position(signal, numbers[_OWN:]))


@kernel
def _exact_positions(signals: NDArray[np.float64], numbers: NDArray[np.float64]) -> NDArray[np.float64]:
    out = np.empty(signals.shape[0])
    for i in range(signals.shape[0]):
        out[i] = exact_position(signals[i], numbers)
    return out


def linear_table(top: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Scale ``x / top``; its table is empty.

    Parameters
    ----------
    top : float
        Signal at position 1.

    Returns
    -------
    ndarray of float64, ndarray of float64
        The scale's numbers, and its pieces: what every function here takes.
    """
    return np.array([_LINEAR, 0.0, 0.0, 0.0, 0.0, 1.0 / top]), np.zeros((1, 4))


def asinh_table(top: float, cofactor: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Scale ``asinh(x / cofactor) / asinh(top / cofactor)``; returns as `linear_table`.

    Parameters
    ----------
    top : float
        Signal at position 1.
    cofactor : float
        Signal at which the scale passes from linear to logarithmic.

    Returns
    -------
    (ndarray of float64, ndarray of float64)
        As `linear_table`.
    """
    own = np.array([cofactor, 1.0 / math.asinh(top / cofactor)])
    return _tabulate(np.concatenate(([_ASINH, 0.0, 0.0, 0.0, 0.0], own)), cofactor, top)


def logicle_table(
    top: float, width: float, decades: float, negative: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Logicle scale with the parameters T, W, M and A; returns as `linear_table`.

    Parameters
    ----------
    top : float
        Signal at position 1.
    width : float
        W of the logicle.
    decades : float
        M of the logicle.
    negative : float
        A of the logicle.

    Returns
    -------
    (ndarray of float64, ndarray of float64)
        As `linear_table`.
    """
    own = logicle_coefficients(top, width, decades, negative)
    a, b, c, d, x1 = own[0], own[1], own[2], own[3], own[5]
    # The signal by which the slope of the curve has doubled, from its slope at zero.
    doubled = x1 + math.log(2.0 * own[6] / (a * b * math.exp(b * x1))) / b
    softness = a * math.exp(b * doubled) - c * math.exp(-d * doubled) - own[4]
    return _tabulate(np.concatenate(([_LOGICLE, 0.0, 0.0, 0.0, x1], own)), softness, top)


def _tabulate(
    numbers: NDArray[np.float64], softness: float, top: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Lay a cubic through the exact function in every piece, and measure how far it strays between."""
    softness = 2.0 ** round(math.log2(softness))
    first, last = _piece(softness), _piece(_BEYOND_TOP * top + softness)
    edges = (np.arange(first, last + 2, dtype=np.int64) << _SHIFT).view(np.float64)
    starts, lengths = edges[:-1], np.diff(edges)
    numbers[SOFTNESS], numbers[FIRST] = softness, first

    def heights(parts: NDArray[np.float64]) -> NDArray[np.float64]:
        signals = starts[:, None] - softness + lengths[:, None] * parts
        exact: NDArray[np.float64] = _exact_positions(signals.ravel(), numbers)
        return np.asarray(exact.reshape(signals.shape) - numbers[ZERO], dtype=np.float64)

    table = np.ascontiguousarray(np.linalg.solve(np.vander(_NODES, 4, increasing=True), heights(_NODES).T).T)
    strayed = np.abs(table @ np.vander(_TRIALS, 4, increasing=True).T - heights(_TRIALS))
    numbers[ERROR] = 2.0 * float(strayed.max()) + 1e-14
    return numbers, table


def _piece(number: float) -> int:
    return int(np.float64(number).view(np.int64)) >> _SHIFT


@kernel
def positions(
    signals: NDArray[np.float64],
    numbers: NDArray[np.float64],
    table: NDArray[np.float64],
    scratch: NDArray[np.float64],
    out: NDArray[np.float64],
) -> None:
    """Positions within ``numbers[ERROR]`` of the exact ones.

    Parameters
    ----------
    signals : ndarray of float64, shape (n_events,)
        Linear, compensated.
    numbers, table : ndarray of float64
        The scale.
    scratch : ndarray of float64, shape (n_events,) or longer
        Overwritten; not `out`.
    out : ndarray of float64, shape (n_events,)
        Filled; not `signals`.
    """
    n = signals.shape[0]
    if numbers[KIND] == _LINEAR:
        factor = numbers[_OWN]
        for i in range(n):
            out[i] = signals[i] * factor
        return
    softness, zero, first = numbers[SOFTNESS], numbers[ZERO], np.int64(numbers[FIRST])
    farthest = np.int64((first + table.shape[0]) << _SHIFT).view(np.float64)
    beyond = 0
    for i in range(n):
        away = abs(signals[i]) + softness
        inside = away < farthest  # a NaN is not
        scratch[i] = away if inside else softness
        beyond += not inside
    bits = scratch.view(np.uint64)
    before = np.uint64(first) * _ROW
    for i in range(n):
        out[i] = np.uint64(((bits[i] & _FRACTION) << _TO_TOP) | _ONE).view(np.float64) - 1.0
    # Only the look-up itself goes event by event; the loops about it become vector instructions.
    numbers_of = table.reshape(table.size)
    for i in range(n):
        place, part = (bits[i] >> _TO_PIECE) * _ROW - before, out[i]
        out[i] = numbers_of[place] + part * (
            numbers_of[place + _1] + part * (numbers_of[place + _2] + part * numbers_of[place + _3])
        )
    for i in range(n):
        out[i] = zero + math.copysign(out[i], signals[i])
    if beyond > 0:
        for i in range(n):
            if not abs(signals[i]) + softness < farthest:
                out[i] = exact_position(signals[i], numbers)


@kernel
def round_positions(
    signals: NDArray[np.float64],
    near: NDArray[np.float64],
    numbers: NDArray[np.float64],
    out: NDArray[np.float32],
) -> None:
    """Round positions to float32 as the exact ones would be rounded.

    Parameters
    ----------
    signals, near : ndarray of float64, shape (n_events,)
        Signals, and their positions by `positions`.
    numbers : ndarray of float64
        The scale.
    out : ndarray of float32, shape (n_events,)
        Filled.
    """
    error = numbers[ERROR]
    unsure = 0
    for i in range(signals.shape[0]):
        low, high = np.float32(near[i] - error), np.float32(near[i] + error)
        out[i] = low
        unsure += low != high
    if unsure > 0:
        for i in range(signals.shape[0]):
            if np.float32(near[i] - error) != np.float32(near[i] + error):
                out[i] = exact_position(signals[i], numbers)
