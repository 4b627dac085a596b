"""A whole study gated by what it teaches, in memory, with the membership of every event."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bcelldepl.fcs import read_fcs
from bcelldepl.fcs.write import spillover_keyword, write_fcs
from bcelldepl.gating.model.alignment import Alignment
from bcelldepl.gating.model.event_sample import events_per_tube
from bcelldepl.gating.model.learn import learn
from bcelldepl.gating.model.place import PLACED_EVENTS, borrowed_evidence, place_gates
from bcelldepl.gating.model.study_model import StudyModel
from bcelldepl.gating.populations import Populations
from bcelldepl.gating.rules.base import Fit
from bcelldepl.gating.strategy import Strategy, load_strategy
from bcelldepl.gating.tube import apply_gates
from bcelldepl.signal import Signal
from bcelldepl.study import Role, Tube, load_study
from bcelldepl.tubes.read import OpenTube, open_tube
from bcelldepl.tubes.sample import take_sample


@dataclass(frozen=True)
class GatedTube:
    tube: Tube
    opened: OpenTube
    strategy: Strategy
    alignment: Alignment | None
    fits: Mapping[str, Fit]
    signal: Signal
    populations: Populations

    def inside(self, population: str) -> NDArray[np.bool_]:
        return self.populations.membership[population]

    def events(self, population: str) -> int:
        return self.populations.members[population].events


@dataclass(frozen=True)
class GatedStudy:
    model: StudyModel
    tubes: Mapping[str, GatedTube]

    def samples(self) -> list[GatedTube]:
        return [one for one in self.tubes.values() if one.tube.role is Role.SAMPLE]


def write_study(
    folder: Path, files: Mapping[Path, str], strategy: str, *, compensate: bool = True, panel: str = ""
) -> Path:
    """A study of files, each with its subject, whose visits are days in their order."""
    folder.mkdir(parents=True, exist_ok=True)
    days: dict[str, int] = {}
    rows = ["file,subject,visit,day"]
    for path, subject in files.items():
        days[subject] = days.get(subject, -1) + 1
        rows.append(f"{path.as_posix()},{subject},V{days[subject]},{days[subject]}")
    (folder / "samples.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    source = "auto" if compensate else "none"
    text = f'[study]\nid = "real"\nstrategy = "{strategy}"\nsamples = "samples.csv"\nallow_outside = true\n'
    text += f'[compensation]\nsource = "{source}"\n'
    text += f"[panel]\n{panel}\n" if panel else ""
    (folder / "study.toml").write_text(text, encoding="utf-8")
    return folder / "study.toml"


def thinned(source: Path, target: Path, index: NDArray[np.intp]) -> Path:
    """Write some events of a file, with its matrix."""
    whole = read_fcs(source)
    keywords = {}
    if whole.spillover is not None:
        keywords["$SPILLOVER"] = spillover_keyword(whole.spillover.channels, whole.spillover.matrix)
    columns = whole.columns([one.name for one in whole.channels])[:, np.sort(index)].astype(np.float32)
    write_fcs(
        target, columns, [one.name for one in whole.channels], [one.label for one in whole.channels],
        ranges=[one.range for one in whole.channels], keywords=keywords,
    )  # fmt: skip
    return target


def gate_study(study: Path, strategy: str = "", *, model: StudyModel | None = None) -> GatedStudy:
    """Learn from all tubes that teach (or take a model), place each tube's gates, and count."""
    made = load_study(study)
    tree = load_strategy(strategy or made.strategy, made.folder)
    taught = [tube for tube in made.tubes if _teaches(tube, tree)]
    wanted = events_per_tube(len(taught))
    opened = {tube.file: open_tube(tube, made, tree) for tube in made.tubes}
    samples = {
        tube.file: take_sample(opened[tube.file], tube, tree, max(wanted, PLACED_EVENTS))
        for tube in made.tubes
    }
    if model is None:
        model = learn([samples[tube.file].first(wanted) for tube in taught], tree, made.gating.kinds)
    on_scales = tree.on_scales(model.scales)
    gated = {}
    for tube in made.tubes:
        others = [one.file for one in made.tubes if one.subject == tube.subject and one != tube]
        placed = place_gates(model, tree, samples[tube.file], borrowed_evidence(model, tree, others))
        signal = opened[tube.file].signal(on_scales)
        found = apply_gates(signal, on_scales, placed.fits, keep_membership=True)
        gated[tube.file] = GatedTube(
            tube, opened[tube.file], on_scales, placed.alignment, placed.fits, signal, found
        )
    return GatedStudy(model, gated)


def _teaches(tube: Tube, strategy: Strategy) -> bool:
    if tube.role is Role.FMO:
        return tube.role_marker not in strategy.lineages.markers
    return tube.role is Role.SAMPLE


def f1(ours: NDArray[np.bool_], truth: NDArray[np.bool_]) -> float:
    """Of two memberships."""
    return float(2 * (ours & truth).sum() / max(ours.sum() + truth.sum(), 1))
