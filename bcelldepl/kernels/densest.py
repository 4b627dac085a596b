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
_BY_WIDTH = 1_024  # bins to the width of the densest part, at most
_BY_BIN = 20  # numbers for each of these
_NARROW = 2_048  # bins on either side of its middle
_TO_BIN = np.uint64(48)  # beyond, 16 bins each time that the distance doubles: by leading bits of a number
_FIRST_WIDE = int(np.float64(_NARROW).view(np.int64) >> 48)
_SIDE = _NARROW + 640  # bins: as far as a distance doubles 40 times
_BINS = 2 * _SIDE
_WIDE = (np.arange(_FIRST_WIDE, _FIRST_WIDE + 640) << 48).view(np.float64)
_UPPER = np.concatenate((np.arange(_NARROW, dtype=np.float64), _WIDE, [np.inf]))
_EDGES = np.concatenate((-_UPPER[:0:-1], _UPPER))
_BLOCK = 512  # numbers
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
    values: NDArray[np.float64], first: int, middle: float, scale: float, bins: NDArray[np.int64]
) -> int:
    """Find the bins of a block of numbers, from the first of them on; return how many these are."""
    size = int(min(_BLOCK, values.shape[0] - first))
    for i in range(size):
        away = (values[first + i] - middle) * scale
        far = np.float64(abs(away))
        wide = int(far.view(np.uint64) >> _TO_BIN) - _FIRST_WIDE + _NARROW
        place = int(far) if far < _NARROW else min(wide, _SIDE - 1)
        bins[i] = _SIDE + place if away >= 0.0 else _SIDE - 1 - place
    return size


@kernel
def _ends_of_bins(values: NDArray[np.float64], middle: float, scale: float) -> NDArray[np.int64]:
    """How many numbers lie before each bin."""
    ends, bins = np.zeros(_BINS + 1, np.int64), np.empty(_BLOCK, np.int64)
    for first in range(0, values.shape[0], _BLOCK):
        for i in range(_tell_apart(values, first, middle, scale, bins)):
            ends[bins[i] + 1] += 1
    for b in range(_BINS):
        ends[b + 1] += ends[b]
    return ends


@kernel
def _closest_bins(ends: NDArray[np.int64], many: int) -> tuple[float, float]:
    """Edges of the narrowest bins that are known to hold more numbers than so many."""
    low, high, last = -np.inf, np.inf, 0
    for b in range(_BINS):
        if ends[b] + many < ends[_BINS]:
            while ends[last + 1] <= ends[b] + many:
                last += 1
            if _EDGES[last + 1] - _EDGES[b] < high - low:
                low, high = _EDGES[b], _EDGES[last + 1]
    return low, high


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
def _in_order(
    values: NDArray[np.float64],
    middle: float,
    scale: float,
    ends: NDArray[np.int64],
    wanted: NDArray[np.bool_],
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """The numbers of some bins in their order, and how much farther on each bin begins among all."""
    places, before, found = np.empty(_BINS, np.int64), np.zeros(_BINS, np.int64), 0
    for b in range(_BINS):
        places[b], before[b] = found, ends[b] - found
        found += (ends[b + 1] - ends[b]) if wanted[b] else 0
    ordered, bins = np.empty(found), np.empty(_BLOCK, np.int64)
    for first in range(0, values.shape[0], _BLOCK):
        for i in range(_tell_apart(values, first, middle, scale, bins)):
            b = bins[i]
            if wanted[b]:
                ordered[places[b]] = values[first + i]
                places[b] += 1
    for b in range(_BINS):
        if wanted[b]:
            ordered[ends[b] - before[b] : ends[b + 1] - before[b]].sort()
    return ordered, before


@kernel
def _bin_at(ends: NDArray[np.int64], place: int) -> int:
    """Bin of the number at a place."""
    return int(np.searchsorted(ends, place, side="right")) - 1


@kernel
def _middle_of_closest(
    values: NDArray[np.float64], many: int, middle: float, scale: float, ends: NDArray[np.int64]
) -> float:
    begins, wanted = _bins_to_begin_in(ends, many), np.zeros(_BINS, np.bool_)
    for b in range(_BINS):
        if begins[b]:
            stop = min(ends[b + 1], values.shape[0] - many)
            wanted[b] = True
            wanted[_bin_at(ends, ends[b] + many) : _bin_at(ends, stop - 1 + many) + 1] = True
    ordered, before = _in_order(values, middle, scale, ends, wanted)
    found, least = 0.0, np.inf
    for b in range(_BINS):
        if begins[b]:
            stop = min(ends[b + 1], values.shape[0] - many)
            on = many - before[_bin_at(ends, ends[b] + many)]  # these bins follow each other
            for i in range(ends[b], stop):
                low, high = ordered[i - before[b]], ordered[i + on]
                if high - low < least:
                    found, least = 0.5 * (low + high), high - low
    return found


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
    by_width = min(max(n // _BY_BIN, 16), _BY_WIDTH)
    size = (some[at + some_many] - some[at]) / by_width
    # Where they are too dense to be told apart, all go into the two bins beside the centre.
    scale = 1.0 / size if size > max(1e-12 * abs(centre), 1e-280) else 0.0
    ends = _ends_of_bins(values, centre, scale)
    if scale > 0.0:  # now that all were looked at, the bins are laid out about the densest of all
        low, high = _closest_bins(ends, many)
        if high - low < np.inf:
            centre += 0.5 * (low + high) / scale
            scale *= by_width / (high - low)
            ends = _ends_of_bins(values, centre, scale)
    middle = _middle_of_closest(values, many, centre, scale, ends)
    below = 0
    for i in range(n):
        below += values[i] < middle
    if below == 0:
        return middle, np.nan
    upper, lower = _bin_at(ends, (below - 1) // 2), _bin_at(ends, below // 2)
    wanted = np.zeros(_BINS, np.bool_)
    wanted[upper], wanted[lower] = True, True
    ordered, before = _in_order(values, centre, scale, ends, wanted)
    one, other = ordered[(below - 1) // 2 - before[upper]], ordered[below // 2 - before[lower]]
    return middle, 0.5 * ((middle - one) + (middle - other))
