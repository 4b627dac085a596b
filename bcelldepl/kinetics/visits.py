"""From rows of ``counts.csv`` to each subject's course: one result per draw, on actual days where known.

A draw counted in several tubes is one result: evaluable tubes are pooled as if their blood had been one
sample, so that events and volumes add up. The pooled concentration is the mean weighted by 1/LLOQ (the LLOQ
is a number of events divided by the volume), and the pooled LLOQ is 1 / sum(1/LLOQ).
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import pandas as pd

from bcelldepl.counting.limits import ResultCode
from bcelldepl.errors import CountingError
from bcelldepl.study import Role, Study
from bcelldepl.study.tubes import Tube
from bcelldepl.units import CELLS_PER_UL, PERCENT

__all__ = ["Course", "Visit", "courses"]

NUMBERS: Final = ("day", "events", "cells_per_ul", "lod_per_ul", "lloq_per_ul")
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
ONE_DRAW_DAYS: Final = 1.0 / 24.0  # tubes of one visit that lie this close together are one draw
EVALUABLE: Final = (ResultCode.QUANTIFIED, ResultCode.DETECTED_BELOW_LLOQ, ResultCode.NOT_DETECTED)


@dataclass(frozen=True)
class Visit:
    """What is known of one population on one day.

    Attributes
    ----------
    visit : str
        Name of the visit; names joined by ``/`` where draws of one moment carry several.
    day : float
        Days since infusion, actual where known, else nominal; 0 or below is before the infusion.
    nominal_day : float
    is_actual : bool
        Whether `day` is the actual one.
    result : ResultCode
    value : float or None
        In the unit of the course; a number below the LLOQ is kept but is no measurement. None: not evaluable.
    lod, lloq : float or None
        Limits in the same unit.
    files : tuple of str
        The tubes that were pooled; the ones that could not be evaluated where there is nothing else.
    reason : str
        Why the visit cannot be evaluated, or what was pooled; empty where nothing is to say.
    """

    visit: str
    day: float
    nominal_day: float
    is_actual: bool
    result: ResultCode
    value: float | None
    lod: float | None
    lloq: float | None
    files: tuple[str, ...]
    reason: str = ""

    @property
    def is_evaluable(self) -> bool:
        """Whether the visit says anything of the population."""
        return self.result in EVALUABLE

    @property
    def is_quantified(self) -> bool:
        """Whether `value` is a measurement."""
        return self.result is ResultCode.QUANTIFIED

    @property
    def at_most(self) -> float:
        """The value, or the limit above it: LOD if not detected, LLOQ if detected; else infinity."""
        if self.result is ResultCode.QUANTIFIED and self.value is not None:
            return self.value
        limit = {ResultCode.DETECTED_BELOW_LLOQ: self.lloq, ResultCode.NOT_DETECTED: self.lod}.get(
            self.result
        )
        return math.inf if limit is None else limit


@dataclass(frozen=True)
class Course:
    """One population of one subject over all its visits.

    Attributes
    ----------
    subject, dose_group, population, unit : str
    visits : tuple of Visit
        By day; days are unique.
    """

    subject: str
    dose_group: str
    population: str
    unit: str
    visits: tuple[Visit, ...]

    @property
    def evaluable(self) -> tuple[Visit, ...]:
        """Visits that say anything."""
        return tuple(visit for visit in self.visits if visit.is_evaluable)

    @property
    def before(self) -> tuple[Visit, ...]:
        """Evaluable visits before the infusion."""
        return tuple(visit for visit in self.evaluable if visit.day <= 0)

    @property
    def after(self) -> tuple[Visit, ...]:
        """Evaluable visits after the infusion."""
        return tuple(visit for visit in self.evaluable if visit.day > 0)

    @property
    def missing(self) -> tuple[Visit, ...]:
        """Visits after the infusion that say nothing."""
        return tuple(visit for visit in self.visits if visit.day > 0 and not visit.is_evaluable)


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
        A column is missing, a number is text, a result code is unknown, or a concentration is negative.
    """
    rows = _checked(counts, NEEDED if denominator is None else (*NEEDED, "events"))
    tubes = {tube.file: tube for tube in study.tubes}
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
        Course(subject, group, population, unit, tuple(_draws(by_subject[subject])))
        for subject, group in groups.items()
    )


