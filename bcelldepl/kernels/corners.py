"""Corners of an outline that may be left out.

References
----------
Douglas and Peucker, Cartographica 10:112 (1973), doi:10.3138/FM57-6770-U75U-7727.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from bcelldepl.runtime.compiled import kernel

__all__ = ["mark_corners"]


@kernel
def mark_corners(line: NDArray[np.float64], farthest: float, keep: NDArray[np.bool_]) -> None:
    """Mark the corners of a line that lie off the straight line between marked neighbours.

    Parameters
    ----------
    line : ndarray of float64, shape (n, 2)
    farthest : float
        How far off a corner may lie and be left out.
    keep : ndarray of bool, shape (n,)
        Changed: the first and the last are marked before; others may be.
    """
    waiting = np.empty((line.shape[0], 2), dtype=np.int64)  # stretches between marked corners
    n_waiting, first = 0, 0
    for last in range(1, line.shape[0]):
        if keep[last]:
            waiting[n_waiting, 0], waiting[n_waiting, 1] = first, last
            n_waiting, first = n_waiting + 1, last
    while n_waiting > 0:
        n_waiting -= 1
        first, last = waiting[n_waiting]
        across, upward = line[last, 0] - line[first, 0], line[last, 1] - line[first, 1]
        length = max(math.hypot(across, upward), 1e-12)
        most, place = farthest, -1
        for i in range(first + 1, last):
            off = (
                abs(across * (line[i, 1] - line[first, 1]) - upward * (line[i, 0] - line[first, 0])) / length
            )
            if off > most:
                most, place = off, i
        if place >= 0:
            keep[place] = True
            waiting[n_waiting, 0], waiting[n_waiting, 1] = first, place
            waiting[n_waiting + 1, 0], waiting[n_waiting + 1, 1] = place, last
            n_waiting += 2
