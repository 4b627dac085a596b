"""How one event lies in DATA: the words of its channels, their widths, byte order and bit masks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final, Literal, cast

from bcelldepl.fcs.errors import BadKeywordError, MissingKeywordError, UnsupportedDataError
from bcelldepl.fcs.numbers import integer, real

__all__ = ["Row", "Word", "channel_count", "row_layouts"]

Kind = Literal["I", "F", "D", "A"]
_FLOAT_BYTES: Final = {"F": 4, "D": 8}
_MAX_WORD_BYTES: Final = 8
_MAX_ASCII_BYTES: Final = 64


@dataclass(frozen=True)
class Word:
    """One channel's place in an event.

    Attributes
    ----------
    offset, width : int
        Bytes from the start of the event; bytes of the word.
    kind : {"I", "F", "D", "A"}
        Unsigned integer, single or double precision float, decimal digits.
    mask : int or None
        The bits that ``$PnR`` leaves significant; None where all are.
    is_clipped : bool
        Whether larger values are off the scale and cut to `mask`; else their upper bits are masked off.
    """

    offset: int
    width: int
    kind: Kind
    mask: int | None = None
    is_clipped: bool = False


@dataclass(frozen=True)
class Row:
    """One event in DATA.

    Attributes
    ----------
    words : tuple of Word
        In channel order.
    n_bytes : int
        Bytes per event.
    significance : tuple of int
        ``$BYTEORD``: the rank of each stored byte, 1 the least significant.
    note : str
        What was assumed against the letter of ``$PnB``; empty where nothing.
    """

    words: tuple[Word, ...]
    n_bytes: int
    significance: tuple[int, ...]
    note: str = ""


def channel_count(keywords: Mapping[str, str], where: str) -> int:
    """``$PAR``, checked against the channels that are really described."""
    n_channels = integer(keywords, "$PAR")
    if n_channels is None or n_channels <= 0:
        found = keywords.get("$PAR")
        if found is None:
            raise MissingKeywordError(
                "$PAR, the number of channels, is absent", f"{where}: TEXT", "export the file again"
            )
        raise BadKeywordError(
            f"$PAR is {found!r}, expected a positive number", f"{where}: TEXT", "export the file again"
        )
    if n_channels > len(keywords):
        raise BadKeywordError(
            f"$PAR is {n_channels}, but TEXT has only {len(keywords)} keywords",
            f"{where}: TEXT",
            "export the file again",
        )
    return n_channels


def row_layouts(keywords: Mapping[str, str], where: str) -> tuple[Row, ...]:
    """Every way in which an event may lie in DATA by TEXT, the likeliest first.

    There is more than one where ``$PnB`` is no whole number of bytes, which makers pad, and where it contradicts
    the type of a float.

    Raises
    ------
    MissingKeywordError, BadKeywordError, UnsupportedDataError
    """
    place = f"{where}: TEXT"
    n_channels = channel_count(keywords, where)
    kinds = [_kind(keywords, n, place) for n in range(1, n_channels + 1)]
    rows = _rows_of_kinds(keywords, kinds, place)
    by_width = [_kind_by_width(keywords, n, kind) for n, kind in enumerate(kinds, start=1)]
    if by_width == kinds:
        return rows
    note = "$DATATYPE and $PnB name different floats; the one whose length fits is used"
    return tuple(replace(row, note=note) for row in (*rows, *_rows_of_kinds(keywords, by_width, place)))


def _rows_of_kinds(keywords: Mapping[str, str], kinds: list[Kind], place: str) -> tuple[Row, ...]:
    bits = [_bits(keywords, n, kind, place) for n, kind in enumerate(kinds, start=1)]
    masks = [_mask(keywords, n, kind) for n, kind in enumerate(kinds, start=1)]
    needs_order = any(kind in "IFD" and width > 8 for kind, width in zip(kinds, bits, strict=True))
    significance = _significance(keywords, place, needs_order)
    exact = [-(-width // 8) for width in bits]
    if all(width % 8 == 0 for width in bits):
        return (_row(exact, kinds, masks, bits, significance),)
    odd = next(width for width in bits if width % 8)
    note = f"$PnB is {odd}, but each value is stored in whole bytes"
    powers = [1 << (width - 1).bit_length() for width in exact]
    padded = [powers] if powers == exact else [powers, exact]
    return tuple(_row(widths, kinds, masks, bits, significance, note) for widths in padded)


def _row(
    widths: list[int],
    kinds: list[Kind],
    masks: list[int | None],
    bits: list[int],
    significance: tuple[int, ...],
    note: str = "",
) -> Row:
    words, offset = [], 0
    for width, kind, mask, n_bits in zip(widths, kinds, masks, bits, strict=True):
        stored = (1 << n_bits) - 1 if n_bits < 8 * width and kind == "I" else None
        mask = stored if mask is None else mask
        words.append(
            Word(offset, width, kind, None if mask is None or mask >= (1 << 8 * width) - 1 else mask)
        )
        offset += width
    return Row(tuple(words), offset, significance, note)


def _kind(keywords: Mapping[str, str], n: int, place: str) -> Kind:
    """``$DATATYPE``, or the channel's own ``$PnDATATYPE`` (FCS 3.2)."""
    key = f"$P{n}DATATYPE" if keywords.get(f"$P{n}DATATYPE") else "$DATATYPE"
    if key not in keywords:
        raise MissingKeywordError("$DATATYPE is absent", place, "export the file again")
    kind = keywords[key].upper()
    if kind not in ("I", "F", "D", "A"):
        raise BadKeywordError(
            f"{key} is {keywords[key]!r}, expected I, F, D or A", place, "export the file again"
        )
    return cast(Kind, kind)


