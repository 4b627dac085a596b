"""Rows of ``counts.csv`` as kinetics reads them: once for a study, and what is wrong in a cell is named."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final

import pandas as pd

from bcelldepl.definitions.codes import ResultCode
from bcelldepl.definitions.result_columns import PERCENT_OF_PARENT
from bcelldepl.errors import CountingError
from bcelldepl.study import Role, Study
from bcelldepl.units import CELLS_PER_UL, PERCENT

__all__ = ["INTERVAL", "CountRecord", "count_rows"]

CountRecord = dict[str, Any]

INTERVAL: Final = ("ci_low_per_ul", "ci_high_per_ul")
LIMITS: Final = ("lod_per_ul", "lloq_per_ul")
NEEDED: Final = ("file", "subject", "visit", "day", "population", "cells_per_ul", *LIMITS, "result")
PERCENTAGES: Final = (PERCENT_OF_PARENT.low, PERCENT_OF_PARENT.high)
OPTIONAL: Final = (
    *("dose_group", "reason", "events", "override", "actual_day", "course", "method", "parent_events"),
    *INTERVAL,
    *PERCENTAGES,
)
DAYS: Final = ("day", "actual_day")
OF_EVENTS: Final = ("events", "parent_events", "course")
NUMBERS: Final = (*DAYS, *OF_EVENTS, "cells_per_ul", *LIMITS, *INTERVAL, *PERCENTAGES)


def count_rows(counts: pd.DataFrame, study: Study) -> tuple[CountRecord, ...]:
    """Read counts, and leave out control tubes, which the study knows.

    Parameters
    ----------
    counts : DataFrame
        Rows of ``counts.csv``, in any order.
    study : Study
        A file that it does not name is taken as a sample.

    Returns
    -------
    tuple of dict
        Text and floats by column; what is not known is None. Where the counts have neither `actual_day` nor `course`,
        they are those of the study's tube.

    Raises
    ------
    CountingError
        A column is missing, a number is text or negative, a limit or a quantified number is 0, an interval is the
        wrong way round, a result code is unknown, a subject is empty or not that of the study, or a tube has two
        rows.
    """
    absent = [column for column in NEEDED if column not in counts.columns]
    if absent:
        raise CountingError(f"counts lack the column {absent[0]}", "counts", f"needed: {', '.join(NEEDED)}")
    columns = [*NEEDED, *(column for column in OPTIONAL if column in counts.columns)]
    tubes = {tube.file: tube for tube in study.tubes}
    rows: list[CountRecord] = []
    seen: set[tuple[str, str]] = set()
    for values in counts[columns].to_dict("records"):
        where = f"counts, {values['file']}, {values['population']}"
        row = _read({str(column): value for column, value in values.items()}, where)
        if row["file"] and (row["file"], row["population"]) in seen:
            # Taken for replicates, the same events would count twice and halve the LLOQ.
            raise CountingError("the same tube has two rows", where, "replicates must be separate files")
        seen.add((row["file"], row["population"]))
        tube = tubes.get(row["file"])
        if tube is not None and tube.subject != row["subject"]:
            what = f"{row['file']} is of subject {row['subject']!r} here, of {tube.subject!r} in the sample sheet"
            raise CountingError(what, "counts, subject", "read subjects as text: 007 is not 7")
        if tube is not None and tube.role is not Role.SAMPLE:
            continue
        if row.get("actual_day") is None:
            row["actual_day"] = None if tube is None else tube.actual_day
        if row.get("course") is None:
            row["course"] = 1 if tube is None else tube.course
        row["course"] = int(row["course"])
        rows.append(row)
    return tuple(rows)


def _read(values: CountRecord, where: str) -> CountRecord:
    row = {
        column: _number(value, f"{where}, {column}") if column in NUMBERS else _text(value)
        for column, value in values.items()
    }
    if row["result"] not in list(ResultCode):
        raise CountingError(
            f"{row['result']!r} is not a result code", where, f"known: {', '.join(ResultCode)}"
        )
    if row["day"] is None:
        raise CountingError("the day is empty", where, "every tube has a nominal day")
    if not row["subject"]:
        raise CountingError("the subject is empty", where, "every tube belongs to one")
    _check_numbers(row, list(values), where)
    return row


def _check_numbers(row: CountRecord, columns: Sequence[str], where: str) -> None:
    for column in columns:
        if column in NUMBERS and column not in DAYS and (row[column] or 0.0) < 0:
            unit = column if column in OF_EVENTS else PERCENT if column in PERCENTAGES else CELLS_PER_UL
            raise CountingError(f"{row[column]:g} {unit} is negative", f"{where}, {column}")
        if column in LIMITS and row[column] == 0:
            remedy = "leave it empty where it is not known"
            raise CountingError("a limit is 0 cells/uL", f"{where}, {column}", remedy)
    if row["result"] == ResultCode.QUANTIFIED and row["cells_per_ul"] == 0:
        raise CountingError(
            "0 cells/uL cannot be quantified", where, "a tube without such cells is NOT_DETECTED"
        )
    low, high = (row.get(end) for end in INTERVAL)
    if low is not None and high is not None and low > high:
        raise CountingError(f"the interval ends before it begins: {low:g} to {high:g} cells/uL", where)


def _number(value: Any, where: str) -> float | None:
    if value is None or value is pd.NA or value == "":
        return None
    try:
        number = float(value)
    except (TypeError, ValueError):
        remedy = "limits belong in the columns lod_per_ul and lloq_per_ul"
        raise CountingError(f"{value!r} is not a number", where, remedy) from None
    if math.isinf(number):
        raise CountingError("a number is infinite", where)
    return None if math.isnan(number) else number


def _text(value: Any) -> str:
    missing = value is None or value is pd.NA or (isinstance(value, float) and math.isnan(value))
    return "" if missing else str(value)
