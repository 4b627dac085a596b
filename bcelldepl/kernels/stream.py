"""Gates on events as they come from the file: a few thousand at a time, every step a plain loop over those still in.

A plan is a list of steps. Each looks at the events of one population of the block: weighs channels of their rows into
signals, puts signals on a scale, or judges them and writes down who is inside. Markers are worked out for the events
that have come so far, never for all; no step branches on an event. Arrays of a block stay in the nearest caches. A gate
whose edges are upright is moved to where they lie among the signals, and needs no scale.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from bcelldepl.kernels.compensation import LARGEST
from bcelldepl.kernels.positions import ERROR, exact_position, positions
from bcelldepl.kernels.regions import NEAR, judge

__all__ = [
    "BLOCK",
    "COMBINE",
    "COUNT",
    "GATE",
    "SCALE",
    "SIGNAL_ERROR",
    "STEP_NUMBERS",
    "WEIGH",
    "stream_tile",
]

BLOCK = 2048  # events
# What a step does, the first of its numbers; the second is the population whose events it looks at. A column is the
# signal of a marker (its number), or its position (its number and that of all markers together). Then:
WEIGH = 0  # marker, a second one or the first again, whether others will ask for each, whether they must be numbers
SCALE = 1  # marker, whether its signal was made for this population, whether others will ask for the position
GATE = 2  # column x and y, whether each was made for this population, kind, first and last row, population inside
COUNT = 3  # the same, with a place in the counts at the end
COMBINE = 4  # the population inside at the end
STEP_NUMBERS = 10
SIGNAL_ERROR = 5  # place, in the row of a region of signals, of the error of its edges


@njit(cache=True, nogil=True)
def _weigh_rows(
    rows: NDArray[np.float32],
    places: NDArray[np.int64],
    one: NDArray[np.float64],
    other: NDArray[np.float64],
    events: NDArray[np.int64],
    dense: bool,
    out: NDArray[np.float64],
    other_out: NDArray[np.float64],
) -> None:
    """Signals of one marker or two, which share the reading of their rows; sums as those of `weigh`, to the bit."""
    n_channels = places.shape[0]
    used, n_used = np.empty(n_channels, np.int64), 0
    for c in range(n_channels):
        used[n_used] = c
        n_used += (one[c] != 0.0) | (other[c] != 0.0)
    first = used[0]
    if n_used == 1 and one[first] == 1.0 and other[first] == 1.0:
        place = places[first]
        if dense:
            for i in range(events.shape[0]):
                out[i] = rows[i, place]
        else:
            for i in range(events.shape[0]):
                out[i] = rows[events[i], place]
        return
    n = events.shape[0]
    for i in range(n):
        out[i] = 0.0
        other_out[i] = 0.0
    # One channel is added after the other; four at a time, so that a sum is seldom put down and taken up again.
    k = 0
    while k + 4 <= n_used:
        a, b, c, d = used[k], used[k + 1], used[k + 2], used[k + 3]
        pa, pb, pc, pd = places[a], places[b], places[c], places[d]
        wa, wb, wc, wd = one[a], one[b], one[c], one[d]
        va, vb, vc, vd = other[a], other[b], other[c], other[d]
        for i in range(n):
            event = events[i]
            xa, xb = float(rows[event, pa]), float(rows[event, pb])
            xc, xd = float(rows[event, pc]), float(rows[event, pd])
            out[i] = (((out[i] + wa * xa) + wb * xb) + wc * xc) + wd * xd
            other_out[i] = (((other_out[i] + va * xa) + vb * xb) + vc * xc) + vd * xd
        k += 4
    while k < n_used:
        place, weight, other_weight = places[used[k]], one[used[k]], other[used[k]]
        for i in range(n):
            value = float(rows[events[i], place])
            out[i] += weight * value
            other_out[i] += other_weight * value
        k += 1


@njit(cache=True, nogil=True)
def _no_numbers(signals: NDArray[np.float64]) -> int:
    beyond = 0
    for i in range(signals.shape[0]):
        beyond += not abs(signals[i]) <= LARGEST
    return beyond


@njit(cache=True, nogil=True)
def _spread(made: NDArray[np.float64], events: NDArray[np.int64], out: NDArray[np.float64]) -> None:
    for i in range(events.shape[0]):
        out[events[i]] = made[i]


@njit(cache=True, nogil=True)
def _pick(values: NDArray[np.float64], events: NDArray[np.int64], out: NDArray[np.float64]) -> None:
    for i in range(events.shape[0]):
        out[i] = values[events[i]]


@njit(cache=True, nogil=True)
def _exactly(
    rows: NDArray[np.float32],
    event: int,
    places: NDArray[np.int64],
    weights: NDArray[np.float64],
    numbers: NDArray[np.float64],
) -> float:
    """Exact position of one event on one marker, from its row."""
    signal = 0.0
    for c in range(places.shape[0]):
        if weights[c] == 1.0:
            signal += rows[event, places[c]]
        elif weights[c] != 0.0:
            signal += weights[c] * rows[event, places[c]]
    return float(exact_position(signal, numbers))


@njit(cache=True, nogil=True)
def stream_tile(
    rows: NDArray[np.float32],
    keep: NDArray[np.bool_],
    places: NDArray[np.int64],
    weights: NDArray[np.float64],
    numbers: NDArray[np.float64],
    tables: NDArray[np.float64],
    table_ends: NDArray[np.int64],
    steps: NDArray[np.int64],
    regions: NDArray[np.float64],
    combinations: NDArray[np.uint64],
    values: NDArray[np.float64],
    compact: NDArray[np.float64],
    lists: NDArray[np.int64],
    work: NDArray[np.float64],
    counts: NDArray[np.int64],
    members: NDArray[np.uint64],
) -> None:
    """Gate a tile of events.

    Parameters
    ----------
    rows : ndarray of float32, shape (n_events, width)
        As they lie in the file.
    keep : ndarray of bool, shape (n_events,) or (0,)
        Events of the first population; all where it is empty.
    places : ndarray of int64, shape (n_channels,)
        Where each channel is in a row.
    weights : ndarray of float64, shape (n_markers, n_channels)
        Of the channels in each marker.
    numbers : ndarray of float64, shape (n_markers, k)
        Of each marker's scale, padded.
    tables : ndarray of float64, shape (n_pieces, 4)
        Pieces of all scales.
    table_ends : ndarray of int64, shape (n_markers, 2)
        First and past-the-last piece of each marker's scale.
    steps : ndarray of int64, shape (n_steps, STEP_NUMBERS)
    regions : ndarray of float64, shape (n_rows, 6)
        Numbers of all regions.
    combinations : ndarray of uint64, shape (n_populations, 3)
        For populations that are combined: bits of those that must all, of which some, and of which none may hold
        an event.
    values, compact, lists, work : ndarray
        Room for a block: columns by event and by place in the population, float64 (2 n_markers, BLOCK); int64
        (n_populations, BLOCK); float64 (2, BLOCK). Used again from tile to tile.
    counts : ndarray of int64, shape (n_populations + n_counted + 1,)
        Added to. The first population is the kept events; the last are signals of stains that are no numbers,
        infinite, or too large for a float32.
    members : ndarray of uint64, shape (n_events,) or (0,)
        Filled: bit p for the events of population p, the first left out. Needed where populations are combined.
    """
    held = np.empty(lists.shape[0], dtype=np.int64)
    verdict = np.empty(BLOCK, dtype=np.uint8)
    one, other, again = np.empty(1), np.empty(1), np.empty(1, dtype=np.uint8)
    for start in range(0, rows.shape[0], BLOCK):
        size = min(BLOCK, rows.shape[0] - start)
        block, bits = rows[start : start + size], members[start : min(start + size, members.shape[0])]
        kept = 0
        if keep.shape[0] == 0:
            for i in range(size):
                lists[0, i] = i
            kept = size
        else:
            for i in range(size):
                lists[0, kept] = i
                kept += keep[start + i]
        for i in range(bits.shape[0]):
            bits[i] = 0
        held[:] = 0
        held[0] = kept
        counts[0] += kept
        for s in range(steps.shape[0]):
            task, parent = steps[s, 0], steps[s, 1]
            n = held[parent]
            if n == 0:
                continue
            events, dense = lists[parent, :n], n == size
            if task == WEIGH:
                m, m2 = steps[s, 2], steps[s, 3]
                made = values[m, :n] if dense else compact[m, :n]
                made2 = values[m2, :n] if dense else compact[m2, :n]
                if m2 == m:
                    made2 = work[1, :n]  # one marker alone: the second sum goes nowhere
                _weigh_rows(block, places, weights[m], weights[m2], events, dense, made, made2)
                if steps[s, 6] == 1:
                    counts[counts.shape[0] - 1] += _no_numbers(made) + (0 if m == m2 else _no_numbers(made2))
                if not dense and steps[s, 4] == 1:
                    _spread(made, events, values[m])
                if not dense and steps[s, 5] == 1:
                    _spread(made2, events, values[m2])
                continue
            if task == SCALE:
                m = steps[s, 2]
                column = m + weights.shape[0]
                signals = values[m, :n]
                if not dense:
                    signals = compact[m, :n] if steps[s, 3] == 1 else work[0, :n]
                    if steps[s, 3] == 0:
                        _pick(values[m], events, signals)
                made = values[column, :n] if dense else compact[column, :n]
                table = tables[table_ends[m, 0] : table_ends[m, 1]]
                positions(signals, numbers[m], table, work[1, :n], made)
                if not dense and steps[s, 4] == 1:
                    _spread(made, events, values[column])
                continue
            target = steps[s, 9]
            if task == COMBINE:
                every, some, none = combinations[target, 0], combinations[target, 1], combinations[target, 2]
                for i in range(n):
                    mine = bits[events[i]]
                    inside = ((mine & every) == every) & ((mine & none) == 0)
                    verdict[i] = inside & ((some == 0) | ((mine & some) != 0))
            else:
                mx, my, kind = steps[s, 2], steps[s, 3], steps[s, 6]
                region, exact_region = regions[steps[s, 7] : steps[s, 8]], regions[steps[s, 7] : steps[s, 8]]
                n_markers = weights.shape[0]
                if mx < n_markers:  # signals: the row after is the region of positions
                    exact_region = regions[steps[s, 7] + 1 : steps[s, 8] + 1]
                    error = region[0, SIGNAL_ERROR]
                else:
                    error = max(numbers[mx - n_markers, ERROR], numbers[my - n_markers, ERROR])
                x = values[mx, :n]
                if not dense:
                    x = compact[mx, :n] if steps[s, 4] == 1 else work[0, :n]
                    if steps[s, 4] == 0:
                        _pick(values[mx], events, x)
                y = x
                if my != mx:
                    y = values[my, :n]
                    if not dense:
                        y = compact[my, :n] if steps[s, 5] == 1 else work[1, :n]
                        if steps[s, 5] == 0:
                            _pick(values[my], events, y)
                if judge(kind, region, x, y, error, verdict[:n]) > 0:
                    for i in range(n):
                        if verdict[i] == NEAR:
                            ex, ey = mx % n_markers, my % n_markers
                            one[0] = _exactly(block, events[i], places, weights[ex], numbers[ex])
                            other[0] = _exactly(block, events[i], places, weights[ey], numbers[ey])
                            judge(kind, exact_region, one, other, 0.0, again)
                            verdict[i] = again[0]
            if task == COUNT:
                inside_count = 0
                for i in range(n):
                    inside_count += verdict[i]
                counts[target] += inside_count
                continue
            found = 0
            chosen = lists[target]
            for i in range(n):
                chosen[found] = events[i]
                found += verdict[i]
            if bits.shape[0] > 0:
                bit = np.uint64(1) << np.uint64(target)
                for i in range(found):
                    bits[chosen[i]] |= bit
            held[target] = found
            counts[target] += found
