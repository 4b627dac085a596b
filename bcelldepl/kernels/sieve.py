"""Which events of a block a region holds: most by the squares they fall in, those near an edge by their positions."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bcelldepl.kernels.positions import ERROR, exact_position, positions
from bcelldepl.kernels.regions import NEAR, judge
from bcelldepl.kernels.rows import weigh_rows
from bcelldepl.runtime.compiled import kernel

__all__ = ["WORK_ROWS", "look_closer", "sift"]

WORK_ROWS = 5  # that looking closer needs


@kernel
def sift(
    chart: NDArray[np.uint8],
    x: NDArray[np.uint32],
    y: NDArray[np.uint32],
    width: int,
    events: NDArray[np.uint32],
    inside: NDArray[np.uint32],
    near: NDArray[np.uint32],
) -> tuple[int, int]:
    """Write down the events whose squares are inside, and those whose squares do not tell.

    Parameters
    ----------
    chart : ndarray of uint8
    x, y : ndarray of uint32
        Squares of all events of the block on either marker.
    width : int
        Bits of the squares of y.
    events : ndarray of uint32, shape (n_events,)
        The events to judge.
    inside, near : ndarray of uint32, shape (n_events or more,)
        Overwritten.

    Returns
    -------
    int, int
        How many are inside, and how many near.
    """
    held, unsure, shift = np.uint64(0), np.uint64(0), np.uint64(width)
    for i in range(events.shape[0]):
        event = np.uint64(events[i])
        verdict = chart[(np.uint64(x[event]) << shift) + np.uint64(y[event])]
        inside[held], near[unsure] = events[i], events[i]
        held += np.uint64(verdict & 1)
        unsure += np.uint64(verdict >> 1)
    return int(held), int(unsure)


@kernel
def look_closer(
    near: NDArray[np.uint32],
    inside: NDArray[np.uint32],
    held: int,
    rows: NDArray[np.float32],
    places: NDArray[np.int64],
    kind: int,
    region: NDArray[np.float64],
    x_weights: NDArray[np.float64],
    y_weights: NDArray[np.float64],
    x_numbers: NDArray[np.float64],
    y_numbers: NDArray[np.float64],
    x_table: NDArray[np.float64],
    y_table: NDArray[np.float64],
    fetched: NDArray[np.float32],
    work: NDArray[np.float64],
    verdict: NDArray[np.uint8],
) -> int:
    """Judge events by their positions, and where these are too near an edge by the exact ones; add who is inside."""
    n = near.shape[0]
    x_signals, y_signals, x, y, scratch = work[0, :n], work[1, :n], work[2, :n], work[3, :n], work[4, :n]
    # Each by itself: what a channel holds that only the other is made of must not count.
    weigh_rows(rows, places, x_weights, x_weights, near, fetched, x_signals, scratch)
    weigh_rows(rows, places, y_weights, y_weights, near, fetched, y_signals, scratch)
    positions(x_signals, x_numbers, x_table, scratch, x)
    positions(y_signals, y_numbers, y_table, scratch, y)
    if judge(kind, region, x, y, max(x_numbers[ERROR], y_numbers[ERROR]), verdict) > 0:
        for i in range(n):
            if verdict[i] == NEAR:
                x[i] = exact_position(x_signals[i], x_numbers)
                y[i] = exact_position(y_signals[i], y_numbers)
                judge(kind, region, x[i : i + 1], y[i : i + 1], 0.0, verdict[i : i + 1])
    for i in range(n):
        inside[held] = near[i]
        held += verdict[i]
    return held
