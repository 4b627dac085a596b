"""Bytes of a sheet to text: Unicode, or one of the encodings that spreadsheets of East Asia write.

GB18030 (GBK and GB2312 with it), Big5 and Shift-JIS can read one another's bytes, and give other characters then. Each
standard puts its common characters into rows of their own, so the encoding is the one in which nearly all characters
are common ones. On sheets of few rows this is right more often than a detector by language, which needs longer texts.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from bcelldepl.errors import BcelldeplError

__all__ = ["CLEAR_LEAD", "LEAST_COMMON", "EncodingError", "decode_sheet"]

Rows = tuple[tuple[int, int], ...]

# First bytes of the rows of punctuation and letters, then of the common characters, of each standard.
_COMMON_ROWS: Final[Mapping[str, tuple[str, Rows]]] = {
    "GB18030": ("gb18030", ((0xA1, 0xA3), (0xB0, 0xD7))),
    "Big5": ("big5", ((0xA1, 0xA3), (0xA4, 0xC6))),
    "Shift-JIS": ("cp932", ((0x81, 0x83), (0x88, 0x97))),
}
_GB_ROWS_FROM: Final = 0xA1  # second byte; below, GBK put its rarer characters
LEAST_COMMON: Final = 0.7  # of the bytes of other than ASCII characters
CLEAR_LEAD: Final = 0.1  # over the next encoding that gives another text


class EncodingError(BcelldeplError):
    """Bytes are not the text of any encoding that is read, or of more than one.

    Attributes
    ----------
    line : int
        Of the first byte that is not UTF-8, from 1.
    """

    def __init__(self, what: str, line: int) -> None:
        self.line = line
        super().__init__(what, f"line {line}", 'save it as "CSV UTF-8"')


def decode_sheet(data: bytes) -> tuple[str, str]:
    """Decode the bytes of a sheet.

    Parameters
    ----------
    data : bytes

    Returns
    -------
    str
        The text.
    str
        The encoding where it had to be recognised; empty for UTF-8, and for UTF-16 with its mark.

    Raises
    ------
    EncodingError
    """
    marked = data[:2] in (b"\xff\xfe", b"\xfe\xff")
    try:
        return data.decode("utf-16" if marked else "utf-8-sig"), ""
    except UnicodeDecodeError as error:
        place = error.start
    line = data.count(b"\n", 0, place) + 1
    texts = {} if marked else _readings(data)
    likely = sorted(texts, key=lambda name: -texts[name][1])
    if not likely or texts[likely[0]][1] < LEAST_COMMON:
        raise EncodingError(f"byte 0x{data[place]:02x} is not UTF-8 text", line)
    first, *others = likely
    text, share = texts[first]
    rivals = [name for name in others if texts[name][0] != text and texts[name][1] > share - CLEAR_LEAD]
    if rivals:
        raise EncodingError(f"the text is not UTF-8; it could be {' or '.join([first, *rivals])}", line)
    return text, first


def _readings(data: bytes) -> dict[str, tuple[str, float]]:
    """Text by each encoding that can be, and the part of its bytes that are common characters."""
    readings = {}
    for name, (codec, rows) in _COMMON_ROWS.items():
        try:
            text = data.decode(codec)
        except UnicodeDecodeError:
            continue
        characters = [one for one in text if not one.isascii()]
        stored = [one.encode(codec) for one in characters]
        common = sum(len(one) for one in stored if _is_common(one, codec, rows))
        readings[name] = (text, common / max(sum(map(len, stored)), 1))
    return readings


def _is_common(stored: bytes, codec: str, rows: Rows) -> bool:
    if len(stored) != 2 or (codec == "gb18030" and stored[1] < _GB_ROWS_FROM):
        return False
    return any(first <= stored[0] <= last for first, last in rows)
