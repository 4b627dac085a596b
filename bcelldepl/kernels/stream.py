"""Gates on events as they come from the file: a few thousand at a time, every step a plain loop over those still in.

A plan is a list of steps. Each looks at the events of one population of the block: weighs channels of their rows into
signals, or judges these and writes down who is inside. Markers are worked out for the events that have come so far,
never for all; no step branches on an event. Arrays of a block stay in the nearest caches. Most events are judged by
the square of signals that they fall in (`bcelldepl.kernels.charts`); only those near an edge are put on the scale.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bcelldepl.kernels.charts import AXIS_BITS, cut_signals
from bcelldepl.kernels.compensation import LARGEST
from bcelldepl.kernels.rows import weigh_rows
from bcelldepl.kernels.sieve import look_closer, sift
from bcelldepl.runtime.compiled import kernel

__all__ = ["BLOCK", "COMBINE", "COUNT", "GATE", "STEP_NUMBERS", "STRIDE", "WEIGH", "stream_tile"]

BLOCK = 2048  # events
STRIDE = (
    BLOCK + 32
)  # from row to row of a block's arrays: rows a power of two apart would share lines of the cache
# What a step does, the first of its numbers; the second is the population whose events it looks at. Then:
WEIGH = 0  # marker, a second one or the first again, whether they must be numbers
GATE = 1  # marker x and y, kind, first and last row, those of its chart, population inside
COUNT = 2  # the same, with a place in the counts at the end
COMBINE = 3  # the population inside at the end
STEP_NUMBERS = 10


@kernel
def _no_numbers(signals: NDArray[np.float64]) -> int:
    beyond = 0
    for i in range(signals.shape[0]):
        beyond += not abs(signals[i]) <= LARGEST
    return beyond


@kernel
def _spread(made: NDArray[np.uint32], events: NDArray[np.uint32], out: NDArray[np.uint32]) -> None:
    for i in range(events.shape[0]):
        out[events[i]] = made[i]


@kernel
def stream_tile(
    rows: NDArray[np.float32],
    keep: NDArray[np.bool_],
    places: NDArray[np.int64],
    weights: NDArray[np.float64],
    numbers: NDArray[np.float64],
    tables: NDArray[np.float64],
    table_ends: NDArray[np.int64],
    axes: NDArray[np.float64],
    charts: NDArray[np.uint8],
    steps: NDArray[np.int64],
    regions: NDArray[np.float64],
    combinations: NDArray[np.uint64],
    squares: NDArray[np.uint32],
    lists: NDArray[np.uint32],
    fetched: NDArray[np.float32],
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
    axes : ndarray of float64, shape (n_markers, AXIS_NUMBERS)
        How each marker's signals are cut into squares.
    charts : ndarray of uint8
        Squares of all regions.
    steps : ndarray of int64, shape (n_steps, STEP_NUMBERS)
    regions : ndarray of float64, shape (n_rows, 6)
        Numbers of all regions.
    combinations : ndarray of uint64, shape (n_populations, 3)
        For populations that are combined: bits of those that must all, of which some, and of which none may hold
        an event.
    squares, lists, fetched, work : ndarray
        Room for a block, of STRIDE columns: squares by event, uint32 (n_markers + 2, STRIDE); uint32
        (n_populations + 2, STRIDE); float32 (FETCHED, STRIDE); float64 (WORK_ROWS, STRIDE). Used again from tile to
        tile.
    counts : ndarray of int64, shape (n_populations + n_counted + 1,)
        Added to. The first population is the kept events; the last are signals of stains that are no numbers,
        infinite, or too large for a float32.
    members : ndarray of uint64, shape (n_events,) or (0,)
        Filled: bit p for the events of population p, the first left out. Needed where populations are combined.
    """
    n_populations, n_markers = combinations.shape[0], weights.shape[0]
    held = np.empty(n_populations, dtype=np.int64)
    verdict = np.empty(BLOCK, dtype=np.uint8)
    squares[n_markers, :] = 0  # where there is no second marker
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
                pair = 1 if steps[s, 2] == steps[s, 3] else 2
                m, m2 = steps[s, 2], steps[s, 3]
                weigh_rows(block, places, weights[m], weights[m2], events, fetched, work[0, :n], work[1, :n])
                for k in range(pair):
                    m = steps[s, 2 + k]
                    if steps[s, 4] == 1:
                        counts[counts.shape[0] - 1] += _no_numbers(work[k, :n])
                    made = squares[m, :n] if dense else squares[n_markers + 1, :n]
                    cut_signals(work[k, :n], axes[m], work[2, :n], made)
                    if not dense:
                        _spread(made, events, squares[m])
                continue
            target = steps[s, STEP_NUMBERS - 1]
            chosen, near = lists[target if task != COUNT else n_populations], lists[n_populations + 1]
            if task == COMBINE:
                every, some, none = combinations[target, 0], combinations[target, 1], combinations[target, 2]
                found = 0
                for i in range(n):
                    mine = bits[events[i]]
                    inside = ((mine & every) == every) & ((mine & none) == 0)
                    chosen[found] = events[i]
                    found += inside & ((some == 0) | ((mine & some) != 0))
            else:
                mx, my = steps[s, 2], steps[s, 3]
                y, width = (squares[my], int(axes[my, AXIS_BITS])) if my != mx else (squares[n_markers], 0)
                chart = charts[steps[s, 7] : steps[s, 8]]
                found, unsure = sift(chart, squares[mx], y, width, events, chosen, near)
                if unsure > 0:
                    found = look_closer(
                        near[:unsure], chosen, found, block, places, steps[s, 4], regions[steps[s, 5] : steps[s, 6]],
                        weights[mx], weights[my], numbers[mx], numbers[my],
                        tables[table_ends[mx, 0] : table_ends[mx, 1]], tables[table_ends[my, 0] : table_ends[my, 1]],
                        fetched, work, verdict[:unsure],
                    )  # fmt: skip
                    if found == size:  # all of a block stand in their order
                        for i in range(size):
                            chosen[i] = i
            counts[target] += found
            if task == COUNT:
                continue
            if bits.shape[0] > 0:
                bit = np.uint64(1) << np.uint64(target)
                for i in range(found):
                    bits[chosen[i]] |= bit
            held[target] = found