def _percent(
    row: dict[str, Any], total: float | None, denominator: str, lod_events: float, lloq_events: float
) -> dict[str, Any]:
    """Return a row with percent of another population in place of cells per microlitre."""
    if not total or row["events"] is None:
        unknown = {"cells_per_ul": None, "lod_per_ul": None, "lloq_per_ul": None}
        return (
            row | unknown | {"result": ResultCode.NOT_EVALUABLE, "reason": f"no {denominator} were counted"}
        )
    events = {"cells_per_ul": row["events"], "lod_per_ul": lod_events, "lloq_per_ul": lloq_events}
    return row | {column: 100.0 * number / total for column, number in events.items()}


def _checked(counts: pd.DataFrame, needed: Sequence[str]) -> list[dict[str, Any]]:
    """Return rows as dictionaries with plain text and floats; NaN becomes None."""
    absent = [column for column in needed if column not in counts.columns]
    if absent:
        raise CountingError(f"counts lack the column {absent[0]}", "counts", f"needed: {', '.join(needed)}")
    columns = [column for column in (*needed, "dose_group", "reason") if column in counts.columns]
    rows: list[dict[str, Any]] = []
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
        if (row["cells_per_ul"] or 0.0) < 0:
            raise CountingError(f"{row['cells_per_ul']:g} cells/uL is negative", where)
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
    if result in EVALUABLE and row["cells_per_ul"] is None:
        result, reason = ResultCode.NOT_EVALUABLE, reason or "a concentration is missing"
    evaluable = result in EVALUABLE
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
        reason="" if evaluable else reason or result.replace("_", " ").lower(),
    )


def _draws(tubes: Iterable[Visit]) -> list[Visit]:
    """Pool the tubes of each draw; the result has one visit per day."""
    draws: list[list[Visit]] = []
    for tube in sorted(tubes, key=lambda tube: (tube.day, tube.visit, tube.files)):
        first = next((draw for draw in reversed(draws) if _same_draw(draw[0], tube)), None)
        if first is None:
            draws.append([tube])
        else:
            first.append(tube)
    return sorted((_pooled(draw) for draw in draws), key=lambda visit: visit.day)


def _same_draw(one: Visit, other: Visit) -> bool:
    if one.day == other.day:
        return True
    same_side = (one.day <= 0) == (other.day <= 0)
    return same_side and one.visit == other.visit and abs(one.day - other.day) <= ONE_DRAW_DAYS


def _pooled(draw: Sequence[Visit]) -> Visit:
    good = [tube for tube in draw if tube.is_evaluable] or list(draw)
    if len(draw) == 1:
        return draw[0]
    names = "/".join(dict.fromkeys(tube.visit for tube in draw))
    files = tuple(tube.files[0] for tube in good)
    first = good[0]
    if not first.is_evaluable:
        return replace(first, visit=names, files=files)
    weights = [1.0 / tube.lloq if tube.lloq else 0.0 for tube in good]
    if not all(weights):
        weights = [1.0] * len(good)
    value = math.fsum(w * (tube.value or 0.0) for w, tube in zip(weights, good, strict=True)) / math.fsum(
        weights
    )
    lod, lloq = _pooled_limit([tube.lod for tube in good]), _pooled_limit([tube.lloq for tube in good])
    left_out = len(draw) - len(good)
    reason = f"{len(good)} tubes pooled" + (f", {left_out} not evaluable left out" if left_out else "")
    result = _pooled_result(good, value, lod, lloq)
    return replace(
        first, visit=names, result=result, value=value, lod=lod, lloq=lloq, files=files, reason=reason
    )


def _pooled_limit(limits: Sequence[float | None]) -> float | None:
    known = [limit for limit in limits if limit]
    return 1.0 / math.fsum(1.0 / limit for limit in known) if len(known) == len(limits) else None


def _pooled_result(good: Sequence[Visit], value: float, lod: float | None, lloq: float | None) -> ResultCode:
    if lod is None or lloq is None:
        # Without limits the pool is worth what its least certain tube is.
        return max((tube.result for tube in good), key=list(ResultCode).index)
    # Numbers of counts.csv have 6 digits: exactly 50 events may read as 4.999999e1 of them.
    if value >= lloq * (1 - 1e-5):
        return ResultCode.QUANTIFIED
    return ResultCode.DETECTED_BELOW_LLOQ if value >= lod * (1 - 1e-5) else ResultCode.NOT_DETECTED
