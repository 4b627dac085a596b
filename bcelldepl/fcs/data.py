"""DATA to numbers: the asked channels only, block by block, so that a file is never in memory as a whole.

A block of about one mebibyte is read into a buffer that stays in the processor's cache, and each asked
channel is copied out of it. Reading instead of mapping also means that a file which shrinks meanwhile is an
error, not a crash.
"""

from __future__ import annotations

import math
import sys
import threading
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from bcelldepl.fcs.errors import (
    BadKeywordError,
    TruncatedDataError,
    UnreadableFileError,
    UnsupportedDataError,
)
from bcelldepl.fcs.layout import Row, Word
from bcelldepl.kernels.threads import in_threads

__all__ = ["common_storage", "decode_into", "exact_dtype", "read_runs", "read_span", "read_words"]

_BLOCK_BYTES: Final = 1 << 20
_LARGE_BYTES: Final = 8 << 20  # a compiled kernel and two threads pay from here on
_PAGE = 4096
_KEPT: Final = threading.local()
_EXACT_BITS_OF_DOUBLE: Final = 53

Array = NDArray[Any]
Finish = Callable[[Array], Array]
Store = Callable[[memoryview, int, int], None]


def word_dtype(word: Word) -> np.dtype[Any]:
    """The numpy type that holds every value of a word."""
    if word.kind == "F":
        return np.dtype(np.float32)
    if word.kind in "DA":
        return np.dtype(np.float64)
    return np.dtype(f"u{1 << (word.width - 1).bit_length()}")


