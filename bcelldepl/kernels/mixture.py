"""A mixture of heavy-tailed islands over an even background: the event loops of anchored clustering.

Events are taken in tiles that stay in the first cache, one plain loop over a whole tile for each step, so that the
compiler makes vector instructions of it; a tile that is not full is filled up with events that are worth nothing. The
degrees of freedom are a whole number: a t density is then a power that takes products and a square root, and no
logarithm. Distances are sums of squares of whitened differences, which lose no digits where markers go together.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = ["accumulate_islands", "island_densities", "island_posteriors", "island_shares"]

_TILE = 192
_TILES = 32  # whose sums are kept in float32, side by side, before they are added up in float64
_FARTHEST = np.float32(1e4)  # of 1 + squared distance / degrees: what lies beyond has no density to speak of


@njit(cache=True, nogil=True, error_model="numpy")
def _load(
    columns: NDArray[np.float32],
    worth: NDArray[np.float32],
    first: int,
    size: int,
    points: NDArray[np.float32],
    sound: NDArray[np.float32],
) -> None:
    """Copy a tile of events; one that lacks a finite value goes to the origin and is worth nothing."""
    for e in range(size):
        sound[e] = worth[e]
    for e in range(size, _TILE):
        sound[e] = 0.0
    for j in range(columns.shape[0]):
        column, point = columns[j, first : first + size], points[j]
        for e in range(size):
            finite = abs(column[e]) < np.inf
            point[e] = column[e] if finite else np.float32(0.0)
            sound[e] = sound[e] if finite else np.float32(0.0)
        for e in range(size, _TILE):
            point[e] = 0.0


@njit(cache=True, nogil=True, error_model="numpy")
def _tile_densities(
    points: NDArray[np.float32],
    mean: NDArray[np.float32],
    whitener: NDArray[np.float32],
    height: np.float32,
    degrees: float,
    away: NDArray[np.float32],
    white: NDArray[np.float32],
    inverse: NDArray[np.float32],
    density: NDArray[np.float32],
) -> None:
    """Density of one island at a tile of events, and the inverse of 1 + squared distance / degrees."""
    k = points.shape[0]
    for i in range(k):
        own, point, centre = away[i], points[i], mean[i]
        for e in range(_TILE):
            own[e] = point[e] - centre
    scale = np.float32(1.0 / degrees)
    for e in range(_TILE):
        inverse[e] = 1.0
    for i in range(k):
        weight, own = whitener[i, 0], away[0]
        for e in range(_TILE):
            white[e] = weight * own[e]
        for j in range(1, i + 1):
            weight, own = whitener[i, j], away[j]
            for e in range(_TILE):
                white[e] += weight * own[e]
        for e in range(_TILE):
            inverse[e] += scale * (white[e] * white[e])
    for e in range(_TILE):
        inverse[e] = np.float32(1.0) / (inverse[e] if inverse[e] < _FARTHEST else _FARTHEST)
    power = int(degrees) + k
    if power % 2:
        for e in range(_TILE):
            density[e] = height * np.sqrt(inverse[e])
    else:
        for e in range(_TILE):
            density[e] = height
    for e in range(_TILE):
        white[e] = inverse[e]
    rest = power // 2
    while rest > 0:
        if rest % 2:
            for e in range(_TILE):
                density[e] *= white[e]
        for e in range(_TILE):
            white[e] *= white[e]
        rest //= 2


@njit(cache=True, nogil=True, error_model="numpy")
def accumulate_islands(
    columns: NDArray[np.float32],
    worth: NDArray[np.float32],
    begin: int,
    end: int,
    means: NDArray[np.float32],
    whiteners: NDArray[np.float32],
    heights: NDArray[np.float32],
    background: np.float32,
    degrees: float,
    sums: NDArray[np.float64],
) -> None:
    """One expectation step over events of a mixture of multivariate t islands and a flat background.

    Parameters
    ----------
    columns : ndarray of float32, shape (k, n_events)
        Transformed markers. Events with a value that is not finite are passed over.
    worth : ndarray of float32, shape (n_events,)
        How many events each stands for.
    begin, end : int
        First event, and the one past the last. A slice of the columns would hide from Numba that the events of one lie
        side by side.
    means : ndarray of float32, shape (n_islands, k)
    whiteners : ndarray of float32, shape (n_islands, k, k)
        Inverse of the lower Cholesky factor of each scale matrix.
    heights : ndarray of float32, shape (n_islands,)
        Weight times density at the centre of each island.
    background : float
        Weight times density of the background.
    degrees : float
        Degrees of freedom of the t distribution, a whole number.
    sums : ndarray of float64, shape (n_islands, 2 + k + k (k + 1) / 2)
        Added to, for each island: the sum of posteriors; that of posterior times t weight; of that times the event's
        differences from the island's mean; of that times the products of two differences, the lower triangle by rows.

    References
    ----------
    Peel and McLachlan, Statistics and Computing 10:339-348 (2000), doi:10.1023/A:1008981510081.
    """
    k = columns.shape[0]
    n_islands, n_sums = sums.shape
    points, away = np.empty((k, _TILE), np.float32), np.empty((k, _TILE), np.float32)
    white, sound, total = (
        np.empty(_TILE, np.float32),
        np.empty(_TILE, np.float32),
        np.empty(_TILE, np.float32),
    )
    inverse, density = np.empty((n_islands, _TILE), np.float32), np.empty((n_islands, _TILE), np.float32)
    parts = np.empty((n_islands, n_sums, _TILE), np.float32)
    factor = np.float32((degrees + k) / degrees)
    for start in range(begin, end, _TILE * _TILES):
        parts[:] = 0.0
        for first in range(start, min(start + _TILE * _TILES, end), _TILE):
            size = min(_TILE, end - first)
            _load(columns, worth[first : first + size], first, size, points, sound)
            for e in range(_TILE):
                total[e] = background
            for island in range(n_islands):
                one = density[island]
                _tile_densities(
                    points, means[island], whiteners[island], heights[island], degrees,
                    away, white, inverse[island], one,
                )  # fmt: skip
                for e in range(_TILE):
                    total[e] += one[e]
            for e in range(_TILE):
                total[e] = sound[e] / total[e]
            for island in range(n_islands):
                posterior, weight, part = density[island], inverse[island], parts[island]
                shares, masses = part[0], part[1]
                for e in range(_TILE):
                    belongs = posterior[e] * total[e]
                    shares[e] += belongs
                    weight[e] *= belongs * factor
                    masses[e] += weight[e]
                place = 2 + k
                for i in range(k):
                    own, point, centre, firsts = away[i], points[i], means[island, i], part[2 + i]
                    for e in range(_TILE):
                        own[e] = point[e] - centre
                        white[e] = weight[e] * own[e]
                        firsts[e] += white[e]
                    for j in range(i + 1):
                        other, seconds = away[j], part[place]
                        for e in range(_TILE):
                            seconds[e] += white[e] * other[e]
                        place += 1
        for island in range(n_islands):
            for s in range(n_sums):
                row, found = parts[island, s], 0.0
                for e in range(_TILE):
                    found += float(row[e])
                sums[island, s] += found


@njit(cache=True, nogil=True, error_model="numpy")
def island_densities(
    columns: NDArray[np.float32],
    begin: int,
    end: int,
    means: NDArray[np.float32],
    whiteners: NDArray[np.float32],
    heights: NDArray[np.float32],
    degrees: float,
    out: NDArray[np.float32],
) -> None:
    """Density of every island at every event.

    Parameters
    ----------
    columns, begin, end, means, whiteners, degrees
        As in `accumulate_islands`.
    heights : ndarray of float32, shape (n_islands,)
        Density at the centre of each island.
    out : ndarray of float32, shape (n_islands, n_events)
        Filled between `begin` and `end`; 0 for events with a value that is not finite.
    """
    k = columns.shape[0]
    points, away = np.empty((k, _TILE), np.float32), np.empty((k, _TILE), np.float32)
    white, sound = np.empty(_TILE, np.float32), np.empty(_TILE, np.float32)
    inverse, density = np.empty(_TILE, np.float32), np.empty(_TILE, np.float32)
    every = np.ones(_TILE, np.float32)
    for first in range(begin, end, _TILE):
        size = min(_TILE, end - first)
        _load(columns, every, first, size, points, sound)
        for island in range(means.shape[0]):
            _tile_densities(
                points, means[island], whiteners[island], heights[island], degrees,
                away, white, inverse, density,
            )  # fmt: skip
            target = out[island, first : first + size]
            for e in range(size):
                target[e] = density[e] * sound[e]


@njit(cache=True, nogil=True, error_model="numpy")
def _tile_total(
    densities: NDArray[np.float32],
    weights: NDArray[np.float32],
    background: np.float32,
    first: int,
    size: int,
    total: NDArray[np.float32],
) -> None:
    """Density of the whole mixture at a tile of events."""
    for e in range(size):
        total[e] = background
    for island in range(densities.shape[0]):
        weight, density = weights[island], densities[island, first : first + size]
        for e in range(size):
            total[e] += weight * density[e]


@njit(cache=True, nogil=True, error_model="numpy")
def island_shares(
    densities: NDArray[np.float32],
    weights: NDArray[np.float32],
    background: np.float32,
    shares: NDArray[np.float64],
) -> None:
    """Sum of the posteriors of each island, where only the weights are in question.

    Parameters
    ----------
    densities : ndarray of float32, shape (n_islands, n_events)
        From `island_densities`.
    weights : ndarray of float32, shape (n_islands,)
    background : float
        Weight times density of the background.
    shares : ndarray of float64, shape (n_islands,)
        Added to.
    """
    n_islands, n = densities.shape
    total, parts = np.empty(_TILE, np.float32), np.empty((n_islands, _TILE), np.float32)
    for start in range(0, n, _TILE * _TILES):
        parts[:] = 0.0
        for first in range(start, min(start + _TILE * _TILES, n), _TILE):
            size = min(_TILE, n - first)
            _tile_total(densities, weights, background, first, size, total)
            for e in range(size):
                total[e] = np.float32(1.0) / total[e]
            for island in range(n_islands):
                weight, density, part = (
                    weights[island],
                    densities[island, first : first + size],
                    parts[island],
                )
                for e in range(size):
                    part[e] += weight * density[e] * total[e]
        for island in range(n_islands):
            part, found = parts[island], 0.0
            for e in range(_TILE):
                found += float(part[e])
            shares[island] += found


@njit(cache=True, nogil=True, error_model="numpy")
def island_posteriors(
    densities: NDArray[np.float32],
    weights: NDArray[np.float32],
    background: np.float32,
    wanted: NDArray[np.bool_],
    least: NDArray[np.float32],
    out: NDArray[np.float32],
) -> None:
    """Posterior of every event to belong to one of the wanted islands.

    Parameters
    ----------
    densities, weights, background
        As in `island_shares`.
    wanted : ndarray of bool, shape (n_islands,)
    least : ndarray of float32, shape (n_islands,)
        Density at the edge of each island.
    out : ndarray of float32, shape (n_events,)
        Filled; 0 for events beyond the edge of every wanted island.
    """
    n_islands, n = densities.shape
    total, near = np.empty(_TILE, np.float32), np.empty(_TILE, np.float32)
    for first in range(0, n, _TILE):
        size = min(_TILE, n - first)
        _tile_total(densities, weights, background, first, size, total)
        inside = out[first : first + size]
        for e in range(size):
            inside[e], near[e] = 0.0, 0.0
        for island in range(n_islands):
            if wanted[island]:
                weight, density, edge = (
                    weights[island],
                    densities[island, first : first + size],
                    least[island],
                )
                for e in range(size):
                    inside[e] += weight * density[e]
                    near[e] = np.float32(1.0) if density[e] >= edge else near[e]
        for e in range(size):
            inside[e] *= near[e] / total[e]