def _kind_by_width(keywords: Mapping[str, str], n: int, kind: Kind) -> Kind:
    """The float that has as many bits as ``$PnB`` says."""
    width = integer(keywords, f"$P{n}B")
    if kind not in _FLOAT_BYTES or width not in (32, 64):
        return kind
    return "F" if width == 32 else "D"


def _bits(keywords: Mapping[str, str], n: int, kind: Kind, place: str) -> int:
    """Bits of the channel's word; floats have theirs whatever ``$PnB`` says."""
    if kind in _FLOAT_BYTES:
        return 8 * _FLOAT_BYTES[kind]
    key = f"$P{n}B"
    if key not in keywords:
        raise MissingKeywordError(f"{key}, the bits per value, is absent", place, "export the file again")
    if kind == "A" and keywords[key] == "*":
        raise UnsupportedDataError(
            f"{key} is *: free-format text DATA is not read", place, "export as FCS 3.1, list mode"
        )
    width = integer(keywords, key)
    if kind == "A" and width is not None and 0 < width <= _MAX_ASCII_BYTES:
        return 8 * width
    if kind == "I" and width is not None and 0 < width <= 8 * _MAX_WORD_BYTES:
        return width
    raise BadKeywordError(
        f"{key} is {keywords[key]!r}, expected 1 to {8 * _MAX_WORD_BYTES}", place, "export the file again"
    )


def _mask(keywords: Mapping[str, str], n: int, kind: Kind) -> int | None:
    """Significant bits by ``$PnR``: the next power of two holds the range."""
    limit = real(keywords, f"$P{n}R")
    if kind != "I" or limit is None or not 1 < limit <= 2.0**64:
        return None
    return (1 << (int(limit) - 1).bit_length()) - 1


def _significance(keywords: Mapping[str, str], place: str, needed: bool) -> tuple[int, ...]:
    text = keywords.get("$BYTEORD", "")
    ranks = [part.strip() for part in text.split(",")]
    if all(rank.isascii() and rank.isdigit() and len(rank) == 1 for rank in ranks):
        order = tuple(int(rank) for rank in ranks)
        if sorted(order) == list(range(1, len(order) + 1)):
            return order
    if not needed:
        return (1,)
    if not text:
        raise MissingKeywordError("$BYTEORD is absent", place, "export the file again")
    raise BadKeywordError(
        f"$BYTEORD is {text!r}, expected an order such as 1,2,3,4", place, "export the file again"
    )
