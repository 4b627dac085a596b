"""DATA to numbers: the asked channels only, block by block, so that a file is never in memory as a whole.

A block of about one mebibyte is read into a buffer that stays in the processor's cache, and each asked
channel is copied out of it. Reading instead of mapping also means that a file which shrinks meanwhile is an
error, not a crash.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from bcelldepl.fcs.errors import (
    BadKeywordError,
    TruncatedDataError,
    UnreadableFileError,
    UnsupportedDataError,
)
from bcelldepl.fcs.layout import Row, Word
from bcelldepl.kernels.threads import threads

__all__ = ["decode_into", "exact_dtype", "float_order", "read_runs", "read_span", "read_words"]

_BLOCK_BYTES: Final = 1 << 20
_LARGE_BYTES: Final = 32 << 20  # a compiled kernel pays from here on
_THREADED_BYTES: Final = 8 << 20  # and two threads from here
_KEPT: Final = threading.local()
_EXACT_BITS_OF_DOUBLE: Final = 53

Array = NDArray[Any]
Finish = Callable[[Array], Array]


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
    order = float_order(row, indices, finish)
    plain = order and out.dtype == np.float32 and out.flags.c_contiguous
    if order and plain and n_events * row.n_bytes >= _LARGE_BYTES:
        _gather_floats(path, begin, n_events, row, indices, out, order)
        return
    store = decode_into(path, row, indices, finish)
    _read_halves(path, begin, n_events, row, lambda block, start, stop: store(block, out[:, start:stop]))


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


def float_order(
    row: Row, indices: Sequence[int], finish: Sequence[Finish | None]
) -> Literal["<", ">"] | None:
    """Byte order, where every asked channel is a plain float that goes out as it is; else None."""
    words = [row.words[i] for i in indices]
    plain = all(word.kind == "F" and word.offset % 4 == 0 for word in words) and not any(finish)
    if not plain or row.n_bytes % 4:
        return None
    if row.significance == tuple(sorted(row.significance)):
        return "<"
    return ">" if row.significance == tuple(sorted(row.significance, reverse=True)) else None


def _gather_floats(
    path: Path,
    begin: int,
    n_events: int,
    row: Row,
    indices: Sequence[int],
    out: Array,
    order: Literal["<", ">"],
) -> None:
    """Plain floats of a large file, by a compiled kernel in two threads."""
    from bcelldepl.kernels.columns import gather_columns

    columns = np.array([row.words[i].offset // 4 for i in indices], np.int64)
    bits = out.view(np.uint32)
    swapped = (order == "<") != (sys.byteorder == "little")

    def store(block: memoryview, start: int, stop: int) -> None:
        rows = np.frombuffer(block, np.uint32).reshape(stop - start, row.n_bytes // 4)
        gather_columns(rows, columns, bits, start)
        if swapped:
            bits[:, start:stop].byteswap(inplace=True)

    _read_halves(path, begin, n_events, row, store)


def _read_halves(
    path: Path, begin: int, n_events: int, row: Row, store: Callable[[memoryview, int, int], None]
) -> None:
    """Read every event, the two halves of a file that is not small at the same time."""
    if n_events * row.n_bytes < _THREADED_BYTES or threads() == 1:
        read_span(path, begin, row.n_bytes, 0, n_events, store)
        return
    half = n_events // 2
    with ThreadPoolExecutor(2) as pool:
        parts = [
            pool.submit(read_span, path, begin, row.n_bytes, first, last, store)
            for first, last in ((0, half), (half, n_events))
        ]
        for part in parts:
            part.result()


def read_span(
    path: Path,
    begin: int,
    row_bytes: int,
    first: int,
    last: int,
    store: Callable[[memoryview, int, int], None],
) -> None:
    """Read the events from `first` to before `last`, block by block into the same buffer."""
    per_block = max(1, _BLOCK_BYTES // row_bytes)
    n_bytes = min(per_block, last - first) * row_bytes
    # Taken away while it is used, and kept for this thread's next file: fresh memory costs more than reading into it.
    room = _KEPT.__dict__.pop("buffer", b"")
    if len(room) < n_bytes:
        room = bytearray(n_bytes)
    buffer = memoryview(room)
    try:
        with path.open("rb", buffering=0) as file:
            file.seek(begin + first * row_bytes)
            for start in range(first, last, per_block):
                stop = min(start + per_block, last)
                block = buffer[: (stop - start) * row_bytes]
                _fill(file, block, path)
                store(block, start, stop)
    except OSError as error:
        raise _unreadable(error, path) from error
    finally:
        if n_bytes <= _BLOCK_BYTES:
            _KEPT.buffer = room


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
