"""The cluster that each event is most likely of, if all were as large and normal."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bcelldepl.runtime.compiled import kernel

__all__ = ["label_likeliest"]


@kernel
def label_likeliest(
    points: NDArray[np.float32],
    centres: NDArray[np.float32],
    whiteners: NDArray[np.float32],
    heights: NDArray[np.float32],
    first: int,
    last: int,
    labels: NDArray[np.int32],
) -> None:
    """Find the likeliest cluster of each event of a span.

    Parameters
    ----------
    points : ndarray of float32, shape (n_events, k)
    centres : ndarray of float32, shape (n_clusters, k)
    whiteners : ndarray of float32, shape (n_clusters, k, k)
        Inverse of the lower Cholesky factor of each covariance.
    heights : ndarray of float32, shape (n_clusters,)
        Twice the logarithm of each determinant of these.
    first, last : int
        The first event of the span and the one past its last.
    labels : ndarray of int32, shape (n_events,)
        Filled in the span; of clusters as likely as each other the first.
    """
    n_clusters, k = centres.shape
    away = np.empty(k, dtype=np.float32)
    for e in range(first, last):
        best, likeliest = np.float32(np.inf), 0
        for cluster in range(n_clusters):
            distance = -heights[cluster]
            for i in range(k):
                away[i] = points[e, i] - centres[cluster, i]
                white = np.float32(0.0)
                for j in range(i + 1):
                    white += whiteners[cluster, i, j] * away[j]
                distance += white * white
                if distance >= best:  # it only grows: most clusters are left after a marker or two
                    break
            if distance < best:
                best, likeliest = distance, cluster
        labels[e] = likeliest
