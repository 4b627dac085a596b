"""Which events each of several populations holds: a bit of an event's word for each."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bcelldepl.runtime.compiled import kernel

_BLOCK = 1_024  # events

__all__ = ["count_bit", "have_bit", "mark_bit", "nth_event", "spaced_events", "with_bit"]


@kernel
def mark_bit(words: NDArray[np.uint32], events: NDArray[np.int32], bit: int) -> None:
    """Set a bit of some events.

    Parameters
    ----------
    words : ndarray of uint32, shape (n_events,)
        Changed.
    events : ndarray of int32, shape (n,)
    bit : int
        From 0 to 31.
    """
    mark = np.uint32(1) << np.uint32(bit)
    for i in range(events.shape[0]):
        words[np.uint32(events[i])] |= mark


@kernel
def have_bit(words: NDArray[np.uint32], bit: int, out: NDArray[np.bool_]) -> None:
    """Tell of every event whether a bit is set.

    Parameters
    ----------
    words : ndarray of uint32, shape (n_events,)
    bit : int
        From 0 to 31.
    out : ndarray of bool, shape (n_events,)
        Filled.
    """
    place = np.uint32(bit)
    for e in range(words.shape[0]):
        out[e] = ((words[e] >> place) & np.uint32(1)) != 0


@kernel
def count_bit(words: NDArray[np.uint32], bit: int) -> int:
    """Of how many events a bit is set.

    Parameters
    ----------
    words : ndarray of uint32, shape (n_events,)
    bit : int
        From 0 to 31.

    Returns
    -------
    int
    """
    place, number = np.uint32(bit), 0
    for e in range(words.shape[0]):
        number += (words[e] >> place) & np.uint32(1)
    return number


@kernel
def with_bit(words: NDArray[np.uint32], bit: int) -> NDArray[np.int32]:
    """Events of which a bit is set, in their order.

    Parameters
    ----------
    words : ndarray of uint32, shape (n_events,)
    bit : int
        From 0 to 31.

    Returns
    -------
    ndarray of int32
    """
    place, number = np.uint32(bit), count_bit(words, bit)
    events, found = np.empty(number + 1, np.int32), 0
    for e in range(words.shape[0]):
        events[found] = e  # written without a branch: what has no bit is overwritten by the next
        found += (words[e] >> place) & np.uint32(1)
    return events[:number]


@kernel
def spaced_events(held: NDArray[np.bool_], step: int) -> NDArray[np.int32]:
    """Every so many of the events that are held, from the first on.

    Parameters
    ----------
    held : ndarray of bool, shape (n_events,)
    step : int

    Returns
    -------
    ndarray of int32
    """
    number = 0
    for e in range(held.shape[0]):
        number += held[e]
    events, block = np.empty((number + step - 1) // step, np.int32), np.empty(_BLOCK + 1, np.int32)
    found, skip = 0, 0
    for first in range(0, held.shape[0], _BLOCK):
        n = 0
        for e in range(first, min(first + _BLOCK, held.shape[0])):
            block[n] = e  # written without a branch: what is not held is overwritten by the next
            n += held[e]
        for i in range(skip, n, step):
            events[found] = block[i]
            found += 1
        skip = skip - n if skip >= n else (step - (n - skip) % step) % step
    return events


@kernel
def nth_event(held: NDArray[np.bool_], number: int) -> int:
    """Find the event that comes after so many of those that are held, and is held itself.

    Parameters
    ----------
    held : ndarray of bool, shape (n_events,)
    number : int

    Returns
    -------
    int
        0 where there is none.
    """
    before = 0
    for first in range(0, held.shape[0], _BLOCK):
        last, here = min(first + _BLOCK, held.shape[0]), 0
        for e in range(first, last):
            here += held[e]
        if before + here > number:
            for e in range(first, last):
                before += held[e]
                if before > number:
                    return e
        before += here
    return 0
