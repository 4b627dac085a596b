"""Simulated studies through our pipeline and through the peers, tube by tube, against the true labels.

What counts as truth: single live cells by their label, among the events of the acquisition time that the quality
mask kept. Cutting a disturbed stretch of time costs cells and beads alike, so it is no error of gating; an event
that is dropped for any other reason (off the scatter's scale, taken for a doublet) is. Doublets, dead and sticky
cells are true members of no population: a gate that calls them errs.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
from accuracy_gating import Gated, count_events, fit_study, quiet
from accuracy_peers import Cuts, call_peer, draw_cuts, halfway_car, name_car, oracle_calls
from numpy.typing import NDArray

from bcelldepl.batch.workers import map_tubes
from bcelldepl.counting import count_tube, tube_facts
from bcelldepl.fcs import Acquisition
from bcelldepl.gating.populations import Populations
from bcelldepl.signal import Signal
from bcelldepl.simulation import simulate
from bcelldepl.simulation.cells import LABELS, POPULATIONS
from bcelldepl.study import Study, Tube, load_study
from bcelldepl.tubes.read import open_tube

__all__ = ["Plan", "plans", "run_plan"]

Record = dict[str, Any]
Mask = NDArray[np.bool_]
COUNTED: Final = ("B", "T", "CAR_T")
DRIFTS: Final = (0.06, 0.10, 0.15)
ORACLE_FROM: Final = {"B": 200, "CAR_T": 500}  # true events from which F1 is asked for


@dataclass(frozen=True)
class Plan:
    """One simulated study.

    Attributes
    ----------
    scenario : str
    drift : float
    subjects, seed : int
    """

    scenario: str
    drift: float
    subjects: int
    seed: int

    @property
    def name(self) -> str:
        """Name of its folder."""
        return f"{self.scenario}_{self.drift:.2f}_{self.subjects}_{self.seed}"


def plans(*, quick: bool) -> list[Plan]:
    """Both scenarios at three drifts, every study with subjects of its own: 26 in full, 6 in quick mode."""
    sizes = {"trial": 1, "hard": 1} if quick else {"trial": 4, "hard": 5}
    sizes_at = [(scenario, drift) for scenario in sizes for drift in DRIFTS]
    return [
        Plan(scenario, drift, sizes[scenario] - (drift != 0.15 and not quick and scenario == "hard"), seed)
        for seed, (scenario, drift) in enumerate(sizes_at, start=1)
    ]


def run_plan(
    plan: Plan, folder: Path, peers: Sequence[str], workers: int, *, oracle: bool = True
) -> list[Record]:
    """Simulate a study (or find it in the folder), gate it, and score every sample tube.

    Parameters
    ----------
    plan : Plan
    folder : Path
        Where simulated studies are kept between runs.
    peers : sequence of str
        Keys of `PEERS`.
    workers : int
    oracle : bool
        Whether to train the oracle, the longest part.
    """
    where = folder / plan.name
    if not (where / "study.toml").is_file():
        simulate(where, scenario=plan.scenario, subjects=plan.subjects, seed=plan.seed, drift=plan.drift)
    study = load_study(where / "study.toml")
    gated = fit_study(study, workers)
    samples = [tube for tube in study.tubes if tube.role == "sample" and not gated.fitted[tube.file].failure]
    truth = pd.read_csv(where / "truth.csv").set_index(["file", "population"])
    cuts = _draw_all(samples, gated, truth["true_events"].to_dict(), workers)
    true_per_ul = truth["true_per_ul"].to_dict()
    scoring = [
        (tube, gated, cuts[tube.subject], tuple(peers), oracle,
         {name: true_per_ul[tube.file, name] for name in COUNTED})
        for tube in samples
    ]  # fmt: skip
    records = map_tubes(_score_tube, scoring, [t.file for t in samples], workers, quiet)
    return [{"scenario": plan.scenario, "drift": plan.drift, "seed": plan.seed, **one} for one in records]


def _draw_all(
    samples: Sequence[Tube],
    gated: Gated,
    true_events: Mapping[tuple[str, str], int],
    workers: int,
) -> dict[str, Cuts]:
    """Draw each subject's cuts: in its first tube, and for the naming of CAR+ clusters in the one with most of them."""
    jobs = {}
    for subject in gated.study.subjects:
        tubes = [tube for tube in samples if tube.subject == subject]
        if tubes:
            peak = max(tubes, key=lambda tube: true_events[tube.file, "CAR_T"])
            jobs[subject] = (gated, tubes[0], peak)
    drawn = map_tubes(_draw_one, list(jobs.values()), list(jobs), workers, quiet)
    known = [position for _, position in drawn if position is not None]
    usual = float(np.median(known)) if known else None  # for subjects in whom no CAR+ cells ever grow
    return {
        subject: name_car(cuts, usual if position is None else position)
        for subject, (cuts, position) in zip(jobs, drawn, strict=True)
    }


def _draw_one(gated: Gated, first: Tube, peak: Tube) -> tuple[Cuts, float | None]:
    columns, true = _lymphocytes(gated, first)
    cuts = draw_cuts(columns, true)
    columns, true = _lymphocytes(gated, peak)
    return cuts, halfway_car(columns["CAR"][true["T"]], true["CAR_T"][true["T"]])


def _lymphocytes(gated: Gated, tube: Tube) -> tuple[dict[str, NDArray[np.float32]], dict[str, Mask]]:
    """Signals and truth of the events that our gates take for lymphocytes."""
    signal = open_tube(tube, gated.study, gated.strategy).signal(gated.strategy)
    lymphocytes = count_events(gated, tube, signal).membership["lymphocytes"]
    labels = _labels(tube)
    columns = {marker: values[lymphocytes] for marker, values in signal.columns.items()}
    return columns, {name: _members(labels, name)[lymphocytes] for name in COUNTED}


