"""Endpoints of a study, and the decisions behind them as tables."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from bcelldepl.kinetics.by_hand import ByHand
from bcelldepl.kinetics.cellular import CellularKinetics, analyse_cellular
from bcelldepl.kinetics.courses import courses
from bcelldepl.kinetics.depletion import Depletion, analyse_depletion, depth_of
from bcelldepl.kinetics.endpoint import Endpoint, table_of
from bcelldepl.kinetics.parameters import CAR_T, B, parameters
from bcelldepl.kinetics.propagation import with_intervals
from bcelldepl.kinetics.safeguard import safely
from bcelldepl.kinetics.visits import Course
from bcelldepl.study import Study

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
    kinetics = {one.course.subject: one for one in cellular_of(counts, study)}
    depletion = {one.course.subject: one for one in depletion_of(counts, study)}
    return table_of(_rows(kinetics, depletion, study, ByHand(counts, study)))


def cellular_of(counts: pd.DataFrame, study: Study) -> tuple[CellularKinetics, ...]:
    """Analyse CAR+ T cells of every subject; empty where no tube reports them."""
    if not (counts["population"] == CAR_T).any():
        return ()
    analyse = partial(analyse_cellular, auc_days=study.endpoints.auc_days)
    return tuple(safely(analyse, course) for course in courses(counts, study, CAR_T))


def depletion_of(counts: pd.DataFrame, study: Study) -> tuple[Depletion, ...]:
    """Analyse B cells of every subject; empty where no tube reports them."""
    if not (counts["population"] == B).any():
        return ()
    settings = study.endpoints
    in_blood = courses(counts, study, B)
    if settings.denominator == "blood":
        judged = in_blood
        thresholds = (settings.depletion_threshold_per_ul, settings.reconstitution_threshold_per_ul)
    else:
        judged = courses(counts, study, B, settings.denominator)
        thresholds = (settings.depletion_threshold_percent, settings.reconstitution_threshold_percent)

    def analyse(course: Course, judged_course: Course) -> Depletion:
        confirm = settings.confirm_visits, settings.confirm_within_days
        return analyse_depletion(course, *thresholds, *confirm, judged=judged_course)

    return tuple(
        safely(analyse, course, judged_course) for course, judged_course in zip(in_blood, judged, strict=True)
    )


def _rows(
    kinetics: dict[str, CellularKinetics], depletion: dict[str, Depletion], study: Study, by_hand: ByHand
) -> Iterator[tuple[str, str, str, str, Endpoint]]:
    known = {parameter.code: parameter for parameter in parameters(study.endpoints.auc_days)}
    for subject in dict.fromkeys((*kinetics, *depletion)):
        for analysed in (kinetics.get(subject), depletion.get(subject)):
            if analysed is None:
                continue
            for one in _with_intervals(analysed, study):
                parameter = known[one.parameter]
                marked = by_hand.mark(subject, parameter.analyte, one)
                yield subject, analysed.course.dose_group, parameter.analyte, parameter.unit, marked


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
