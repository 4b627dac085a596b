"""When two methods agree: acceptance limits, and the verdict on one tube."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from bcelldepl.counting.intervals import garwood
from bcelldepl.definitions.populations import holds_car
from bcelldepl.study import AcceptanceLimits

__all__ = ["TubePair", "Verdict", "is_well_counted", "judge_tube", "least_f1"]

WELL_COUNTED_EVENTS: Final = 200  # where no concentration is known


class Verdict(StrEnum):
    """What a comparison comes to."""

    AGREE = "agree"
    DISAGREE = "disagree"
    NOT_COMPARABLE = "not comparable"


@dataclass(frozen=True)
class TubePair:
    """What is known of one population of one tube, by both methods.

    Attributes
    ----------
    population : str
    auto_events, manual_events : int or None
    auto_per_ul, manual_per_ul : float or None
    f1 : float or None
        None where only counts were given.
    auto_decision, manual_decision : str
        Such as ``depleted``; empty where none is taken of this population.
    """

    population: str
    auto_events: int | None
    manual_events: int | None
    auto_per_ul: float | None = None
    manual_per_ul: float | None = None
    f1: float | None = None
    auto_decision: str = ""
    manual_decision: str = ""

    @property
    def ratio(self) -> float | None:
        """Automated over manual: of concentrations where both are known, else of events; None without either."""
        for one, other in ((self.auto_per_ul, self.manual_per_ul), (self.auto_events, self.manual_events)):
            if one is not None and other is not None:
                return one / other if other > 0 else None
        return None


def judge_tube(pair: TubePair, limits: AcceptanceLimits) -> tuple[Verdict, str]:
    """Say whether both methods agree on a tube, and why not.

    Parameters
    ----------
    pair : TubePair
    limits : AcceptanceLimits

    Returns
    -------
    Verdict, str
        The reason is empty where they agree.
    """
    if pair.auto_events is None or pair.manual_events is None:
        if pair.auto_per_ul is None or pair.manual_per_ul is None:
            return Verdict.NOT_COMPARABLE, "one of the methods has no count"
        return _by_ratio(pair, limits)
    if pair.auto_decision != pair.manual_decision:
        return Verdict.DISAGREE, f"automated says {pair.auto_decision}, manual {pair.manual_decision}"
    if is_well_counted(pair, limits):
        verdict, reason = _by_ratio(pair, limits)
        least = least_f1(pair.population, limits)
        if verdict is Verdict.AGREE and pair.f1 is not None and pair.f1 < least:
            return (
                Verdict.DISAGREE,
                f"the counts agree, the events do not: F1 {pair.f1:.3f}, at least {least:g}",
            )
        return verdict, reason
    auto, manual = garwood(pair.auto_events), garwood(pair.manual_events)
    if auto.low > manual.high or manual.low > auto.high:
        reason = f"{pair.auto_events} events against {pair.manual_events}: their 95 % intervals do not meet"
        return Verdict.DISAGREE, reason
    return Verdict.AGREE, ""


def is_well_counted(pair: TubePair, limits: AcceptanceLimits) -> bool:
    """Whether the manual count is large enough for a ratio to be held to the limits.

    Parameters
    ----------
    pair : TubePair
    limits : AcceptanceLimits

    Returns
    -------
    bool
    """
    if pair.manual_per_ul is not None:
        return pair.manual_per_ul >= limits.well_counted_per_ul
    return (pair.manual_events or 0) >= WELL_COUNTED_EVENTS


def least_f1(population: str, limits: AcceptanceLimits) -> float:
    """F1 that the events of a population must reach.

    Parameters
    ----------
    population : str
        Name of the population.
    limits : AcceptanceLimits

    Returns
    -------
    float
    """
    return limits.min_f1_car if holds_car(population) else limits.min_f1


def _by_ratio(pair: TubePair, limits: AcceptanceLimits) -> tuple[Verdict, str]:
    ratio = pair.ratio
    if ratio is None:
        return Verdict.DISAGREE, "the manual count is zero"
    percent = 100 * (ratio - 1)
    least, most = 100 / (100 + limits.max_limits_percent), 1 + limits.max_limits_percent / 100
    if not least <= ratio <= most or math.isnan(ratio):
        return (
            Verdict.DISAGREE,
            f"the count differs by {percent:+.1f} %, at most {limits.max_limits_percent:g} %",
        )
    return Verdict.AGREE, ""
