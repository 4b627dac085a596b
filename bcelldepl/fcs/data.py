"""DATA to numbers: the asked channels only, block by block, so that a file is never in memory as a whole.

Each asked channel is copied out of the blocks that are read (`bcelldepl.fcs.blocks`).
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from bcelldepl.fcs.blocks import Store, block_edges, fill, read_span, unreadable
from bcelldepl.fcs.decode import Array, Finish, common_storage, decode_into, exact_dtype
from bcelldepl.fcs.layout import Row
from bcelldepl.runtime.threads import in_threads

__all__ = ["LARGE_BYTES", "read_blocks", "read_runs", "read_words", "store_into"]

LARGE_BYTES: Final = 8 << 20  # a compiled kernel and two threads pay from here on


def read_words(
    path: Path,
    begin: int,
    n_events: int,
    row: Row,
    indices: Sequence[int],
    out: Array,
    finish: Sequence[Finish | None],
) -> None:
    """Read channels of a file into rows of an array.

    Parameters
    ----------
    path : Path
    begin : int
        First byte of DATA in the file.
    n_events : int
    row : Row
        How an event lies in DATA.
    indices : sequence of int
        The channels, counted from 0.
    out : ndarray, shape (len(indices), n_events)
        Filled; converted to its dtype.
    finish : sequence of callable or None
        Per channel, what to do with a block of decoded values before it is stored.

    Raises
    ------
    UnreadableFileError, TruncatedDataError
    """
    large = n_events * row.n_bytes >= LARGE_BYTES
    store = store_into(path, row, indices, finish, out, compiled=large)
    halves = (0, n_events // 2, n_events) if large else (0, n_events)

    def read(first: int, last: int) -> None:
        read_span(path, begin, row.n_bytes, block_edges(first, last, row.n_bytes), store)

    in_threads(lambda span: read(*span), pairwise(halves))


def read_blocks(
    path: Path,
    begin: int,
    n_events: int,
    row: Row,
    indices: Sequence[int],
    finish: Sequence[Finish | None],
    edges: Sequence[int],
    work: Callable[[NDArray[np.float32], int, int], None],
) -> None:
    """Hand on channels block by block, in one array that is filled anew for each.

    Parameters
    ----------
    path, begin, n_events, row, indices, finish
        As in `read_words`.
    edges : sequence of int
        First event of each block, and the one past the last.
    work : callable
        Takes the channels, float32 of shape (len(indices), the longest block), which hold only until it returns, the
        number of the first event, and the one past the last.

    Raises
    ------
    UnreadableFileError, TruncatedDataError
    """
    room = np.empty((len(indices), int(np.diff(edges).max(initial=0))), np.float32)
    fill = store_into(path, row, indices, finish, room, compiled=n_events * row.n_bytes >= LARGE_BYTES)

    def store(block: memoryview, start: int, stop: int) -> None:
        fill(block, 0, stop - start)
        work(room, start, stop)

    read_span(path, begin, row.n_bytes, edges, store)


def read_runs(path: Path, begin: int, starts: Sequence[int], length: int, row: Row, index: int) -> Array:
    """Stored values of short runs of one channel, without a read of what lies between.

    Parameters
    ----------
    path, begin, row
        As in `read_words`.
    starts : sequence of int
        First event of each run.
    length : int
        Events of each run.
    index : int
        The channel, counted from 0.

    Returns
    -------
    ndarray, shape (len(starts), length)
        Of the smallest dtype that holds every value.
    """
    values = np.empty((1, len(starts) * length), exact_dtype([row.words[index]]))
    gathered = memoryview(bytearray(values.size * row.n_bytes))
    try:
        with path.open("rb", buffering=0) as file:
            for k, start in enumerate(starts):
                file.seek(begin + start * row.n_bytes)
                fill(file, gathered[k * length * row.n_bytes : (k + 1) * length * row.n_bytes], path)
    except OSError as error:
        raise unreadable(error, path) from error
    decode_into(path, row, [index], [None])(gathered, values)
    return values.reshape(len(starts), length)


def store_into(
    path: Path,
    row: Row,
    indices: Sequence[int],
    finish: Sequence[Finish | None],
    out: Array,
    *,
    compiled: bool,
) -> Store:
    """What puts the channels of a block of events into their places among all that an array holds.

    Parameters
    ----------
    path, row, indices, out, finish
        As in `read_words`.
    compiled : bool
        Whether it is worth a compiled kernel where that can do it.

    Returns
    -------
    callable
        For `bcelldepl.fcs.blocks.read_span`.
    """
    storage = common_storage(row, indices, finish)
    if compiled and storage is not None and out.dtype in (np.float32, storage.newbyteorder("=")):
        return _gather_into(row, indices, storage, out)
    decode = decode_into(path, row, indices, finish)

    def store(block: memoryview, start: int, stop: int) -> None:
        decode(block, out[:, start:stop])

    return store


def _gather_into(row: Row, indices: Sequence[int], storage: np.dtype[Any], out: Array) -> Store:
    """What copies plain words of a block to their places among all events, by a compiled kernel."""
    from bcelldepl.kernels.columns import gather_columns

    width = storage.itemsize
    stored = np.dtype(f"u{width}")
    fetched = np.dtype(f"u{math.gcd(row.n_bytes, 8)}")  # several channels at a time
    words = [row.words[i] for i in indices]
    places, offsets = np.divmod(np.array([word.offset for word in words], np.int64), fetched.itemsize)
    if sys.byteorder == "big":
        offsets = fetched.itemsize - width - offsets
    shifts = (8 * offsets).astype(fetched)
    every_bit = np.iinfo(stored).max
    masks = np.array([every_bit if word.mask is None else word.mask for word in words], fetched)
    target = out.view(stored) if storage.kind == "f" else out  # a float is copied bit by bit

    def store(block: memoryview, start: int, stop: int) -> None:
        if not storage.isnative:
            np.frombuffer(block, stored).byteswap(inplace=True)
        rows = np.frombuffer(block, fetched).reshape(stop - start, -1)
        gather_columns(rows, places, shifts, masks, target, start)

    return store
