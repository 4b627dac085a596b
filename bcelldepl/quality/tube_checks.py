"""Checks of one tube by itself: its acquisition, its populations, its beads and its results."""

from __future__ import annotations

import datetime
import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from bcelldepl.counting import Concentration, TubeFacts
from bcelldepl.counting.methods import choose_scale
from bcelldepl.definitions.codes import Method, ResultCode
from bcelldepl.definitions.populations import (
    B_WITHOUT_CD19,
    BEADS,
    CD4_T,
    CD8_T,
    LEUKOCYTES,
    LYMPHOCYTES,
    NK,
    B,
    T,
)
from bcelldepl.gating.evidence import Evidence
from bcelldepl.gating.populations import Population, Populations
from bcelldepl.quality.checks import CHECKS, Outcome
from bcelldepl.quality.limits import FEWEST_LOOK_ALIKES, STEADY_ERRORS
from bcelldepl.signal.quality_mask import Quality
from bcelldepl.study import CountingSettings, Tube

__all__ = ["check_acquisition", "check_date", "check_populations", "check_results"]

MINIMUM_WHOLE_EVENTS: Final = 100  # below, one cell is a percent and the sum says nothing


def check_acquisition(quality: Quality) -> tuple[Outcome, ...]:
    """Check how much of a tube the quality mask left.

    Parameters
    ----------
    quality : Quality

    Returns
    -------
    tuple of Outcome
        ``margin`` (events off the forward scatter's scale), ``kept_time`` (acquisition time that is undisturbed).
    """
    shares = {"margin": quality.off_scale_fraction, "kept_time": quality.kept_time_fraction}
    return tuple(CHECKS[name].judge(share, percent=100 * share) for name, share in shares.items())


def check_date(tube: Tube, measured: str | None) -> tuple[Outcome, ...]:
    """Compare the file's own date with that of the blood: another tube's file may lie under this name.

    Parameters
    ----------
    tube : Tube
    measured : str or None
        ``$DATE``, ISO.

    Returns
    -------
    tuple of Outcome
        ``measured_before_draw``; empty where one of the two dates is not known.
    """
    if measured is None or tube.collected is None:
        return ()
    drawn = tube.collected.date()
    early = (drawn - datetime.date.fromisoformat(measured)).days
    return (CHECKS["measured_before_draw"].judge(early, measured=measured, drawn=drawn),)


def check_populations(
    populations: Populations, facts: TubeFacts, counting: CountingSettings
) -> tuple[Outcome, ...]:
    """Check the populations of a tube against each other, and its beads and its volume.

    Parameters
    ----------
    populations : Populations
        A check whose populations are not there, were not found, or hold too few events, is not made.
    facts : TubeFacts
    counting : CountingSettings

    Returns
    -------
    tuple of Outcome
        ``lymphosum`` (T, B and NK cells against lymphocytes), ``t_sum`` (CD4 and CD8 against all T cells),
        ``bead_minimum``, ``steady_beads`` (beads per cell early against
        late), ``sample_flow`` (acquired volume against acquisition time).
    """
    return tuple(_checks(populations.members, facts, counting))


def check_results(
    counted: Iterable[Concentration], members: Mapping[str, Population] | None = None
) -> tuple[Outcome, ...]:
    """Check populations of few or no events: an interval that reaches far above the LLOQ rules nothing out.

    Parameters
    ----------
    counted : iterable of Concentration
    members : mapping of str to Population, optional
        By name, with what the study's model takes their events for.

    Returns
    -------
    tuple of Outcome
        ``undecided``, for each result below the LLOQ; ``cd19_negative_b_cells`` where they are detected, and look like
        B cells in all other markers.
    """
    results = list(counted)
    return (*_undecided(results), *_without_cd19(results, members or {}))


def _without_cd19(counted: Iterable[Concentration], members: Mapping[str, Population]) -> Iterator[Outcome]:
    for one in counted:
        if one.population == B_WITHOUT_CD19 and one.result is not ResultCode.NOT_EVALUABLE:
            fitting = members[B_WITHOUT_CD19].fitting if B_WITHOUT_CD19 in members else None
            passed = one.result in (ResultCode.NOT_DETECTED, ResultCode.NOT_DONE)
            passed |= fitting is not None and fitting <= FEWEST_LOOK_ALIKES
            yield CHECKS["cd19_negative_b_cells"].judge(
                one.events or 0, passed=passed, events=one.events or 0
            )


def _undecided(counted: Iterable[Concentration]) -> tuple[Outcome, ...]:
    return tuple(
        CHECKS["undecided"].judge(
            stated.high / stated.lloq,
            population=one.population,
            events=one.events,
            most=stated.high,
            lloq=stated.lloq,
            unit=stated.unit,
        )
        for one in counted
        for stated in [one.stated]
        if one.result.upper_limit and stated.high is not None and stated.lloq
    )


def _checks(
    members: Mapping[str, Population], facts: TubeFacts, counting: CountingSettings
) -> Iterator[Outcome]:
    yield from _sum("lymphosum", members, (T, B, NK), LYMPHOCYTES)
    for parts in ((CD4_T, CD8_T), ("CD4", "CD8")):
        yield from _sum("t_sum", members, parts, T)
    method = choose_scale(members, facts, counting).method
    beads = members.get(BEADS)
    if method is Method.BEADS and beads is not None:
        yield CHECKS["bead_minimum"].judge(beads.events, limits=(counting.review_beads, None))
        yield from _steady(beads, members.get(LEUKOCYTES) or members.get(LYMPHOCYTES))
    if method is Method.VOLUMETRIC and facts.acquired_volume_ul is not None and facts.acquisition_seconds:
        yield CHECKS["sample_flow"].judge(facts.acquired_volume_ul / facts.acquisition_seconds * 60)


def _sum(
    name: str, members: Mapping[str, Population], parts: tuple[str, ...], whole: str
) -> Iterator[Outcome]:
    if not all(part in members for part in (*parts, whole)):
        return
    if any(members[part].evidence is Evidence.FAILED for part in (*parts, whole)):
        return
    fitting = members[whole].fitting
    events = members[whole].events if fitting is None else fitting
    if events < MINIMUM_WHOLE_EVENTS:
        return
    percent = 100 * sum(members[part].events for part in parts) / events
    yield CHECKS[name].judge(percent, parts=" + ".join(parts), whole=whole)


def _steady(beads: Population, cells: Population | None) -> Iterator[Outcome]:
    """Hold the beads per cell of the first half of the acquisition against those of the second.

    Beads that settle, or that leave their narrow gate where a clog dims them, count as too few, and every cell as too
    many. A change that the numbers of events make by chance passes.
    """
    if cells is None or beads.early is None or cells.early is None:
        return
    parts = [beads.early, cells.events - cells.early, cells.early, beads.events - beads.early]
    if 0 in parts:
        parts = [part + 1 for part in parts]
    change = parts[0] * parts[1] / (parts[2] * parts[3])
    error = math.sqrt(math.fsum(1 / part for part in parts))
    check = CHECKS["steady_beads"]
    low, high = check.limits
    by_chance = abs(math.log(change)) <= STEADY_ERRORS * error
    yield check.judge(change, passed=True if by_chance else None, change=change, low=low, high=high)
