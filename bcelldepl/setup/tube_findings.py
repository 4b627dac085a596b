"""One tube of a study before it is counted: its file, panel, matrix and way of counting."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from bcelldepl.batch.outcome import FittedTube
from bcelldepl.batch.tube import opened_tube
from bcelldepl.counting import TubeFacts, tube_facts
from bcelldepl.counting.methods import chosen_method, missing_facts, scaling_populations
from bcelldepl.definitions.codes import Method
from bcelldepl.definitions.reasons import Reason
from bcelldepl.errors import BcelldeplError, CompensationError, PanelError
from bcelldepl.fcs import Acquisition, Channel, read_fcs
from bcelldepl.fcs.acquisition import Volume
from bcelldepl.gating.panel_fit import fit_strategies, stain_channels
from bcelldepl.gating.strategy import Strategy
from bcelldepl.quality.control_checks import check_control
from bcelldepl.quality.tube_checks import check_date
from bcelldepl.setup.findings import Severity, TubeFinding
from bcelldepl.signal.panel import channel_words, find_marker
from bcelldepl.study import Role, Study, Tube
from bcelldepl.tubes.read import panel_of, spillover_of

__all__ = ["NOT_COUNTED", "LookedAt", "look_at"]

# Begins the kind of a finding that a tube lacks what its method of counting needs.
NOT_COUNTED = "not counted"

_FILL_IN = {
    Method.BEADS: "fill in bead_count and blood_volume_ul",
    Method.VOLUMETRIC: "fill in acquired_volume_ul",
    Method.DUAL: "fill in wbc_per_ul or lymphocytes_per_ul",
    Method.NONE: "fill in bead_count and blood_volume_ul, or acquired_volume_ul, or wbc_per_ul or lymphocytes_per_ul",
}


@dataclass(frozen=True)
class LookedAt:
    """A tube whose TEXT was read.

    Attributes
    ----------
    tube : Tube
    opened : FittedTube
        What its file tells; with its failure where it cannot be gated.
    method : Method
        By which it is to be counted.
    compensated_by : str
        Where its matrix is from; empty where there is none.
    volume : Volume or None
        What its file says of it; None where it cannot be read.
    findings : tuple of TubeFinding
    """

    tube: Tube
    opened: FittedTube
    method: Method = Method.NONE
    compensated_by: str = ""
    volume: Volume | None = None
    findings: tuple[TubeFinding, ...] = ()


def look_at(tube: Tube, study: Study, strategy: Strategy | None) -> LookedAt:
    """Open a tube as far as its TEXT, and hold it against the study.

    Parameters
    ----------
    tube : Tube
    study : Study
    strategy : Strategy or None
        None where the study's cannot be read: the panel is not looked at then.

    Returns
    -------
    LookedAt
        What is wrong with the tube is in it, not raised.
    """
    try:
        acquisition = read_fcs(tube.path, volume_unit=study.counting.volume_unit)
    except BcelldeplError as error:
        finding = TubeFinding(
            tube.file, Severity.PROBLEM, error.what, error.remedy, kind=f"file {_kind(error.what)}"
        )
        return LookedAt(tube, FittedTube(file=tube.file, failure=error.what), findings=(finding,))
    opened = opened_tube(tube, acquisition)
    found = [
        TubeFinding(tube.file, Severity.NOTE, warning, kind=_kind(warning)) for warning in opened.warnings
    ]
    found += [
        TubeFinding(tube.file, Severity.DOUBT, one.sentence, kind=one.check.name)
        for one in check_date(tube, acquisition.date)
        if one.needs_review
    ]
    facts = tube_facts(tube, acquisition.volume.microlitres, acquisition.volume.reason)
    method = chosen_method(facts, study.counting)
    source = ""
    if strategy is not None:
        opened, gating, source = _gated(tube, acquisition, study, strategy, opened)
        found += gating
    if tube.role is Role.SAMPLE:
        found += _counted(tube, facts, method, strategy)
    return LookedAt(tube, opened, method, source, acquisition.volume, tuple(found))


def _gated(
    tube: Tube, acquisition: Acquisition, study: Study, strategy: Strategy, opened: FittedTube
) -> tuple[FittedTube, list[TubeFinding], str]:
    """Resolve panel and matrix; a tube without one cannot be gated."""
    found = []
    try:
        panel = panel_of(acquisition, tube, study, strategy)
    except PanelError as error:
        named = study.panel_of(opened.batch)
        paste = _panel_lines(error.markers, acquisition.channels, named)
        if paste and not _has_panel(study.path):
            paste = f"[panel]\n{paste}"
        remedy = f"{'write it' if paste else 'correct it'} under [panel] in {study.path.name}"
        others = [one.name for one in fit_strategies(acquisition.channels, named) if one.fits]
        if others:
            remedy += f"; or choose a strategy that fits this panel: {' or '.join(others)}"
        found.append(TubeFinding(tube.file, Severity.PROBLEM, error.complaint, remedy, paste))
        opened = replace(opened, failure=error.complaint)
        panel = {}
    else:
        opened = replace(opened, panel=panel)
        found += [
            TubeFinding(tube.file, Severity.DOUBT, one.sentence, kind=one.sentence)
            for one in check_control(tube, acquisition.channels, panel, strategy.markers)
            if one.needs_review
        ]
    # Without a panel, the matrix is looked at for the markers that would be gated.
    stains = panel or dict.fromkeys(
        (*strategy.required_markers, *(one[0] for one in strategy.alternatives)), ""
    )
    source = ""
    try:
        spillover = spillover_of(acquisition, tube, study, stains)
        source = spillover.keyword if spillover else ""
    except CompensationError as error:
        made_by_run = study.compensation.source == "controls" and study.matrix_path(opened.batch) is None
        if not made_by_run:
            found.append(TubeFinding(tube.file, Severity.PROBLEM, error.what, error.remedy))
            opened = replace(opened, failure=opened.failure or error.what)
    return opened, found, source


def _panel_lines(markers: Sequence[str], channels: Sequence[Channel], named: Mapping[str, str]) -> str:
    """Lines of ``[panel]`` to fill in, each with the detectors that it could be; none for what is there and wrong."""
    lines = []
    for marker in markers:
        if marker not in named:
            carrying = find_marker(marker, channels)
            candidates = carrying if len(carrying) > 1 else stain_channels(channels)
            lines.append(f'{marker} = "DETECTOR"  # one of {", ".join(map(channel_words, candidates))}')
    return "\n".join(lines)


def _has_panel(path: Path) -> bool:
    """Whether the study file has the heading of the table already, perhaps with nothing below it."""
    text = path.read_text(encoding="utf-8-sig", errors="replace")
    return re.search(r"^\s*\[\s*panel\s*\]", text, re.MULTILINE) is not None


def _counted(
    tube: Tube, facts: TubeFacts, method: Method, strategy: Strategy | None
) -> Iterator[TubeFinding]:
    """What a concentration would lack."""
    lacking = missing_facts(method, facts)
    if lacking:
        remedy = f"{_FILL_IN[method]}; otherwise only percentages are reported"
        kind = f"{NOT_COUNTED} {method} {_kind(lacking)}"
        yield TubeFinding(tube.file, Severity.DOUBT, lacking, remedy, kind=kind)
    needs = scaling_populations(method, facts)
    if strategy is not None and needs and not lacking:
        known = {rule.name for rule in strategy.populations}
        if not known & set(needs):
            what = f"counted by {method}, but {Reason.NO_POPULATION.format(population=needs[0])}"
            yield TubeFinding(
                tube.file, Severity.DOUBT, what, "choose another strategy or another way of counting"
            )
    if method is Method.VOLUMETRIC and not lacking and "dilution" not in tube.model_fields_set:
        what = "counted by the acquired volume, and the sheet gives no dilution: it is taken as 1"
        remedy = "fill in `dilution`: the volume of the suspension over that of its blood, 1 where nothing was added"
        yield TubeFinding(tube.file, Severity.DOUBT, what, remedy)


def _kind(text: str) -> str:
    """A sentence without its numbers."""
    return re.sub(r"\d[\d,.]*", "0", text)
