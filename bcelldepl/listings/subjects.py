"""Listings by subject: concentrations, endpoints and results of other assays."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pandas as pd

from bcelldepl.definitions.codes import Method, Qualifier, ResultCode
from bcelldepl.definitions.courses import of_course
from bcelldepl.definitions.endpoints import endpoint_definition
from bcelldepl.definitions.populations import is_result, label_of
from bcelldepl.definitions.result_columns import PERCENT_OF_PARENT
from bcelldepl.definitions.tables import COMPANIONS, COUNTS, DEPLETION_VISITS, ENDPOINTS, POINTS
from bcelldepl.listings.listing import GROUP, Listing, Rows, digits, records, without_empty_groups

__all__ = ["listings_of"]

Read = Callable[[Any], pd.DataFrame]


def listings_of(read: Read) -> Iterator[Listing]:
    """Make the listings.

    Parameters
    ----------
    read : callable
        As for `bcelldepl.listings.tables.tables_of`.

    Yields
    ------
    Listing
        Without the column of the dose groups where there are none.
    """
    yield from without_empty_groups(_listings(read))


def _listings(read: Read) -> Iterator[Listing]:
    points, visits, endpoints = read(POINTS), read(DEPLETION_VISITS), read(ENDPOINTS)
    counts = read(COUNTS)
    in_percent = bool((counts["method"] == Method.PERCENT).any())
    cells: Rows
    headings: tuple[str, ...]
    if in_percent:
        yield _percentages(counts)
    if len(points) and not in_percent:
        headings = (
            "Subject",
            GROUP,
            "Visit",
            "Day",
            "Result",
            "cells/uL",
            "LLOQ",
            "Counts as",
            "In slope",
        )
        cells = tuple(
            (_subject(row), _words(row.dose_group), row.visit, digits(row.day), ResultCode(row.result).symbol,
             digits(row.cells_per_ul), digits(row.lloq_per_ul), row.use, "yes" if row.in_terminal_slope else "")
            for row in records(points)
        )  # fmt: skip
        yield Listing("l_car_t", "16.2.1", "CAR+ T Cells by Subject and Draw", headings,
                      (1.4, 1.6, 1.2, 0.9, 0.8, 1, 0.9, 3, 0.8), cells, (_codes(),), POINTS.file)  # fmt: skip
    if len(visits) and not in_percent:
        headings = ("Subject", GROUP, "Visit", "Day", "Result", "cells/uL", "Upper limit", "% of baseline",
                    "Log10 reduction", "Evidence")  # fmt: skip
        cells = tuple(
            (_subject(row), _words(row.dose_group), f"{row.visit}{' *' if row.is_baseline else ''}", digits(row.day),
             ResultCode(row.result).symbol, digits(row.cells_per_ul), digits(row.upper_limit_per_ul),
             _signed(row.qualifier, row.percent_of_baseline), _signed(_other(row.qualifier), row.log10_reduction),
             row.evidence)
            for row in records(visits)
        )  # fmt: skip
        notes = (f"* Baseline: {visits['baseline'].iloc[0]}.", _codes())
        yield Listing("l_b_cells", "16.2.2", "B Cells by Subject and Draw", headings,
                      (1.4, 1.6, 1.2, 0.9, 0.8, 1, 1, 1.2, 1.2, 1.6), cells, notes, DEPLETION_VISITS.file)  # fmt: skip
    headings = ("Subject", GROUP, "Analyte", "Parameter", "Value", "Unit", "95 % interval", "Note")
    cells = tuple(
        (_subject(row), _words(row.dose_group), label_of(row.analyte), _label(row.parameter),
         _signed(row.qualifier, row.value), row.unit, _interval(row), _words(row.reason))
        for row in records(endpoints)
    )  # fmt: skip
    yield Listing("l_endpoints", "16.2.3", "Endpoints by Subject", headings, (1.3, 1.4, 1.2, 2.2, 1, 1.1, 1.6, 4),
                  cells, ("NE: not evaluable. < and >: a bound.",), ENDPOINTS.file)  # fmt: skip
    companions = read(COMPANIONS)
    if len(companions):
        headings = ("Subject", GROUP, "Visit", "Day", "Test", "Result", "Unit", "Comment")
        cells = tuple(
            (_subject(row), _words(row.dose_group), row.visit, digits(row.day), row.test,
             _words(row.text) or _signed(row.qualifier, row.value), _words(row.unit), _words(row.comment))
            for row in records(companions)
        )  # fmt: skip
        yield Listing("l_companions", "16.2.4", "Results of Other Assays by Subject", headings,
                      (1.4, 1.6, 1.2, 0.9, 2, 1.2, 1, 2.4), cells, (), COMPANIONS.file)  # fmt: skip


def _percentages(counts: pd.DataFrame) -> Listing:
    """Percentages of every tube, in place of the concentrations that the study does not give."""
    own = counts[[is_result(name) for name in counts["population"]]]
    low, high, lloq = PERCENT_OF_PARENT.low, PERCENT_OF_PARENT.high, PERCENT_OF_PARENT.lloq
    cells = tuple(
        (_subject(row), _words(row.dose_group), row.visit, digits(row.day), label_of(row.population),
         ResultCode(row.result).symbol, digits(row.percent_of_parent) if ResultCode(row.result).is_evaluable else "",
         _ends(getattr(row, low), getattr(row, high)), label_of(_words(row.parent)), digits(getattr(row, lloq)),
         digits(row.percent_of_lymphocytes))
        for row in records(own)
    )  # fmt: skip
    headings = ("Subject", GROUP, "Visit", "Day", "Population", "Result", "% of parent", "95 % interval",
                "Parent", "LLOQ [%]", "% of lymphocytes")  # fmt: skip
    return Listing("l_percentages", "16.2.1", "Percentages by Subject and Tube", headings,
                   (1.4, 1.4, 1.2, 0.7, 1.5, 0.7, 1, 1.5, 1.4, 0.9, 1.1), cells, (_codes(),), COUNTS.file)  # fmt: skip


def _subject(row: Any) -> str:
    return of_course(str(row.subject), int(row.course))


def _words(text: Any) -> str:
    return text if isinstance(text, str) else ""


def _label(code: str) -> str:
    known = endpoint_definition(code)
    return known.label if known else code


def _signed(sign: Any, value: Any) -> str:
    if sign == Qualifier.NOT_EVALUABLE or value != value:
        return str(Qualifier.NOT_EVALUABLE)
    return digits(value) if sign == Qualifier.EQUAL else f"{sign}{digits(value)}"


def _other(sign: Any) -> Any:
    return Qualifier.ABOVE if sign == Qualifier.BELOW else sign


def _interval(row: Any) -> str:
    return _ends(row.ci_low, row.ci_high)


def _ends(low: float, high: float) -> str:
    return f"{digits(low)}, {digits(high)}" if low == low else ""


def _codes() -> str:
    return "; ".join(f"{code.symbol}: {code.words}" for code in ResultCode) + "."
