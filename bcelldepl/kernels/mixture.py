"""A mixture of heavy-tailed islands over an even background: the event loops of anchored clustering."""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = ["accumulate_islands", "island_posteriors"]


@njit(cache=True, nogil=True)
def _log_densities(
    columns: NDArray[np.float32],
    event: int,
    means: NDArray[np.float64],
    precisions: NDArray[np.float64],
    log_heights: NDArray[np.float64],
    degrees: float,
    logs: NDArray[np.float64],
    distances: NDArray[np.float64],
) -> float:
    """Fill the weighted log density of each island at one event; return the largest."""
    n_islands, k = means.shape
    top = -np.inf
    for island in range(n_islands):
        squared = 0.0
        for i in range(k):
            di = columns[i, event] - means[island, i]
            for j in range(k):
                squared += di * precisions[island, i, j] * (columns[j, event] - means[island, j])
        distances[island] = squared
        logs[island] = log_heights[island] - 0.5 * (degrees + k) * math.log1p(squared / degrees)
        top = max(top, logs[island])
    return top


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
        Transformed markers. Events with NaN are passed over.
    means : ndarray of float64, shape (n_islands, k)
    precisions : ndarray of float64, shape (n_islands, k, k)
        Inverse scale matrices.
    log_heights : ndarray of float64, shape (n_islands,)
        Log weight plus log density at the centre of each island.
    log_background : float
        Log weight plus log density of the background.
    degrees : float
        Degrees of freedom of the t distribution.
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
    logs, distances = np.empty(n_islands), np.empty(n_islands)
    likelihood = 0.0
    for event in range(n):
        top = _log_densities(columns, event, means, precisions, log_heights, degrees, logs, distances)
        if not top > -np.inf:
            continue
        top = max(top, log_background)
        total = math.exp(log_background - top)
        for island in range(n_islands):
            logs[island] = math.exp(logs[island] - top)
            total += logs[island]
        likelihood += top + math.log(total)
        for island in range(n_islands):
            posterior = logs[island] / total
            if posterior < 1e-12:
                continue
            weight = posterior * (degrees + k) / (degrees + distances[island])
            shares[island] += posterior
            masses[island] += weight
            for i in range(k):
                xi = columns[i, event]
                firsts[island, i] += weight * xi
                for j in range(i + 1):
                    seconds[island, i, j] += weight * xi * columns[j, event]
    for island in range(n_islands):
        for i in range(k):
            for j in range(i):
                seconds[island, j, i] = seconds[island, i, j]
    return likelihood


@njit(cache=True, nogil=True)
def island_posteriors(
    columns: NDArray[np.float32],
    means: NDArray[np.float64],
    precisions: NDArray[np.float64],
    log_heights: NDArray[np.float64],
    log_background: float,
    degrees: float,
    wanted: NDArray[np.bool_],
    out: NDArray[np.float64],
) -> None:
    """Posterior of every event to belong to one of the wanted islands.

    Parameters
    ----------
    columns, means, precisions, log_heights, log_background, degrees
        As in `accumulate_islands`.
    wanted : ndarray of bool, shape (n_islands,)
    out : ndarray of float64, shape (n_events,)
        Filled; 0 for events with NaN.
    """
    n = columns.shape[1]
    n_islands = means.shape[0]
    logs, distances = np.empty(n_islands), np.empty(n_islands)
    for event in range(n):
        top = _log_densities(columns, event, means, precisions, log_heights, degrees, logs, distances)
        out[event] = 0.0
        if not top > -np.inf:
            continue
        top = max(top, log_background)
        total = math.exp(log_background - top)
        inside = 0.0
        for island in range(n_islands):
            density = math.exp(logs[island] - top)
            total += density
            if wanted[island]:
                inside += density
        out[event] = inside / total
