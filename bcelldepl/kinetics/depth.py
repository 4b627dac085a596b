"""How deep B cells fell: baseline, nadir, percent of baseline and log10 reduction, each with its bound."""

from __future__ import annotations

import math
from dataclasses import dataclass

from bcelldepl.definitions.codes import Qualifier, ResultCode
from bcelldepl.definitions.endpoints import (
    BASELINE,
    LOG10_REDUCTION,
    NADIR,
    NADIR_DAY,
    NADIR_PERCENT_OF_BASELINE,
)
from bcelldepl.kinetics.baseline import Baseline, choose_baseline
from bcelldepl.kinetics.endpoint import NOTHING_AFTER, Endpoint, joined, not_evaluable
from bcelldepl.kinetics.thresholds import ThresholdEvidence
from bcelldepl.kinetics.visits import Course, Visit
from bcelldepl.study.config import EndpointSettings

__all__ = ["VisitChange", "change_of", "depth_of"]


@dataclass(frozen=True)
class VisitChange:
    """A visit against the baseline and the thresholds.

    Attributes
    ----------
    visit : Visit
    percent_of_baseline, log10_reduction : float or None
        None without a quantified baseline, or where the visit says nothing. Below a limit: those of the limit.
    qualifier : Qualifier
        Of the percentage; the reduction is above where the percentage is below.
    evidence : ThresholdEvidence
    """

    visit: Visit
    percent_of_baseline: float | None
    log10_reduction: float | None
    qualifier: Qualifier
    evidence: ThresholdEvidence

    @property
    def imputed_percent(self) -> float | None:
        """Percent of the baseline; below a limit, half of that of the limit."""
        percent = self.percent_of_baseline
        return percent / 2.0 if percent is not None and self.qualifier is Qualifier.BELOW else percent

    @property
    def imputed_log10_change(self) -> float | None:
        """Common logarithm of the ratio to the baseline, of the same number; negative below the baseline."""
        percent = self.imputed_percent
        return math.log10(percent) - 2.0 if percent else None


def depth_of(course: Course, settings: EndpointSettings) -> tuple[Endpoint, ...]:
    """Compute the baseline, and how far below it the B cells fell.

    Parameters
    ----------
    course : Course
    settings : EndpointSettings
        Rule of the baseline.

    Returns
    -------
    tuple of Endpoint
    """
    baseline = choose_baseline(course, settings)
    return (_baseline(baseline), *_nadir(course, baseline))


def change_of(visit: Visit, baseline: Visit | None, evidence: ThresholdEvidence) -> VisitChange:
    """Compare a visit with the baseline.

    Parameters
    ----------
    visit : Visit
    baseline : Visit or None
    evidence : ThresholdEvidence
        What the visit says of the thresholds.

    Returns
    -------
    VisitChange
        Without numbers where the baseline is none or below its LLOQ, or the visit has no known limit.
    """
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


def _baseline(baseline: Baseline) -> Endpoint:
    visit = baseline.visit
    if visit is None:
        return not_evaluable(BASELINE, baseline.reason)
    if not math.isfinite(visit.at_most):
        return not_evaluable(BASELINE, "the baseline visit is below an LLOQ that is not known")
    qualifier = Qualifier.EQUAL if visit.is_quantified else Qualifier.BELOW
    reason = joined("" if visit.is_quantified else _word(visit), baseline.reason)
    days = [draw.day for draw in baseline.draws]
    return Endpoint(BASELINE, visit.at_most, qualifier, days[0], days[-1], len(days), reason)


def _nadir(course: Course, baseline: Baseline) -> tuple[Endpoint, ...]:
    """Depth: the lowest visit, or the tightest limit that B cells fell below."""
    codes = (NADIR, NADIR_DAY, NADIR_PERCENT_OF_BASELINE, LOG10_REDUCTION)
    after = [visit for visit in course.after if math.isfinite(visit.at_most)]
    if not after:
        return tuple(not_evaluable(code, NOTHING_AFTER, len(course.after)) for code in codes)
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
    first = f"first of {len(alike)} visits that cannot be distinguished" if len(alike) > 1 else ""
    nadir = Endpoint(NADIR, lowest.at_most, qualifier, *window, reason)
    day = Endpoint(NADIR_DAY, alike[0].day, Qualifier.EQUAL, *window, first)
    return nadir, day, *_depth(nadir, lowest, baseline)


def _depth(nadir: Endpoint, lowest: Visit, baseline: Baseline) -> tuple[Endpoint, Endpoint]:
    percent, reduction = NADIR_PERCENT_OF_BASELINE, LOG10_REDUCTION
    visit, n = baseline.visit, nadir.n_points
    if visit is None or not visit.is_quantified or not visit.value:
        reason = baseline.reason if visit is None else "the baseline is below the LLOQ"
        return not_evaluable(percent, reason, n), not_evaluable(reduction, reason, n)
    of_baseline, powers_of_ten = _reduction(lowest.at_most, visit.value)
    window = (nadir.window_start_day, nadir.window_end_day, nadir.n_points)
    deeper = Qualifier.ABOVE if nadir.qualifier is Qualifier.BELOW else Qualifier.EQUAL
    return (
        Endpoint(percent, of_baseline, nadir.qualifier, *window, nadir.reason),
        Endpoint(reduction, powers_of_ten, deeper, *window, nadir.reason),
    )


def _word(visit: Visit) -> str:
    if visit.result is ResultCode.NOT_DETECTED:
        known = "upper limit of its interval" if visit.upper is not None else "LOD"
        return f"not detected, below the {known} at day {visit.day:.4g}"
    return f"below the LLOQ of day {visit.day:.4g}"
