"""When two methods agree on a tube: acceptance limits, and the verdict."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from bcelldepl.comparison.tube_pair import Quantity, TubePair
from bcelldepl.counting.intervals import garwood
from bcelldepl.definitions.populations import holds_car
from bcelldepl.study import AcceptanceLimits

__all__ = ["NO_RESULT", "Verdict", "is_well_counted", "judge_tube", "least_f1", "ratio_limits"]

WELL_COUNTED_EVENTS: Final = 200  # where no concentration is known
NO_RESULT: Final = "not evaluable"


class Verdict(StrEnum):
    """What a comparison comes to."""

    AGREE = "agree"
    DISAGREE = "disagree"
    NOT_COMPARABLE = "not comparable"


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
    if pair.auto_decision == NO_RESULT:
        return Verdict.NOT_COMPARABLE, "the automated result is not evaluable"
    values = pair.values()
    if values is None:
        return Verdict.NOT_COMPARABLE, _missing(pair)
    if pair.auto_decision and pair.manual_decision and pair.auto_decision != pair.manual_decision:
        return (
            Verdict.DISAGREE,
            f"{pair.auto_decision} by automated gating, {pair.manual_decision} by manual gating",
        )
    auto, manual = values
    if pair.below:
        return _under_a_bound(pair, auto, manual)
    if auto == manual == 0:
        return Verdict.AGREE, ""
    if not is_well_counted(pair, limits):
        return _by_counts(pair, auto, manual, limits)
    verdict, reason = _by_ratio(pair, auto, manual, limits)
    least = least_f1(pair.population, limits)
    if verdict is Verdict.AGREE and pair.f1 is not None and pair.f1 < least:
        what = f"the counts agree, the events do not: F1 is {pair.f1:.3f}, less than the {least:g} required"
        return Verdict.DISAGREE, what
    return verdict, reason


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
    counted = pair.manual_counted
    events = counted.events if counted is not None else (pair.manual_events or 0)
    return events >= WELL_COUNTED_EVENTS


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


def ratio_limits(limits: AcceptanceLimits) -> tuple[float, float]:
    """Differences that are allowed, in percent of the manual value: as far down as up, as ratios go.

    Parameters
    ----------
    limits : AcceptanceLimits

    Returns
    -------
    (float, float)
        Such as -10.7 and 12.
    """
    most = limits.max_limits_percent
    return -100 * most / (100 + most), most


def _missing(pair: TubePair) -> str:
    ours = any(value is not None for value in (pair.auto_events, pair.auto_per_ul, pair.auto_percent))
    theirs = any(value is not None for value in (pair.manual_events, pair.manual_per_ul, pair.manual_percent))
    if ours and theirs:
        return "the two methods give no count of the same kind"
    if not ours and not theirs:
        return "neither method has a count"
    return f"the {'manual' if ours else 'automated'} gating has no count"


def _under_a_bound(pair: TubePair, auto: float, bound: float) -> tuple[Verdict, str]:
    """Hold the automated count to a manual "fewer than": its exact interval must reach below."""
    counted = pair.auto_counted
    scale = auto / counted.events if counted is not None and counted.events else 0.0
    low = garwood(counted.events).low * scale if counted is not None else auto
    if auto < bound or low < bound:
        return Verdict.AGREE, ""
    return Verdict.DISAGREE, f"automated {auto:.3g} {pair.quantity}, manual states less than {bound:g}"


def _by_counts(
    pair: TubePair, auto_value: float, manual_value: float, limits: AcceptanceLimits
) -> tuple[Verdict, str]:
    """Ask whether two Poisson counts, each in its volume, could be of one concentration.

    In a large volume they tell differences apart that are allowed of many cells: these are allowed of few cells, too.
    """
    auto, manual = pair.auto_counted, pair.manual_counted
    by_ratio = _by_ratio(pair, auto_value, manual_value, limits)
    if auto is None or manual is None or by_ratio[0] is Verdict.AGREE:
        return by_ratio
    ours, theirs = garwood(auto.events), garwood(manual.events)
    if ours.low / auto.exposure <= theirs.high / manual.exposure and (
        theirs.low / manual.exposure <= ours.high / auto.exposure
    ):
        return Verdict.AGREE, ""
    what = f"{auto.events} events against {manual.events}"
    volumes = [f"{one.exposure:.4g}" for one in (auto, manual)]
    if len(set(volumes)) > 1 and pair.quantity is Quantity.PER_UL:
        what += f", in {' and '.join(volumes)} uL"
    return Verdict.DISAGREE, f"{what}: their 95 % intervals do not overlap"


def _by_ratio(pair: TubePair, auto: float, manual: float, limits: AcceptanceLimits) -> tuple[Verdict, str]:
    what = "percentage" if pair.quantity is Quantity.PERCENT else "count"
    if manual <= 0:
        return Verdict.DISAGREE, f"the manual {what} is zero"
    percent = 100 * (auto / manual - 1)
    least, most = ratio_limits(limits)
    if least <= percent <= most:
        return Verdict.AGREE, ""
    limit = least if percent < least else most
    digits = next((d for d in range(1, 6) if round(percent, d) != round(limit, d)), 6)
    shown = f"{percent:+.{digits}f} %, more than the {limit:+.{digits}f} % allowed"
    return Verdict.DISAGREE, f"the {what} differs by {shown}"
