"""Builds FCS files byte by byte, right or wrong in any chosen place. It shares no code with the package."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from typing import Any

FLOATS = {"F": "f", "D": "d"}


def encode(
    values: Sequence[Sequence[float]], kinds: Sequence[str], widths: Sequence[int], order: str
) -> bytes:
    """Events to bytes: `order` is $BYTEORD, the rank of each stored byte, 1 the least significant."""
    ranks = [int(rank) for rank in order.split(",")]
    out = bytearray()
    for event in values:
        for value, kind, width in zip(event, kinds, widths, strict=True):
            if kind == "A":
                out += str(int(value)).rjust(width).encode()
                continue
            whole = kind == "I"
            little = int(value).to_bytes(width, "little") if whole else struct.pack("<" + FLOATS[kind], value)
            if ranks == sorted(ranks):
                out += little
            elif ranks == sorted(ranks, reverse=True):
                out += little[::-1]
            else:
                out += bytes(little[rank - 1] for rank in ranks[:width])
    return bytes(out)


def header(
    version: str, text: tuple[int, int], data: tuple[int, int], analysis: tuple[int, int] = (0, 0)
) -> bytes:
    fields = "".join(f"{offset:>8}" for offset in (*text, *data, *analysis))
    return (version.ljust(10) + fields).encode()


def fcs(
    values: Sequence[Sequence[float]],
    *,
    version: str = "FCS3.1",
    datatype: str = "F",
    kinds: Sequence[str] = (),
    bits: Sequence[int] = (),
    order: str = "1,2,3,4",
    ranges: Sequence[Any] = (),
    names: Sequence[str] = (),
    keywords: Mapping[str, str] | None = None,
    drop: Sequence[str] = (),
    delimiter: bytes = b"/",
    extra_text: bytes = b"",
    text_tail: bytes = b"",
    cut_final_delimiter: bool = False,
    data: bytes | None = None,
    header_data: tuple[int, int] | None = None,
    text_data: tuple[int, int] | None = None,
    shift: tuple[int, int] = (0, 0),
    gap: bytes = b"",
    tail: bytes = b"",
    supplement: bytes = b"",
) -> bytes:
    """One data set. `header_data` and `text_data` replace the right offsets; `shift` is added to both."""
    n_channels = len(values[0]) if len(values) else len(names)
    kinds = list(kinds) or [datatype] * n_channels
    bits = list(bits) or [{"F": 32, "D": 64, "I": 16, "A": 8}[kind] for kind in kinds]
    ranges = list(ranges) or [1 << min(bit, 18) for bit in bits]
    names = list(names) or [f"C{n}" for n in range(1, n_channels + 1)]
    widths = [{"F": 4, "D": 8}.get(kind, -(-bit // 8)) for kind, bit in zip(kinds, bits, strict=True)]
    if data is None:
        data = encode(values, kinds, widths, order)

    pairs: dict[str, str] = {
        "$BEGINDATA": "0" * 10,
        "$ENDDATA": "0" * 10,
        "$BEGINSTEXT": "0" * 10,
        "$ENDSTEXT": "0" * 10,
        "$MODE": "L",
        "$DATATYPE": datatype,
        "$BYTEORD": order,
        "$PAR": str(n_channels),
        "$TOT": str(len(values)),
        "$NEXTDATA": "0",
    }
    for n, (name, bit, limit) in enumerate(zip(names, bits, ranges, strict=True), start=1):
        pairs |= {f"$P{n}N": name, f"$P{n}B": str(bit), f"$P{n}R": str(limit), f"$P{n}E": "0,0"}
    pairs |= keywords or {}
    for key in drop:
        pairs.pop(key, None)

    def text_of(pairs: Mapping[str, str]) -> bytes:
        twice = delimiter + delimiter
        tokens = [token.encode("utf-8").replace(delimiter, twice) for pair in pairs.items() for token in pair]
        segment = delimiter + delimiter.join(tokens) + delimiter + extra_text
        return (segment[:-1] if cut_final_delimiter else segment) + text_tail

    text_begin = 58
    text_end = text_begin + len(text_of(pairs)) - 1
    supplement_begin = text_end + 1
    begin = text_end + 1 + len(supplement) + len(gap)
    end = begin + len(data) - 1
    said = (begin + shift[0], end + shift[1])
    in_text = said if text_data is None else text_data
    for key, offset in zip(("$BEGINDATA", "$ENDDATA"), in_text, strict=True):
        if key in pairs and key not in (keywords or {}):
            pairs[key] = f"{offset:010}"
    if supplement:
        pairs["$BEGINSTEXT"] = f"{supplement_begin:010}"
        pairs["$ENDSTEXT"] = f"{supplement_begin + len(supplement) - 1:010}"
    first = header(version, (text_begin, text_end), said if header_data is None else header_data)
    return first + text_of(pairs) + supplement + gap + data + tail
