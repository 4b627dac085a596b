"""DATA to numbers: the asked channels only, block by block, so that a file is never in memory as a whole.

A block of about one mebibyte is read into a buffer that stays in the processor's cache, and each asked
channel is copied out of it. Reading instead of mapping also means that a file which shrinks meanwhile is an
error, not a crash.
"""

from __future__ import annotations

import math
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from bcelldepl.fcs.decode import Array, Finish, common_storage, decode_into, exact_dtype
from bcelldepl.fcs.errors import TruncatedDataError, UnreadableFileError
from bcelldepl.fcs.layout import Row
from bcelldepl.runtime.threads import in_threads

__all__ = [
    "block_edges",
    "read_blocks",
    "read_chosen",
    "read_runs",
    "read_skimmed",
    "read_span",
    "read_words",
]

_BLOCK_BYTES: Final = 1 << 20
_LARGE_BYTES: Final = 8 << 20  # a compiled kernel and two threads pay from here on
_SKIP_BYTES: Final = 32 << 10  # so much that nobody asks for is read along, rather than begin another read
_PAGE = 4096
_KEPT: Final = threading.local()

Store = Callable[[memoryview, int, int], None]


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
    large = n_events * row.n_bytes >= _LARGE_BYTES
    store = _store_into(path, row, indices, finish, out, compiled=large)
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
    fill = _store_into(path, row, indices, finish, room, compiled=n_events * row.n_bytes >= _LARGE_BYTES)

    def store(block: memoryview, start: int, stop: int) -> None:
        fill(block, 0, stop - start)
        work(room, start, stop)

    read_span(path, begin, row.n_bytes, edges, store)


def read_chosen(
    path: Path,
    begin: int,
    row: Row,
    indices: Sequence[int],
    finish: Sequence[Finish | None],
    events: NDArray[np.integer[Any]],
) -> NDArray[np.float32]:
    """Read channels of some events.

    Parameters
    ----------
    path, begin, row, indices, finish
        As in `read_words`.
    events : ndarray of int, shape (n,)
        Their numbers, in ascending order.

    Returns
    -------
    ndarray of float32, shape (len(indices), n)

    Raises
    ------
    UnreadableFileError, TruncatedDataError
    """
    out = np.empty((len(indices), len(events)), np.float32)
    decode = decode_into(path, row, indices, finish)

    def read(runs: Sequence[tuple[int, int]]) -> None:
        waiting = iter(runs)

        def store(block: memoryview, start: int, stop: int) -> None:  # noqa: ARG001
            some = slice(*next(waiting))
            rows = np.frombuffer(block, np.uint8).reshape(-1, row.n_bytes)
            decode(rows[events[some] - start].data.cast("B"), out[:, some])

        pieces = [(int(events[first]), int(events[last - 1]) + 1) for first, last in runs]
        _read_pieces(path, begin, row.n_bytes, pieces, store)

    runs = list(_near_each_other(events, row.n_bytes))
    half = len(runs) // 2
    in_threads(read, [part for part in (runs[:half], runs[half:]) if part])
    return out


def read_skimmed(
    path: Path,
    begin: int,
    n_events: int,
    row: Row,
    whole: tuple[int, Finish | None],
    indices: Sequence[int],
    finish: Sequence[Finish | None],
    step: int,
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Read one channel of all events, and channels of every so many, in one go.

    Parameters
    ----------
    path, begin, n_events, row, indices, finish
        As in `read_words`.
    whole : (int, callable or None)
        The channel of which all events are read, and its `finish`.
    step : int
        The other channels are read of the events 0, `step`, 2 `step` and so on.

    Returns
    -------
    ndarray of float32, shape (n_events,)
    ndarray of float32, shape (len(indices), n_events / step, rounded up)

    Raises
    ------
    UnreadableFileError, TruncatedDataError
    """
    large = n_events * row.n_bytes >= _LARGE_BYTES
    column, some = (
        np.empty((1, n_events), np.float32),
        np.empty((len(indices), -(-n_events // step)), np.float32),
    )
    fill = _store_into(path, row, [whole[0]], [whole[1]], column, compiled=large)
    decode = decode_into(path, row, indices, finish)

    def store(block: memoryview, start: int, stop: int) -> None:
        rows = np.frombuffer(block, np.uint8).reshape(-1, row.n_bytes)[-start % step :: step]
        decode(np.ascontiguousarray(rows).data.cast("B"), some[:, -(-start // step) : -(-stop // step)])
        fill(block, start, stop)  # which may turn the bytes of the block about

    halves = (0, n_events // 2, n_events) if large else (0, n_events)
    edges = [block_edges(*half, row.n_bytes) for half in pairwise(halves)]
    in_threads(lambda half: read_span(path, begin, row.n_bytes, half, store), edges)
    return column[0], some


def _near_each_other(events: NDArray[np.integer[Any]], row_bytes: int) -> Iterator[tuple[int, int]]:
    """Runs of events that are read at once: little lies between them that nobody asks for, and none exceeds a block."""
    most = max(1, _BLOCK_BYTES // row_bytes)
    skips = np.flatnonzero(np.diff(events) > max(1, _SKIP_BYTES // row_bytes)) + 1
    for first, end in pairwise((0, *skips.tolist(), len(events))):
        while first < end:
            last = first + int(np.searchsorted(events[first:end], events[first] + most))
            yield first, last
            first = last


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
                _fill(file, gathered[k * length * row.n_bytes : (k + 1) * length * row.n_bytes], path)
    except OSError as error:
        raise _unreadable(error, path) from error
    decode_into(path, row, [index], [None])(gathered, values)
    return values.reshape(len(starts), length)


def _store_into(
    path: Path,
    row: Row,
    indices: Sequence[int],
    finish: Sequence[Finish | None],
    out: Array,
    *,
    compiled: bool,
) -> Store:
    """What puts the channels of a block of events into their places among all that an array holds."""
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
    return [*range(first, last, max(1, _BLOCK_BYTES // row_bytes)), last]


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
    _read_pieces(path, begin, row_bytes, list(pairwise(edges)), store)


def _read_pieces(
    path: Path, begin: int, row_bytes: int, pieces: Sequence[tuple[int, int]], store: Store
) -> None:
    """Read pieces of the events, each from its first to before its last, as `read_span` does."""
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
                _fill(file, block, path)
                store(block, start, stop)
                place = stop
    except OSError as error:
        raise _unreadable(error, path) from error
    finally:
        if n_bytes <= _BLOCK_BYTES:
            _KEPT.buffer = room


def _page_aligned(n_bytes: int) -> memoryview:
    """Memory that begins with a page.

    On some processors a copy takes five times as long where it ends up some bytes farther into a page than it began, as
    it may in memory from the heap.
    """
    room = np.empty(n_bytes + _PAGE, np.uint8)
    first = -room.ctypes.data % _PAGE
    return room.data[first : first + n_bytes]


def _unreadable(error: OSError, path: Path) -> UnreadableFileError:
    return UnreadableFileError(
        f"{error.strerror or error}", str(path), "check the file and the read permission"
    )


def _fill(file: Any, wanted: memoryview, path: Path) -> None:
    got = 0
    while got < len(wanted):
        n_bytes = file.readinto(wanted[got:])
        if not n_bytes:
            raise TruncatedDataError(
                "the file became shorter while it was read", f"{path}: DATA", "copy the file again"
            )
        got += n_bytes
