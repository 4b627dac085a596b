"""A mixture of heavy-tailed components over an even background: their densities, and the expectation step.

Events are taken in tiles that stay in the first cache, one plain loop over a whole tile for each step, so that the
compiler makes vector instructions of it; a tile that is not full is filled up with events that are worth nothing. The
degrees of freedom are a whole number: a t density is then a power that takes products and a square root, and no
logarithm. Distances are sums of squares of whitened differences, which lose no digits where markers go together.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bcelldepl.runtime.compiled import kernel, kernel_without_errors

__all__ = ["accumulate_components", "component_densities"]

TILE = 192  # events
_FOLD = TILE // 4
TILES = 32  # whose sums are kept in float32, side by side, before they are added up in float64
_FARTHEST = np.float32(1e4)  # of 1 + squared distance / degrees: what lies beyond has no density to speak of


@kernel_without_errors
def _load_tile(
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
    for e in range(size, TILE):
        sound[e] = 0.0
    for j in range(columns.shape[0]):
        column, point = columns[j, first : first + size], points[j]
        for e in range(size):
            finite = abs(column[e]) < np.inf
            point[e] = column[e] if finite else np.float32(0.0)
            sound[e] = sound[e] if finite else np.float32(0.0)
        for e in range(size, TILE):
            point[e] = 0.0


@kernel_without_errors
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
    """Density of one component at a tile of events, and the inverse of 1 + squared distance / degrees."""
    k = points.shape[0]
    for i in range(k):
        own, point, centre = away[i], points[i], mean[i]
        for e in range(TILE):
            own[e] = point[e] - centre
    scale = np.float32(1.0 / degrees)
    for e in range(TILE):
        inverse[e] = 1.0
    for i in range(k):
        weight, own = whitener[i, 0], away[0]
        for e in range(TILE):
            white[e] = weight * own[e]
        for j in range(1, i + 1):
            weight, own = whitener[i, j], away[j]
            for e in range(TILE):
                white[e] += weight * own[e]
        for e in range(TILE):
            inverse[e] += scale * (white[e] * white[e])
    for e in range(TILE):
        inverse[e] = np.float32(1.0) / (inverse[e] if inverse[e] < _FARTHEST else _FARTHEST)
    power = int(degrees) + k
    if power % 2:
        for e in range(TILE):
            density[e] = height * np.sqrt(inverse[e])
    else:
        for e in range(TILE):
            density[e] = height
    for e in range(TILE):
        white[e] = inverse[e]
    rest = power // 2
    while rest > 0:
        if rest % 2:
            for e in range(TILE):
                density[e] *= white[e]
        for e in range(TILE):
            white[e] *= white[e]
        rest //= 2


@kernel
def _add_folded(values: NDArray[np.float32], sums: NDArray[np.float32]) -> None:
    """Add a tile of values, folded in four: sums of a quarter of the tile are loaded and stored a quarter as often."""
    for e in range(_FOLD):
        sums[e] += (values[e] + values[e + _FOLD]) + (values[e + 2 * _FOLD] + values[e + 3 * _FOLD])


@kernel
def _add_products(one: NDArray[np.float32], other: NDArray[np.float32], sums: NDArray[np.float32]) -> None:
    """Add a tile of products, as `_add_folded` adds values."""
    for e in range(_FOLD):
        first, second = one[e] * other[e], one[e + _FOLD] * other[e + _FOLD]
        third = one[e + 2 * _FOLD] * other[e + 2 * _FOLD]
        fourth = one[e + 3 * _FOLD] * other[e + 3 * _FOLD]
        sums[e] += (first + second) + (third + fourth)


@kernel_without_errors
def accumulate_components(
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
    """One expectation step over events of a mixture of multivariate t components and a flat background.

    Parameters
    ----------
    columns : ndarray of float32, shape (k, n_events)
        Transformed markers. Events with a value that is not finite are passed over.
    worth : ndarray of float32, shape (n_events,)
        How many events each stands for.
    begin, end : int
        First event, and the one past the last. A slice of the columns would hide from Numba that the events of one lie
        side by side.
    means : ndarray of float32, shape (n_components, k)
    whiteners : ndarray of float32, shape (n_components, k, k)
        Inverse of the lower Cholesky factor of each scale matrix.
    heights : ndarray of float32, shape (n_components,)
        Weight times density at the centre of each component.
    background : float
        Weight times density of the background.
    degrees : float
        Degrees of freedom of the t distribution, a whole number.
    sums : ndarray of float64, shape (n_components, 2 + k + k (k + 1) / 2) or (n_components, 2 + k)
        Added to, for each component: the sum of posteriors; that of posterior times t weight; of that times the event's
        differences from the component's mean; of that times products of two differences, the lower triangle by rows,
        where there is room for them: they are half of the work.

    References
    ----------
    Peel and McLachlan, Statistics and Computing 10:339-348 (2000), doi:10.1023/A:1008981510081.
    """
    k = columns.shape[0]
    n_components, n_sums = sums.shape
    with_products = n_sums > 2 + k
    points, away = np.empty((k, TILE), np.float32), np.empty((k, TILE), np.float32)
    white, sound, total = (
        np.empty(TILE, np.float32),
        np.empty(TILE, np.float32),
        np.empty(TILE, np.float32),
    )
    inverse, density = np.empty((n_components, TILE), np.float32), np.empty((n_components, TILE), np.float32)
    parts = np.empty((n_components, n_sums, _FOLD), np.float32)
    factor = np.float32((degrees + k) / degrees)
    for start in range(begin, end, TILE * TILES):
        parts[:] = 0.0
        for first in range(start, min(start + TILE * TILES, end), TILE):
            size = min(TILE, end - first)
            _load_tile(columns, worth[first : first + size], first, size, points, sound)
            for e in range(TILE):
                total[e] = background
            for component in range(n_components):
                one = density[component]
                _tile_densities(
                    points, means[component], whiteners[component], heights[component], degrees,
                    away, white, inverse[component], one,
                )  # fmt: skip
                for e in range(TILE):
                    total[e] += one[e]
            for e in range(TILE):
                total[e] = sound[e] / total[e]
            for component in range(n_components):
                posterior, weight, part = density[component], inverse[component], parts[component]
                for e in range(TILE):
                    posterior[e] *= total[e]
                    weight[e] *= posterior[e] * factor
                _add_folded(posterior, part[0])
                _add_folded(weight, part[1])
                place = 2 + k
                for i in range(k):
                    own, point, centre = away[i], points[i], means[component, i]
                    for e in range(TILE):
                        own[e] = point[e] - centre
                        white[e] = weight[e] * own[e]
                    _add_folded(white, part[2 + i])
                    if with_products:
                        for j in range(i + 1):
                            _add_products(white, away[j], part[place])
                            place += 1
        for component in range(n_components):
            for s in range(n_sums):
                row, found = parts[component, s], 0.0
                for e in range(_FOLD):
                    found += float(row[e])
                sums[component, s] += found


@kernel_without_errors
def component_densities(
    columns: NDArray[np.float32],
    begin: int,
    end: int,
    means: NDArray[np.float32],
    whiteners: NDArray[np.float32],
    heights: NDArray[np.float32],
    degrees: float,
    out: NDArray[np.float32],
) -> None:
    """Density of every component at every event.

    Parameters
    ----------
    columns, begin, end, means, whiteners, degrees
        As in `accumulate_components`.
    heights : ndarray of float32, shape (n_components,)
        Density at the centre of each component.
    out : ndarray of float32, shape (n_components, n_events)
        Filled between `begin` and `end`; 0 for events with a value that is not finite.
    """
    k = columns.shape[0]
    points, away = np.empty((k, TILE), np.float32), np.empty((k, TILE), np.float32)
    white, sound = np.empty(TILE, np.float32), np.empty(TILE, np.float32)
    inverse, density = np.empty(TILE, np.float32), np.empty(TILE, np.float32)
    every = np.ones(TILE, np.float32)
    for first in range(begin, end, TILE):
        size = min(TILE, end - first)
        _load_tile(columns, every, first, size, points, sound)
        for component in range(means.shape[0]):
            _tile_densities(
                points, means[component], whiteners[component], heights[component], degrees,
                away, white, inverse, density,
            )  # fmt: skip
            target = out[component, first : first + size]
            for e in range(size):
                target[e] = density[e] * sound[e]
