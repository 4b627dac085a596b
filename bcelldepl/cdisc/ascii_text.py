"""Text in ASCII, for files that hold nothing else: a stated spelling of each sign, and a record of what changed."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from bcelldepl.cdisc.dataset import CdiscDataset

__all__ = ["in_ascii", "respelt"]

# Before accents are taken off: what has a spelling of its own.
SIGNS: Final = {
    "ä": "ae", "ö": "oe", "ü": "ue", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue", "ß": "ss", "æ": "ae", "Æ": "Ae", "ø": "oe",
    "Ø": "Oe", "ł": "l", "Ł": "L", "đ": "d", "Đ": "D", "µ": "u", "\u03bc": "u", "×": "x", "÷": "/", "±": "+/-",
    "≤": "<=", "≥": ">=", "°": " deg", "–": "-", "—": "-", "−": "-", "‘": "'", "’": "'", "“": '"', "”": '"',
    "…": "...", "·": "*", "α": "alpha", "β": "beta", "γ": "gamma", "δ": "delta", "ε": "epsilon", "λ": "lambda",
}  # fmt: skip

RAISED: Final = re.compile("[\u207a\u207b]?[\u2070\u00b9\u00b2\u00b3\u2074-\u2079]+")


def in_ascii(text: str) -> str:
    """Spell a text in ASCII as far as there is a stated way; what has none stays, and is for the caller to refuse.

    Parameters
    ----------
    text : str

    Returns
    -------
    str
        Signs by `SIGNS`, letters without their accents, raised numbers after ``^``: 10⁵ is 10^5, not 105.
    """
    if text.isascii():
        return text
    raised = RAISED.sub(lambda found: f"^{unicodedata.normalize('NFKC', found[0])}", text)
    spelt = "".join(SIGNS.get(sign, sign) for sign in unicodedata.normalize("NFC", raised))
    parts = unicodedata.normalize("NFKD", spelt)
    return "".join(sign for sign in parts if not unicodedata.combining(sign))


def respelt(tables: Sequence[CdiscDataset]) -> tuple[list[CdiscDataset], dict[str, str]]:
    """Spell every text of data sets in ASCII.

    Parameters
    ----------
    tables : sequence of CdiscDataset

    Returns
    -------
    tables : list of CdiscDataset
    changes : dict of str to str
        Each text that was changed, and how it is spelt; two texts of one spelling stay as they are.
    """
    texts = {cell for table in tables for row in table.rows for cell in row if isinstance(cell, str)}
    wanted = {text: in_ascii(text) for text in sorted(texts) if not text.isascii()}
    spellings = [*wanted.values(), *(text for text in texts if text.isascii())]
    changes = {text: spelling for text, spelling in wanted.items() if spellings.count(spelling) == 1}

    def cell_of(cell: Any) -> Any:
        return changes.get(cell, cell) if isinstance(cell, str) else cell

    rows = ((table, tuple(tuple(map(cell_of, row)) for row in table.rows)) for table in tables)
    return [replace(table, rows=of_table) for table, of_table in rows], changes
