"""Where numbers lie densest: the shortest stretch that holds so many of them (the shorth)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bcelldepl.runtime.compiled import kernel

__all__ = ["shortest_stretch"]


@kernel
def shortest_stretch(ordered: NDArray[np.float64], many: int) -> int:
    """Find the shortest stretch from a number to the one so many places on.

    Parameters
    ----------
    ordered : ndarray of float64, shape (n,)
        Finite, in ascending order.
    many : int
        Above 0 and below `n`.

    Returns
    -------
    int
        Place of the number that the first such stretch begins with.
    """
    first, least = 0, np.inf
    for i in range(ordered.shape[0] - many):
        if ordered[i + many] - ordered[i] < least:
            first, least = i, ordered[i + many] - ordered[i]
    return first
