"""A mixture of heavy-tailed islands over an even background: the event loops of anchored clustering.

Events are taken in tiles that stay in the first cache, one plain loop over a tile for each step, so that the compiler
makes vector instructions of it. The degrees of freedom are a whole number: a t density is then a power that takes
products and a square root, and no logarithm.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from bcelldepl.kernels.sums import sum_of

__all__ = ["accumulate_islands", "island_densities", "island_posteriors", "island_shares"]

_TILE = 256
_LEAST = 1e-12  # of a posterior; less adds nothing
_GROUP = 8  # densities that are multiplied before their logarithm is taken


@njit(cache=True, nogil=True)
def _load(
    columns: NDArray[np.float32],
    first: int,
    size: int,
    points: NDArray[np.float64],
    sound: NDArray[np.float64],
) -> None:
    """Copy a tile of events; one that lacks a finite value goes to the origin with a sound of 0, others have 1."""
    for e in range(size):
        sound[e] = 1.0
    for j in range(columns.shape[0]):
        column = columns[j, first : first + size]
        for e in range(size):
            value = float(column[e])
            finite = abs(value) < np.inf
            points[j, e] = value if finite else 0.0
            sound[e] = sound[e] if finite else 0.0


@njit(cache=True, nogil=True)
def _densities(
    points: NDArray[np.float64],
    size: int,
    mean: NDArray[np.float64],
    precision: NDArray[np.float64],
    height: float,
    degrees: float,
    away: NDArray[np.float64],
    inverse: NDArray[np.float64],
    density: NDArray[np.float64],
) -> None:
    """Density of one island at a tile of events, and the inverse of 1 + squared distance / degrees."""
    k = points.shape[0]
    for e in range(size):
        inverse[e] = 0.0
    for i in range(k):
        own, point, centre, weight = away[i], points[i], mean[i], precision[i, i]
        for e in range(size):
            own[e] = point[e] - centre
            inverse[e] += weight * own[e] * own[e]
        for j in range(i):
            other, both = away[j], precision[i, j] + precision[j, i]
            for e in range(size):
                inverse[e] += both * own[e] * other[e]
    power, scale = int(degrees) + k, 1.0 / degrees
    for e in range(size):
        inverse[e] = 1.0 / (1.0 + inverse[e] * scale)
    if power % 2:
        for e in range(size):
            density[e] = height * math.sqrt(inverse[e])
    else:
        for e in range(size):
            density[e] = height
    rest = power // 2
    square = away[0]
    for e in range(size):
        square[e] = inverse[e]
    while rest > 0:
        if rest % 2:
            for e in range(size):
                density[e] *= square[e]
        for e in range(size):
            square[e] *= square[e]
        rest //= 2


@njit(cache=True, nogil=True)
def _log_likelihood(total: NDArray[np.float64], sound: NDArray[np.float64], size: int) -> float:
    """Sum of the logarithms of the densities of a tile's sound events."""
    likelihood = 0.0
    for start in range(0, size, _GROUP):
        product = 1.0
        for e in range(start, min(start + _GROUP, size)):
            product *= total[e] if sound[e] > 0.0 else 1.0
        likelihood += math.log(product)
    return likelihood


@njit(cache=True, nogil=True)
def accumulate_islands(
    columns: NDArray[np.float32],
    means: NDArray[np.float64],
    precisions: NDArray[np.float64],
    log_heights: NDArray[np.float64],
    log_background: float,
    degrees: float,
    shares: NDArray[np.float64],
    masses: NDArray[np.float64],
    firsts: NDArray[np.float64],
    seconds: NDArray[np.float64],
) -> float:
    """One expectation step over every event of a mixture of multivariate t islands and a flat background.

    Parameters
    ----------
    columns : ndarray of float32, shape (k, n_events)
        Transformed markers. Events with a value that is not finite are passed over.
    means : ndarray of float64, shape (n_islands, k)
    precisions : ndarray of float64, shape (n_islands, k, k)
        Inverse scale matrices.
    log_heights : ndarray of float64, shape (n_islands,)
        Log weight plus log density at the centre of each island.
    log_background : float
        Log weight plus log density of the background.
    degrees : float
        Degrees of freedom of the t distribution, a whole number.
    shares : ndarray of float64, shape (n_islands,)
        Added to: sum of posteriors.
    masses, firsts, seconds : ndarray of float64, shapes (n_islands,), (n_islands, k), (n_islands, k, k)
        Added to: sums of posterior times t weight, times the event, times its outer product.

    Returns
    -------
    float
        Log likelihood.

    References
    ----------
    Peel and McLachlan, Statistics and Computing 10:339-348 (2000), doi:10.1023/A:1008981510081.
    """
    k, n = columns.shape
    n_islands = means.shape[0]
    heights, background = np.exp(log_heights), math.exp(log_background)
    points, away = np.empty((k, _TILE)), np.empty((k, _TILE))
    weighted, product = np.empty(_TILE), np.empty(_TILE)
    sound, total = np.empty(_TILE), np.empty(_TILE)
    inverse, density = np.empty((n_islands, _TILE)), np.empty((n_islands, _TILE))
    likelihood = 0.0
    for first in range(0, n, _TILE):
        size = min(_TILE, n - first)
        _load(columns, first, size, points, sound)
        for e in range(size):
            total[e] = background
        for island in range(n_islands):
            _densities(
                points, size, means[island], precisions[island], heights[island], degrees,
                away, inverse[island], density[island],
            )  # fmt: skip
            for e in range(size):
                total[e] += density[island, e]
        likelihood += _log_likelihood(total, sound, size)
        for e in range(size):
            total[e] = sound[e] / total[e]
        for island in range(n_islands):
            posterior, weight = density[island], inverse[island]
            factor = (degrees + k) / degrees
            for e in range(size):
                belongs = posterior[e] * total[e]
                belongs = belongs if belongs >= _LEAST else 0.0
                posterior[e] = belongs
                weight[e] *= belongs * factor
            shares[island] += sum_of(posterior, size)
            masses[island] += sum_of(weight, size)
            for i in range(k):
                for e in range(size):
                    weighted[e] = weight[e] * points[i, e]
                firsts[island, i] += sum_of(weighted, size)
                for j in range(i + 1):
                    for e in range(size):
                        product[e] = weighted[e] * points[j, e]
                    seconds[island, i, j] += sum_of(product, size)
    for island in range(n_islands):
        for i in range(k):
            for j in range(i):
                seconds[island, j, i] = seconds[island, i, j]
    return likelihood


