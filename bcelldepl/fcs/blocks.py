"""Bytes of events, block by block into a buffer that stays in the processor's cache.

Reading instead of mapping means that a file which shrinks meanwhile is an error, not a crash.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import numpy as np

from bcelldepl.fcs.errors import TruncatedDataError, UnreadableFileError

__all__ = ["BLOCK_BYTES", "Store", "block_edges", "fill", "read_pieces", "read_span", "unreadable"]

BLOCK_BYTES: Final = 1 << 20
_PAGE = 4096
_KEPT: Final = threading.local()

Store = Callable[[memoryview, int, int], None]


def block_edges(first: int, last: int, row_bytes: int) -> list[int]:
    """Cut the events from `first` to before `last` into blocks of about a mebibyte.

    Parameters
    ----------
    first, last : int
    row_bytes : int
        Of an event.

    Returns
    -------
    list of int
        First event of each block, and `last`.
    """
    return [*range(first, last, max(1, BLOCK_BYTES // row_bytes)), last]


def read_span(path: Path, begin: int, row_bytes: int, edges: Sequence[int], store: Store) -> None:
    """Read blocks of events that follow each other, each into the same buffer.

    Parameters
    ----------
    path : Path
    begin : int
        First byte of DATA in the file.
    row_bytes : int
        Of an event.
    edges : sequence of int
        First event of each block, and the one past the last, as from `block_edges`.
    store : callable
        Takes the bytes of a block, its first event, and the one past its last.

    Raises
    ------
    UnreadableFileError, TruncatedDataError
    """
    read_pieces(path, begin, row_bytes, list(pairwise(edges)), store)


def read_pieces(
    path: Path, begin: int, row_bytes: int, pieces: Sequence[tuple[int, int]], store: Store
) -> None:
    """Read pieces of the events as `read_span` does.

    Parameters
    ----------
    path, begin, row_bytes, store
        As in `read_span`.
    pieces : sequence of (int, int)
        First event of each, and the one past its last, in ascending order.

    Raises
    ------
    UnreadableFileError, TruncatedDataError
    """
    n_bytes = max((stop - start for start, stop in pieces), default=0) * row_bytes
    # Taken away while it is used, and kept for this thread's next file: fresh memory costs more than reading into it.
    room: memoryview = _KEPT.__dict__.pop("buffer", memoryview(b""))
    if len(room) < n_bytes:
        room = _page_aligned(n_bytes)
    try:
        with path.open("rb", buffering=0) as file:
            place = -1
            for start, stop in pieces:
                if start != place:
                    file.seek(begin + start * row_bytes)
                block = room[: (stop - start) * row_bytes]
                fill(file, block, path)
                store(block, start, stop)
                place = stop
    except OSError as error:
        raise unreadable(error, path) from error
    finally:
        if n_bytes <= BLOCK_BYTES:
            _KEPT.buffer = room


def _page_aligned(n_bytes: int) -> memoryview:
    """Memory that begins with a page.

    On some processors a copy takes five times as long where it ends up some bytes farther into a page than it began, as
    it may in memory from the heap.
    """
    room = np.empty(n_bytes + _PAGE, np.uint8)
    first = -room.ctypes.data % _PAGE
    return room.data[first : first + n_bytes]


def unreadable(error: OSError, path: Path) -> UnreadableFileError:
    """Say that a file cannot be read, and why.

    Parameters
    ----------
    error : OSError
    path : Path

    Returns
    -------
    UnreadableFileError
    """
    return UnreadableFileError(
        f"{error.strerror or error}", str(path), "check the file and the read permission"
    )


def fill(file: Any, wanted: memoryview, path: Path) -> None:
    """Read until a buffer is full.

    Parameters
    ----------
    file : file object
        Unbuffered.
    wanted : memoryview
        Filled.
    path : Path
        Of the file.

    Raises
    ------
    TruncatedDataError
        It ends before.
    """
    got = 0
    while got < len(wanted):
        n_bytes = file.readinto(wanted[got:])
        if not n_bytes:
            raise TruncatedDataError(
                "the file became shorter while it was read", f"{path}: DATA", "copy the file again"
            )
        got += n_bytes
