"""Quantiles of a signal: only events that may lie above the least of them are sorted."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from bcelldepl.runtime.compiled import kernel

__all__ = ["between", "quantiles"]

_SIGN, _ALL = np.uint32(1 << 31), np.uint32(0xFFFFFFFF)
_CLASS_BITS = 15  # leading bits by which events are told apart first
_TO_CLASS = np.uint32(32 - _CLASS_BITS)


@kernel
def between(low: float, high: float, part: float) -> float:
    """A part of the way from a number to the next, as `numpy.quantile` goes it, to the last digit.

    Parameters
    ----------
    low, high : float
    part : float
        From 0 to 1.

    Returns
    -------
    float
    """
    rise = high - low
    return high - rise * (1.0 - part) if part >= 0.5 else low + rise * part


@kernel
def quantiles(
    column: NDArray[np.float32], step: int, parts: NDArray[np.float64], out: NDArray[np.float32]
) -> None:
    """Quantiles of every so many events, by straight lines between two of them, as `numpy.quantile` gives them.

    Parameters
    ----------
    column : ndarray of float32, shape (n_events,)
        At least one event.
    step : int
        Every so many are looked at, from the first on.
    parts : ndarray of float64, shape (n_parts,)
        From 0 to 1.
    out : ndarray of float32, shape (n_parts,)
        Filled; NaN where one of the events is NaN.
    """
    n = (column.shape[0] + step - 1) // step
    values, keys = np.empty(n, np.float32), np.empty(n, np.uint32)
    for e in range(n):
        values[e] = column[e * step]
    bits, missing = values.view(np.uint32), 0
    for e in range(n):
        missing += values[e] != values[e]
        # Bits in the order of their numbers: those below zero turned about, the others behind them.
        keys[e] = bits[e] ^ (_ALL if bits[e] & _SIGN else _SIGN)
    if missing > 0:
        out[:] = math.nan
        return
    counts = np.zeros(1 << _CLASS_BITS, np.int32)
    for e in range(n):
        counts[keys[e] >> _TO_CLASS] += 1
    least = math.floor((n - 1) * parts.min())
    start, above = (1 << _CLASS_BITS) - 1, np.int64(counts[-1])
    while n - above > least:
        start -= 1
        above += counts[start]
    limit, found = np.uint32(start) << _TO_CLASS, 0
    tail = np.empty(n + 1, np.uint32)
    for e in range(n):
        tail[found] = keys[e]  # written without a branch: what is lower is overwritten by the next
        found += keys[e] >= limit
    tail = tail[:found]
    tail.sort()
    for e in range(found):
        tail[e] ^= _SIGN if tail[e] & _SIGN else _ALL
    sorted_tail = tail.view(np.float32)
    for k in range(parts.shape[0]):
        place = (n - 1) * parts[k]
        before = math.floor(place)
        low, high = sorted_tail[before - n + found], sorted_tail[min(before + 1, n - 1) - n + found]
        out[k] = between(low, high, place - before)
