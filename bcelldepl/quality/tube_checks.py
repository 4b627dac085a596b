"""Checks of a counted tube against itself, as data: they become the quality flags of ``tubes.csv``."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from bcelldepl.counting.facts import TubeFacts
from bcelldepl.counting.methods import BEADS, LEUKOCYTES, LYMPHOCYTES, Method, choose_scale
from bcelldepl.gating.evidence import Evidence
from bcelldepl.gating.populations import Population, Populations
from bcelldepl.study.config import CountingSettings

__all__ = ["Check", "check_tube"]

LYMPHOSUM_PERCENT: Final = (95.0, 105.0)
T_SUM_PERCENT: Final = (90.0, 110.0)
MINIMUM_WHOLE_EVENTS: Final = 100  # below, one cell is a percent and the sum says nothing
STRAYS: Final = 60  # events; fewer are fragments and debris
STRAY_PART: Final = 0.2  # of the events inside
STEADY: Final = (0.85, 1 / 0.85)  # of beads per cell, from one half of the acquisition to the other
STEADY_Z: Final = 5.0  # standard errors that a change must have
FLOW_UL_PER_MIN: Final = (
    1.0,
    2000.0,
)  # no cytometer samples slower or faster; a wrong unit is a thousand-fold off


@dataclass(frozen=True)
class Check:
    """One check of one tube.

    Attributes
    ----------
    name : str
        Short and stable, such as ``lymphosum``.
    passed : bool
    value : float
        What was found.
    limits : tuple of float
        Lowest and highest value that passes; None where there is no highest.
    unit : str
    sentence : str
        What was found and what was expected, for people.
    """

    name: str
    passed: bool
    value: float
    limits: tuple[float, float | None]
    unit: str
    sentence: str


def check_tube(populations: Populations, facts: TubeFacts, counting: CountingSettings) -> tuple[Check, ...]:
    """Run the checks that apply to a tube.

    Parameters
    ----------
    populations : Populations
        A check whose populations are not there, were not found, or hold too few events, is not made.
    facts : TubeFacts
    counting : CountingSettings

    Returns
    -------
    tuple of Check
        ``lymphosum`` (T, B and NK cells against lymphocytes), ``t_sum`` (CD4 and CD8 against all T cells),
        ``bead_minimum``, ``steady_beads`` (beads per cell early against late), ``sample_flow`` (acquired volume against
        acquisition time), ``strays`` (what a gate would hold outside of its parent).
    """
    return tuple(_checks(populations.members, facts, counting))


def _checks(
    members: Mapping[str, Population], facts: TubeFacts, counting: CountingSettings
) -> Iterator[Check]:
    yield from _sum("lymphosum", members, ("T", "B", "NK"), LYMPHOCYTES, LYMPHOSUM_PERCENT)
    for parts in (("CD4_T", "CD8_T"), ("CD4", "CD8")):
        yield from _sum("t_sum", members, parts, "T", T_SUM_PERCENT)
    for population in members.values():
        yield from _strays(population)
    method = choose_scale(members, facts, counting).method
    beads = members.get(BEADS)
    if method is Method.BEADS and beads is not None:
        yield _check(
            "bead_minimum", beads.events, (counting.review_beads, None), "bead events", "the tube holds"
        )
        yield from _steady(beads, members.get(LEUKOCYTES) or members.get(LYMPHOCYTES))
    if method is Method.VOLUMETRIC and facts.acquired_volume_ul is not None and facts.acquisition_seconds:
        flow = facts.acquired_volume_ul / facts.acquisition_seconds * 60
        yield _check(
            "sample_flow", flow, FLOW_UL_PER_MIN, "uL/min", "acquired volume over acquisition time is"
        )


def _strays(population: Population) -> Iterator[Check]:
    """Hold the events of a gate against those outside its parent that it would hold too: these may be cells lost."""
    if population.outside is None:
        return
    most = max(float(STRAYS), STRAY_PART * population.events)
    words = (
        f"{population.outside:,} events outside of {population.parent} look like {population.name}, beside "
        f"{population.events:,} inside; expected at most {most:,.0f}"
    )
    passed = population.outside <= most
    yield Check("strays", passed, population.outside, (0.0, most), "events", words)


def _steady(beads: Population, cells: Population | None) -> Iterator[Check]:
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
    low, high = STEADY
    passed = low <= change <= high or abs(math.log(change)) <= STEADY_Z * error
    words = (
        f"beads per cell of the first half of the acquisition are {change:.3g} times those of the second; "
        f"expected {low:g} to {high:g}"
    )
    yield Check("steady_beads", passed, change, STEADY, "", words)


def _sum(
    name: str,
    members: Mapping[str, Population],
    parts: tuple[str, ...],
    whole: str,
    limits: tuple[float, float],
) -> Iterator[Check]:
    if not all(part in members for part in (*parts, whole)):
        return
    if any(members[part].evidence is Evidence.FAILED for part in (*parts, whole)):
        return
    if members[whole].events < MINIMUM_WHOLE_EVENTS:
        return
    percent = 100 * sum(members[part].events for part in parts) / members[whole].events
    yield _check(name, percent, limits, f"% of {whole}", f"{' + '.join(parts)} make")


def _check(name: str, value: float, limits: tuple[float, float | None], unit: str, words: str) -> Check:
    low, high = limits
    passed = low <= value and (high is None or value <= high)
    expected = f"{low:,.10g} to {high:,.10g}" if high is not None else f"{low:,.10g} or more"
    number = f"{value:,.0f}" if float(value).is_integer() else f"{value:,.4g}"
    return Check(name, passed, value, limits, unit, f"{words} {number} {unit}; expected {expected}")
