"""Which events a population holds, and their values."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bcelldepl.runtime.compiled import kernel

__all__ = ["gather", "select"]


@kernel
def select(events: NDArray[np.int32], inside: NDArray[np.bool_], out: NDArray[np.int32]) -> int:
    """Keep the events that are inside a gate, in their order.

    Parameters
    ----------
    events : ndarray of int32, shape (n,)
        Their numbers in the file.
    inside : ndarray of bool, shape (n,)
    out : ndarray of int32, shape (n + 1,)
        Filled as far as the returned number; overwritten beyond it.

    Returns
    -------
    int
        How many are kept.
    """
    found = 0
    for i in range(events.shape[0]):
        out[found] = events[i]  # written without a branch: what is outside is overwritten by the next
        found += inside[i]
    return found


@kernel
def gather(column: NDArray[np.float32], events: NDArray[np.int32], out: NDArray[np.float32]) -> None:
    """Take some events' values out of a column.

    Parameters
    ----------
    column : ndarray of float32, shape (n_events,)
    events : ndarray of int32, shape (n,)
    out : ndarray of float32, shape (n,)
        Filled.
    """
    for i in range(events.shape[0]):
        out[i] = column[np.uint32(events[i])]
