"""Text that people type, which goes into tables and pages: accepted as it is, or refused; never changed."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import AfterValidator, Field, StringConstraints

from bcelldepl.spreadsheet import hidden_character, is_live

__all__ = ["PlainText", "PlainWords", "complaint"]

_LONGEST: Final = 1_000  # characters


def complaint(text: str, lines: bool = False) -> tuple[str, str] | None:
    """Say what is wrong with a text, and what to do; None where it is fine.

    Parameters
    ----------
    text : str
    lines : bool
        Whether it may hold line breaks and tabs.

    Returns
    -------
    (str, str) or None
    """
    if len(text) > _LONGEST:
        return f"has {len(text):,} characters, at most {_LONGEST:,} are read", "shorten it"
    unseen = hidden_character(text, "\n\r\t" if lines else "")
    if unseen:
        return f"{text!r} contains an invisible character, {unseen}", "type the text again"
    if is_live(text):
        return f"{text!r} would run as a formula in a spreadsheet", "begin it with a letter or a digit"
    return None


def _checked(text: str) -> str:
    wrong = complaint(text)
    if wrong:
        msg = "; ".join(wrong)
        raise ValueError(msg)
    return text


PlainText = Annotated[str, Field(min_length=1), AfterValidator(_checked)]
PlainWords = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1), AfterValidator(_checked)]
