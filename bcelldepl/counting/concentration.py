"""`count_tube`: gated populations of one tube to concentrations and percentages with interval, limits, code, reason."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

from bcelldepl.counting.facts import TubeFacts
from bcelldepl.counting.intervals import Interval, widen
from bcelldepl.counting.limits import limit_per_ul, result_code
from bcelldepl.counting.methods import CountingScale, choose_scale
from bcelldepl.counting.percentages import Percentage, percent_of_lymphocytes, percent_of_whole
from bcelldepl.definitions.codes import Method, ResultCode
from bcelldepl.definitions.populations import BEADS, LEUKOCYTES, SINGLETS
from bcelldepl.definitions.reasons import Reason
from bcelldepl.definitions.review import ReviewVerdict
from bcelldepl.gating.evidence import Evidence
from bcelldepl.gating.populations import Population, Populations
from bcelldepl.study.config import CountingSettings, LimitSettings
from bcelldepl.units import CELLS_PER_UL, PERCENT

__all__ = ["Concentration", "StatedResult", "count_tube", "not_done", "without_result"]


@dataclass(frozen=True)
class Concentration:
    """One population of one tube, counted.

    Attributes
    ----------
    population, parent : str
        As in `Population`.
    events, parent_events : int or None
        Events counted; None where the tube was not done.
    percent_of_parent : float or None
        None where the parent holds no event.
    method : Method
        How events became cells/uL; ``none`` for the beads themselves.
    cells_per_ul : float or None
        Cells per microlitre of blood; 0 where none was counted, None where it cannot be told.
    ci_low_per_ul, ci_high_per_ul : float or None
        Two-sided 95 % interval, of the count and of the gate together [cells/uL].
    analysed_volume_ul : float or None
        Blood that the events come from [uL].
    lod_per_ul, lloq_per_ul : float or None
        Limits of this tube [cells/uL].
    result : ResultCode
    evidence : Evidence
        The weakest rung on the way to the population.
    reason : str
        One sentence, empty where nothing is to say.
    of_parent, of_lymphocytes : Percentage or None
        Percent of the parent, to which the code belongs with the method ``percent``, and of the lymphocytes; None where
        it cannot be evaluated.
    """

    population: str
    events: int | None
    parent: str
    parent_events: int | None
    percent_of_parent: float | None
    method: Method
    cells_per_ul: float | None
    ci_low_per_ul: float | None
    ci_high_per_ul: float | None
    analysed_volume_ul: float | None
    lod_per_ul: float | None
    lloq_per_ul: float | None
    result: ResultCode
    evidence: Evidence
    reason: str = ""
    of_parent: Percentage | None = None
    of_lymphocytes: Percentage | None = None

    @property
    def stated(self) -> StatedResult:
        """The numbers that the code is of: percent of the parent with the method ``percent``, else cells/uL."""
        if self.method is Method.PERCENT:
            if self.of_parent is None:
                return StatedResult(None, None, None, PERCENT)
            return StatedResult(self.of_parent.value, self.of_parent.high, self.of_parent.lloq, PERCENT)
        return StatedResult(self.cells_per_ul, self.ci_high_per_ul, self.lloq_per_ul, CELLS_PER_UL)


class StatedResult(NamedTuple):
    """A result with the upper end of its interval and its LLOQ, in one unit; None where not known."""

    value: float | None
    high: float | None
    lloq: float | None
    unit: str


def count_tube(
    populations: Populations, facts: TubeFacts, counting: CountingSettings, limits: LimitSettings
) -> tuple[Concentration, ...]:
    """Count every reported population of a tube.

    Parameters
    ----------
    populations : Populations
        Gated; those not reported serve as parents and references.
    facts : TubeFacts
        Beads, volumes and haematology counts of the tube.
    counting : CountingSettings
        The method asked for.
    limits : LimitSettings
        Events of LOD and LLOQ.

    Returns
    -------
    tuple of Concentration
        In the order of the strategy. A tube that cannot be counted still gives its events and percentages.
    """
    members = populations.members
    scale = choose_scale(members, facts, counting)
    return tuple(
        _beads(population, scale, counting)
        if population.name == BEADS
        else _cells(population, members, scale, limits)
        for population in members.values()
        if population.reported
    )


def not_done(populations: Iterable[str], reason: str) -> tuple[Concentration, ...]:
    """Return a row per population for a tube that could not be read or gated at all.

    Parameters
    ----------
    populations : iterable of str
        Names.
    reason : str
        Why, one sentence.

    Returns
    -------
    tuple of Concentration
        In the order of the names.
    """
    return tuple(
        Concentration(
            population=name,
            events=None,
            parent="",
            parent_events=None,
            percent_of_parent=None,
            method=Method.NONE,
            cells_per_ul=None,
            ci_low_per_ul=None,
            ci_high_per_ul=None,
            analysed_volume_ul=None,
            lod_per_ul=None,
            lloq_per_ul=None,
            result=ResultCode.NOT_DONE,
            evidence=Evidence.FAILED,
            reason=reason,
        )
        for name in populations
    )


def without_result(counted: Concentration, verdict: ReviewVerdict, reason: str) -> Concentration:
    """Return what is left of a result whose tube a reviewer rejected: its events, and no result.

    Parameters
    ----------
    counted : Concentration
    verdict : ReviewVerdict
        One that takes the result away.
    reason : str
        Who rejected it, when and why.

    Returns
    -------
    Concentration
    """
    return replace(
        counted,
        cells_per_ul=None,
        ci_low_per_ul=None,
        ci_high_per_ul=None,
        result=verdict.result or counted.result,
        reason=reason,
        of_parent=None,
        of_lymphocytes=None,
    )


def _cells(
    population: Population, members: Mapping[str, Population], scale: CountingScale, limits: LimitSettings
) -> Concentration:
    volume_ul = scale.analysed_volume_ul
    in_itself = _obstacle(population, members, limits)
    without_percent = in_itself or _obstacle_of_whole(population, members)
    obstacle = scale.reason or (without_percent if scale.method is Method.PERCENT else in_itself)
    estimate: float | None = None
    interval: tuple[float | None, float | None] = (None, None)
    if volume_ul is not None and not obstacle:
        estimate = population.events / volume_ul
        ends = _interval(population, members, scale)
        interval = (ends.low / volume_ul, ends.high / volume_ul)
    return Concentration(
        population=population.name,
        events=population.events,
        parent=population.whole,
        parent_events=population.whole_events,
        percent_of_parent=_percent(population),
        method=scale.method,
        cells_per_ul=estimate,
        ci_low_per_ul=interval[0],
        ci_high_per_ul=interval[1],
        analysed_volume_ul=volume_ul,
        lod_per_ul=None if volume_ul is None else limit_per_ul(limits.lod_events, volume_ul),
        lloq_per_ul=None if volume_ul is None else limit_per_ul(limits.lloq_events, volume_ul),
        result=ResultCode.NOT_EVALUABLE if obstacle else result_code(population.events, limits),
        evidence=population.evidence,
        reason=obstacle or population.reason or _doubt(population, limits),
        of_parent=None if without_percent else percent_of_whole(population, limits),
        of_lymphocytes=None if in_itself else percent_of_lymphocytes(population, members, limits),
    )


def _beads(beads: Population, scale: CountingScale, counting: CountingSettings) -> Concentration:
    """Beads have events and no concentration; their row tells whether they can carry the tube's count."""
    used = scale.method is Method.BEADS
    good = beads.evidence is not Evidence.FAILED and beads.events >= counting.minimum_beads
    if used:
        result = ResultCode.QUANTIFIED if good else ResultCode.NOT_EVALUABLE
        reason = beads.reason if good else scale.reason
    else:
        result, reason = ResultCode.NOT_DONE, str(Reason.BEADS_NOT_USED)
    return Concentration(
        population=beads.name,
        events=beads.events,
        parent=beads.whole,
        parent_events=beads.whole_events,
        percent_of_parent=_percent(beads),
        method=Method.NONE,
        cells_per_ul=None,
        ci_low_per_ul=None,
        ci_high_per_ul=None,
        analysed_volume_ul=scale.analysed_volume_ul,
        lod_per_ul=None,
        lloq_per_ul=None,
        result=result,
        evidence=beads.evidence,
        reason=reason,
    )


