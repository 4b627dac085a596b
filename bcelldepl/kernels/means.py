"""K-means: events parted among means, each mean then moved to the middle of its events.

References
----------
Lloyd, IEEE Trans. Inf. Theory 28:129 (1982); first means drawn as Arthur and Vassilvitskii, SODA (2007): 1027 do.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bcelldepl.runtime.compiled import kernel

__all__ = ["draw_means", "label_nearest", "middle_of_each"]


@kernel
def draw_means(points: NDArray[np.float32], draws: NDArray[np.float64], means: NDArray[np.float32]) -> int:
    """Draw events as first means, each with a chance that grows with its squared distance from those drawn before.

    Parameters
    ----------
    points : ndarray of float32, shape (n_events, k)
        Finite; one at least.
    draws : ndarray of float64, shape (n_means,)
        Evenly distributed from 0 to 1, 1 excluded.
    means : ndarray of float32, shape (n_means, k)
        Filled.

    Returns
    -------
    int
        Means that were drawn: fewer where fewer events differ.
    """
    n, k, n_means = points.shape[0], points.shape[1], means.shape[0]
    away = np.full(n, np.inf)
    drawn = min(int(draws[0] * n), n - 1)
    for number in range(n_means):
        total = 0.0
        means[number] = points[drawn]
        for i in range(n):
            square = np.float32(0.0)
            for j in range(k):
                difference = points[i, j] - points[drawn, j]
                square += difference * difference
            away[i] = min(away[i], square)
            total += away[i]
        if total <= 0.0:
            return number + 1
        if number + 1 < n_means:
            aim, reached, drawn = draws[number + 1] * total, 0.0, -1
            for i in range(n):
                if away[i] > 0.0:
                    reached += away[i]
                    drawn = i
                    if reached > aim:
                        break
    return int(n_means)


@kernel
def label_nearest(
    points: NDArray[np.float32],
    by_marker: NDArray[np.float32],
    half_squares: NDArray[np.float32],
    first: int,
    last: int,
    labels: NDArray[np.int32],
) -> None:
    """Find the mean that each event of a span is nearest to.

    Parameters
    ----------
    points : ndarray of float32, shape (n_events, k)
    by_marker : ndarray of float32, shape (k, n_means)
        Means, one column each.
    half_squares : ndarray of float32, shape (n_means,)
        Half the squared length of each mean.
    first, last : int
        The first event of the span and the one past its last.
    labels : ndarray of int32, shape (n_events,)
        Filled in the span; of means as near as each other the first.
    """
    k, n_means = by_marker.shape
    away = np.empty(n_means, dtype=np.float32)
    for i in range(first, last):
        for mean in range(n_means):
            away[mean] = half_squares[mean]
        for j in range(k):
            value = points[i, j]
            for mean in range(n_means):
                away[mean] -= value * by_marker[j, mean]
        nearest = 0
        for mean in range(1, n_means):
            if away[mean] < away[nearest]:
                nearest = mean
        labels[i] = nearest


@kernel
def middle_of_each(
    points: NDArray[np.float32], labels: NDArray[np.int32], means: NDArray[np.float32]
) -> None:
    """Move each mean to the middle of its events; one without events stays.

    Parameters
    ----------
    points : ndarray of float32, shape (n_events, k)
    labels : ndarray of int32, shape (n_events,)
        Number of each event's mean.
    means : ndarray of float32, shape (n_means, k)
        Changed.
    """
    n_means, k = means.shape
    sums, events = np.zeros((n_means, k)), np.zeros(n_means)
    for i in range(points.shape[0]):
        events[labels[i]] += 1.0
        for j in range(k):
            sums[labels[i], j] += points[i, j]
    for mean in range(n_means):
        if events[mean] > 0.0:
            for j in range(k):
                means[mean, j] = sums[mean, j] / events[mean]
