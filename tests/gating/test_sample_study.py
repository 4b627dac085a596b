"""The simulated study that is shipped: every event of it has a label."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from learned import gate_study

from bcelldepl.gating.evidence import Evidence
from bcelldepl.gating.model.gate_tube import gate_by_model

SAMPLE = Path(__file__).parents[2] / "sample_fcs"


class Labelled:
    """One gated tube beside its labels."""

    def __init__(self, gated, codes):
        self.gated, self.codes, self.tube = gated, codes, gated.tube
        self.labels = np.load(SAMPLE / "labels" / f"{Path(gated.tube.file).stem}.npy")

    def true(self, population):
        return int((np.isin(self.labels, self.codes[population]) & self.gated.signal.quality.keep).sum())

    def events(self, population):
        return self.gated.events(population)


@pytest.fixture(scope="module")
def study():
    return gate_study(SAMPLE / "study.toml")


@pytest.fixture(scope="module")
def labelled(study):
    meanings = json.loads((SAMPLE / "labels" / "populations.json").read_text(encoding="utf-8"))
    codes = {
        name: [meanings["labels"][label] for label in labels]
        for name, labels in meanings["populations"].items()
    }
    return [Labelled(one, codes) for one in study.tubes.values()]


@pytest.fixture(scope="module")
def samples(labelled):
    return [one for one in labelled if one.tube.role == "sample"]


def test_the_study_names_its_cells_without_a_question(study):
    assert study.model.questions == ()
    assert {"B", "T", "NK", "beads", "monocytes", "granulocytes"} <= set(study.model.kinds.tolist())


@pytest.mark.parametrize(
    ("population", "least"), [("B", 200), ("T", 200), ("beads", 200), ("leukocytes", 1_000)]
)
def test_populations_with_many_events_are_counted_within_5_percent(samples, population, least):
    ratios = {
        one.tube.file: one.events(population) / one.true(population)
        for one in samples
        if one.true(population) >= least
    }
    assert len(ratios) >= 2
    assert all(0.95 <= ratio <= 1.05 for ratio in ratios.values()), ratios


def test_few_b_cells_are_not_made_many(samples):
    few = {one.tube.file: (one.true("B"), one.events("B")) for one in samples if one.true("B") < 10}
    assert few
    assert all(abs(events - true) <= 3 + 3 * np.sqrt(true) for true, events in few.values()), few


def test_every_b_count_stands_on_some_evidence(samples):
    for one in samples:
        found = one.gated.populations.members["B"]
        assert found.evidence in (Evidence.DATA, Evidence.SUBJECT, Evidence.BATCH), one.tube.file
        assert found.events < 0.5 * one.events("lymphocytes")


def test_tubes_before_the_infusion_and_fmo_tubes_have_hardly_a_car_t_cell(labelled):
    controls = [one for one in labelled if one.tube.role == "fmo" or one.tube.before_infusion]
    assert controls
    for one in controls:
        assert one.events("CAR_T") <= 3 + 2e-3 * one.events("T"), one.tube.file


def test_car_t_cells_are_counted_where_there_are_many(samples):
    ratios = {
        one.tube.file: one.events("CAR_T") / one.true("CAR_T") for one in samples if one.true("CAR_T") >= 200
    }
    assert ratios
    assert all(0.9 <= ratio <= 1.1 for ratio in ratios.values()), ratios


def test_members_are_within_their_parents_and_views_agree(samples):
    for one in samples:
        found = one.gated.populations
        for name, population in found.members.items():
            inside = found.membership[name]
            assert inside.sum() == population.events
            assert population.events_low <= population.events <= population.events_high
            if population.parent != "all":
                assert not (inside & ~found.membership[population.parent]).any()
        assert [view.population for view in found.views] == list(found.members)
        assert not (found.membership["T"] & found.membership["B"]).any()


def test_a_study_whose_batches_differ_much_is_named_all_the_same(tmp_path):
    """Gains and stains vary by 40 % between batches: doublets and dying cells fill the gap below the T cells."""
    from bcelldepl.simulation import simulate

    study = gate_study(simulate(tmp_path, scenario="hard", subjects=1, seed=6, drift=0.15))
    assert study.model.questions == ()
    codes = json.loads((tmp_path / "labels" / "populations.json").read_text(encoding="utf-8"))
    t_cells = [codes["labels"][label] for label in codes["populations"]["T"]]
    for one in study.samples():
        labels = np.load(tmp_path / "labels" / f"{Path(one.tube.file).stem}.npy")
        true = int((np.isin(labels, t_cells) & one.signal.quality.keep).sum())
        assert one.events("T") == pytest.approx(true, rel=0.1), one.tube.file


@pytest.mark.parametrize("kept", [0, 2_500])
@pytest.mark.parametrize("threads", ["1", "3"])
def test_a_tube_is_counted_alike_by_parts_and_as_a_whole(study, monkeypatch, kept, threads):
    monkeypatch.setenv("NUMBA_NUM_THREADS", threads)
    for one in (max(study.samples(), key=lambda tube: tube.events("CAR_T")), study.samples()[0]):
        gates = one.strategy, one.fits, study.model, one.alignment
        whole = gate_by_model(one.signal, *gates)
        assert one.signal.n_events < 131_072  # all of them are one part
        signal = one.opened.signal(one.strategy, kept)
        with monkeypatch.context() as patch:
            patch.setattr("bcelldepl.gating.parts._PART", 1_000)
            parts = gate_by_model(signal, *gates)
        assert parts.members == whole.members
        assert parts.fits == whole.fits
        for view, expected in zip(parts.views, whole.views, strict=True):
            np.testing.assert_array_equal(view.histogram, expected.histogram)
            np.testing.assert_array_equal(view.inside, expected.inside)
            held = parts.membership[view.population]
            np.testing.assert_array_equal(held, whole.membership[view.population])
            assert parts.members[view.population].early == whole.members[view.population].early
            kept_events = np.flatnonzero(signal.quality.keep)
            assert parts.members[view.population].early == held[: kept_events[len(kept_events) // 2]].sum()
            assert view.inside.sum() == held.sum()
