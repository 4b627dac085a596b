"""Rows of words to columns."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from bcelldepl.runtime.compiled import kernel

__all__ = ["gather_columns"]

_TILE = 64  # rows, so that a tile stays in the first cache while its columns are taken one after the other


@kernel
def gather_columns(
    rows: NDArray[np.unsignedinteger[Any]],
    places: NDArray[np.int64],
    shifts: NDArray[np.unsignedinteger[Any]],
    masks: NDArray[np.unsignedinteger[Any]],
    out: NDArray[Any],
    start: int,
) -> None:
    """Copy some channels of a block of rows into contiguous arrays.

    Rows are picked apart in words that may hold several channels each: a word is fetched from its row once for all
    that follow one another in it, and taken apart where it lies beside those of other rows.

    Parameters
    ----------
    rows : ndarray of uint8, uint16, uint32 or uint64, shape (n, width)
    places : ndarray of int64, shape (m,)
        The word that each channel is in.
    shifts, masks : ndarray of the dtype of `rows`, shape (m,)
        How far right a channel's bits are to be moved, and which of them count then: 32 at most.
    out : ndarray of float32 or an unsigned integer, shape (m, N)
        Filled from `start` to before `start + n`.
    start : int
    """
    n = rows.shape[0]
    words = np.empty(_TILE, rows.dtype)
    for first in range(0, n, _TILE):
        size = min(_TILE, n - first)
        held = -1
        for k in range(places.shape[0]):
            if places[k] != held:
                held = places[k]
                column = rows[first : first + size, held]
                for i in range(size):
                    words[i] = column[i]
            target, shift, mask = out[k, start + first : start + first + size], shifts[k], masks[k]
            for i in range(size):
                target[i] = np.uint32((words[i] >> shift) & mask)
