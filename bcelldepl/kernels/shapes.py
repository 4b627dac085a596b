"""Membership of events in polygons and ellipsoids."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = ["inside_polygon", "squared_distance"]


@njit(cache=True, nogil=True)
def inside_polygon(
    x: NDArray[np.float32],
    y: NDArray[np.float32],
    vertices: NDArray[np.float64],
    out: NDArray[np.bool_],
) -> None:
    """Mark events inside a polygon, by the parity of edges crossed to the right.

    Parameters
    ----------
    x, y : ndarray of float32, shape (n_events,)
    vertices : ndarray of float64, shape (m, 2)
        Corners in order; the last joins the first.
    out : ndarray of bool, shape (n_events,)
        Filled. Events with NaN are outside.
    """
    m = vertices.shape[0]
    for event in range(x.shape[0]):
        px, py = float(x[event]), float(y[event])
        inside = False
        previous = m - 1
        for corner in range(m):
            x1, y1 = vertices[corner, 0], vertices[corner, 1]
            x2, y2 = vertices[previous, 0], vertices[previous, 1]
            if (y1 > py) != (y2 > py) and px < (x2 - x1) * (py - y1) / (y2 - y1) + x1:
                inside = not inside
            previous = corner
        out[event] = inside


@njit(cache=True, nogil=True)
def squared_distance(
    columns: NDArray[np.float32],
    centre: NDArray[np.float64],
    precision: NDArray[np.float64],
    out: NDArray[np.float64],
) -> None:
    """Squared Mahalanobis distance of every event from a centre.

    Parameters
    ----------
    columns : ndarray of float32, shape (n_markers, n_events)
    centre : ndarray of float64, shape (n_markers,)
    precision : ndarray of float64, shape (n_markers, n_markers)
        Inverse covariance.
    out : ndarray of float64, shape (n_events,)
        Filled; NaN where an event has NaN.
    """
    k, n = columns.shape
    for event in range(n):
        total = 0.0
        for i in range(k):
            di = columns[i, event] - centre[i]
            for j in range(k):
                total += di * precision[i, j] * (columns[j, event] - centre[j])
        out[event] = total
