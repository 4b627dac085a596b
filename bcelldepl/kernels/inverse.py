"""From positions on a scale back to signals."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bcelldepl.kernels.positions import exact_position
from bcelldepl.runtime.compiled import kernel

__all__ = ["signals_at"]

_FARTHEST = 8.0  # tops of the scale, to either side of zero
_PARTS = 64  # that an interval is cut into at once, and how often: as far as 60 halvings would
_CUTS = 10


@kernel
def signals_at(
    wanted: NDArray[np.float64], numbers: NDArray[np.float64], top: float, out: NDArray[np.float64]
) -> None:
    """Signals, to a float32, whose positions, to a float32, are the wanted ones: found by cutting intervals.

    Parameters
    ----------
    wanted : ndarray of float64, shape (n,)
        Positions.
    numbers : ndarray of float64
        Of a scale, from `bcelldepl.kernels.positions`.
    top : float
        Signal at position 1.
    out : ndarray of float64, shape (n,)
        Filled.
    """
    for i in range(wanted.shape[0]):
        low, width = -_FARTHEST * top, 2.0 * _FARTHEST * top
        for _ in range(_CUTS):
            width /= _PARTS
            below, beyond = 0, _PARTS  # parts: as many lie below the wanted position, and more than do so
            while beyond - below > 1:
                middle = (below + beyond) // 2
                signal = np.float32(low + width * middle)
                reached = np.float32(exact_position(np.float64(signal), numbers)) <= wanted[i]
                below, beyond = (middle, beyond) if reached else (below, middle)
            low += width * below
        out[i] = low + 0.5 * width
