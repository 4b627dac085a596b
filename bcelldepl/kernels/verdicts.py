"""What is said of an event and a region."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bcelldepl.runtime.compiled import kernel

__all__ = ["INSIDE", "NEAR", "OUTSIDE", "Positions", "count_near"]

Positions = NDArray[np.float32] | NDArray[np.float64]

OUTSIDE, INSIDE, NEAR = 0, 1, 2


@kernel
def count_near(verdict: NDArray[np.uint8]) -> int:
    """How many events are too near to an edge to be called.

    Parameters
    ----------
    verdict : ndarray of uint8, shape (n_events,)

    Returns
    -------
    int
    """
    near = 0
    for i in range(verdict.shape[0]):
        near += verdict[i] == np.uint8(NEAR)
    return near
