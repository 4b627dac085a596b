"""How a word of DATA becomes a number: the types that hold it without rounding, its byte order, its bits."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from bcelldepl.fcs.errors import BadKeywordError, UnsupportedDataError
from bcelldepl.fcs.layout import Row, Word

__all__ = ["Array", "Finish", "common_storage", "decode_into", "exact_dtype"]

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
    if len(types) != 1 or any(finish) or any(word.is_clipped for word in words):
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
        return storage, _within_mask(word)
    return np.dtype((np.uint8, (word.width,))), _reordered(word, order)


def _within_mask(word: Word) -> Finish:
    """What leaves the significant part of stored values."""
    if word.mask is None:
        return lambda values: values
    mask = word_dtype(word).type(word.mask)
    if word.is_clipped:
        return lambda values: np.minimum(values, mask)
    return lambda values: values & mask


def _reordered(word: Word, order: tuple[int, ...]) -> Finish:
    dtype = word_dtype(word)
    significant = _within_mask(word)

    def decode(stored: Array) -> Array:
        padded = np.zeros((len(stored), dtype.itemsize), np.uint8)
        padded[:, : word.width] = stored[:, list(order)]
        return significant(padded.view(dtype.newbyteorder("<"))[:, 0])

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
            f"$BYTEORD {','.join(map(str, significance))} does not give the byte order of {8 * width}-bit words lie",
            f"{where}: TEXT",
            "export as FCS 3.1",
        )
    return tuple(sorted(range(width), key=lambda position: significance[position]))
