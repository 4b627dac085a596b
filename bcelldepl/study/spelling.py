"""Texts that a reader takes for the same: full-width letters, other blanks, other hyphens, other capitals."""

from __future__ import annotations

import re
import unicodedata

__all__ = ["folded", "what_differs", "without_blanks"]


def folded(text: str) -> str:
    """Return a text by which spellings of one name are the same.

    Compatible characters (NFKC) and capitals are one; blanks, hyphens, dashes and underscores are one separator.

    Parameters
    ----------
    text : str

    Returns
    -------
    str
    """
    plain = unicodedata.normalize("NFKC", text).casefold()
    return re.sub(
        r"-+", "-", "".join("-" if _separates(one) else one for one in unicodedata.normalize("NFKC", plain))
    ).strip("-")


def without_blanks(text: str) -> str:
    """Return a text by which spellings with blanks and without are the same, as of ``S 01`` and ``S01``.

    Blanks between digits stay: they part two numbers.

    Parameters
    ----------
    text : str

    Returns
    -------
    str
    """
    plain = unicodedata.normalize("NFKC", text).casefold().strip()
    return re.sub(r"(?<!\d)\s+|\s+(?!\d)", "", plain)


def _separates(character: str) -> bool:
    return character in "_\u2212" or character.isspace() or unicodedata.category(character) == "Pd"


def what_differs(one: str, other: str) -> str:
    """Name the unusual characters that one of two spellings has and the other has not.

    Parameters
    ----------
    one, other : str

    Returns
    -------
    str
        The first three; empty where there are none.
    """
    unusual = sorted({character for character in set(one) ^ set(other) if not character.isascii()})
    return ", ".join(f"U+{ord(one):04X} {unicodedata.name(one, 'unnamed')}" for one in unusual[:3])
