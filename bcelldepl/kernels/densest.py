"""Where many numbers lie densest, and how far those below it lie off, without putting all of them in order.

Numbers are told apart by bins, narrow about the densest of some of them and ever wider beyond. How many each bin holds
bounds how close so many numbers that begin in it can lie; only those bins are put in order in which the closest may
begin or end.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bcelldepl.runtime.compiled import kernel

__all__ = ["densest"]

_LOOKED_AT = 1_024  # numbers by which bins are laid out; they change no result
_BY_WIDTH = 256  # bins to the width of the densest part
_NARROW = 512  # bins on either side of its middle
_TO_BIN = np.uint64(48)  # beyond, 16 bins each time that the distance doubles: by leading bits of a number
_FIRST_WIDE = int(np.float64(_NARROW).view(np.int64) >> 48)
_SIDE = _NARROW + 640  # bins: as far as a distance doubles 40 times
_BINS = 2 * _SIDE
_WIDE = (np.arange(_FIRST_WIDE, _FIRST_WIDE + 640) << 48).view(np.float64)
_UPPER = np.concatenate((np.arange(_NARROW, dtype=np.float64), _WIDE, [np.inf]))
_EDGES = np.concatenate((-_UPPER[:0:-1], _UPPER))
_SLACK = 0.01  # of a narrow bin, by which rounding may put a number into the next


@kernel
def _closest(ordered: NDArray[np.float64], many: int) -> int:
    """First of the numbers that begin the shortest way to the one that is so many places on."""
    first, least = 0, np.inf
    for i in range(ordered.shape[0] - many):
        if ordered[i + many] - ordered[i] < least:
            first, least = i, ordered[i + many] - ordered[i]
    return first


@kernel
def _tell_apart(
    values: NDArray[np.float64], middle: float, size: float, bins: NDArray[np.uint16]
) -> NDArray[np.int64]:
    """Find the bin of every number, and how many numbers lie before each bin."""
    scale, ends = 1.0 / size, np.zeros(_BINS + 1, np.int64)
    for i in range(values.shape[0]):
        away = (values[i] - middle) * scale
        far = np.float64(abs(away))
        wide = int(far.view(np.uint64) >> _TO_BIN) - _FIRST_WIDE + _NARROW
        place = int(far) if far < _NARROW else min(wide, _SIDE - 1)
        bins[i] = _SIDE + place if away >= 0.0 else _SIDE - 1 - place
    for i in range(values.shape[0]):
        ends[bins[i] + 1] += 1
    for b in range(_BINS):
        ends[b + 1] += ends[b]
    return ends


@kernel
def _bins_to_begin_in(ends: NDArray[np.int64], many: int) -> NDArray[np.bool_]:
    """Bins in which the shortest way to the number that is so many places on may begin."""
    shortest, least, last = np.full(_BINS, np.inf), np.inf, 0
    for b in range(_BINS):
        if ends[b] < ends[b + 1] and ends[b] + many < ends[_BINS]:
            while ends[last + 1] <= ends[b] + many:
                last += 1
            shortest[b] = _EDGES[last] - _EDGES[b + 1] - _SLACK
            least = min(least, _EDGES[last + 1] - _EDGES[b] + _SLACK)
    return shortest <= least


@kernel
def _put_in_order(
    values: NDArray[np.float64],
    bins: NDArray[np.uint16],
    ends: NDArray[np.int64],
    wanted: NDArray[np.bool_],
    ordered: NDArray[np.float64],
) -> None:
    """Put the numbers of some bins into their places among all."""
    places = ends[:_BINS].copy()
    for i in range(values.shape[0]):
        b = bins[i]
        if wanted[b]:
            ordered[places[b]] = values[i]
            places[b] += 1
    for b in range(_BINS):
        if wanted[b]:
            ordered[ends[b] : ends[b + 1]].sort()


@kernel
def _bin_at(ends: NDArray[np.int64], place: int) -> int:
    """Bin of the number at a place."""
    return int(np.searchsorted(ends, place, side="right")) - 1


@kernel
def _first_of_closest(
    values: NDArray[np.float64],
    bins: NDArray[np.uint16],
    ends: NDArray[np.int64],
    many: int,
    wanted: NDArray[np.bool_],
    ordered: NDArray[np.float64],
) -> int:
    """As `_closest`, of numbers in no order; the bins that are wanted for it are put in order, and marked."""
    first_bins = _bins_to_begin_in(ends, many)
    for b in range(_BINS):
        if first_bins[b]:
            stop = min(ends[b + 1], values.shape[0] - many)
            wanted[b] = True
            wanted[_bin_at(ends, ends[b] + many) : _bin_at(ends, stop - 1 + many) + 1] = True
    _put_in_order(values, bins, ends, wanted, ordered)
    first, least = 0, np.inf
    for b in range(_BINS):
        if first_bins[b]:
            for i in range(ends[b], min(ends[b + 1], values.shape[0] - many)):
                if ordered[i + many] - ordered[i] < least:
                    first, least = i, ordered[i + many] - ordered[i]
    return first


@kernel
def densest(values: NDArray[np.float64], many: int) -> tuple[float, float]:
    """Find the middle of the shortest stretch from a number to the one so many places on, all being in their order.

    Parameters
    ----------
    values : ndarray of float64, shape (n,)
        Finite, in any order.
    many : int
        Above 0 and below `n`.

    Returns
    -------
    middle : float
        Of the first such stretch.
    away : float
        Median distance to it of the numbers below; NaN where there are none.
    """
    n = values.shape[0]
    step = max(n // _LOOKED_AT, 1)
    some = np.sort(values[::step].copy())
    some_many = min(max(many // step, 1), some.shape[0] - 1)
    at = _closest(some, some_many)
    centre = 0.5 * (some[at] + some[at + some_many])
    size = (some[at + some_many] - some[at]) / _BY_WIDTH
    bins, ends, wanted = np.zeros(n, np.uint16), np.zeros(_BINS + 1, np.int64), np.zeros(_BINS, np.bool_)
    if size > max(1e-12 * abs(centre), 1e-280):
        ends = _tell_apart(values, centre, size, bins)
    else:  # too dense to be told apart: all in the first
        ends[1:] = n
    ordered = np.empty(n)
    first = _first_of_closest(values, bins, ends, many, wanted, ordered)
    middle = 0.5 * (ordered[first] + ordered[first + many])
    below = 0
    for i in range(n):
        below += values[i] < middle
    if below == 0:
        return middle, np.nan
    places = (below - 1) // 2, below // 2
    halves = np.zeros(_BINS, np.bool_)
    for place in places:
        b = _bin_at(ends, place)
        halves[b] = not wanted[b]
    _put_in_order(values, bins, ends, halves, ordered)
    return middle, 0.5 * ((middle - ordered[places[0]]) + (middle - ordered[places[1]]))
