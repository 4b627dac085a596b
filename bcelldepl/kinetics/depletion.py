"""B-cell depletion of one subject: baseline, depth, onset, duration and confirmed recovery, with censoring."""

from __future__ import annotations

from dataclasses import dataclass

from bcelldepl.kinetics.baseline import Baseline, choose_baseline
from bcelldepl.kinetics.depletion_times import depletion_times
from bcelldepl.kinetics.depth import VisitChange, change_of, depth_of
from bcelldepl.kinetics.endpoint import Endpoint
from bcelldepl.kinetics.thresholds import ThresholdEvidence, evidence_at
from bcelldepl.kinetics.visits import Course
from bcelldepl.study.config import EndpointSettings

__all__ = ["Depletion", "analyse_depletion"]


@dataclass(frozen=True)
class Depletion:
    """Endpoints of one subject, and what each visit contributed.

    Attributes
    ----------
    course : Course
    baseline : Baseline
    changes : tuple of VisitChange
        Every visit.
    endpoints : tuple of Endpoint
    judged : Course
        The course that the thresholds are for: `course`, or in percent of another population.
    """

    course: Course
    baseline: Baseline
    changes: tuple[VisitChange, ...]
    endpoints: tuple[Endpoint, ...]
    judged: Course


def analyse_depletion(course: Course, settings: EndpointSettings, judged: Course | None = None) -> Depletion:
    """Compute depth, onset and duration of depletion.

    Parameters
    ----------
    course : Course
        B cells of one subject [cells/uL].
    settings : EndpointSettings
        Rule of the baseline; thresholds, B cells below and again at or above; visits in a row that confirm a recovery,
        where those without evidence are passed over, and the longest time between them.
    judged : Course, optional
        The course that the thresholds are for, such as percent of lymphocytes; by default `course`.

    Returns
    -------
    Depletion
    """
    judged = judged or course
    baseline = choose_baseline(course, settings)
    evidence = {visit.day: evidence_at(visit, *settings.thresholds) for visit in judged.visits}
    changes = tuple(
        change_of(visit, baseline.visit, evidence.get(visit.day, ThresholdEvidence.NONE))
        for visit in course.visits
    )
    told = [(visit.day, evidence[visit.day]) for visit in judged.after]
    times = depletion_times(told, settings.confirm_visits, settings.confirm_within_days, judged)
    return Depletion(course, baseline, changes, (*depth_of(course, settings), *times), judged)