def _obstacle(population: Population, members: Mapping[str, Population], limits: LimitSettings) -> str:
    """Say why a population cannot be evaluated although the volume is known; empty where it can."""
    if population.evidence is Evidence.FAILED:
        return population.reason or Reason.NO_GATE.format(population=population.name)
    leukocytes = members.get(LEUKOCYTES)
    found = leukocytes is not None and leukocytes.evidence is not Evidence.FAILED
    if leukocytes is not None and found and leukocytes.events < limits.minimum_leukocyte_events:
        return Reason.FEW_LEUKOCYTES.format(
            events=leukocytes.events, least=limits.minimum_leukocyte_events, population=population.name
        )
    if population.whole_events == 0:
        return Reason.NO_PARENT_EVENTS.format(parent=population.whole, population=population.name)
    return ""


def _obstacle_of_whole(population: Population, members: Mapping[str, Population]) -> str:
    """Say why a population has no percentage although it can be evaluated; empty where it has."""
    whole = members.get(population.whole)
    if whole is not None and whole.evidence is Evidence.FAILED:
        return Reason.WHOLE_NOT_FOUND.format(whole=whole.name, population=population.name)
    return ""


def _interval(population: Population, members: Mapping[str, Population], scale: CountingScale) -> Interval:
    """Interval of the events, from counting and from the gate together."""
    within = scale.reference is not None and _is_within(population, scale.reference, members)
    exact = scale.interval(population.events, within)
    ends = (population.events_low, population.events_high)
    low, high = widen(population.events, exact, Interval(min(ends), max(ends)))
    if (
        scale.method is not Method.DUAL
    ):  # there the cells of the haematology count are lost in the same proportion
        high *= 1.0 + _share_in_doublets(members)
    most = float(scale.reference.events) if within and scale.reference is not None else high
    return Interval(low, min(high, most))


