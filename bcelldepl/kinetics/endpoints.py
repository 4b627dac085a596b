"""Endpoints of a study, and the decisions behind them as tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from bcelldepl.definitions.endpoints import endpoint_definitions
from bcelldepl.definitions.populations import Kinetics, analytes
from bcelldepl.kinetics.cellular import CellularKinetics, analyse_cellular
from bcelldepl.kinetics.courses import courses
from bcelldepl.kinetics.depletion import Depletion, analyse_depletion, depth_of
from bcelldepl.kinetics.endpoint import Endpoint, table_of
from bcelldepl.kinetics.override_marks import OverrideMarks
from bcelldepl.kinetics.propagation import with_intervals
from bcelldepl.kinetics.safeguard import safely
from bcelldepl.kinetics.visits import Course
from bcelldepl.study import EndpointSettings, Study

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["cellular_of", "depletion_of", "endpoints_table"]


def endpoints_table(counts: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Compute every endpoint of every subject.

    Parameters
    ----------
    counts : DataFrame
        Rows of ``counts.csv``, in any order.
    study : Study
        Gives actual days, dose groups, windows and thresholds.

    Returns
    -------
    DataFrame
        The columns of ``endpoints.csv``, in order; rows by subject, analyte (CAR+ T cells, then B cells) and
        parameter. Every subject has every parameter; one that cannot be evaluated says why. An analyte that
        the counts do not report for any subject has no rows.

    Raises
    ------
    CountingError
        A column of the counts is missing or holds what it cannot.
    """
    analyses: list[CellularKinetics | Depletion] = [*cellular_of(counts, study), *depletion_of(counts, study)]
    return table_of(_rows(analyses, study, OverrideMarks(counts, study)))


def cellular_of(counts: pd.DataFrame, study: Study) -> tuple[CellularKinetics, ...]:
    """Analyse CAR+ T cells of every subject; empty where no tube reports them.

    Parameters
    ----------
    counts : DataFrame
        Rows of ``counts.csv``.
    study : Study

    Returns
    -------
    tuple of CellularKinetics
    """
    analyse = partial(analyse_cellular, auc_days=study.endpoints.auc_days)
    return tuple(
        safely(analyse, course)
        for analyte in _reported(counts, Kinetics.EXPANSION)
        for course in courses(counts, study, analyte)
    )


def depletion_of(counts: pd.DataFrame, study: Study) -> tuple[Depletion, ...]:
    """Analyse B cells of every subject; empty where no tube reports them.

    Parameters
    ----------
    counts : DataFrame
        Rows of ``counts.csv``.
    study : Study

    Returns
    -------
    tuple of Depletion
    """
    settings = study.endpoints
    found: list[Depletion] = []
    for analyte in _reported(counts, Kinetics.DEPLETION):
        in_blood = courses(counts, study, analyte)
        if settings.denominator == "blood":
            judged = in_blood
            thresholds = (settings.depletion_threshold_per_ul, settings.reconstitution_threshold_per_ul)
        else:
            judged = courses(counts, study, analyte, settings.denominator)
            thresholds = (settings.depletion_threshold_percent, settings.reconstitution_threshold_percent)
        analyse = partial(_analyse_depletion, thresholds=thresholds, settings=settings)
        found += [safely(analyse, *pair) for pair in zip(in_blood, judged, strict=True)]
    return tuple(found)


def _analyse_depletion(
    course: Course, judged: Course, *, thresholds: tuple[float, float], settings: EndpointSettings
) -> Depletion:
    confirm = settings.confirm_visits, settings.confirm_within_days
    return analyse_depletion(course, *thresholds, *confirm, judged=judged)


def _reported(counts: pd.DataFrame, kinetics: Kinetics) -> list[str]:
    return [analyte for analyte in analytes(kinetics) if (counts["population"] == analyte).any()]


def _rows(
    analyses: Sequence[CellularKinetics | Depletion], study: Study, override_marks: OverrideMarks
) -> Iterator[tuple[str, str, str, str, Endpoint]]:
    known = endpoint_definitions(study.endpoints.auc_days)
    by_subject: dict[str, list[CellularKinetics | Depletion]] = {}
    for analysed in analyses:
        by_subject.setdefault(analysed.course.subject, []).append(analysed)
    for subject, of_subject in by_subject.items():
        for analysed in of_subject:
            analyte = analysed.course.population
            for one in _with_intervals(analysed, study):
                marked = override_marks.mark(subject, analyte, one)
                yield subject, analysed.course.dose_group, analyte, known[one.parameter].unit, marked


def _with_intervals(analysed: CellularKinetics | Depletion, study: Study) -> list[Endpoint]:
    """Endpoints with their intervals; without them where the program itself stumbles over these."""
    try:
        return _intervals(analysed, study)
    except Exception as error:
        why = f"no interval, by an error of the program itself: {type(error).__name__}: {error}"
        return [
            replace(one, reason=f"{one.reason}; {why}" if one.reason else why) for one in analysed.endpoints
        ]


def _intervals(analysed: CellularKinetics | Depletion, study: Study) -> list[Endpoint]:
    if isinstance(analysed, CellularKinetics):
        days = study.endpoints.auc_days
        return with_intervals(
            analysed.course, analysed.endpoints, lambda course: analyse_cellular(course, days).endpoints
        )
    return with_intervals(analysed.course, analysed.endpoints, depth_of)
