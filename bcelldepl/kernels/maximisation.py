"""The maximisation step of a mixture of islands: where they go, given what the expectation step has summed.

Islands are few and their markers fewer: a call into a linear algebra library for each takes longer than the arithmetic.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bcelldepl.runtime.compiled import kernel

__all__ = ["frame_islands", "move_islands"]

_FEWEST = 1.0  # events that can move an island


@kernel
def frame_islands(
    scales: NDArray[np.float64],
    constant: float,
    whiteners: NDArray[np.float32],
    heights: NDArray[np.float64],
) -> None:
    """Make what densities are worked out from.

    Parameters
    ----------
    scales : ndarray of float64, shape (n_islands, k, k)
        Positive definite scale matrices.
    constant : float
        Logarithm of the density at the centre of an island whose scale matrix is that of unity.
    whiteners : ndarray of float32, shape (n_islands, k, k)
        Filled with the inverse of the lower Cholesky factor of each scale matrix.
    heights : ndarray of float64, shape (n_islands,)
        Filled with the density at the centre of each.
    """
    n_islands, k = scales.shape[:2]
    root, inverse = np.empty((k, k)), np.zeros((k, k))
    for island in range(n_islands):
        scale, logarithm = scales[island], 0.0
        for i in range(k):
            for j in range(i + 1):
                rest = scale[i, j]
                for m in range(j):
                    rest -= root[i, m] * root[j, m]
                root[i, j] = np.sqrt(rest) if i == j else rest / root[j, j]
            logarithm += np.log(root[i, i])
        for j in range(k):
            inverse[j, j] = 1.0 / root[j, j]
            for i in range(j + 1, k):
                rest = 0.0
                for m in range(j, i):
                    rest -= root[i, m] * inverse[m, j]
                inverse[i, j] = rest / root[i, i]
        for i in range(k):
            for j in range(k):
                whiteners[island, i, j] = inverse[i, j]
        heights[island] = np.exp(constant - logarithm)


@kernel
def move_islands(
    sums: NDArray[np.float64],
    whiteners: NDArray[np.float32],
    ridge: float,
    means: NDArray[np.float64],
    scales: NDArray[np.float64],
    shares: NDArray[np.float64],
) -> float:
    """Move islands to where their events are.

    Parameters
    ----------
    sums : ndarray of float64, shape (n_islands, 2 + k + k (k + 1) / 2)
        From `bcelldepl.kernels.mixture.accumulate_islands`.
    whiteners : ndarray of float32, shape (n_islands, k, k)
        Those with which they were summed.
    ridge : float
        Added to the variance in every marker: no island is narrower.
    means, scales, shares : ndarray of float64, shape (n_islands, k), (n_islands, k, k) and (n_islands,)
        Overwritten; an island of next to no events stays where it is, and as wide.

    Returns
    -------
    float
        The largest move, in standard errors: of a share, of a mean, or of a width.
    """
    n_islands, k = means.shape
    step, scale, farthest = np.empty(k), np.empty((k, k)), 0.0
    for island in range(n_islands):
        share, mass = sums[island, 0], sums[island, 1]
        alive, events = mass > _FEWEST, max(share, 1.0)
        place = 2 + k
        for i in range(k):
            step[i] = sums[island, 2 + i] / mass if alive else 0.0
            for j in range(i + 1):
                spread = sums[island, place] - mass * step[i] * step[j]
                scale[i, j] = spread / max(share, 1e-9) + (ridge if i == j else 0.0)
                scale[i, j] = scale[i, j] if alive else scales[island, i, j]
                place += 1
        squared = 0.0
        for i in range(k):
            white = 0.0
            for j in range(i + 1):
                white += whiteners[island, i, j] * step[j]
            squared += white * white
            stretch = abs(np.log(scale[i, i] / scales[island, i, i]))
            farthest = max(farthest, np.sqrt(0.5 * events) * stretch)
        farthest = max(farthest, np.sqrt(events * squared))
        farthest = max(farthest, abs(share - shares[island]) / np.sqrt(events))
        for i in range(k):
            # Sums were taken from the mean as a float32 has it.
            means[island, i] = np.float32(means[island, i]) + step[i]
            for j in range(i + 1):
                scales[island, i, j] = scales[island, j, i] = scale[i, j]
        shares[island] = share
    return float(farthest)