def _labels(tube: Tube) -> NDArray[np.uint8]:
    return np.load(tube.path.parent.parent / "labels" / f"{tube.path.stem}.npy")


def _members(labels: NDArray[np.uint8], population: str) -> Mask:
    return np.isin(labels, [LABELS.index(label) for label in POPULATIONS[population]])


def _time_kept(acquisition: Acquisition, panel: Mapping[str, str], signal: Signal) -> Mask:
    """Events of the acquisition time that was kept, whatever else befell them."""
    seconds = acquisition.columns([panel["Time"]])[0] * np.float32(acquisition.time_step_s or 1.0)
    cut = np.zeros(signal.n_events, dtype=bool)
    for block in signal.quality.blocks:
        cut |= (seconds >= block.start_s) & (seconds < block.end_s)
    return signal.quality.keep | ~cut


def _score_tube(
    tube: Tube,
    gated: Gated,
    cuts: Cuts,
    peers: Sequence[str],
    oracle: bool,
    true_per_ul: Mapping[str, float],
) -> Record:
    study = gated.study
    opened = open_tube(tube, study, gated.strategy)
    acquisition, panel, signal = opened.acquisition, opened.panel, opened.signal(gated.strategy)
    labels = _labels(tube)
    time_kept = _time_kept(acquisition, panel, signal)
    truth = {name: _members(labels, name) & time_kept for name in COUNTED}
    traced = {**truth, "beads": _members(labels, "beads") & time_kept}
    found = count_events(gated, tube, signal)
    calls = {"ours": {name: found.membership[name] for name in COUNTED if name in found.membership}}
    lymphocytes = np.flatnonzero(found.membership["lymphocytes"])
    columns = {marker: values[lymphocytes] for marker, values in signal.columns.items()}
    for peer in peers:
        calls[peer] = {
            name: _spread(mask, lymphocytes, signal.n_events)
            for name, mask in call_peer(peer, columns, cuts).items()
        }
    if oracle:
        kept = np.flatnonzero(signal.quality.keep)
        seen = {marker: values[kept] for marker, values in signal.columns.items()}
        calls["oracle"] = {
            name: _spread(_remembered(tube, name, seen, truth[name][kept]), kept, signal.n_events)
            for name, least in ORACLE_FROM.items()
            if truth[name].sum() >= least
        }
    return {
        "file": tube.file,
        "subject": tube.subject,
        "visit": tube.visit,
        "before_infusion": tube.before_infusion,
        "true": {name: int(mask.sum()) for name, mask in truth.items()},
        "true_per_ul": dict(true_per_ul),
        "leukocytes": int((_members(labels, "leukocytes") & time_kept).sum()),
        "beads": int(traced["beads"].sum()),
        "minimum_beads": study.counting.minimum_beads,
        "calls": {
            method: {name: _tally(mask, truth[name]) for name, mask in by.items()}
            for method, by in calls.items()
        },
        "ours": _reported(tube, study, acquisition, signal, found),
        "lost": {name: _lost(name, mask, found) for name, mask in traced.items()},
        "gained": {name: _gained(found.membership[name] & ~mask, labels) for name, mask in traced.items()},
    }


def _remembered(tube: Tube, population: str, seen: Mapping[str, NDArray[np.float32]], truth: Mask) -> Mask:
    """Ask the oracle once per tube: it takes the longest, and our gates do not change what it sees."""
    content = hashlib.sha256(truth.tobytes())
    for marker in sorted(seen):
        content.update(np.ascontiguousarray(seen[marker]).tobytes())
    path = (
        tube.path.parent.parent / "oracle" / f"{tube.path.stem}_{population}_{content.hexdigest()[:16]}.npy"
    )
    if not path.is_file():
        path.parent.mkdir(exist_ok=True)
        np.save(path, oracle_calls(seen, truth))
    found: Mask = np.load(path)
    return found


def _spread(mask: Mask, index: NDArray[np.intp], size: int) -> Mask:
    whole = np.zeros(size, dtype=bool)
    whole[index[mask]] = True
    return whole


def _tally(called: Mask, truth: Mask) -> dict[str, int]:
    return {"events": int(called.sum()), "right": int((called & truth).sum())}


def _reported(
    tube: Tube, study: Study, acquisition: Acquisition, signal: Signal, gated: Populations
) -> dict[str, Record]:
    """Count the tube as `run` does."""
    facts = tube_facts(
        tube,
        acquisition.volume.microlitres,
        acquisition.volume.reason,
        signal.quality.kept_time_fraction,
        acquisition.acquisition_seconds,
    )
    return {
        one.population: {
            "result": str(one.result),
            "evidence": str(one.evidence),
            "per_ul": one.cells_per_ul,
            "low": one.ci_low_per_ul,
            "high": one.ci_high_per_ul,
            "volume_ul": one.analysed_volume_ul,
        }
        for one in count_tube(gated, facts, study.counting, study.limits)
        if one.population in COUNTED
    }


def _lost(population: str, truth: Mask, gated: Populations) -> dict[str, int]:
    """True events that were not called, by the gate of the path that lost them."""
    path = [population]
    while path[-1] in gated.members:
        path.append(gated.members[path[-1]].parent)
    left, lost = truth.copy(), {}
    for name in reversed(path[:-1]):
        gone = left & ~gated.membership[name]
        if gone.any():
            lost[name] = int(gone.sum())
        left &= gated.membership[name]
    return lost


def _gained(wrong: Mask, labels: NDArray[np.uint8]) -> dict[str, int]:
    """Events called wrongly, by what they are."""
    counts = np.bincount(labels[wrong], minlength=len(LABELS))
    return {LABELS[code]: int(counts[code]) for code in np.flatnonzero(counts)}
