"""Seeds of islands: some of the events of each, and about where they lie."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bcelldepl.runtime.compiled import kernel

__all__ = ["seed_middles", "take_evenly"]


@kernel
def take_evenly(seeds: NDArray[np.int16], every: NDArray[np.int64], taken: NDArray[np.int64]) -> int:
    """Take the first of every so many events of each seed, in the order of the file.

    Parameters
    ----------
    seeds : ndarray of int16, shape (n_events,)
        -1 for an event of no seed.
    every : ndarray of int64, shape (n_seeds + 1,)
        How many events one stands for; the first for those of no seed.
    taken : ndarray of int64, shape (n_events,)
        Filled as far as the returned number.

    Returns
    -------
    int
        How many are taken.
    """
    seen, found = np.zeros(every.shape[0], np.int64), 0
    for event in range(seeds.shape[0]):
        seed = seeds[event] + 1
        if seen[seed] == 0:
            taken[found] = event
            found += 1
            seen[seed] = every[seed]
        seen[seed] -= 1
    return found


@kernel
def seed_middles(
    points: NDArray[np.float32],
    seeds: NDArray[np.int16],
    middles: NDArray[np.float64],
    deviations: NDArray[np.float64],
) -> None:
    """Median of the events of each seed, and the median of their distances from it, by marker.

    Parameters
    ----------
    points : ndarray of float32, shape (k, n_events)
    seeds : ndarray of int16, shape (n_events,)
        -1 for an event of no seed.
    middles, deviations : ndarray of float64, shape (n_seeds, k)
        Filled; no seed may be empty.
    """
    n_seeds, k = middles.shape
    own, events = np.empty(seeds.shape[0]), np.empty(seeds.shape[0], np.int64)
    for seed in range(n_seeds):
        n = 0
        for event in range(seeds.shape[0]):
            events[n] = event
            n += seeds[event] == seed
        for i in range(k):
            for e in range(n):
                own[e] = points[i, events[e]]
            middle = np.median(own[:n])
            for e in range(n):
                own[e] = abs(own[e] - middle)
            middles[seed, i], deviations[seed, i] = middle, np.median(own[:n])
