"""One tube compared: events, concentrations, and the gate at which the two gatings differ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bcelldepl.comparison.acceptance import Verdict, judge_tube
from bcelldepl.comparison.causes import Cause, explain
from bcelldepl.comparison.divergence import Divergence, first_divergence
from bcelldepl.comparison.pairing import make_pair, manual_count, reconstitution
from bcelldepl.comparison.stages import auto_stages, manual_stages
from bcelldepl.comparison.statistics import Overlap, Whereabouts, find_differences, overlap
from bcelldepl.comparison.stored_counts import StoredCounts, check_stored_counts
from bcelldepl.comparison.tube_pair import TubePair
from bcelldepl.comparison.volumes import (
    auto_volume,
    count_beads,
    manual_volume,
    number_of,
    time_share,
)
from bcelldepl.definitions.markers import TIME
from bcelldepl.definitions.populations import BEADS, is_result
from bcelldepl.errors import BcelldeplError, Problem
from bcelldepl.gate_exchange.evaluate import Channels, evaluate
from bcelldepl.gate_exchange.gate import GateTree, Path, path_in, path_text
from bcelldepl.gate_exchange.manual import ManualTube
from bcelldepl.gate_exchange.quality_gates import kept_time
from bcelldepl.study import AcceptanceLimits, Study
from bcelldepl.tubes.regate import GatedTube

__all__ = ["ComparedPopulation", "ManualGates", "TubeComparison", "compare_tube"]


@dataclass(frozen=True)
class ComparedPopulation:
    """One population of one tube by both methods.

    Attributes
    ----------
    pair : TubePair
    theirs : str
        Path of the manual population.
    verdict : Verdict
    reason : str
    events : Overlap or None
        None where only counts are known.
    divergence : Divergence or None
    cause : Cause or None
    whereabouts : tuple of Whereabouts
    reconstituted : tuple of (str, str)
        The second decision, automated and manual; empty strings where none is taken.
    gate : str
        The first divergent gate by name; ``beads`` where the cells agree and the counting beads do not.
    """

    pair: TubePair
    theirs: str
    verdict: Verdict
    reason: str
    events: Overlap | None = None
    divergence: Divergence | None = None
    cause: Cause | None = None
    whereabouts: tuple[Whereabouts, ...] = ()
    reconstituted: tuple[str, str] = ("", "")
    gate: str = ""


@dataclass(frozen=True)
class ManualGates:
    """The manual gates of a tube, evaluated on its events.

    Attributes
    ----------
    gated : GatedTube
        The same tube with its automated gates.
    tree : GateTree
    members : mapping of path to ndarray of bool
    channels : Channels
    stored : StoredCounts
        How the gates compare with the counts that were stored with them.
    """

    gated: GatedTube
    tree: GateTree
    members: Mapping[Path, NDArray[np.bool_]]
    channels: Channels
    stored: StoredCounts

    @property
    def sound(self) -> dict[Path, NDArray[np.bool_]]:
        """Members of the populations whose gates reproduce their stored counts, all the way down."""
        return {path: one for path, one in self.members.items() if self.stored.fault_above(path) is None}

    @cached_property
    def in_kept_time(self) -> Mapping[Path, NDArray[np.bool_]]:
        """Members in the time that the quality mask kept: of the other time there is no automated answer."""
        within = kept_time(self.gated, self.channels)
        return self.members if within.all() else {path: one & within for path, one in self.members.items()}


@dataclass(frozen=True)
class TubeComparison:
    """One tube by both methods.

    Attributes
    ----------
    file, subject, visit : str
    day : float
    populations : tuple of ComparedPopulation
    problems : tuple of Problem
    gates : ManualGates or None
        None where counts alone are compared, and where nothing is to be drawn.
    stored : StoredCounts or None
        How the gates compare with the counts that were stored with them.
    kept_time_fraction : float
        Part of the acquisition time that the automated quality mask kept.
    course : int
        Of the subject.
    """

    file: str
    subject: str
    visit: str
    day: float
    populations: tuple[ComparedPopulation, ...]
    problems: tuple[Problem, ...] = ()
    gates: ManualGates | None = None
    stored: StoredCounts | None = None
    kept_time_fraction: float = 1.0
    course: int = 1

    @property
    def verdict(self) -> Verdict:
        """The worst of its populations."""
        found = {population.verdict for population in self.populations}
        worst = (Verdict.DISAGREE, Verdict.AGREE, Verdict.NOT_COMPARABLE)
        return next((verdict for verdict in worst if verdict in found), Verdict.NOT_COMPARABLE)


def compare_tube(
    rows: Sequence[Mapping[str, Any]],
    manual: ManualTube,
    named: Mapping[str, str],
    gated: GatedTube | None,
    study: Study | None,
    limits: AcceptanceLimits,
    kept_time_fraction: float = 1.0,
) -> TubeComparison:
    """Compare one tube.

    Parameters
    ----------
    rows : sequence of mapping
        Its rows of ``counts.csv``.
    manual : ManualTube
    named : mapping of str to str
        Our populations to paths of theirs.
    gated : GatedTube or None
        None: compare counts alone.
    study : Study or None
        Thresholds; None: the defaults.
    limits : AcceptanceLimits
    kept_time_fraction : float
        Part of the acquisition time that our quality mask kept.

    Returns
    -------
    TubeComparison
        A population whose gates do not reproduce the counts that were stored with them is compared by the stored count
        alone.
    """
    first = rows[0]
    gates, problems = _evaluated(manual, gated, str(first["file"]))
    members = gates.sound if gates else {}
    beads = count_beads(rows, manual, named, members)
    compared = []
    for row in rows:
        population = str(row["population"])
        if population not in named or not is_result(population):
            continue
        path = path_in(members, named[population])
        share = 1.0
        if gates is not None and path in members:
            share = time_share(gates.tree, path, members, gates.channels, gates.gated.panel.get(TIME, ""))
        ours = auto_volume(row, kept_time_fraction)
        theirs = manual_volume(ours, beads, kept_time_fraction, share)
        known = number_of(row.get("analysed_volume_ul")) is not None
        found = manual_count(manual, named[population], row, members.get(path), theirs if known else None)
        pair = make_pair(row, found, ours, found.volume_ul or theirs, study)
        one = ComparedPopulation(pair, named[population], Verdict.NOT_COMPARABLE, "")
        if pair.manual_decision:
            one = replace(one, reconstituted=reconstitution(row, found.per_ul, study))
        if gates is not None and path in members:
            one = _by_events(one, gates, path, named)
        verdict, reason = judge_tube(one.pair, limits)
        gate = one.divergence.gate.name if one.divergence else ""
        note = found.note if verdict is not Verdict.AGREE else ""
        one = replace(one, verdict=verdict, reason="; ".join(filter(None, (reason, note))), gate=gate)
        one = _explained(one, gates, path)
        compared.append(_by_beads(one, beads) if beads else one)
    parted = any(one.verdict is Verdict.DISAGREE for one in compared)
    return TubeComparison(
        str(first["file"]),
        str(first["subject"]),
        str(first["visit"]),
        float(first["day"]),
        tuple(compared),
        tuple(problems),
        gates if parted else None,  # events are kept only for what is drawn
        gates.stored if gates else None,
        kept_time_fraction,
        course if isinstance(course := first.get("course"), int) else 1,
    )


def _evaluated(
    manual: ManualTube, gated: GatedTube | None, file: str
) -> tuple[ManualGates | None, list[Problem]]:
    """Evaluate the manual gates, and hold them to the counts that were stored with them."""
    if gated is None or manual.tree is None or not manual.tree.gates:
        return None, []
    channels = Channels(gated.acquisition, manual.tree.matrices)
    try:
        members, lost = evaluate(manual.tree, channels)
    except BcelldeplError as error:
        return None, [Problem(file, str(error))]
    problems = [Problem(f"{file}: {path_text(path)}", why) for path, why in lost.items()]
    stored = check_stored_counts(manual.tree, members, manual.stated)
    remedy = (
        "what is gated in it is compared by its stored count; save the workspace again, or report the gate"
    )
    problems += [
        Problem(f"{file}: {path_text(path)}", stored.sentence(path), remedy) for path in stored.differing
    ]
    return ManualGates(gated, manual.tree, members, channels, stored), problems


def _by_beads(one: ComparedPopulation, beads: tuple[int, int]) -> ComparedPopulation:
    """Put a disagreement down to the beads where they differ more than the cells do."""
    ours, theirs = one.pair.auto_events, one.pair.manual_events
    if one.verdict is not Verdict.DISAGREE or not ours or not theirs:
        return one
    if abs(np.log(beads[0] / beads[1])) <= abs(np.log(ours / theirs)):
        return one
    words = f"the beads differ: {beads[0]} automated, {beads[1]} manual; of the cells {ours} and {theirs}"
    return replace(one, gate=BEADS, reason=f"{one.reason.partition(';')[0]}; {words}")


def _by_events(
    one: ComparedPopulation, gates: ManualGates, path: Path, named: Mapping[str, str]
) -> ComparedPopulation:
    """Compare events of the time that the quality mask kept."""
    gated, members = gates.gated, gates.in_kept_time
    auto, manual = gated.membership[one.pair.population], members[path]
    found = overlap(auto, manual)
    ours = {path_in(members, theirs): name for name, theirs in named.items()}
    stages = manual_stages(gates.tree, path, members, gates.channels, ours)
    return replace(
        one,
        pair=replace(one.pair, f1=found.f1),
        events=found,
        divergence=first_divergence(auto_stages(gated, one.pair.population), stages),
        whereabouts=tuple(find_differences(auto, manual, gated.signal.columns)),
    )


def _explained(one: ComparedPopulation, gates: ManualGates | None, path: Path) -> ComparedPopulation:
    """Look for the cause where the two disagree; agreeing tubes need none."""
    if one.verdict is not Verdict.DISAGREE or one.divergence is None or gates is None:
        return one
    cause = explain(gates.gated, one.pair.population, gates.tree, path, one.divergence)
    share = one.divergence.gate
    reason = (
        f"{one.reason}; {share.events} of {one.divergence.disputed} disputed events differ at "
        f"{share.name}: {cause.sentence}"
    )
    return replace(one, cause=cause, reason=reason)
