"""B-cell depletion of one subject: baseline, depth, onset, duration and confirmed recovery, with censoring.

A visit tells of a threshold only if it can: quantified below it, or below an LLOQ that is not above it, is
evidence of depletion; quantified at or above it is evidence of B cells; everything else is no evidence.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from bcelldepl.definitions.codes import Qualifier, ResultCode
from bcelldepl.definitions.endpoints import (
    BASELINE,
    DEPLETION_DAY,
    DEPLETION_DURATION,
    LOG10_REDUCTION,
    NADIR,
    NADIR_DAY,
    NADIR_PERCENT_OF_BASELINE,
    RECONSTITUTION_DAY,
)
from bcelldepl.kinetics.endpoint import Endpoint, not_evaluable
from bcelldepl.kinetics.visits import Course, Visit

__all__ = ["Depletion", "ThresholdEvidence", "VisitChange", "analyse_depletion", "depth_of", "evidence_at"]

NO_BASELINE = "no evaluable visit before infusion"
NO_VISIT = "no evaluable visit after infusion"


class ThresholdEvidence(StrEnum):
    """What one visit says of the thresholds."""

    DEPLETED = "depleted"
    RECOVERED = "recovered"
    BETWEEN = "between thresholds"
    NONE = "no evidence"


@dataclass(frozen=True)
class VisitChange:
    """A visit against the baseline and the thresholds.

    Attributes
    ----------
    visit : Visit
    percent_of_baseline, log10_reduction : float or None
        None without a quantified baseline, or where the visit says nothing.
    qualifier : Qualifier
        Of the percentage; the reduction is above where the percentage is below.
    evidence : ThresholdEvidence
    """

    visit: Visit
    percent_of_baseline: float | None
    log10_reduction: float | None
    qualifier: Qualifier
    evidence: ThresholdEvidence


@dataclass(frozen=True)
class Depletion:
    """Endpoints of one subject, and what each visit contributed.

    Attributes
    ----------
    course : Course
    baseline : Visit or None
        Last evaluable visit before infusion.
    changes : tuple of VisitChange
        Every visit.
    endpoints : tuple of Endpoint
    """

    course: Course
    baseline: Visit | None
    changes: tuple[VisitChange, ...]
    endpoints: tuple[Endpoint, ...]


def analyse_depletion(
    course: Course,
    depletion_threshold: float = 10.0,
    reconstitution_threshold: float = 10.0,
    confirm_visits: int = 2,
    confirm_within_days: float | None = None,
    judged: Course | None = None,
) -> Depletion:
    """Compute depth, onset and duration of depletion.

    Parameters
    ----------
    course : Course
        B cells of one subject [cells/uL].
    depletion_threshold, reconstitution_threshold : float
        B cells below, and again at or above; in the unit of `judged`.
    confirm_visits : int
        Visits in a row that confirm a recovery; those without evidence are passed over.
    confirm_within_days : float, optional
        Longest time from the first of them to the last [day].
    judged : Course, optional
        The course that the thresholds are for, such as percent of lymphocytes; by default `course`.

    Returns
    -------
    Depletion
    """
    judged = judged or course
    thresholds = (depletion_threshold, reconstitution_threshold)
    baseline = course.before[-1] if course.before else None
    evidence = {visit.day: evidence_at(visit, *thresholds) for visit in judged.visits}
    changes = tuple(
        _change(visit, baseline, evidence.get(visit.day, ThresholdEvidence.NONE)) for visit in course.visits
    )
    told = [(visit.day, evidence[visit.day]) for visit in judged.after]
    endpoints = (*depth_of(course), *_times(told, confirm_visits, confirm_within_days, judged))
    return Depletion(course, baseline, changes, endpoints)


def depth_of(course: Course) -> tuple[Endpoint, ...]:
    """Compute the baseline, and how far below it the B cells fell.

    Parameters
    ----------
    course : Course

    Returns
    -------
    tuple of Endpoint
    """
    baseline = course.before[-1] if course.before else None
    return (_baseline(baseline), *_nadir(course, baseline))


def evidence_at(
    visit: Visit, depletion_threshold: float, reconstitution_threshold: float
) -> ThresholdEvidence:
    """Tell what a visit says of the thresholds, which are in its own unit.

    Parameters
    ----------
    visit : Visit
    depletion_threshold : float
        Below it: depleted.
    reconstitution_threshold : float
        At or above it: recovered.

    Returns
    -------
    ThresholdEvidence
    """
    if visit.is_quantified and visit.value is not None:
        if visit.value < depletion_threshold:
            return ThresholdEvidence.DEPLETED
        return (
            ThresholdEvidence.RECOVERED
            if visit.value >= reconstitution_threshold
            else ThresholdEvidence.BETWEEN
        )
    # Limits of counts.csv have 6 digits: those of pooled tubes may add up to a little more than they are.
    if visit.is_evaluable and visit.lloq is not None and visit.lloq <= depletion_threshold * (1 + 1e-5):
        return ThresholdEvidence.DEPLETED
    return ThresholdEvidence.NONE


def _change(visit: Visit, baseline: Visit | None, evidence: ThresholdEvidence) -> VisitChange:
    if (
        baseline is None
        or not baseline.is_quantified
        or not baseline.value
        or not math.isfinite(visit.at_most)
    ):
        return VisitChange(visit, None, None, Qualifier.NOT_EVALUABLE, evidence)
    percent, reduction = _reduction(visit.at_most, baseline.value)
    qualifier = Qualifier.EQUAL if visit.is_quantified else Qualifier.BELOW
    return VisitChange(visit, percent, reduction, qualifier, evidence)


def _reduction(per_ul: float, baseline_per_ul: float) -> tuple[float, float]:
    """Percent of the baseline, and powers of ten below it."""
    return 100.0 * (per_ul / baseline_per_ul), math.log10(baseline_per_ul) - math.log10(per_ul)


def _baseline(baseline: Visit | None) -> Endpoint:
    if baseline is None:
        return not_evaluable(BASELINE, NO_BASELINE)
    if not math.isfinite(baseline.at_most):
        return not_evaluable(BASELINE, "the baseline visit is below an LLOQ that is not known")
    qualifier = Qualifier.EQUAL if baseline.is_quantified else Qualifier.BELOW
    reason = "" if baseline.is_quantified else _word(baseline)
    return Endpoint(BASELINE, baseline.at_most, qualifier, baseline.day, baseline.day, 1, reason)


def _nadir(course: Course, baseline: Visit | None) -> tuple[Endpoint, ...]:
    """Depth: the lowest visit, or the tightest limit that B cells fell below."""
    codes = (NADIR, NADIR_DAY, NADIR_PERCENT_OF_BASELINE, LOG10_REDUCTION)
    after = [visit for visit in course.after if math.isfinite(visit.at_most)]
    if not after:
        return tuple(not_evaluable(code, NO_VISIT, len(course.after)) for code in codes)
    lowest = min(after, key=lambda visit: visit.at_most)
    # A visit below a looser limit than the lowest result may lie lower still.
    hidden = any(
        not visit.is_quantified and visit.at_most >= lowest.at_most
        for visit in course.after
        if visit is not lowest
    )
    qualifier = Qualifier.EQUAL if lowest.is_quantified and not hidden else Qualifier.BELOW
    alike = [visit for visit in after if visit.at_most == lowest.at_most]
    if not lowest.is_quantified:
        measured = min((visit.at_most for visit in after if visit.is_quantified), default=math.inf)
        alike = [visit for visit in after if visit.result is lowest.result and visit.at_most <= measured]
    window = (after[0].day, after[-1].day, len(after))
    reason = _word(lowest) if not lowest.is_quantified else ""
    if lowest.is_quantified and hidden:
        known = all(math.isfinite(visit.at_most) for visit in course.after)
        reason = f"a visit below a {'looser limit' if known else 'limit that is not known'} may lie lower"
    first = f"first of {len(alike)} visits that cannot be told apart" if len(alike) > 1 else ""
    nadir = Endpoint(NADIR, lowest.at_most, qualifier, *window, reason)
    day = Endpoint(NADIR_DAY, alike[0].day, Qualifier.EQUAL, *window, first)
    return nadir, day, *_depth(nadir, lowest, baseline)


def _depth(nadir: Endpoint, lowest: Visit, baseline: Visit | None) -> tuple[Endpoint, Endpoint]:
    percent, reduction = NADIR_PERCENT_OF_BASELINE, LOG10_REDUCTION
    if baseline is None or not baseline.is_quantified or not baseline.value:
        reason = NO_BASELINE if baseline is None else "the baseline is below the LLOQ"
        return not_evaluable(percent, reason, nadir.n_points), not_evaluable(
            reduction, reason, nadir.n_points
        )
    of_baseline, powers_of_ten = _reduction(lowest.at_most, baseline.value)
    window = (nadir.window_start_day, nadir.window_end_day, nadir.n_points)
    deeper = Qualifier.ABOVE if nadir.qualifier is Qualifier.BELOW else Qualifier.EQUAL
    return (
        Endpoint(percent, of_baseline, nadir.qualifier, *window, nadir.reason),
        Endpoint(reduction, powers_of_ten, deeper, *window, nadir.reason),
    )


def _times(
    told: Sequence[tuple[float, ThresholdEvidence]],
    confirm_visits: int,
    confirm_within_days: float | None,
    course: Course,
) -> tuple[Endpoint, Endpoint, Endpoint]:
    onset_code, duration_code, recovery_code = DEPLETION_DAY, DEPLETION_DURATION, RECONSTITUTION_DAY
    known = [(day, evidence) for day, evidence in told if evidence is not ThresholdEvidence.NONE]
    n = len(known)
    blind = len(told) - n
    note = f"{blind} visits with an LLOQ above the threshold are no evidence" if blind else ""
    if not told:
        return tuple(not_evaluable(c, NO_VISIT) for c in (onset_code, duration_code, recovery_code))  # type: ignore[return-value]
    onset = next((day for day, evidence in known if evidence is ThresholdEvidence.DEPLETED), None)
    window = (told[0][0], told[-1][0])
    if onset is None:
        return _never(known, window, note)
    quantified = any(visit.is_quantified for visit in course.before)
    origin = "" if quantified else "no quantified baseline"
    started = Endpoint(onset_code, onset, Qualifier.EQUAL, *window, n, _join(origin, note))
    later = [(day, evidence) for day, evidence in known if day > onset]
    recovery, pending = _recovery(later, confirm_visits, confirm_within_days)
    if recovery is not None:
        span = (onset, recovery, n)
        return (
            started,
            Endpoint(duration_code, recovery - onset, Qualifier.EQUAL, *span, note),
            Endpoint(recovery_code, recovery, Qualifier.EQUAL, *window, n, note),
        )
    # Without a confirmed recovery all that is known is how long there was none.
    end = known[-1][0] if pending is None else pending
    why = "no recovery by the last visit" if pending is None else f"back at day {pending:.4g}, not confirmed"
    reason = _join(why, note)
    return (
        started,
        Endpoint(duration_code, end - onset, Qualifier.ABOVE, onset, end, n, reason),
        Endpoint(recovery_code, end, Qualifier.ABOVE, *window, n, reason),
    )


def _never(
    known: Sequence[tuple[float, ThresholdEvidence]], window: tuple[float, float], note: str
) -> tuple[Endpoint, Endpoint, Endpoint]:
    reason, n = _join("no visit is evidence of depletion", note), len(known)
    onset = not_evaluable(DEPLETION_DAY, reason, n)
    if known and not note:  # a visit that tells nothing may have been depleted
        onset = Endpoint(DEPLETION_DAY, known[-1][0], Qualifier.ABOVE, *window, n, reason)
    return (
        onset,
        not_evaluable(DEPLETION_DURATION, reason, n),
        not_evaluable(RECONSTITUTION_DAY, reason, n),
    )


def _recovery(
    later: Sequence[tuple[float, ThresholdEvidence]], confirm_visits: int, within_days: float | None
) -> tuple[float | None, float | None]:
    """Return the day of the first confirmed recovery, and the start of one still to be confirmed."""
    run: list[float] = []
    for day, evidence in later:
        if evidence is not ThresholdEvidence.RECOVERED:
            run = []
            continue
        run.append(day)
        while within_days is not None and day - run[0] > within_days:
            run.pop(0)
        if len(run) >= confirm_visits:
            return run[0], None
    return None, run[0] if run else None


def _word(visit: Visit) -> str:
    if visit.result is ResultCode.NOT_DETECTED:
        return f"not detected, below the LOD of day {visit.day:.4g}"
    return f"below the LLOQ of day {visit.day:.4g}"


def _join(*sentences: str) -> str:
    return "; ".join(filter(None, sentences))
