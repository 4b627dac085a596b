"""A number for every event by its signals alone: a sample by it does not depend on the order of events."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bcelldepl.runtime.compiled import kernel

__all__ = ["event_keys", "lowest_keys"]

_START = np.uint64(0x9E3779B97F4A7C15)
_ONE, _OTHER = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_MOST_BITS = 20
_FIRST, _SECOND, _THIRD = np.uint64(30), np.uint64(27), np.uint64(31)


@kernel
def event_keys(columns: NDArray[np.uint32], keys: NDArray[np.uint64]) -> None:
    """Mix the bits of an event's signals into a number that is as good as drawn at random.

    Parameters
    ----------
    columns : ndarray of uint32, shape (k, n_events or more)
        Bits of the signals as the file holds them.
    keys : ndarray of uint64, shape (n_events,)
        Filled.

    References
    ----------
    Steele, Lea and Flood, OOPSLA 2014, doi:10.1145/2660193.2660195 (the mixing function of SplitMix64).
    """
    for e in range(keys.shape[0]):
        keys[e] = _START
    for j in range(columns.shape[0]):
        column = columns[j]
        for e in range(keys.shape[0]):
            mixed = keys[e] + _START + np.uint64(column[e])
            mixed = (mixed ^ (mixed >> _FIRST)) * _ONE
            mixed = (mixed ^ (mixed >> _SECOND)) * _OTHER
            keys[e] = mixed ^ (mixed >> _THIRD)


@kernel
def lowest_keys(keys: NDArray[np.uint64], keep: NDArray[np.bool_], wanted: int) -> NDArray[np.int64]:
    """Events with the lowest keys, in the order of their keys; of the same key, in theirs.

    Parameters
    ----------
    keys : ndarray of uint64, shape (n_events,)
        From `event_keys`: they lie about evenly, so that leading bits part them into classes of a few events.
    keep : ndarray of bool, shape (n_events,)
        Events that may be chosen.
    wanted : int

    Returns
    -------
    ndarray of int64, shape (at most wanted,)
    """
    n, bits = keys.shape[0], 1
    while bits < _MOST_BITS and (2 << bits) < n:
        bits += 1
    to_class = np.uint64(64 - bits)
    ends = np.zeros((1 << bits) + 1, np.int64)  # of each class among the kept events; first their numbers
    for e in range(n):
        ends[np.int64(keys[e] >> to_class) + 1] += keep[e]
    classes = 0
    while classes < (1 << bits) and ends[classes] < wanted:
        classes += 1
        ends[classes] += ends[classes - 1]
    found, places = np.empty(ends[classes], np.int64), ends[:classes].copy()
    for e in range(n):
        own = np.int64(keys[e] >> to_class)
        if keep[e] and own < classes:
            place = places[own]
            places[own] += 1
            while place > ends[own] and keys[found[place - 1]] > keys[e]:
                found[place] = found[place - 1]
                place -= 1
            found[place] = e
    return found[:wanted]
