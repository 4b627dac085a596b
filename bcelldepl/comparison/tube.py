"""One tube compared: events, concentrations, and the gate at which the two gatings part ways."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bcelldepl.comparison.acceptance import TubePair, Verdict, judge_tube
from bcelldepl.comparison.beads import count_beads, manual_volume_ul, number_of
from bcelldepl.comparison.causes import Cause, explain
from bcelldepl.comparison.divergence import Divergence, first_divergence
from bcelldepl.comparison.stages import auto_stages, manual_stages
from bcelldepl.comparison.statistics import Overlap, Whereabouts, find_differences, overlap
from bcelldepl.definitions.codes import ResultCode
from bcelldepl.definitions.populations import BEADS, Kinetics, analytes, is_result
from bcelldepl.errors import BcelldeplError, Problem
from bcelldepl.gate_exchange.evaluate import Channels, evaluate
from bcelldepl.gate_exchange.gate import GateTree, Path, path_in, path_text
from bcelldepl.gate_exchange.manual import ManualCount, ManualTube
from bcelldepl.study import AcceptanceLimits, Study
from bcelldepl.tubes.regate import GatedTube

__all__ = ["ComparedPopulation", "TubeComparison", "compare_tube"]

_CLOSE_COUNTS = 0.01  # part by which counts that FlowJo stored may differ from its own gates


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
class TubeComparison:
    """One tube by both methods.

    Attributes
    ----------
    file, subject, visit : str
    day : float
    populations : tuple of ComparedPopulation
    manual_per_ul : dict of str to (int or None, float or None, float or None)
        Events, concentration and volume of the manual side by our population.
    problems : tuple of Problem
    gated : GatedTube or None
    members : dict of path to ndarray of bool
        Manual memberships, for the pictures.
    tree : GateTree or None
    """

    file: str
    subject: str
    visit: str
    day: float
    populations: tuple[ComparedPopulation, ...]
    problems: tuple[Problem, ...] = ()
    gated: GatedTube | None = None
    members: Mapping[Path, NDArray[np.bool_]] | None = None
    tree: GateTree | None = None

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
    """
    first = rows[0]
    problems: list[Problem] = []
    members: dict[Path, NDArray[np.bool_]] = {}
    tree = manual.tree if manual.tree is not None and manual.tree.gates else None
    channels = None
    if gated is not None and tree is not None:
        channels = Channels(gated.acquisition, tree.matrices)
        try:
            members, lost = evaluate(tree, channels)
            problems += [Problem(f"{first['file']}: {path_text(path)}", why) for path, why in lost.items()]
        except BcelldeplError as error:
            problems.append(Problem(str(first["file"]), str(error)))
    beads = count_beads(rows, manual, named, members)
    volume = manual_volume_ul(rows, beads, kept_time_fraction)
    compared = []
    for row in rows:
        population = str(row["population"])
        if population not in named or not is_result(population):
            continue
        path = tuple(named[population].split("/"))
        stated = manual.stated.get(named[population], ManualCount())
        member = members.get(path_in(members, named[population]))
        events = int(member.sum()) if member is not None else stated.events
        per_ul = stated.per_ul
        if per_ul is None and events is not None and volume:
            per_ul = events / volume
        pair = _pair(row, events, per_ul, study)
        one = ComparedPopulation(pair, named[population], Verdict.NOT_COMPARABLE, "")
        if pair.manual_decision:
            one = replace(one, reconstituted=_reconstituted(row, per_ul, study))
        if member is not None and gated is not None and tree is not None and channels is not None:
            path = path_in(members, named[population])
            one = _by_events(one, gated, tree, path, members, channels, named)
            note = _binned(events, stated.events)
            if note:
                problems.append(Problem(f"{first['file']}: {named[population]}", note))
        verdict, reason = judge_tube(one.pair, limits)
        one = replace(
            one, verdict=verdict, reason=reason, gate=one.divergence.gate.name if one.divergence else ""
        )
        one = _explained(one, gated, tree, members, named)
        compared.append(_by_beads(one, beads) if beads else one)
    return TubeComparison(
        str(first["file"]),
        str(first["subject"]),
        str(first["visit"]),
        float(first["day"]),
        tuple(compared),
        tuple(problems),
        gated,
        members,
        tree,
    )


