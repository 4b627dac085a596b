"""Events dealt out by rank: slices of one column that hold as many events each."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bcelldepl.runtime.compiled import kernel

__all__ = ["deal_by_rank"]

_BINS = 1024


@kernel
def deal_by_rank(
    column: NDArray[np.float32],
    ordered: NDArray[np.float32],
    ends: NDArray[np.int64],
    other: NDArray[np.float32],
    out: NDArray[np.float32],
) -> None:
    """Bring differences of two columns into slices of the ranks of the first, without sorting the events.

    Parameters
    ----------
    column, other : ndarray of float32, shape (n_events,)
        Finite.
    ordered : ndarray of float32, shape (n_events,)
        `column`, sorted.
    ends : ndarray of int64, shape (n_slices,)
        Past-the-last rank of each slice; none is empty, the last is n_events.
    out : ndarray of float32, shape (n_events,)
        Filled with `other` less `column`: slice by slice, in each in the order of the events. Of equal events the
        first go to the lower slice, as a stable sort would have it.
    """
    n_slices = ends.shape[0]
    top, room, place = (
        np.empty(n_slices, np.float32),
        np.zeros(n_slices, np.int64),
        np.zeros(n_slices, np.int64),
    )
    first_slice = np.zeros(_BINS, np.int64)
    for s in range(n_slices):
        start = ends[s - 1] if s > 0 else 0
        top[s], place[s] = ordered[ends[s] - 1], start
        first = np.searchsorted(ordered, top[s])
        room[s] = ends[s] - max(
            first, start
        )  # events that equal the highest of the slice and still find room in it
    # Evenly spaced bins tell the first slice that an event may belong to, mostly the one that it does.
    low, n_bins = float(ordered[0]), first_slice.shape[0]
    width = float(ordered[-1]) - low
    scale = (n_bins - 1) / width if width > 0.0 else 0.0
    for s in range(n_slices):
        first_slice[int((float(top[s]) - low) * scale) + 1 :] = s + 1
    for event in range(column.shape[0]):
        value = column[event]
        s = first_slice[int((float(value) - low) * scale)]
        while top[s] < value:
            s += 1
        while value == top[s] and room[s] == 0 and s + 1 < n_slices:
            s += 1
        if value == top[s]:
            room[s] -= 1
        out[place[s]] = np.float64(other[event]) - np.float64(value)
        place[s] += 1