def exact_dtype(words: Sequence[Word]) -> np.dtype[Any]:
    """The smallest numpy type that holds every value of these words without rounding."""
    if not words:
        return np.dtype(np.float32)
    common = np.result_type(*{word_dtype(word) for word in words})
    if common.kind != "f":
        return common
    bits = max((_significant_bits(word) for word in words if word.kind == "I"), default=0)
    return np.dtype(np.longdouble) if bits > _EXACT_BITS_OF_DOUBLE else common


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
    storage = common_storage(row, indices, finish)
    if large and storage is not None and out.dtype in (np.float32, storage.newbyteorder("=")):
        store = _gather_into(row, indices, storage, out)
    else:
        decode = decode_into(path, row, indices, finish)

        def store(block: memoryview, start: int, stop: int) -> None:
            decode(block, out[:, start:stop])

    halves = (0, n_events // 2, n_events) if large else (0, n_events)
    in_threads(lambda span: read_span(path, begin, row.n_bytes, *span, store), pairwise(halves))


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


def decode_into(
    path: Path, row: Row, indices: Sequence[int], finish: Sequence[Finish | None]
) -> Callable[[memoryview, Array], None]:
    """What fills an array of shape (len(indices), n) with the channels of a block of n events."""
    decoders = [_decoder(row.words[i], row.significance, str(path)) for i in indices]
    view = np.dtype(
        {
            "names": [str(k) for k in range(len(indices))],
            "formats": [storage for storage, _ in decoders],
            "offsets": [row.words[i].offset for i in indices],
            "itemsize": row.n_bytes,
        }
    )
    steps = [(decode, last) for (_, decode), last in zip(decoders, finish, strict=True)]

    def store(block: memoryview, out: Array) -> None:
        values = np.frombuffer(block, view)
        with np.errstate(over="ignore", invalid="ignore"):
            for k, (decode, last) in enumerate(steps):
                decoded = decode(values[str(k)])
                # What is beyond float32 becomes infinite.
                out[k] = decoded if last is None else last(decoded)

    return store


def common_storage(row: Row, indices: Sequence[int], finish: Sequence[Finish | None]) -> np.dtype[Any] | None:
    """How the asked channels are stored, where they are plain words of one type that go out as they are; else None.

    Plain are floats, and integers of one, two or four bytes, masked or not, that lie at multiples of their width.
    """
    words = [row.words[i] for i in indices]
    types = {(word.kind, word.width) for word in words}
    if len(types) != 1 or any(finish):
        return None
    kind, width = types.pop()
    if (
        kind not in "FI"
        or width not in (1, 2, 4)
        or any(n % width for n in (row.n_bytes, *(w.offset for w in words)))
    ):
        return None
    letter = "f" if kind == "F" else "u"
    if row.significance == tuple(sorted(row.significance)):
        return np.dtype(f"<{letter}{width}")
    if row.significance == tuple(sorted(row.significance, reverse=True)):
        return np.dtype(f">{letter}{width}")
    return None


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


def read_span(
    path: Path,
    begin: int,
    row_bytes: int,
    first: int,
    last: int,
    store: Store,
) -> None:
    """Read the events from `first` to before `last`, block by block into the same buffer."""
    per_block = max(1, _BLOCK_BYTES // row_bytes)
    n_bytes = min(per_block, last - first) * row_bytes
    # Taken away while it is used, and kept for this thread's next file: fresh memory costs more than reading into it.
    room: memoryview = _KEPT.__dict__.pop("buffer", memoryview(b""))
    if len(room) < n_bytes:
        room = _page_aligned(n_bytes)
    try:
        with path.open("rb", buffering=0) as file:
            file.seek(begin + first * row_bytes)
            for start in range(first, last, per_block):
                stop = min(start + per_block, last)
                block = room[: (stop - start) * row_bytes]
                _fill(file, block, path)
                store(block, start, stop)
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
        f"{error.strerror or error}", str(path), "check the file and the right to read it"
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


def _significant_bits(word: Word) -> int:
    return 8 * word.width if word.mask is None else word.mask.bit_length()


def _decoder(word: Word, significance: tuple[int, ...], where: str) -> tuple[Any, Finish]:
    """The storage type of a word in its row, and what makes numbers of it."""
    if word.kind == "A":
        return f"S{word.width}", _digits(where)
    order = _byte_order(word.width, significance, where)
    little, big = tuple(range(word.width)), tuple(range(word.width))[::-1]
    if word.width in (1, 2, 4, 8) and order in (little, big):
        letter = "u" if word.kind == "I" else "f"
        storage: Any = np.dtype(f"{'<' if order == little else '>'}{letter}{word.width}")
        if word.mask is None:
            return storage, _as_is
        mask = word_dtype(word).type(word.mask)
        return storage, lambda values: values & mask
    return np.dtype((np.uint8, (word.width,))), _reordered(word, order)


def _as_is(values: Array) -> Array:
    return values


def _reordered(word: Word, order: tuple[int, ...]) -> Finish:
    dtype = word_dtype(word)
    mask = None if word.mask is None else dtype.type(word.mask)

    def decode(stored: Array) -> Array:
        padded = np.zeros((len(stored), dtype.itemsize), np.uint8)
        padded[:, : word.width] = stored[:, list(order)]
        values: Array = padded.view(dtype.newbyteorder("<"))[:, 0]
        return values if mask is None else values & mask

    return decode


def _digits(where: str) -> Finish:
    def decode(stored: Array) -> Array:
        try:
            return np.char.strip(stored).astype(np.float64)
        except ValueError as error:
            raise BadKeywordError(
                f"$DATATYPE is A, but DATA is not made of digits ({error})",
                f"{where}: DATA",
                "export as FCS 3.1",
            ) from None

    return decode


def _byte_order(width: int, significance: tuple[int, ...], where: str) -> tuple[int, ...]:
    """Positions of the stored bytes of a word, the least significant first."""
    if width == 1 or significance == tuple(sorted(significance)):
        return tuple(range(width))
    if significance == tuple(sorted(significance, reverse=True)):
        return tuple(range(width))[::-1]
    if width > len(significance):
        raise UnsupportedDataError(
            f"$BYTEORD {','.join(map(str, significance))} does not say how {8 * width}-bit words lie",
            f"{where}: TEXT",
            "export as FCS 3.1",
        )
    return tuple(sorted(range(width), key=lambda position: significance[position]))
