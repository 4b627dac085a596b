"""Signals of events as they lie in a file, row by row: channels are fetched for some of the events, then weighed."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bcelldepl.kernels.compensation import add_four, add_one
from bcelldepl.runtime.compiled import kernel

__all__ = ["FETCHED", "weigh_rows"]

FETCHED = 4  # channels at a time


@kernel
def weigh_rows(
    rows: NDArray[np.float32],
    places: NDArray[np.int64],
    one: NDArray[np.float64],
    other: NDArray[np.float64],
    events: NDArray[np.uint32],
    fetched: NDArray[np.float32],
    out: NDArray[np.float64],
    other_out: NDArray[np.float64],
) -> None:
    """Weigh channels into the signals of two markers, which share the reading of their rows.

    Parameters
    ----------
    rows : ndarray of float32, shape (n_rows, width)
        As they lie in the file.
    places : ndarray of int64, shape (n_channels,)
        Where each channel is in a row.
    one, other : ndarray of float64, shape (n_channels,)
        Weights of either marker: of the same channels, or 1.0 of a single one.
    events : ndarray of uint32, shape (n_events,)
        The rows that are asked for.
    fetched : ndarray of float32, shape (FETCHED, n_events or more)
        Overwritten.
    out, other_out : ndarray of float64, shape (n_events,)
        Filled: sums as those of `bcelldepl.kernels.compensation.weigh`, to the bit.
    """
    n, n_channels = events.shape[0], places.shape[0]
    used, n_used = np.empty(n_channels, np.int64), 0
    for channel in range(n_channels):
        used[n_used] = channel
        n_used += (one[channel] != 0.0) | (other[channel] != 0.0)
    flat, width = rows.reshape(rows.size), np.uint64(rows.shape[1])
    alone, other_alone = _only(one), _only(other)
    if alone >= 0 and other_alone >= 0:
        a, b = np.uint64(places[alone]), np.uint64(places[other_alone])
        for i in range(n):
            row = np.uint64(events[i]) * width
            out[i], other_out[i] = flat[row + a], flat[row + b]
        return
    for i in range(n):
        out[i], other_out[i] = 0.0, 0.0
    # A loop that reads by events cannot be made of vector instructions; those that add what was read can.
    to_a, to_b, to_c, to_d = fetched[0, :n], fetched[1, :n], fetched[2, :n], fetched[3, :n]
    k = 0
    while k < n_used:
        if k + FETCHED <= n_used:
            i_a, i_b, i_c, i_d = used[k], used[k + 1], used[k + 2], used[k + 3]
            a, b = np.uint64(places[i_a]), np.uint64(places[i_b])
            c, d = np.uint64(places[i_c]), np.uint64(places[i_d])
            for i in range(n):
                row = np.uint64(events[i]) * width
                to_a[i], to_b[i], to_c[i], to_d[i] = (
                    flat[row + a],
                    flat[row + b],
                    flat[row + c],
                    flat[row + d],
                )
            add_four(out, to_a, to_b, to_c, to_d, one[i_a], one[i_b], one[i_c], one[i_d])
            add_four(other_out, to_a, to_b, to_c, to_d, other[i_a], other[i_b], other[i_c], other[i_d])
            k += FETCHED
        else:
            a = np.uint64(places[used[k]])
            for i in range(n):
                to_a[i] = flat[np.uint64(events[i]) * width + a]
            add_one(out, to_a, one[used[k]])
            add_one(other_out, to_a, other[used[k]])
            k += 1


@kernel
def _only(weights: NDArray[np.float64]) -> int:
    """The channel that is taken as it is, with none beside it; -1 where there is no such."""
    only, n_used = -1, 0
    for c in range(weights.shape[0]):
        n_used += weights[c] != 0.0
        only = c if weights[c] == 1.0 else only
    return only if n_used == 1 else -1
