"""A study's kinetics, computed once: courses, what each came to, and the endpoints; tables and figures read it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

from bcelldepl.definitions.codes import Method
from bcelldepl.definitions.endpoints import endpoint_definitions
from bcelldepl.definitions.populations import Kinetics, analytes, is_result
from bcelldepl.definitions.reasons import Reason
from bcelldepl.kinetics.cellular import CellularKinetics, analyse_cellular
from bcelldepl.kinetics.count_rows import CountRecord, count_rows
from bcelldepl.kinetics.courses import PARENT, courses
from bcelldepl.kinetics.depletion import Depletion, analyse_depletion
from bcelldepl.kinetics.depth import depth_of
from bcelldepl.kinetics.endpoint import Endpoint, joined, not_evaluable, table_of
from bcelldepl.kinetics.override_marks import OverrideMarks
from bcelldepl.kinetics.propagation import with_intervals
from bcelldepl.kinetics.safeguard import safely
from bcelldepl.kinetics.visits import Course
from bcelldepl.study import Study

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["StudyKinetics", "analyse_study", "endpoints_table"]


@dataclass(frozen=True, repr=False)
class StudyKinetics:
    """What the counts of a study come to.

    Attributes
    ----------
    study : Study
    courses : dict of str to tuple of Course
        By population, every subject and course of each.
    cellular : tuple of CellularKinetics
        CAR+ T cells; empty where no tube reports them.
    depletion : tuple of Depletion
        B cells; empty where no tube reports them.
    endpoints : DataFrame
        As ``endpoints.csv`` holds it.
    percentages : dict of str to tuple of Course
        By population, in percent of its parent, where percentages are the results of the study; else empty.
    """

    study: Study
    courses: Mapping[str, tuple[Course, ...]]
    cellular: tuple[CellularKinetics, ...]
    depletion: tuple[Depletion, ...]
    endpoints: pd.DataFrame
    percentages: Mapping[str, tuple[Course, ...]] = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"StudyKinetics({self.study.id}, {len(self.groups)} courses, {', '.join(self.courses)})"

    def _repr_html_(self) -> str:
        from bcelldepl.html_pages import titled_table

        return titled_table(repr(self), self.endpoints)

    @property
    def groups(self) -> dict[tuple[str, int], str]:
        """Dose group by subject and course, in the order of the study."""
        found: dict[tuple[str, int], str] = {}
        for of_population in self.courses.values():
            found |= {course.key: course.dose_group for course in of_population}
        return found


def analyse_study(counts: pd.DataFrame, study: Study) -> StudyKinetics:
    """Compute the kinetics and the depletion of every subject and course.

    Parameters
    ----------
    counts : DataFrame
        Rows of ``counts.csv``, in any order.
    study : Study
        Gives dose groups, windows, thresholds, the rule of the baseline, and actual days where the counts have none.

    Returns
    -------
    StudyKinetics

    Raises
    ------
    CountingError
        A column of the counts is missing or holds what it cannot.
    """
    rows = count_rows(counts, study)
    populations = dict.fromkeys(row["population"] for row in rows)
    by_population = {population: courses(rows, study, population) for population in populations}
    cellular = tuple(_cellular(by_population, study))
    depletion = tuple(_depletion(by_population, rows, study))
    without_amounts = all(row["cells_per_ul"] is None for row in rows)
    in_percent = without_amounts and any(row.get("method") == Method.PERCENT for row in rows)
    endpoints = table_of(_rows([*cellular, *depletion], study, OverrideMarks(rows), in_percent))
    of_parent = {
        population: courses(rows, study, population, PARENT)
        for population in populations
        if in_percent and is_result(population)
    }
    return StudyKinetics(study, by_population, cellular, depletion, endpoints, of_parent)


def endpoints_table(counts: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Compute every endpoint of every subject and course.

    Parameters
    ----------
    counts : DataFrame
        Rows of ``counts.csv``, in any order.
    study : Study
        As for `analyse_study`.

    Returns
    -------
    DataFrame
        The columns of ``endpoints.csv``, in order; rows by subject, course, analyte (CAR+ T cells, then B cells) and
        parameter. Every subject has every parameter; one that cannot be evaluated says why. An analyte that
        the counts do not report for any subject has no rows.
    """
    return analyse_study(counts, study).endpoints


def _cellular(by_population: Mapping[str, tuple[Course, ...]], study: Study) -> Iterator[CellularKinetics]:
    analyse = _cellular_analysis(study)
    for analyte in analytes(Kinetics.EXPANSION):
        for course in by_population.get(analyte, ()):
            yield safely(analyse, course)


def _cellular_analysis(study: Study) -> partial[CellularKinetics]:
    settings = study.endpoints
    return partial(
        analyse_cellular, auc_days=settings.auc_days, window_tolerance_days=settings.window_tolerance_days
    )


def _depletion(
    by_population: Mapping[str, tuple[Course, ...]], rows: Sequence[CountRecord], study: Study
) -> Iterator[Depletion]:
    settings = study.endpoints

    def analyse(course: Course, judged: Course) -> Depletion:
        return analyse_depletion(course, settings, judged)

    for analyte in analytes(Kinetics.DEPLETION):
        in_blood = by_population.get(analyte, ())
        population = settings.denominator_population
        in_percent = population is not None and bool(in_blood)
        judged = courses(rows, study, analyte, population) if in_percent else in_blood
        for pair in zip(in_blood, judged, strict=True):
            yield safely(analyse, *pair)


def _rows(
    analyses: Sequence[CellularKinetics | Depletion],
    study: Study,
    override_marks: OverrideMarks,
    in_percent: bool,
) -> Iterator[tuple[Course, str, str, Endpoint]]:
    """Course, unit, rule of the baseline and endpoint, by subject and course."""
    known = endpoint_definitions(study.endpoints.auc_days)
    by_course: dict[tuple[str, int], list[CellularKinetics | Depletion]] = {}
    for analysed in analyses:
        by_course.setdefault(analysed.course.key, []).append(analysed)
    for of_course in by_course.values():
        for analysed in of_course:
            for one in _with_intervals(analysed, study):
                definition = known[one.parameter]
                rule = study.endpoints.baseline_words if definition.needs_baseline else ""
                if in_percent and not (definition.by_threshold and study.endpoints.denominator_population):
                    one = not_evaluable(one.parameter, str(Reason.PERCENTAGES_ONLY))
                yield analysed.course, definition.unit, rule, override_marks.mark(analysed.course, one)


def _with_intervals(analysed: CellularKinetics | Depletion, study: Study) -> list[Endpoint]:
    """Endpoints with their intervals; without them where the program itself stumbles over these."""
    try:
        return _intervals(analysed, study)
    except Exception as error:
        why = f"no interval, because of an error in the program: {type(error).__name__}: {error}"
        return [replace(one, reason=joined(one.reason, why)) for one in analysed.endpoints]


def _intervals(analysed: CellularKinetics | Depletion, study: Study) -> list[Endpoint]:
    if isinstance(analysed, CellularKinetics):
        analyse = _cellular_analysis(study)
        return with_intervals(analysed.course, analysed.endpoints, lambda course: analyse(course).endpoints)
    settings = study.endpoints
    return with_intervals(analysed.course, analysed.endpoints, lambda course: depth_of(course, settings))
