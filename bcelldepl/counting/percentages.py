"""Percentages: part of the events of another population of the same tube, with interval and limits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bcelldepl.counting.intervals import Interval, clopper_pearson, poisson_ratio, widen
from bcelldepl.definitions.populations import LYMPHOCYTES
from bcelldepl.gating.evidence import Evidence
from bcelldepl.gating.populations import Population
from bcelldepl.study.config import LimitSettings

__all__ = ["Percentage", "percent_of_lymphocytes", "percent_of_whole"]


@dataclass(frozen=True)
class Percentage:
    """One population in percent of another.

    Attributes
    ----------
    value : float
    low, high : float
        Two-sided 95 % interval, of the count and of the gate together.
    lod, lloq : float
        Percentage at which the tube yields the events of the limit; 100 where the whole holds fewer.
    """

    value: float
    low: float
    high: float
    lod: float
    lloq: float


def percent_of_whole(population: Population, limits: LimitSettings) -> Percentage | None:
    """Percent of the parent, or of what the strategy states the population in percent of.

    Parameters
    ----------
    population : Population
    limits : LimitSettings
        Events of LOD and LLOQ.

    Returns
    -------
    Percentage or None
        None where the whole holds no event.
    """
    return _percentage(population, population.whole_events, limits)


def percent_of_lymphocytes(
    population: Population, members: Mapping[str, Population], limits: LimitSettings
) -> Percentage | None:
    """Percent of the lymphocytes of the tube.

    Parameters
    ----------
    population : Population
    members : mapping of str to Population
        All populations of the tube.
    limits : LimitSettings
        Events of LOD and LLOQ.

    Returns
    -------
    Percentage or None
        None where the lymphocytes were not found or hold no event, of the lymphocytes themselves, and of a population
        that is stated in percent of neither them nor, by however many steps, of one that is.
    """
    lymphocytes = members.get(LYMPHOCYTES)
    if lymphocytes is None or lymphocytes.evidence is Evidence.FAILED:
        return None
    wholes, name = set[str](), population.whole
    while name in members and name not in wholes:
        wholes.add(name)
        name = members[name].whole
    if population.name == LYMPHOCYTES or LYMPHOCYTES not in wholes:
        return None
    return _percentage(population, lymphocytes.events, limits)


def _percentage(population: Population, total: int, limits: LimitSettings) -> Percentage | None:
    if not total:
        return None
    events, per_event = population.events, 100.0 / total
    # Cells that are no part of the whole can be more than it: then it is a ratio of two counts.
    share = clopper_pearson(events, total) if events <= total else poisson_ratio(events, total)
    ends = sorted((population.events_low, population.events_high))
    low, high = widen(events, Interval(share.low * total, share.high * total), Interval(*ends))
    most = float(total) if events <= total else high
    return Percentage(
        value=events * per_event,
        low=low * per_event,
        high=min(high, most) * per_event,
        lod=min(100.0, limits.lod_events * per_event),
        lloq=min(100.0, limits.lloq_events * per_event),
    )
