"""Rows of 32-bit words to columns."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = ["gather_columns"]

_TILE = 256  # rows, so that a tile stays in the first cache while its columns are taken one after the other


@njit(cache=True, nogil=True)
def gather_columns(
    rows: NDArray[np.uint32], indices: NDArray[np.int64], out: NDArray[np.uint32], start: int
) -> None:
    """Copy some columns of a block of rows into contiguous arrays.

    Parameters
    ----------
    rows : ndarray of uint32, shape (n, width)
    indices : ndarray of int64, shape (m,)
        The columns.
    out : ndarray of uint32, shape (m, N)
        Filled from `start` to before `start + n`.
    start : int
    """
    n = rows.shape[0]
    for first in range(0, n, _TILE):
        last = min(n, first + _TILE)
        for k in range(indices.shape[0]):
            column = rows[first:last, indices[k]]
            target = out[k, start + first : start + last]
            for i in range(last - first):
                target[i] = column[i]
