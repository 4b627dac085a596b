"""Moments of the events within an ellipse."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bcelldepl.kernels.sums import sum_of
from bcelldepl.runtime.compiled import kernel

__all__ = ["trim"]

_TILE = 256


@kernel
def trim(
    x: NDArray[np.float32],
    y: NDArray[np.float32],
    centre: NDArray[np.float64],
    precision: NDArray[np.float64],
    squared_radius: float,
    inside: NDArray[np.bool_],
    sums: NDArray[np.float64],
) -> int:
    """Mark the events within an ellipse and sum what their mean and covariance are made of.

    Parameters
    ----------
    x, y : ndarray of float32, shape (n_events,)
        Finite.
    centre : ndarray of float64, shape (2,)
    precision : ndarray of float64, shape (2, 2)
        Inverse covariance.
    squared_radius : float
        Events nearer than this are inside.
    inside : ndarray of bool, shape (n_events,)
        As it was; filled anew.
    sums : ndarray of float64, shape (6,)
        Filled: events inside, and their sums of x, y, x x, x y and y y from the centre.

    Returns
    -------
    int
        Events that went in or out.
    """
    xx, xy, yy = precision[0, 0], precision[0, 1] + precision[1, 0], precision[1, 1]
    cx, cy = centre[0], centre[1]
    part = np.empty((6, _TILE))
    one, px, py, pxx, pxy, pyy = part[0], part[1], part[2], part[3], part[4], part[5]
    changed = 0
    sums[:] = 0.0
    for first in range(0, x.shape[0], _TILE):
        size = min(_TILE, x.shape[0] - first)
        own_x, own_y, mark = x[first : first + size], y[first : first + size], inside[first : first + size]
        for e in range(size):
            dx, dy = own_x[e] - cx, own_y[e] - cy
            near = xx * dx * dx + xy * dx * dy + yy * dy * dy < squared_radius
            changed += 1 if near != mark[e] else 0
            mark[e] = near
            within = 1.0 if near else 0.0
            one[e] = within
            px[e], py[e] = within * dx, within * dy
            pxx[e], pxy[e], pyy[e] = px[e] * dx, px[e] * dy, py[e] * dy
        for i in range(6):
            sums[i] += sum_of(part[i], size)
    return changed
