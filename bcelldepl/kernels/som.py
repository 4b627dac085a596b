"""A self-organising map in batches: the nearest prototype of every event, and the sums from which the next are made."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from bcelldepl.runtime.compiled import kernel

__all__ = ["accumulate_nearest", "find_nearest"]

_TILE = 384  # events, so that a tile of some ten markers and its four distances stay in the first cache
_ABREAST = 4  # prototypes that are compared with a tile at once: each marker is loaded once for all of them
_LEAST = 4  # markers: a tile is begun with two and decided with two


@kernel
def _pad(prototypes: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Prototypes and half their squared lengths, filled up by markers of 0 and prototypes that nothing is near to."""
    m, k = prototypes.shape
    padded = np.zeros((-(-m // _ABREAST) * _ABREAST, max(_LEAST, k + k % 2)), np.float32)
    halves = np.full(padded.shape[0], np.inf, np.float32)
    for p in range(m):
        half = 0.0
        for j in range(k):
            padded[p, j] = prototypes[p, j]
            half += 0.5 * np.float64(prototypes[p, j]) ** 2
        halves[p] = half
    return padded, halves


@kernel
def _load(columns: NDArray[np.float32], first: int, size: int, tile: NDArray[np.float32]) -> None:
    """Copy the markers of a tile side by side, so that no two of them fight for a place in the cache."""
    for j in range(columns.shape[0]):
        column, row = columns[j, first : first + size], tile[j]
        for e in range(size):
            row[e] = column[e]


@kernel
def _begin(
    away: NDArray[np.float32],
    x: NDArray[np.float32],
    y: NDArray[np.float32],
    padded: NDArray[np.float32],
    halves: NDArray[np.float32],
    p: int,
) -> None:
    """Distances of a tile from four prototypes, |w|^2 / 2 - w x, by the first two markers."""
    a, b, c, d = halves[p], halves[p + 1], halves[p + 2], halves[p + 3]
    a0, b0, c0, d0 = padded[p, 0], padded[p + 1, 0], padded[p + 2, 0], padded[p + 3, 0]
    a1, b1, c1, d1 = padded[p, 1], padded[p + 1, 1], padded[p + 2, 1], padded[p + 3, 1]
    for e in range(_TILE):
        xe, ye = x[e], y[e]
        away[e] = a - a0 * xe - a1 * ye
        away[e + _TILE] = b - b0 * xe - b1 * ye
        away[e + 2 * _TILE] = c - c0 * xe - c1 * ye
        away[e + 3 * _TILE] = d - d0 * xe - d1 * ye


@kernel
def _go_on(
    away: NDArray[np.float32],
    x: NDArray[np.float32],
    y: NDArray[np.float32],
    padded: NDArray[np.float32],
    p: int,
    j: int,
) -> None:
    """Two markers more."""
    a0, b0, c0, d0 = padded[p, j], padded[p + 1, j], padded[p + 2, j], padded[p + 3, j]
    a1, b1, c1, d1 = padded[p, j + 1], padded[p + 1, j + 1], padded[p + 2, j + 1], padded[p + 3, j + 1]
    for e in range(_TILE):
        xe, ye = x[e], y[e]
        a = away[e] - a0 * xe - a1 * ye
        b = away[e + _TILE] - b0 * xe - b1 * ye
        c = away[e + 2 * _TILE] - c0 * xe - c1 * ye
        d = away[e + 3 * _TILE] - d0 * xe - d1 * ye
        away[e], away[e + _TILE], away[e + 2 * _TILE], away[e + 3 * _TILE] = a, b, c, d


@kernel
def _decide(
    away: NDArray[np.float32],
    x: NDArray[np.float32],
    y: NDArray[np.float32],
    padded: NDArray[np.float32],
    p: int,
    best: NDArray[np.float32],
    labels: NDArray[np.int32],
) -> None:
    """The last two markers, and which of the four is nearer than any before: the distances need not be stored again."""
    j = padded.shape[1] - 2
    a0, b0, c0, d0 = padded[p, j], padded[p + 1, j], padded[p + 2, j], padded[p + 3, j]
    a1, b1, c1, d1 = padded[p, j + 1], padded[p + 1, j + 1], padded[p + 2, j + 1], padded[p + 3, j + 1]
    for e in range(_TILE):
        xe, ye = x[e], y[e]
        a = away[e] - a0 * xe - a1 * ye
        b = away[e + _TILE] - b0 * xe - b1 * ye
        c = away[e + 2 * _TILE] - c0 * xe - c1 * ye
        d = away[e + 3 * _TILE] - d0 * xe - d1 * ye
        near, label = best[e], labels[e]
        nearer = a < near
        near, label = a if nearer else near, p if nearer else label
        nearer = b < near
        near, label = b if nearer else near, p + 1 if nearer else label
        nearer = c < near
        near, label = c if nearer else near, p + 2 if nearer else label
        nearer = d < near
        near, label = d if nearer else near, p + 3 if nearer else label
        best[e], labels[e] = near, label


@kernel
def _nearest_in_tile(
    tile: NDArray[np.float32],
    padded: NDArray[np.float32],
    halves: NDArray[np.float32],
    away: NDArray[np.float32],
    best: NDArray[np.float32],
    labels: NDArray[np.int32],
) -> None:
    """Nearest prototype of each event of a tile; -1 where there is none."""
    for e in range(_TILE):
        best[e], labels[e] = np.inf, -1
    for p in range(0, padded.shape[0], _ABREAST):
        _begin(away, tile[0], tile[1], padded, halves, p)
        for j in range(2, padded.shape[1] - 2, 2):
            _go_on(away, tile[j], tile[j + 1], padded, p, j)
        _decide(away, tile[-2], tile[-1], padded, p, best, labels)


@kernel
def accumulate_nearest(
    columns: NDArray[np.float32],
    first: int,
    last: int,
    prototypes: NDArray[np.float32],
    counts: NDArray[np.int64],
    sums: NDArray[np.float64],
) -> None:
    """Give every event of a span to its nearest prototype and add it there.

    Parameters
    ----------
    columns : ndarray of float32, shape (k, n_events)
        Markers. Events with NaN are passed over.
    first, last : int
        The span: events from `first` to before `last`.
    prototypes : ndarray of float32, shape (m, k)
    counts : ndarray of int64, shape (m,)
        Added to: events by prototype.
    sums : ndarray of float64, shape (m, k)
        Added to: sums of the events by prototype.

    References
    ----------
    Kohonen, Self-Organizing Maps, 3rd ed. (2001), doi:10.1007/978-3-642-56927-2, section 3.6 (batch map).
    """
    k = columns.shape[0]
    padded, halves = _pad(prototypes)
    tile, away = np.zeros((padded.shape[1], _TILE), np.float32), np.empty(_ABREAST * _TILE, np.float32)
    best, labels = np.empty(_TILE, np.float32), np.empty(_TILE, np.int32)
    by_marker = np.zeros((k, prototypes.shape[0]))
    for start in range(first, last, _TILE):
        size = min(_TILE, last - start)
        _load(columns, start, size, tile)
        _nearest_in_tile(tile, padded, halves, away, best, labels)
        for e in range(size):
            if labels[e] >= 0:
                counts[labels[e]] += 1
        for j in range(k):
            row, own = tile[j], by_marker[j]
            for e in range(size):
                if labels[e] >= 0:
                    own[labels[e]] += row[e]
    for p in range(prototypes.shape[0]):
        for j in range(k):
            sums[p, j] += by_marker[j, p]


@kernel
def find_nearest(
    columns: NDArray[np.float32],
    first: int,
    last: int,
    prototypes: NDArray[np.float32],
    labels: NDArray[np.int32],
    distances: NDArray[np.float32],
) -> None:
    """Nearest prototype of every event of a span, and its Euclidean distance.

    Parameters
    ----------
    columns, first, last, prototypes
        As in `accumulate_nearest`.
    labels : ndarray of int32, shape (n_events,)
        Filled from `first` to before `last`; -1 for events with NaN.
    distances : ndarray of float32, shape (n_events,)
        Filled from `first` to before `last`; NaN for events with NaN.
    """
    k = columns.shape[0]
    padded, halves = _pad(prototypes)
    tile, away = np.zeros((padded.shape[1], _TILE), np.float32), np.empty(_ABREAST * _TILE, np.float32)
    best, nearest = np.empty(_TILE, np.float32), np.empty(_TILE, np.int32)
    for start in range(first, last, _TILE):
        size = min(_TILE, last - start)
        _load(columns, start, size, tile)
        _nearest_in_tile(tile, padded, halves, away, best, nearest)
        for e in range(size):
            own = nearest[e]
            labels[start + e] = own
            if own < 0:
                distances[start + e] = np.nan
                continue
            squared = 0.0
            for j in range(k):
                squared += (np.float64(tile[j, e]) - np.float64(prototypes[own, j])) ** 2
            distances[start + e] = math.sqrt(squared)
