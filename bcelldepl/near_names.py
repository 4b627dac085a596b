"""What a name that is not known was perhaps meant to be."""

from __future__ import annotations

import difflib
import os
import re
import unicodedata
from collections.abc import Iterable
from pathlib import Path
from typing import Final

__all__ = ["did_you_mean", "near_file"]

_PART_OF_A_WORD: Final = 0.85  # of the likeness of a whole one
_SHORTEST_PART: Final = 3  # letters


def did_you_mean(word: str, known: Iterable[str], cutoff: float = 0.6) -> str:
    """Return a hint that names the nearest known word, or nothing.

    Parameters
    ----------
    word : str
        As it was typed.
    known : iterable of str
        What it could have been.
    cutoff : float
        The least likeness, 0 to 1. A word that is a part of a known one (``beads`` of ``bead_count``) is less like it
        than one that is misspelt; a name of cells is the same without "cells" (``Bcells`` and ``B``).

    Returns
    -------
    str
    """
    scores = {one: _likeness(word, one) for one in known}
    nearest = max(scores, key=lambda one: scores[one], default="")
    return f"did you mean `{nearest}`?" if nearest and scores[nearest] >= cutoff else ""


def _likeness(word: str, known: str) -> float:
    if _without_cells(word) == _without_cells(known):
        return 1.0
    whole = difflib.SequenceMatcher(None, word.casefold(), known.casefold()).ratio()
    parts = [part for part in re.split(r"[_ ]", known.casefold()) if len(part) >= _SHORTEST_PART]
    in_part = max(
        (difflib.SequenceMatcher(None, word.casefold(), part).ratio() for part in parts), default=0.0
    )
    return max(whole, _PART_OF_A_WORD * in_part)


def _without_cells(word: str) -> str:
    return re.sub(r"cells?$|[\s_+-]", "", word.casefold().strip()) or word


def near_file(path: Path) -> str:
    """Name a file that is there in place of one that is not: in other capitals, or another form of Unicode.

    Parameters
    ----------
    path : Path
        That is not there.

    Returns
    -------
    str
        ``did you mean ...?``; empty where no file or folder on the way has such a name.
    """
    wanted: list[str] = []
    try:
        while path.name and not path.exists():
            wanted.insert(0, path.name)
            path = path.parent
        found = path
        for name in wanted:
            same = [one for one in os.listdir(found) if _folded(one) == _folded(name)]
            if len(same) != 1:
                return ""
            found = found / same[0]
    except (OSError, ValueError):
        return ""
    return f"did you mean {found.relative_to(path).as_posix()!r}? Names are case-sensitive" if wanted else ""


def _folded(name: str) -> str:
    return unicodedata.normalize("NFKC", name).casefold()
