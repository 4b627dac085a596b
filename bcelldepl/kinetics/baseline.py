"""The baseline: which result before the infusion all later ones are compared with."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from bcelldepl.definitions.baselines import BaselineRule
from bcelldepl.definitions.codes import ResultCode
from bcelldepl.kinetics.visits import Course, Visit
from bcelldepl.study.config import EndpointSettings

__all__ = ["Baseline", "choose_baseline"]

NOTHING_BEFORE = "no evaluable visit before infusion"


@dataclass(frozen=True)
class Baseline:
    """The baseline of a course.

    Attributes
    ----------
    visit : Visit or None
        What others are compared with; of two draws their mean. None where there is none.
    draws : tuple of Visit
        Those that it is made of.
    reason : str
        Why there is none, or what is to say of it; empty where nothing is.
    """

    visit: Visit | None = None
    draws: tuple[Visit, ...] = ()
    reason: str = ""

    def is_made_of(self, visit: Visit) -> bool:
        """Whether a visit is one of its draws."""
        return any(visit is draw for draw in self.draws)


def choose_baseline(course: Course, settings: EndpointSettings) -> Baseline:
    """Choose the baseline of a course by the study's rule.

    Parameters
    ----------
    course : Course
    settings : EndpointSettings
        The rule, and the visit that it may name.

    Returns
    -------
    Baseline
        Only evaluable draws before the infusion count.
    """
    before = course.before
    if not before:
        return Baseline(reason=NOTHING_BEFORE)
    match settings.baseline_rule:
        case BaselineRule.LAST_BEFORE_INFUSION:
            return Baseline(before[-1], before[-1:])
        case BaselineRule.VISIT:
            named = [visit for visit in before if settings.baseline_visit in visit.visit.split("/")]
            if not named:
                return Baseline(
                    reason=f"visit {settings.baseline_visit} has no evaluable result before infusion"
                )
            return Baseline(named[-1], (named[-1],))
        case rule:
            return _by_lymphodepletion(course, rule)


def _by_lymphodepletion(course: Course, rule: BaselineRule) -> Baseline:
    limit = course.lymphodepletion_day
    if limit is None:
        return Baseline(reason="the day of lymphodepletion is not known")
    earlier = [visit for visit in course.before if visit.day <= limit]
    if rule is BaselineRule.LAST_BEFORE_LYMPHODEPLETION:
        if not earlier:
            return Baseline(reason="no evaluable visit before lymphodepletion")
        return Baseline(earlier[-1], (earlier[-1],))
    draws = tuple(dict.fromkeys((*earlier[-1:], course.before[-1])))
    if len(draws) == 1:
        return Baseline(draws[0], draws, "one draw only, not the mean of two")
    return Baseline(_mean(draws), draws)


def _mean(draws: Sequence[Visit]) -> Visit:
    """Arithmetic mean of draws; where one lies below a limit, so does the mean: below that of values and limits."""
    last, n = draws[-1], len(draws)
    names = " and ".join(draw.visit for draw in draws)
    files = tuple(file for draw in draws for file in draw.files)
    if all(draw.is_quantified for draw in draws):
        parts = [(draw.value or 0.0, draw.log_error) for draw in draws]
        total = math.fsum(value for value, _ in parts)
        error = math.hypot(*(value * one for value, one in parts)) / total if total else 0.0
        return replace(
            last, visit=names, value=total / n, files=files, lod=None, lloq=None, upper=None, log_error=error
        )
    limit = math.fsum(draw.at_most for draw in draws) / n
    return replace(
        last,
        visit=names,
        result=ResultCode.DETECTED_BELOW_LLOQ,
        value=math.fsum(draw.value or 0.0 for draw in draws) / n,
        lloq=limit if math.isfinite(limit) else None,
        lod=None,
        upper=None,
        files=files,
    )
