"""A table or listing: title, headings, rows of text and footnotes; and how its numbers are written."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "GROUP",
    "Listing",
    "Rows",
    "digits",
    "mean_sd",
    "range_of",
    "records",
    "whole",
    "without_empty_groups",
]

Rows = tuple[tuple[str, ...], ...]
DIGITS = 4  # significant ones
NONE = "-"
GROUP = "Dose group"  # heading


@dataclass(frozen=True)
class Listing:
    """One table or listing.

    Attributes
    ----------
    name : str
        Of its file.
    number : str
        As reports count them: ``14.2.1``, or ``16.2.1`` for a listing.
    title : str
    headings : tuple of str
    widths : tuple of float
        Of the columns, relative to each other.
    rows : tuple of tuple of str
    footnotes : tuple of str
    source : str
        The file that holds the same numbers.
    """

    name: str
    number: str
    title: str
    headings: tuple[str, ...]
    widths: tuple[float, ...]
    rows: Rows
    footnotes: tuple[str, ...]
    source: str


def without_empty_groups(listings: Iterable[Listing]) -> Iterator[Listing]:
    """Leave out the column of the dose groups where it is empty: the study has none.

    Parameters
    ----------
    listings : iterable of Listing

    Yields
    ------
    Listing
    """
    for one in listings:
        place = one.headings.index(GROUP) if GROUP in one.headings else None
        if place is None or any(cells[place] for cells in one.rows):
            yield one
            continue
        kept = [n for n in range(len(one.headings)) if n != place]
        yield replace(
            one,
            title=one.title.replace(" by Dose Group and", " by").removesuffix(" by Dose Group"),
            headings=tuple(one.headings[n] for n in kept),
            widths=tuple(one.widths[n] for n in kept),
            rows=tuple(tuple(cells[n] for n in kept) for cells in one.rows),
        )


def records(table: pd.DataFrame) -> Iterator[Any]:
    """Rows of a table, each with its columns as attributes.

    Parameters
    ----------
    table : DataFrame

    Yields
    ------
    object
    """
    yield from table.itertuples()


def digits(value: Any) -> str:
    """Write a number with four significant digits, 0 without a sign, and a hyphen where there is none.

    Parameters
    ----------
    value : float or None

    Returns
    -------
    str
    """
    if value is None or value != value:
        return NONE
    rounded = float(f"{float(value):.{DIGITS}g}") + 0.0
    return f"{rounded:.10g}"


def whole(value: Any) -> str:
    """Write a count; a hyphen where there is none.

    Parameters
    ----------
    value : float or None

    Returns
    -------
    str
    """
    return NONE if value is None or value != value else f"{int(value)}"


def mean_sd(middle: Any, spread: Any) -> str:
    """Write an average with what is around it in brackets, such as ``12.3 (4.5)``.

    Parameters
    ----------
    middle, spread : float or None

    Returns
    -------
    str
    """
    return NONE if middle is None or middle != middle else f"{digits(middle)} ({digits(spread)})"


def range_of(middle: Any, low: Any, high: Any) -> str:
    """Write a median with its range or interval, such as ``12.3 (4.5, 20)``.

    Parameters
    ----------
    middle, low, high : float or None

    Returns
    -------
    str
    """
    if middle is None or middle != middle:
        return NONE if low is None or low != low else f"{NONE} ({digits(low)}, {digits(high)})"
    return f"{digits(middle)} ({digits(low)}, {digits(high)})"