def _by_beads(one: ComparedPopulation, beads: tuple[int, int]) -> ComparedPopulation:
    """Put a disagreement down to the beads where they differ more than the cells do."""
    ours, theirs = one.pair.auto_events, one.pair.manual_events
    if one.verdict is not Verdict.DISAGREE or not ours or not theirs:
        return one
    if abs(np.log(beads[0] / beads[1])) <= abs(np.log(ours / theirs)):
        return one
    words = f"the beads part: {beads[0]} automated, {beads[1]} manual; of the cells {ours} and {theirs}"
    return replace(one, gate=BEADS, reason=f"{one.reason.partition(';')[0]}; {words}")


def _pair(row: Mapping[str, Any], events: int | None, per_ul: float | None, study: Study | None) -> TubePair:
    ours = number_of(row.get("events"))
    our_per_ul = number_of(row.get("cells_per_ul"))
    population = str(row["population"])
    auto = manual = ""
    if population in analytes(Kinetics.DEPLETION) and per_ul is not None:
        threshold = study.endpoints.depletion_threshold_per_ul if study else 10.0
        auto = _decide(row, our_per_ul, threshold, "depleted", "not depleted")
        manual = "depleted" if per_ul < threshold else "not depleted"
    return TubePair(
        population,
        None if ours is None else int(ours),
        events,
        our_per_ul,
        per_ul,
        auto_decision=auto,
        manual_decision=manual,
    )


def _decide(row: Mapping[str, Any], per_ul: float | None, threshold: float, below: str, above: str) -> str:
    if per_ul is None or not ResultCode(str(row["result"])).is_evaluable:
        return "not evaluable"
    return below if per_ul < threshold else above


def _reconstituted(row: Mapping[str, Any], per_ul: float | None, study: Study | None) -> tuple[str, str]:
    threshold = study.endpoints.reconstitution_threshold_per_ul if study else 10.0
    words = ("not reconstituted", "reconstituted")
    auto = _decide(row, number_of(row.get("cells_per_ul")), threshold, *words)
    return auto, words[per_ul is not None and per_ul >= threshold]


def _by_events(
    one: ComparedPopulation,
    gated: GatedTube,
    tree: GateTree,
    path: Path,
    members: Mapping[Path, NDArray[np.bool_]],
    channels: Channels,
    named: Mapping[str, str],
) -> ComparedPopulation:
    auto, manual = gated.membership[one.pair.population], members[path]
    found = overlap(auto, manual)
    ours = {path_in(members, theirs): name for name, theirs in named.items()}
    stages = manual_stages(tree, path, members, channels, ours)
    return replace(
        one,
        pair=replace(one.pair, f1=found.f1),
        events=found,
        divergence=first_divergence(auto_stages(gated, one.pair.population), stages),
        whereabouts=tuple(find_differences(auto, manual, gated.signal.columns)),
    )


def _explained(
    one: ComparedPopulation,
    gated: GatedTube | None,
    tree: GateTree | None,
    members: Mapping[Path, NDArray[np.bool_]],
    named: Mapping[str, str],
) -> ComparedPopulation:
    """Look for the cause where the two disagree; agreeing tubes need none."""
    if one.verdict is not Verdict.DISAGREE or one.divergence is None or gated is None or tree is None:
        return one
    path = path_in(members, named[one.pair.population])
    cause = explain(gated, one.pair.population, tree, path, one.divergence)
    share = one.divergence.gate
    reason = (
        f"{one.reason}; {share.events} of {one.divergence.disputed} disputed events part at "
        f"{share.name}: {cause.sentence}"
    )
    return replace(one, cause=cause, reason=reason)


def _binned(gated: int | None, stated: int | None) -> str:
    """Say that a stored count is not that of the stored gates: FlowJo counts on binned values."""
    if gated is None or stated is None or gated == stated:
        return ""
    near = abs(gated - stated) <= max(3.0, _CLOSE_COUNTS * max(gated, stated))
    why = "its count is of binned values" if near else "its count is not that of its gates: was it saved?"
    return f"the source states {stated} events, its gates hold {gated}: {why}"
