"""A number for every event by its signals alone: a sample by it does not depend on the order of events."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bcelldepl.runtime.compiled import kernel

__all__ = ["event_keys"]

_START = np.uint64(0x9E3779B97F4A7C15)
_ONE, _OTHER = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_FIRST, _SECOND, _THIRD = np.uint64(30), np.uint64(27), np.uint64(31)


@kernel
def event_keys(columns: NDArray[np.uint32], keys: NDArray[np.uint64]) -> None:
    """Mix the bits of an event's signals into a number that is as good as drawn at random.

    Parameters
    ----------
    columns : ndarray of uint32, shape (k, n_events)
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
