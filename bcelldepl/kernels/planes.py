"""Density of normals in the plane of two markers."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from bcelldepl.runtime.compiled import kernel

__all__ = ["log_density"]

_TILE = 64  # places that stay in the first cache
_NOTHING = -40.0  # of a logarithm beside the largest: less than float64 can add to it


@kernel
def log_density(
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    normals: NDArray[np.float64],
    out: NDArray[np.float64],
) -> None:
    """Logarithm of the density of a mixture of normals, far from all of them too.

    Parameters
    ----------
    x, y : ndarray of float64, shape (n,)
    normals : ndarray of float64, shape (6, m)
        Of each, in rows: mean x and y; precision xx, xy and yy; logarithm of the density at its centre.
    out : ndarray of float64, shape (n,)
        Filled; minus infinity where there are no normals.
    """
    m = normals.shape[1]
    each = np.empty((m, _TILE))
    largest, total = np.empty(_TILE), np.empty(_TILE)
    for start in range(0, x.shape[0], _TILE):
        size = min(_TILE, x.shape[0] - start)
        across, upward = x[start : start + size], y[start : start + size]
        largest[:] = -np.inf
        total[:] = 0.0
        for c in range(m):
            mean_x, mean_y, xx, xy, yy, height = normals[:, c]
            own = each[c]
            for e in range(size):
                dx, dy = across[e] - mean_x, upward[e] - mean_y
                own[e] = height - 0.5 * ((xx * dx + 2.0 * xy * dy) * dx + yy * dy * dy)
            for e in range(size):
                largest[e] = own[e] if own[e] > largest[e] else largest[e]
        for c in range(m):
            own = each[c]
            for e in range(size):
                if own[e] - largest[e] > _NOTHING:
                    total[e] += math.exp(own[e] - largest[e])
        for e in range(size):
            out[start + e] = largest[e] + math.log(total[e]) if total[e] > 0.0 else -np.inf
