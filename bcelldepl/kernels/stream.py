"""Gates on events as they come from the file: a few thousand at a time, every step a plain loop over those still in.

A plan is a list of steps. Each looks at the events of one population of the block: gathers channels of them from the
rows, makes positions of a marker, or judges them and writes down who is inside. Markers are worked out for the events
that have come so far, never for all; no step branches on an event. Arrays of a block stay in the nearest caches.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from bcelldepl.kernels.compensation import weigh
from bcelldepl.kernels.positions import ERROR, exact_position, positions
from bcelldepl.kernels.regions import NEAR, judge

__all__ = ["BLOCK", "COMBINE", "COUNT", "GATE", "GATHER", "MARKER", "STEP_NUMBERS", "stream_tile"]

BLOCK = 1024  # events
_GROUP = 128  # events whose rows stay in the first cache while their channels are taken one after the other
# What a step does, the first of its numbers; the second is the population whose events it looks at. Then:
GATHER = 0  # first and past-the-last place in the list of channels
MARKER = 1  # marker, whether others than this population will ask for it
GATE = 2  # marker x and y, whether each was made for this population, kind, first and last row, population inside
COUNT = 3  # the same, with a place in the counts at the end
COMBINE = 4  # the population inside at the end
STEP_NUMBERS = 10


@njit(cache=True, nogil=True)
def _gather(
    rows: NDArray[np.float32],
    places: NDArray[np.int64],
    wanted: NDArray[np.int64],
    events: NDArray[np.int64],
    dense: bool,
    out: NDArray[np.float32],
) -> None:
    n = events.shape[0]
    for start in range(0, n, _GROUP):
        size = min(_GROUP, n - start)
        chosen = events[start : start + size]
        for k in range(wanted.shape[0]):
            target, place = out[wanted[k], start : start + size], places[wanted[k]]
            if dense:
                column = rows[start : start + size, place]
                for i in range(size):
                    target[i] = column[i]
            else:
                for i in range(size):
                    target[i] = rows[chosen[i], place]


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
    gathers: NDArray[np.int64],
    regions: NDArray[np.float64],
    combinations: NDArray[np.uint64],
    channels: NDArray[np.float32],
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
    gathers : ndarray of int64
        Channels that steps gather.
    regions : ndarray of float64, shape (n_rows, 6)
        Numbers of all regions.
    combinations : ndarray of uint64, shape (n_populations, 3)
        For populations that are combined: bits of those that must all, of which some, and of which none may hold
        an event.
    channels, values, compact, lists, work : ndarray
        Room for a block: float32 (n_channels, BLOCK), float64 (n_markers, BLOCK) by event and by place in the
        population, int64 (n_populations, BLOCK), float64 (2, BLOCK). Used again from tile to tile.
    counts : ndarray of int64, shape (n_populations + n_counted,)
        Added to. The first population is the kept events.
    members : ndarray of uint64, shape (n_events,) or (0,)
        Filled: bit p for the events of population p. Needed where populations are combined.
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
            if task == GATHER:
                wanted = gathers[steps[s, 2] : steps[s, 3]]
                _gather(block, places, wanted, events, dense, channels[:, :n])
                continue
            if task == MARKER:
                marker = steps[s, 2]
                weigh(channels[:, :n], weights[marker], work[0, :n])
                made = values[marker, :n] if dense else compact[marker, :n]
                table = tables[table_ends[marker, 0] : table_ends[marker, 1]]
                positions(work[0, :n], numbers[marker], table, work[1, :n], made)
                if not dense and steps[s, 3] == 1:
                    column = values[marker]
                    for i in range(n):
                        column[events[i]] = made[i]
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
                region = regions[steps[s, 7] : steps[s, 8]]
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
                error = max(numbers[mx, ERROR], numbers[my, ERROR])
                if judge(kind, region, x, y, error, verdict[:n]) > 0:
                    for i in range(n):
                        if verdict[i] == NEAR:
                            one[0] = _exactly(block, events[i], places, weights[mx], numbers[mx])
                            other[0] = _exactly(block, events[i], places, weights[my], numbers[my])
                            judge(kind, region, one, other, 0.0, again)
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