@njit(cache=True, nogil=True)
def island_densities(
    columns: NDArray[np.float32],
    means: NDArray[np.float64],
    precisions: NDArray[np.float64],
    log_heights: NDArray[np.float64],
    degrees: float,
    out: NDArray[np.float64],
) -> None:
    """Density of every island at every event.

    Parameters
    ----------
    columns, means, precisions, degrees
        As in `accumulate_islands`.
    log_heights : ndarray of float64, shape (n_islands,)
        Log density at the centre of each island.
    out : ndarray of float64, shape (n_islands, n_events)
        Filled; NaN for events with a value that is not finite.
    """
    k, n = columns.shape
    heights = np.exp(log_heights)
    points, away = np.empty((k, _TILE)), np.empty((k, _TILE))
    sound, inverse = np.empty(_TILE), np.empty(_TILE)
    for first in range(0, n, _TILE):
        size = min(_TILE, n - first)
        _load(columns, first, size, points, sound)
        for island in range(means.shape[0]):
            density = out[island, first : first + size]
            _densities(
                points, size, means[island], precisions[island], heights[island], degrees,
                away, inverse, density,
            )  # fmt: skip
            for e in range(size):
                density[e] = density[e] if sound[e] > 0.0 else np.nan


@njit(cache=True, nogil=True)
def island_shares(
    densities: NDArray[np.float64],
    weights: NDArray[np.float64],
    background: float,
    shares: NDArray[np.float64],
) -> None:
    """Sum of the posteriors of each island, where only the weights are in question.

    Parameters
    ----------
    densities : ndarray of float64, shape (n_islands, n_events)
        From `island_densities`; events with NaN are passed over.
    weights : ndarray of float64, shape (n_islands,)
    background : float
        Weight times density of the background.
    shares : ndarray of float64, shape (n_islands,)
        Added to.
    """
    n_islands, n = densities.shape
    total, part = np.empty(_TILE), np.empty(_TILE)
    for first in range(0, n, _TILE):
        size = min(_TILE, n - first)
        for e in range(size):
            total[e] = background
        for island in range(n_islands):
            weight, density = weights[island], densities[island, first : first + size]
            for e in range(size):
                total[e] += weight * density[e]
        for e in range(size):
            total[e] = 1.0 / total[e]
        for island in range(n_islands):
            weight, density = weights[island], densities[island, first : first + size]
            for e in range(size):
                belongs = weight * density[e] * total[e]
                part[e] = belongs if belongs >= _LEAST else 0.0
            shares[island] += sum_of(part, size)


@njit(cache=True, nogil=True)
def island_posteriors(
    densities: NDArray[np.float64],
    weights: NDArray[np.float64],
    background: float,
    wanted: NDArray[np.bool_],
    out: NDArray[np.float64],
) -> None:
    """Posterior of every event to belong to one of the wanted islands.

    Parameters
    ----------
    densities, weights, background
        As in `island_shares`.
    wanted : ndarray of bool, shape (n_islands,)
    out : ndarray of float64, shape (n_events,)
        Filled; 0 for events with NaN.
    """
    n_islands, n = densities.shape
    total = np.empty(_TILE)
    for first in range(0, n, _TILE):
        size = min(_TILE, n - first)
        inside = out[first : first + size]
        for e in range(size):
            total[e], inside[e] = background, 0.0
        for island in range(n_islands):
            weight, density = weights[island], densities[island, first : first + size]
            for e in range(size):
                total[e] += weight * density[e]
            if wanted[island]:
                for e in range(size):
                    inside[e] += weight * density[e]
        for e in range(size):
            posterior = inside[e] / total[e]
            inside[e] = posterior if posterior > 0.0 else 0.0
