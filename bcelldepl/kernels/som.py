"""A self-organising map in batches: the nearest prototype of every event, and the sums from which the next are made."""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = ["accumulate_nearest", "find_nearest"]

_TILE = 512  # events, so that a tile and its four distances stay in the first cache
_ABREAST = 4  # prototypes that are compared with a tile at once: each marker is loaded once for all of them


@njit(cache=True, nogil=True)
def _abreast(prototypes: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Prototypes and half their squared lengths, filled up to a multiple of four by some that nothing is near to."""
    m, k = prototypes.shape
    padded = np.zeros((-(-m // _ABREAST) * _ABREAST, k), np.float32)
    halves = np.full(padded.shape[0], np.inf, np.float32)
    for p in range(m):
        half = 0.0
        for j in range(k):
            padded[p, j] = prototypes[p, j]
            half += 0.5 * np.float64(prototypes[p, j]) ** 2
        halves[p] = half
    return padded, halves


@njit(cache=True, nogil=True)
def _nearest_in_tile(
    columns: NDArray[np.float32],
    first: int,
    size: int,
    padded: NDArray[np.float32],
    halves: NDArray[np.float32],
    away: NDArray[np.float32],
    best: NDArray[np.float32],
    labels: NDArray[np.int32],
) -> None:
    """Nearest prototype of each event of a tile, by |w|^2 / 2 - w x, which orders as the distance does."""
    k, last = (
        columns.shape[0],
        first + size,
    )  # a slice of one row is known to be contiguous, one of all is not
    a, b, c, d = away[0], away[1], away[2], away[3]
    for e in range(size):
        best[e], labels[e] = np.inf, -1
    for p in range(0, padded.shape[0], _ABREAST):
        for e in range(size):
            a[e], b[e], c[e], d[e] = halves[p], halves[p + 1], halves[p + 2], halves[p + 3]
        for j in range(0, k - 1, 2):
            x, y = columns[j, first:last], columns[j + 1, first:last]
            a0, b0, c0, d0 = padded[p, j], padded[p + 1, j], padded[p + 2, j], padded[p + 3, j]
            a1, b1, c1, d1 = (
                padded[p, j + 1],
                padded[p + 1, j + 1],
                padded[p + 2, j + 1],
                padded[p + 3, j + 1],
            )
            for e in range(size):
                a[e] -= a0 * x[e] + a1 * y[e]
                b[e] -= b0 * x[e] + b1 * y[e]
                c[e] -= c0 * x[e] + c1 * y[e]
                d[e] -= d0 * x[e] + d1 * y[e]
        if k % 2:
            x = columns[k - 1, first:last]
            a0, b0, c0, d0 = (
                padded[p, k - 1],
                padded[p + 1, k - 1],
                padded[p + 2, k - 1],
                padded[p + 3, k - 1],
            )
            for e in range(size):
                a[e] -= a0 * x[e]
                b[e] -= b0 * x[e]
                c[e] -= c0 * x[e]
                d[e] -= d0 * x[e]
        for q in range(_ABREAST):
            distance = away[q]
            for e in range(size):
                nearer = distance[e] < best[e]
                best[e] = distance[e] if nearer else best[e]
                labels[e] = p + q if nearer else labels[e]


@njit(cache=True, nogil=True)
def accumulate_nearest(
    columns: NDArray[np.float32],
    prototypes: NDArray[np.float32],
    counts: NDArray[np.int64],
    sums: NDArray[np.float64],
) -> None:
    """Give every event to its nearest prototype and add it there.

    Parameters
    ----------
    columns : ndarray of float32, shape (k, n_events)
        Markers. Events with NaN are passed over.
    prototypes : ndarray of float32, shape (m, k)
    counts : ndarray of int64, shape (m,)
        Added to: events by prototype.
    sums : ndarray of float64, shape (m, k)
        Added to: sums of the events by prototype.

    References
    ----------
    Kohonen, Self-Organizing Maps, 3rd ed. (2001), doi:10.1007/978-3-642-56927-2, section 3.6 (batch map).
    """
    k, n = columns.shape
    padded, halves = _abreast(prototypes)
    away, best = np.empty((_ABREAST, _TILE), np.float32), np.empty(_TILE, np.float32)
    labels = np.empty(_TILE, np.int32)
    for first in range(0, n, _TILE):
        size = min(_TILE, n - first)
        _nearest_in_tile(columns, first, size, padded, halves, away, best, labels)
        for e in range(size):
            if labels[e] >= 0:
                counts[labels[e]] += 1
                own = sums[labels[e]]
                for j in range(k):
                    own[j] += columns[j, first + e]


@njit(cache=True, nogil=True)
def find_nearest(
    columns: NDArray[np.float32],
    prototypes: NDArray[np.float32],
    labels: NDArray[np.int32],
    distances: NDArray[np.float32],
) -> None:
    """Nearest prototype of every event, and its Euclidean distance.

    Parameters
    ----------
    columns, prototypes
        As in `accumulate_nearest`.
    labels : ndarray of int32, shape (n_events,)
        Filled; -1 for events with NaN.
    distances : ndarray of float32, shape (n_events,)
        Filled; NaN for events with NaN.
    """
    k, n = columns.shape
    padded, halves = _abreast(prototypes)
    away, best = np.empty((_ABREAST, _TILE), np.float32), np.empty(_TILE, np.float32)
    for first in range(0, n, _TILE):
        size = min(_TILE, n - first)
        own = labels[first : first + size]
        _nearest_in_tile(columns, first, size, padded, halves, away, best, own)
        for e in range(size):
            if own[e] < 0:
                distances[first + e] = np.nan
                continue
            squared = 0.0
            for j in range(k):
                squared += (np.float64(columns[j, first + e]) - np.float64(prototypes[own[e], j])) ** 2
            distances[first + e] = math.sqrt(squared)