def _share_in_doublets(members: Mapping[str, Population]) -> float:
    """Cells that were left out because two passed as one, per leukocyte: nobody knows of what kind they are."""
    singlets, leukocytes = members.get(SINGLETS), members.get(LEUKOCYTES)
    if singlets is None or leukocytes is None or not leukocytes.events:
        return 0.0
    left_out = singlets.left_out_cells
    if left_out is None:  # no model tells cells from debris
        left_out = singlets.parent_events - singlets.events
    return 2.0 * left_out / leukocytes.events


def _is_within(population: Population, reference: Population, members: Mapping[str, Population]) -> bool:
    """Tell whether a population is the reference, or was gated in it by however many steps."""
    name = population.name
    for _ in range(len(members) + 1):  # a strategy has no loops, but this must not hang on one
        if name == reference.name:
            return True
        if name not in members:
            return False
        name = members[name].parent
    return False


def _percent(population: Population) -> float | None:
    return 100 * population.events / population.whole_events if population.whole_events else None


def _doubt(population: Population, limits: LimitSettings) -> str:
    """Say so where it hangs on where exactly the gate is that a count is quantified, or not detected."""
    low, high = sorted((population.events_low, population.events_high))
    if population.events >= limits.lloq_events and low < limits.lod_events:
        return Reason.GATE_UNSURE.format(low=low, high=high)
    if population.events < limits.lod_events < high:
        return Reason.NOT_EXCLUDED.format(high=high, least=limits.lod_events)
    return ""
