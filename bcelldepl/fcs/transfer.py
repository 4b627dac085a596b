"""DATA that went through a program for text: bytes were added or replaced, and no value is where it was."""

from __future__ import annotations

import codecs
from pathlib import Path
from typing import Final

from bcelldepl.fcs.errors import DamagedDataError, UnreadableFileError
from bcelldepl.fcs.locate import Place

__all__ = ["LEAST_LINES", "LEAST_LONG_CHARACTERS", "refuse_text_transfer"]

_LOOKED_AT: Final = 1 << 16  # bytes
_LONGEST_CHARACTER: Final = 4  # bytes of UTF-8
LEAST_LONG_CHARACTERS: Final = 32  # of UTF-8, in bytes that are nothing else
LEAST_LINES: Final = 32  # line feeds, none of them without its carriage return


def refuse_text_transfer(path: Path, place: Place) -> None:
    """Refuse a file whose DATA was encoded as UTF-8 or had its line ends changed.

    Measured values give bytes above 127 and line feeds in any order. Where all of the first ones above 127 form
    characters of UTF-8, or every line feed follows a carriage return, a program for text has written them. DATA of
    digits is text.

    Parameters
    ----------
    path : Path
    place : Place

    Raises
    ------
    DamagedDataError
    """
    if any(word.kind == "A" for word in place.row.words):
        return
    try:
        with path.open("rb") as file:
            file.seek(place.begin)
            data = file.read(min(_LOOKED_AT, place.n_events * place.row.n_bytes))
    except OSError as error:
        raise UnreadableFileError(f"{error.strerror or error}", str(path), "check the file") from error
    what = ""
    if _long_characters(data) >= LEAST_LONG_CHARACTERS:
        what = "its bytes were encoded as text (UTF-8)"
    elif data.count(b"\n") == data.count(b"\r\n") >= LEAST_LINES:
        what = "its line ends were changed as those of text (CR LF)"
    if what:
        raise DamagedDataError(
            f"{what}, which destroys measured values",
            f"{path}: DATA",
            "copy the original file again, as binary data",
        )


def _long_characters(data: bytes) -> int:
    """Characters of more than one byte, where the bytes are nothing but UTF-8; else 0."""
    # The first and the last byte may lie within a character.
    start = next((i for i in range(min(_LONGEST_CHARACTER, len(data))) if data[i] & 0xC0 != 0x80), 0)
    try:
        text = codecs.getincrementaldecoder("utf-8")().decode(data[start:])
    except UnicodeDecodeError:
        return 0
    return len(text) - len(text.encode("ascii", "ignore"))
