"""Cells of a table of counts: whole numbers, decimal commas, percentages, and counts below a bound."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from bcelldepl.comparison.count_headings import Measure
from bcelldepl.study.cells import GROUPED, CellError, number

__all__ = ["Cell", "read_cell"]

_NOTHING: Final = {"", "na", "n/a", "nan", "-", "\u2013", "nd", "n.d.", "n.a.", "not done", "none",
                   "####"}  # fmt: skip
_DECIMAL_COMMA: Final = re.compile(r"\d+,\d+")
_PERCENT: Final = 100.0


class Cell(NamedTuple):
    """A number of a table.

    Attributes
    ----------
    value : float or None
        None for an empty cell.
    below : bool
        Whether it is a bound that the count lies below.
    """

    value: float | None
    below: bool = False


def read_cell(text: str, measure: Measure, delimiter: str) -> Cell:
    """Read a number of a table of counts.

    Parameters
    ----------
    text : str
    measure : Measure
        What it is to be; events are whole.
    delimiter : str
        Between the cells of the table.

    Returns
    -------
    Cell

    Raises
    ------
    CellError
        For what is no number, no count, or can be read in two ways.
    """
    plain = text.strip().removesuffix("%").strip()
    below = plain.startswith("<")
    plain = plain.lstrip("<≤ ").strip() if below else plain
    if plain.casefold() in _NOTHING:
        return Cell(None)
    # A quoted 12,5 between commas can be nothing but twelve and a half.
    if delimiter == "," and _DECIMAL_COMMA.fullmatch(plain) and not GROUPED.fullmatch(plain):
        plain = plain.replace(",", ".")
    value = number(plain, delimiter)
    if value < 0:
        raise CellError(f"{text!r} is not a count")
    if measure is Measure.PERCENT and value > _PERCENT:
        raise CellError(f"{text!r} is more than 100 % of the parent")
    if measure is Measure.EVENTS:
        if GROUPED.fullmatch(plain):
            raise CellError(f"{text!r} can be read in two ways", remedy="write no thousands separators")
        if value != int(value):
            remedy = "state in the heading what the numbers are, such as B (cells/uL) or B | Freq. of Parent"
            raise CellError(f"{text!r} is not a whole number of events", remedy=remedy)
    return Cell(value, below)
