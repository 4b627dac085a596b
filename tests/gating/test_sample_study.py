"""The simulated study that is shipped: every event of it has a label."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bcelldepl.gating.evidence import Evidence
from bcelldepl.gating.reconcile import TubeFits, reconcile
from bcelldepl.gating.strategy import load_strategy
from bcelldepl.gating.tube import apply_gates, fit_gates
from bcelldepl.study import load_study
from bcelldepl.tubes.read import read_signal

SAMPLE = Path(__file__).parents[2] / "sample_fcs"


class Gated:
    """One gated tube beside its labels."""

    def __init__(self, tube, keep, populations, labels, codes):
        self.tube, self.keep, self.populations, self.labels, self.codes = (
            tube,
            keep,
            populations,
            labels,
            codes,
        )

    def true(self, population):
        return np.isin(self.labels, self.codes[population]) & self.keep

    def events(self, population):
        return self.populations.members[population].events


@pytest.fixture(scope="module")
def gated():
    meanings = json.loads((SAMPLE / "labels" / "populations.json").read_text(encoding="utf-8"))
    codes = {
        name: [meanings["labels"][label] for label in labels]
        for name, labels in meanings["populations"].items()
    }
    study = load_study(SAMPLE / "study.toml")
    tree = load_strategy(study.strategy)
    signals, fits = {}, []
    for tube in study.tubes:
        _, _, made = read_signal(tube, study, tree)
        signals[tube.file] = made
        fits.append(
            TubeFits(
                tube.file, tube.subject, tube.batch or "", tube.before_infusion, tube.role.value,
                tube.role_marker or "", made.scales, fit_gates(made, tree),
            )
        )  # fmt: skip
    settled = reconcile(fits, tree)
    return {
        tube.file: Gated(
            tube,
            signals[tube.file].quality.keep,
            apply_gates(signals[tube.file], tree, settled[tube.file], keep_membership=True),
            np.load(SAMPLE / "labels" / f"{Path(tube.file).stem}.npy"),
            codes,
        )
        for tube in study.tubes
    }


def samples(gated):
    return [one for one in gated.values() if one.tube.role == "sample"]


@pytest.mark.parametrize(
    ("population", "least"), [("B", 200), ("T", 200), ("beads", 200), ("leukocytes", 1_000)]
)
def test_populations_with_many_events_are_counted_within_5_percent(gated, population, least):
    ratios = {
        one.tube.file: one.events(population) / one.true(population).sum()
        for one in samples(gated)
        if one.true(population).sum() >= least
    }
    assert len(ratios) >= 2
    assert all(0.95 <= ratio <= 1.05 for ratio in ratios.values()), ratios


def test_few_b_cells_are_not_made_many(gated):
    few = {
        one.tube.file: (int(one.true("B").sum()), one.events("B"))
        for one in samples(gated)
        if one.true("B").sum() < 10
    }
    assert few
    assert all(abs(events - true) <= 3 + 3 * np.sqrt(true) for true, events in few.values()), few


def test_every_b_count_stands_on_some_evidence(gated):
    for one in samples(gated):
        found = one.populations.members["B"]
        assert found.evidence in (Evidence.DATA, Evidence.SUBJECT, Evidence.BATCH), one.tube.file
        assert found.events < 0.5 * found.parent_events


def test_tubes_before_the_infusion_and_fmo_tubes_have_hardly_a_car_t_cell(gated):
    controls = [one for one in gated.values() if one.tube.role == "fmo" or one.tube.before_infusion]
    assert controls
    for one in controls:
        assert one.events("CAR_T") <= 3 + 2e-3 * one.events("T"), one.tube.file


def test_car_t_cells_are_counted_where_there_are_many(gated):
    ratios = {
        one.tube.file: one.events("CAR_T") / one.true("CAR_T").sum()
        for one in samples(gated)
        if one.true("CAR_T").sum() >= 200
    }
    assert ratios
    assert all(0.9 <= ratio <= 1.1 for ratio in ratios.values()), ratios


def test_a_study_without_beads_still_counts_its_cells():
    # Dual-platform studies have none; that the bead gate finds nothing says nothing against the cells.
    codes = json.loads((SAMPLE / "labels" / "populations.json").read_text(encoding="utf-8"))["labels"]
    beads = [code for label, code in codes.items() if "bead" in label]
    study = load_study(SAMPLE / "study.toml")
    tree = load_strategy(study.strategy)
    tube = next(one for one in study.tubes if one.role == "sample")
    _, _, made = read_signal(tube, study, tree)
    is_bead = np.isin(np.load(SAMPLE / "labels" / f"{Path(tube.file).stem}.npy"), beads)
    made = replace(made, quality=replace(made.quality, keep=made.quality.keep & ~is_bead))
    alone = TubeFits(tube.file, tube.subject, "", False, "sample", "", made.scales, fit_gates(made, tree))
    members = apply_gates(made, tree, reconcile([alone], tree)[tube.file]).members
    assert members["T"].evidence is Evidence.DATA
    assert members["B"].evidence is Evidence.DATA
