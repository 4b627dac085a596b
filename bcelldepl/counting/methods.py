"""Three ways from events to blood (beads, volume, a haematology count); each finds the analysed volume."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from bcelldepl.counting.facts import TubeFacts
from bcelldepl.counting.intervals import Interval, clopper_pearson, garwood, poisson_ratio
from bcelldepl.definitions.codes import Method
from bcelldepl.definitions.populations import BEADS, LEUKOCYTES, LYMPHOCYTES
from bcelldepl.definitions.reasons import Reason
from bcelldepl.gating.evidence import Evidence
from bcelldepl.gating.populations import Population
from bcelldepl.study.config import CountingSettings

__all__ = ["CountingScale", "choose_scale", "chosen_method", "missing_facts", "scaling_populations"]

MORE_BEADS = 1.25  # times the beads that the tube holds: more are not seen, however it was pipetted


@dataclass(frozen=True)
class CountingScale:
    """What turns the events of one tube into cells per microlitre.

    Attributes
    ----------
    method : Method
        As asked for or chosen; kept where it could not be carried out.
    analysed_volume_ul : float or None
        Blood that the events come from [uL]; None where it is not known.
    reason : str
        Why it is not known; empty where it is, or where percentages are the results.
    reference : Population or None
        Events counted against: beads, or the cells of the haematology count.
    """

    method: Method
    analysed_volume_ul: float | None = None
    reason: str = ""
    reference: Population | None = None

    def interval(self, events: int, within_reference: bool) -> Interval:
        """Exact interval of a count, in events of this tube.

        Parameters
        ----------
        events : int
            Events of the population.
        within_reference : bool
            Whether the population is part of the reference, so that its share is binomial.
        """
        if self.reference is None:
            return garwood(events)
        total = self.reference.events
        share = clopper_pearson(events, total) if within_reference else poisson_ratio(events, total)
        return Interval(share.low * total, share.high * total)


def choose_scale(
    members: Mapping[str, Population], facts: TubeFacts, counting: CountingSettings
) -> CountingScale:
    """Find the scale of a tube by the method asked for.

    ``auto`` takes the first that the facts speak of: a bead count in the sheet, an acquired volume, a
    haematology count. What it takes may still fail, and then the tube is not evaluable: there is no second
    choice in silence. ``percent``, which gives no cells/uL, is never chosen but asked for.

    Parameters
    ----------
    members : mapping of str to Population
        All populations of the tube.
    facts : TubeFacts
    counting : CountingSettings

    Returns
    -------
    CountingScale
        With its reason where there is no analysed volume and one was asked for.
    """
    method = chosen_method(facts, counting)
    lacking = missing_facts(method, facts)
    if lacking:
        return CountingScale(method, reason=lacking)
    match method:
        case Method.BEADS:
            return _by_beads(members.get(BEADS), facts, counting.minimum_beads)
        case Method.VOLUMETRIC:
            return _by_volume(facts)
        case Method.PERCENT:
            return CountingScale(Method.PERCENT)
    return _by_haematology(members, facts)


def chosen_method(facts: TubeFacts, counting: CountingSettings) -> Method:
    """Say by which method a tube is to be counted, whether or not that can be done.

    Parameters
    ----------
    facts : TubeFacts
    counting : CountingSettings

    Returns
    -------
    Method
    """
    if counting.method != "auto":
        return Method(counting.method)
    if facts.bead_count is not None:
        return Method.BEADS
    if facts.acquired_volume_ul is not None:
        return Method.VOLUMETRIC
    if facts.wbc_per_ul is not None or facts.lymphocytes_per_ul is not None:
        return Method.DUAL
    return Method.NONE


def missing_facts(method: Method, facts: TubeFacts) -> str:
    """Say what a method needs and the facts of a tube lack, before any event is looked at; empty where nothing.

    Parameters
    ----------
    method : Method
    facts : TubeFacts

    Returns
    -------
    str
    """
    match method:
        case Method.BEADS if facts.bead_count is None:
            return str(Reason.NO_BEAD_COUNT)
        case Method.BEADS if facts.blood_volume_ul is None:
            return str(Reason.NO_BLOOD_VOLUME)
        case Method.VOLUMETRIC if facts.acquired_volume_ul is None:
            return _because(Reason.NO_VOLUME, facts.volume_reason)
        case Method.DUAL if facts.wbc_per_ul is None and facts.lymphocytes_per_ul is None:
            return str(Reason.NO_HAEMATOLOGY)
        case Method.NONE:
            return _because(Reason.NO_METHOD, facts.volume_reason)
    return ""


def scaling_populations(method: Method, facts: TubeFacts) -> tuple[str, ...]:
    """Name the populations any of which turns the events of a tube into cells/uL, the preferred one first.

    Parameters
    ----------
    method : Method
    facts : TubeFacts

    Returns
    -------
    tuple of str
        None for a volume, which needs no population.
    """
    match method:
        case Method.BEADS:
            return (BEADS,)
        case Method.DUAL:
            return tuple(_haematology(facts))
    return ()


def _haematology(facts: TubeFacts) -> dict[str, float]:
    """Haematology counts that are known, by population [cells/uL]."""
    given = {LEUKOCYTES: facts.wbc_per_ul, LYMPHOCYTES: facts.lymphocytes_per_ul}
    return {name: count for name, count in given.items() if count is not None}


def _by_beads(beads: Population | None, facts: TubeFacts, minimum_beads: int) -> CountingScale:
    """Analysed volume V_s b / N_b, so that cells/uL = (c / b) (N_b / V_s), as bead makers instruct.

    Beads share the quality mask of the cells, so the part of the time that was kept cancels.
    """
    assert facts.bead_count is not None
    assert facts.blood_volume_ul is not None
    if beads is None:
        reason = Reason.NO_POPULATION.format(population=BEADS)
    elif beads.evidence is Evidence.FAILED:
        reason = _because(Reason.BEADS_NOT_FOUND, beads.reason)
    elif beads.events < minimum_beads:
        reason = Reason.FEW_BEADS.format(events=beads.events, least=minimum_beads)
    elif beads.events > MORE_BEADS * facts.bead_count:
        reason = Reason.MANY_BEADS.format(events=beads.events, bead_count=facts.bead_count)
    else:
        volume_ul = facts.blood_volume_ul * beads.events / facts.bead_count
        return CountingScale(Method.BEADS, volume_ul, reference=beads)
    return CountingScale(Method.BEADS, reason=str(reason))


def _by_volume(facts: TubeFacts) -> CountingScale:
    """Analysed volume V_a / D, times the part of the acquisition time that the quality mask kept."""
    assert facts.acquired_volume_ul is not None
    volume_ul = facts.acquired_volume_ul * facts.kept_time_fraction / facts.dilution
    if not volume_ul > 0:
        return CountingScale(Method.VOLUMETRIC, reason=str(Reason.NO_TIME_KEPT))
    return CountingScale(Method.VOLUMETRIC, volume_ul)


def _by_haematology(members: Mapping[str, Population], facts: TubeFacts) -> CountingScale:
    """Analysed volume: events of the counted cells by their haematology count; leukocytes go first."""
    counts = _haematology(facts)
    name = next((name for name in counts if name in members), None)
    if name is None:
        return CountingScale(Method.DUAL, reason=Reason.NO_POPULATION.format(population=next(iter(counts))))
    reference, count = members[name], counts[name]
    if reference.evidence is Evidence.FAILED:
        reason = Reason.HAEMATOLOGY_CELLS_NOT_FOUND.format(population=name)
    elif reference.events == 0 or (reference.fitting is not None and round(reference.fitting) == 0):
        reason = Reason.HAEMATOLOGY_CELLS_ABSENT.format(population=name)
    elif count == 0:
        reason = Reason.HAEMATOLOGY_ZERO.format(population=name)
    else:
        # A haematology analyser tells basophils and monocytes from lymphocytes, which a gate by scatter lets in.
        cells = (
            reference if reference.fitting is None else replace(reference, events=round(reference.fitting))
        )
        return CountingScale(Method.DUAL, cells.events / count, reference=cells)
    return CountingScale(Method.DUAL, reason=reason)


def _because(reason: Reason, why: str) -> str:
    return f"{reason}: {why}" if why else str(reason)
