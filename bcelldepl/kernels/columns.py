"""Rows of words of one width to columns."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = ["gather_columns"]

_TILE = 64  # rows, so that a tile stays in the first cache while its columns are taken one after the other


@njit(cache=True, nogil=True)
def gather_columns(
    rows: NDArray[np.unsignedinteger[Any]],
    indices: NDArray[np.int64],
    masks: NDArray[np.unsignedinteger[Any]],
    out: NDArray[Any],
    start: int,
) -> None:
    """Copy some columns of a block of rows into contiguous arrays.

    Parameters
    ----------
    rows : ndarray of uint8, uint16 or uint32, shape (n, width)
    indices : ndarray of int64, shape (m,)
        The columns.
    masks : ndarray of the dtype of `rows`, shape (m,)
        The bits that count.
    out : ndarray of the dtype of `rows` or float32, shape (m, N)
        Filled from `start` to before `start + n`.
    start : int
    """
    n = rows.shape[0]
    for first in range(0, n, _TILE):
        last = min(n, first + _TILE)
        for k in range(indices.shape[0]):
            column, mask = rows[first:last, indices[k]], masks[k]
            target = out[k, start + first : start + last]
            for i in range(last - first):
                target[i] = column[i] & mask
