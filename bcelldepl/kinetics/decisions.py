"""Decisions as tables: what each visit counts as, the rule of each segment, the candidates for a slope."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from bcelldepl.definitions.tables import DEPLETION_VISITS, POINTS, SEGMENTS, TERMINAL
from bcelldepl.kinetics.analysis import StudyKinetics

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["points_table", "segments_table", "terminal_table", "visits_table"]


def points_table(kinetics: StudyKinetics) -> pd.DataFrame:
    """CAR+ T cells: every visit, what it counts as, and whether it is a point of the terminal slope.

    Parameters
    ----------
    kinetics : StudyKinetics

    Returns
    -------
    DataFrame
        One row per subject and draw.
    """
    rows = []
    for one in kinetics.cellular:
        for point in one.profile.points:
            visit = point.visit
            rows.append(
                {
                    "subject": one.course.subject,
                    "dose_group": one.course.dose_group,
                    "visit": visit.visit,
                    "day": visit.day,
                    "nominal_day": visit.nominal_day,
                    "day_is_actual": visit.is_actual,
                    "result": visit.result,
                    "cells_per_ul": visit.value,
                    "lloq_per_ul": visit.lloq,
                    "tubes": len(visit.files),
                    "use": point.use,
                    "counted_as_per_ul": point.per_ul,
                    "in_terminal_slope": one.is_in_slope(visit),
                    "reason": visit.reason,
                    "course": one.course.number,
                }
            )
    return POINTS.frame(rows)


def segments_table(kinetics: StudyKinetics) -> pd.DataFrame:
    """CAR+ T cells: every segment of every AUC with its rule and its area [cells/uL*day].

    The areas of a subject and parameter add up to the endpoint.

    Parameters
    ----------
    kinetics : StudyKinetics

    Returns
    -------
    DataFrame
    """
    rows = [
        {
            "subject": one.course.subject,
            "parameter": area.code,
            "start_day": segment.start_day,
            "end_day": segment.end_day,
            "start_per_ul": segment.start_per_ul,
            "end_per_ul": segment.end_per_ul,
            "rule": segment.rule,
            "area": segment.area,
            "course": one.course.number,
        }
        for one in kinetics.cellular
        for area in one.areas
        for segment in area.segments
    ]
    return SEGMENTS.frame(rows)


def terminal_table(kinetics: StudyKinetics) -> pd.DataFrame:
    """CAR+ T cells: every window that could have been the terminal slope, and which one was chosen.

    Parameters
    ----------
    kinetics : StudyKinetics

    Returns
    -------
    DataFrame
    """
    rows = [
        {
            "subject": one.course.subject,
            "start_day": fit.days[0],
            "end_day": fit.days[-1],
            "n_points": len(fit.days),
            "lambda_z_per_day": fit.lambda_z_per_day,
            "r2": fit.r2,
            "adjusted_r2": fit.adjusted_r2,
            "span_ratio": fit.span_ratio,
            "chosen": fit is one.terminal,
            "doubts": fit.doubts,
            "course": one.course.number,
        }
        for one in kinetics.cellular
        for fit in one.fits
    ]
    return TERMINAL.frame(rows)


def visits_table(kinetics: StudyKinetics) -> pd.DataFrame:
    """B cells: every visit against its baseline and the thresholds.

    Parameters
    ----------
    kinetics : StudyKinetics

    Returns
    -------
    DataFrame
        One row per subject, course and draw. `qualifier` is that of `percent_of_baseline`; where it is ``<`` the
        reduction is at least `log10_reduction`. `evidence` is what the visit says of the thresholds.
    """
    rows = []
    for one in kinetics.depletion:
        for change in one.changes:
            visit = change.visit
            rows.append(
                {
                    "subject": one.course.subject,
                    "dose_group": one.course.dose_group,
                    "visit": visit.visit,
                    "day": visit.day,
                    "nominal_day": visit.nominal_day,
                    "day_is_actual": visit.is_actual,
                    "result": visit.result,
                    "cells_per_ul": visit.value,
                    "lod_per_ul": visit.lod,
                    "lloq_per_ul": visit.lloq,
                    "is_baseline": one.baseline.is_made_of(visit),
                    "percent_of_baseline": change.percent_of_baseline,
                    "log10_reduction": change.log10_reduction,
                    "qualifier": change.qualifier,
                    "evidence": change.evidence,
                    "tubes": len(visit.files),
                    "reason": visit.reason,
                    "course": one.course.number,
                    "baseline": kinetics.study.endpoints.baseline_words,
                    "upper_limit_per_ul": _known(visit.at_most) if visit.result.upper_limit else None,
                    "imputed_per_ul": visit.imputed,
                    "imputed_percent_of_baseline": change.imputed_percent,
                    "imputed_log10_change": change.imputed_log10_change,
                }
            )
    return DEPLETION_VISITS.frame(rows)


def _known(limit: float) -> float | None:
    return limit if math.isfinite(limit) else None
