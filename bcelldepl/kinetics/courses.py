"""From rows of ``counts.csv`` to each subject's course, on actual days where known; wrong cells are named."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from typing import Any, Final

import pandas as pd

from bcelldepl.counting.intervals import Z_95
from bcelldepl.definitions.codes import ResultCode
from bcelldepl.definitions.reasons import Reason
from bcelldepl.errors import CountingError
from bcelldepl.kinetics.replicates import pool_draws
from bcelldepl.kinetics.visits import Course, Visit
from bcelldepl.study import Role, Study
from bcelldepl.study.tubes import Tube
from bcelldepl.units import CELLS_PER_UL, PERCENT

__all__ = ["courses"]

INTERVAL: Final = ("ci_low_per_ul", "ci_high_per_ul")
NUMBERS: Final = ("day", "events", "cells_per_ul", "lod_per_ul", "lloq_per_ul", *INTERVAL)
NEEDED: Final = (
    "file",
    "subject",
    "visit",
    "day",
    "population",
    "cells_per_ul",
    "lod_per_ul",
    "lloq_per_ul",
    "result",
)


def courses(
    counts: pd.DataFrame, study: Study, population: str, denominator: str | None = None
) -> tuple[Course, ...]:
    """Arrange counts of one population by subject and day.

    Parameters
    ----------
    counts : DataFrame
        Rows of ``counts.csv``, in any order. Rows of control tubes, which the study knows, are left out.
    study : Study
        Its tubes give actual days and dose groups. A file that the study does not name is taken as a sample
        on its nominal day.
    population : str
        As in the column `population`.
    denominator : str, optional
        Another population: values and limits are then percent of its events in the same tube.

    Returns
    -------
    tuple of Course
        One per subject, in the order of the study, then subjects that only the counts name. A subject without
        a row of this population has no visits.

    Raises
    ------
    CountingError
        A column is missing, a number is text or negative, a limit or a quantified number is 0, an interval is the
        wrong way round, a result code is unknown, a subject is empty or not that of the study, or a tube has two
        rows.
    """
    rows = _checked(counts, NEEDED if denominator is None else (*NEEDED, "events"))
    tubes = {tube.file: tube for tube in study.tubes}
    for row in rows:
        tube = tubes.get(row["file"])
        if tube is not None and tube.subject != row["subject"]:
            what = f"{row['file']} is of subject {row['subject']!r} here, of {tube.subject!r} in the sample sheet"
            raise CountingError(what, "counts, subject", "read subjects as text: 007 is not 7")
    rows = [row for row in rows if (tube := tubes.get(row["file"])) is None or tube.role is Role.SAMPLE]
    groups = {tube.subject: tube.dose_group for tube in study.tubes}
    for row in rows:
        groups.setdefault(row["subject"], row.get("dose_group") or "")
    own = [row for row in rows if row["population"] == population]
    if denominator is not None:
        total = {row["file"]: row["events"] for row in rows if row["population"] == denominator}
        limits = (float(study.limits.lod_events), float(study.limits.lloq_events))
        own = [_percent(row, total.get(row["file"]), denominator, *limits) for row in own]
    by_subject: dict[str, list[Visit]] = defaultdict(list)
    for row in own:
        by_subject[row["subject"]].append(_one_tube(row, tubes.get(row["file"])))
    unit = CELLS_PER_UL if denominator is None else PERCENT
    return tuple(
        Course(subject, group, population, unit, tuple(pool_draws(by_subject[subject])))
        for subject, group in groups.items()
    )


def _percent(
    row: dict[str, Any], total: float | None, denominator: str, lod_events: float, lloq_events: float
) -> dict[str, Any]:
    """Return a row with percent of another population in place of cells per microlitre."""
    if not total or row["events"] is None:
        unknown = {"cells_per_ul": None, "lod_per_ul": None, "lloq_per_ul": None}
        reason = Reason.NOTHING_COUNTED.format(population=denominator)
        return row | unknown | {"result": ResultCode.NOT_EVALUABLE, "reason": reason}
    events = {"cells_per_ul": row["events"], "lod_per_ul": lod_events, "lloq_per_ul": lloq_events}
    return row | {column: 100.0 * number / total for column, number in events.items()}


def _checked(counts: pd.DataFrame, needed: Sequence[str]) -> list[dict[str, Any]]:
    """Return rows as dictionaries with plain text and floats; NaN becomes None."""
    absent = [column for column in needed if column not in counts.columns]
    if absent:
        raise CountingError(f"counts lack the column {absent[0]}", "counts", f"needed: {', '.join(needed)}")
    columns = [column for column in (*needed, "dose_group", "reason", *INTERVAL) if column in counts.columns]
    rows: list[dict[str, Any]] = []
    seen: set[tuple[str, str]] = set()
    for values in counts[list(dict.fromkeys(columns))].to_dict("records"):
        row: dict[str, Any] = {}
        where = f"counts, {values['file']}, {values['population']}"
        for column, value in values.items():
            row[str(column)] = _number(value, f"{where}, {column}") if column in NUMBERS else _text(value)
        if row["result"] not in list(ResultCode):
            raise CountingError(
                f"{row['result']!r} is not a result code", where, f"known: {', '.join(ResultCode)}"
            )
        if row["day"] is None:
            raise CountingError("the day is empty", where, "every tube has a nominal day")
        if not row["subject"]:
            raise CountingError("the subject is empty", where, "every tube belongs to one")
        for column in columns:
            if column in NUMBERS and column != "day" and (row[column] or 0.0) < 0:
                unit = "events" if column == "events" else "cells/uL"
                raise CountingError(f"{row[column]:g} {unit} is negative", f"{where}, {column}")
            if column in ("lod_per_ul", "lloq_per_ul") and row[column] == 0:
                remedy = "leave it empty where it is not known"
                raise CountingError("a limit is 0 cells/uL", f"{where}, {column}", remedy)
        if row["result"] == ResultCode.QUANTIFIED and row["cells_per_ul"] == 0:
            raise CountingError(
                "0 cells/uL cannot be quantified", where, "a tube without such cells is NOT_DETECTED"
            )
        low, high = (row.get(end) for end in INTERVAL)
        if low is not None and high is not None and low > high:
            raise CountingError(f"the interval ends before it begins: {low:g} to {high:g} cells/uL", where)
        if row["file"] and (row["file"], row["population"]) in seen:
            # Taken for replicates, the same events would count twice and halve the LLOQ.
            raise CountingError("the same tube has two rows", where, "replicates are files of their own")
        seen.add((row["file"], row["population"]))
        rows.append(row)
    return rows


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
    return (
        ""
        if value is None or value is pd.NA or (isinstance(value, float) and math.isnan(value))
        else str(value)
    )


def _one_tube(row: dict[str, Any], tube: Tube | None) -> Visit:
    actual = None if tube is None else tube.actual_day
    result, reason = ResultCode(row["result"]), row.get("reason", "")
    if result.is_evaluable and row["cells_per_ul"] is None:
        result, reason = ResultCode.NOT_EVALUABLE, reason or str(Reason.NO_CONCENTRATION)
    evaluable = result.is_evaluable
    return Visit(
        visit=row["visit"],
        day=row["day"] if actual is None else actual,
        nominal_day=row["day"],
        is_actual=actual is not None,
        result=result,
        value=row["cells_per_ul"] if evaluable else None,
        lod=row["lod_per_ul"],
        lloq=row["lloq_per_ul"],
        files=(row["file"],),
        reason="" if evaluable else reason or result.words,
        log_error=_log_error(row) if evaluable else 0.0,
    )


def _log_error(row: dict[str, Any]) -> float:
    """Standard error of the logarithm of a concentration, from the 95 % interval that the counts give it."""
    low, high = (row.get(end) for end in INTERVAL)
    return (math.log(high) - math.log(low)) / (2.0 * Z_95) if low and high else 0.0
