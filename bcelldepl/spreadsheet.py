"""Text that a spreadsheet would run: recognised in what comes in, disarmed in what goes out.

A cell that begins with ``=``, ``+``, ``-`` or ``@`` would run as a formula in a spreadsheet, wherever it came from;
so does what follows a semicolon, a tab or a line break where those separate cells. Such text is refused in sample
sheets, since a subject that is renamed silently is worse than one that is refused. Text of other files (a
cytometer's name) is written with an apostrophe before it. Numbers, ``-5`` and
``+28`` among them, are numbers to a spreadsheet too and stay.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["csv_text", "disarmed", "hidden_character", "is_live"]

# Also the full-width signs, which some spreadsheets read as the plain ones.
_SIGNS: Final = "=+-@\uff1d\uff0b\uff0d\uff20"
_CELL_BREAKS: Final = re.compile(r"[;\t\r\n]")
_NUMBER: Final = re.compile(r"[+-]?(\d+([.,]\d*)?|[.,]\d+)([eE][+-]?\d+)?\s*%?")
# Control characters, direction marks and other unseen ones, and halves of characters.
_HIDDEN: Final = ("Cc", "Cf", "Cs")


def is_live(text: str) -> bool:
    """Tell whether a spreadsheet would take a text, or a part of it after a cell break, for a formula.

    Signs alone (``+``, ``--``) and numbers are not live.

    Parameters
    ----------
    text : str

    Returns
    -------
    bool
    """
    return any(_is_formula(part) for part in _CELL_BREAKS.split(text))


def _is_formula(part: str) -> bool:
    bare = part.strip().lstrip('" \xa0')  # a spreadsheet takes the quotes away first
    return bare != "" and bare[0] in _SIGNS and any(map(str.isalnum, bare)) and not _NUMBER.fullmatch(bare)


def hidden_character(text: str, allowed: str = "") -> str:
    """Name the first character that no reader sees, such as ``U+202E``; empty where there is none.

    Parameters
    ----------
    text : str
    allowed : str
        Characters that may be there.

    Returns
    -------
    str
    """
    for character in text:
        if unicodedata.category(character) in _HIDDEN and character not in allowed:
            return f"U+{ord(character):04X}"
    return ""


def disarmed(text: str) -> str:
    """Return a text so that no spreadsheet runs it and no terminal obeys it.

    Every part that is live gets an apostrophe before it; control characters but line breaks are spelt out.

    Parameters
    ----------
    text : str

    Returns
    -------
    str
    """
    if hidden_character(text, "\n"):
        text = "".join(
            one.encode("unicode_escape").decode() if hidden_character(one, "\n") else one for one in text
        )
    if not is_live(text):
        return text
    parts = re.split(r"([;\n])", text)
    return "".join(f"'{part.lstrip()}" if _is_formula(part) else part for part in parts)


def csv_text(table: pd.DataFrame) -> str:
    """Return a table as CSV (LF, empty where missing) in which no text is live; numbers are as they are.

    Parameters
    ----------
    table : DataFrame

    Returns
    -------
    str
    """
    texts = [place for place, kind in enumerate(table.dtypes) if kind.kind == "O"]
    safe = table.copy(deep=False)
    for place in texts:
        column = table.iloc[:, place]
        words = {value for value in column if isinstance(value, str)}  # few differ
        changed = {value: harmless for value in words if (harmless := disarmed(value)) != value}
        if changed:
            safe.isetitem(
                place, [changed.get(value, value) if isinstance(value, str) else value for value in column]
            )
    return safe.to_csv(index=False, lineterminator="\n")
