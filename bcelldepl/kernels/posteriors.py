"""Where events belong among islands that are known: densities, shares and posteriors, in tiles as in `mixture`."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bcelldepl.kernels.mixture import TILE, TILES, load_tile, tile_densities
from bcelldepl.runtime.compiled import kernel_without_errors

__all__ = ["island_densities", "island_posteriors", "island_shares"]


@kernel_without_errors
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
    points, away = np.empty((k, TILE), np.float32), np.empty((k, TILE), np.float32)
    white, sound = np.empty(TILE, np.float32), np.empty(TILE, np.float32)
    inverse, density = np.empty(TILE, np.float32), np.empty(TILE, np.float32)
    every = np.ones(TILE, np.float32)
    for first in range(begin, end, TILE):
        size = min(TILE, end - first)
        load_tile(columns, every, first, size, points, sound)
        for island in range(means.shape[0]):
            tile_densities(
                points, means[island], whiteners[island], heights[island], degrees,
                away, white, inverse, density,
            )  # fmt: skip
            target = out[island, first : first + size]
            for e in range(size):
                target[e] = density[e] * sound[e]


@kernel_without_errors
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


@kernel_without_errors
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
    total, parts = np.empty(TILE, np.float32), np.empty((n_islands, TILE), np.float32)
    for start in range(0, n, TILE * TILES):
        parts[:] = 0.0
        for first in range(start, min(start + TILE * TILES, n), TILE):
            size = min(TILE, n - first)
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
            for e in range(TILE):
                found += float(part[e])
            shares[island] += found


@kernel_without_errors
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
    total, near = np.empty(TILE, np.float32), np.empty(TILE, np.float32)
    for first in range(0, n, TILE):
        size = min(TILE, n - first)
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
