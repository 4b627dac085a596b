"""From rows of counts to each subject's course: draws by day, with one baseline and one infusion each."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

from bcelldepl.counting.intervals import Z_95
from bcelldepl.definitions.codes import Method, ResultCode
from bcelldepl.definitions.reasons import Reason
from bcelldepl.definitions.result_columns import PERCENT_OF_PARENT
from bcelldepl.errors import CountingError
from bcelldepl.kinetics.count_rows import INTERVAL, CountRecord
from bcelldepl.kinetics.endpoint import joined
from bcelldepl.kinetics.replicates import pool_draws
from bcelldepl.kinetics.visits import Course, Visit
from bcelldepl.study import Study, Tube
from bcelldepl.units import CELLS_PER_UL, PERCENT

__all__ = ["PARENT", "courses", "one_per_visit"]

PARENT: Final = "parent"
PER_UL: Final = ("cells_per_ul", "lod_per_ul", "lloq_per_ul", *INTERVAL)
Key = tuple[str, int]


@dataclass
class _Subject:
    """What the study says of a course, besides its draws."""

    dose_group: str = ""
    lymphodepletion_day: float | None = None
    cutoff_day: float | None = None


def courses(
    rows: Sequence[CountRecord], study: Study, population: str, denominator: str | None = None
) -> tuple[Course, ...]:
    """Arrange counts of one population by subject, course and day.

    Parameters
    ----------
    rows : sequence of CountRecord
        From `count_rows`.
    study : Study
        Gives dose groups, days of lymphodepletion and the settings: actual or nominal days, and the cut-off date.
    population : str
        As in the column `population`.
    denominator : str, optional
        Another population, or `PARENT` for that which each row names: values and limits are then percent of its events
        in the same tube.

    Returns
    -------
    tuple of Course
        One per subject and course, in the order of the study, then those that only the counts name. A subject without
        a row of this population has no visits.

    Raises
    ------
    CountingError
        There are no events of the tubes of which percentages could be made.
    """
    tubes = {tube.file: tube for tube in study.tubes}
    known = _subjects(study, rows)
    own = [
        row for row in rows if row["population"] == population and not _is_cut(tubes.get(row["file"]), study)
    ]
    if denominator is not None:
        if own and "events" not in own[0]:
            raise CountingError("counts lack the column events", "counts", f"needed for % of {denominator}")
        total = {row["file"]: row["events"] for row in rows if row["population"] == denominator}
        if denominator == PARENT:
            total = {row["file"]: row.get("parent_events") for row in own}
        lod, lloq = float(study.limits.lod_events), float(study.limits.lloq_events)
        own = [_percent(row, total.get(row["file"]), denominator, lod, lloq) for row in own]
    draws: dict[Key, list[Visit]] = defaultdict(list)
    for row in own:
        draws[row["subject"], row["course"]].append(_one_tube(row))
    unit = CELLS_PER_UL if denominator is None else PERCENT
    nominal = study.endpoints.time == "nominal"
    found = []
    for (subject, number), facts in known.items():
        visits = tuple(pool_draws(draws[subject, number]))
        course = Course(subject, facts.dose_group, population, unit, visits, number, facts.lymphodepletion_day,
                        facts.cutoff_day)  # fmt: skip
        found.append(_on_nominal_days(course) if nominal else course)
    return tuple(found)


def one_per_visit(course: Course) -> dict[tuple[float, str], Visit]:
    """Choose the draw of a subject that stands for each planned visit.

    Where a visit was made twice, an evaluable draw goes first, then the one nearest to the plan, then the
    earlier.

    Parameters
    ----------
    course : Course

    Returns
    -------
    dict of (nominal day, name) to Visit
    """
    chosen: dict[tuple[float, str], Visit] = {}
    for visit in course.visits:
        key = (visit.nominal_day, visit.visit)
        if key not in chosen or _rank(visit) < _rank(chosen[key]):
            chosen[key] = visit
    return chosen


def _rank(visit: Visit) -> tuple[bool, float, float]:
    return not visit.is_evaluable, abs(visit.day - visit.nominal_day), visit.day


def _on_nominal_days(course: Course) -> Course:
    """Put every draw on the day of its plan; of several of one day that which stands for it, and it says so."""
    by_day: dict[float, list[Visit]] = defaultdict(list)
    for visit in course.visits:
        by_day[visit.nominal_day].append(visit)
    visits = []
    for day, draws in sorted(by_day.items()):
        best = min(draws, key=_rank)
        left = "; ".join(f"draw of day {one.day:.4g} left out" for one in draws if one is not best)
        reason = joined(best.reason, left)
        visits.append(replace(best, day=day, is_actual=False, reason=reason))
    return replace(course, visits=tuple(visits))


def _subjects(study: Study, rows: Iterable[CountRecord]) -> Mapping[Key, _Subject]:
    """Facts of every course, by subject and number."""
    settings = study.endpoints
    cutoff = None if settings.data_cutoff is None else date.fromisoformat(settings.data_cutoff)
    known: dict[Key, _Subject] = {}
    for tube in study.tubes:
        facts = known.setdefault((tube.subject, tube.course), _Subject())
        facts.dose_group = facts.dose_group or tube.dose_group
        if facts.lymphodepletion_day is None:
            facts.lymphodepletion_day = tube.lymphodepletion_day
        if cutoff is not None and tube.infused is not None:
            facts.cutoff_day = float((cutoff - tube.infused.date()).days)
    for row in rows:
        facts = known.setdefault((row["subject"], row["course"]), _Subject())
        facts.dose_group = facts.dose_group or row.get("dose_group") or ""
    for facts in known.values():
        if facts.lymphodepletion_day is None:
            facts.lymphodepletion_day = settings.lymphodepletion_day
    return known


def _is_cut(tube: Tube | None, study: Study) -> bool:
    """Whether a tube was drawn after the data cut-off date."""
    cutoff = study.endpoints.data_cutoff
    drawn = None if tube is None else tube.collected
    return cutoff is not None and drawn is not None and drawn.date().isoformat() > cutoff


def _percent(
    row: CountRecord, total: float | None, denominator: str, lod_events: float, lloq_events: float
) -> CountRecord:
    """Return a row with percent of another population in place of cells per microlitre."""
    if not total or row["events"] is None:
        unknown = dict.fromkeys(PER_UL)
        reason = Reason.NOTHING_COUNTED.format(population=denominator)
        return row | unknown | {"result": ResultCode.NOT_EVALUABLE, "reason": reason}
    events = {"cells_per_ul": row["events"], "lod_per_ul": lod_events, "lloq_per_ul": lloq_events}
    percent = {column: 100.0 * number / total for column, number in events.items()}
    if denominator == PARENT:
        low, high = row.get(PERCENT_OF_PARENT.low), row.get(PERCENT_OF_PARENT.high)
        return row | percent | dict(zip(INTERVAL, (low, high), strict=True))
    # The interval is that of the count; the error of the many cells in the denominator is left out.
    factor = percent["lloq_per_ul"] / row["lloq_per_ul"] if row["lloq_per_ul"] else None
    ends = {end: row[end] * factor if factor and row.get(end) is not None else None for end in INTERVAL}
    return row | percent | ends


def _one_tube(row: CountRecord) -> Visit:
    actual = row["actual_day"]
    result, reason = ResultCode(row["result"]), row.get("reason", "")
    if result.is_evaluable and row["cells_per_ul"] is None:
        in_percent = row.get("method") == Method.PERCENT
        missing = Reason.PERCENTAGES_ONLY if in_percent else Reason.NO_CONCENTRATION
        result, reason = ResultCode.NOT_EVALUABLE, reason or str(missing)
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
        upper=row.get("ci_high_per_ul") if evaluable else None,
    )


def _log_error(row: CountRecord) -> float:
    """Standard error of the logarithm of a concentration, from the 95 % interval that the counts give it."""
    low, high = (row.get(end) for end in INTERVAL)
    return (math.log(high) - math.log(low)) / (2.0 * Z_95) if low and high else 0.0
