"""Words that results of other assays are written with, and what they answer: yes or no."""

from __future__ import annotations

from typing import Final

__all__ = ["NO", "YES", "answer_of"]

YES: Final = ("Y", "YES", "POSITIVE", "POS", "RESPONDER", "ACHIEVED", "DETECTED", "+")
NO: Final = (
    "N",
    "NO",
    "NEGATIVE",
    "NEG",
    "NON-RESPONDER",
    "NONRESPONDER",
    "NOT ACHIEVED",
    "NOT DETECTED",
    "-",
)


def answer_of(text: str) -> bool | None:
    """Tell whether a result says yes or no, in any capitals; None where it says something else.

    Parameters
    ----------
    text : str
        Such as ``POSITIVE``, ``n`` or ``1:160``.

    Returns
    -------
    bool or None
    """
    word = " ".join(text.upper().split())
    return True if word in YES else False if word in NO else None
