"""B cells whose CD19 is masked are counted by what else they are; other cells are not, and nothing is found of none."""

from __future__ import annotations

import numpy as np
import pytest
from blood import blood
from clouds import signal

from bcelldepl.gating.model.event_sample import EventSample
from bcelldepl.gating.model.gate_tube import gate_by_model
from bcelldepl.gating.model.learn import learn
from bcelldepl.gating.model.look_alikes import look_alikes
from bcelldepl.gating.model.place import place_gates
from bcelldepl.gating.strategy import load_strategy

KIND = "B_without_CD19"
STRATEGY = load_strategy("tbnk")


def tube(name, seed, masked=False, lacking=(), **counts):
    """A tube, without some stains; masked, its B cells have the CD19 of its T cells."""
    sample, kinds = blood(name, seed, **counts)
    signals = {marker: values for marker, values in sample.signals.items() if marker not in lacking}
    if masked:
        own, of = np.flatnonzero(kinds == "B"), np.flatnonzero(kinds == "T")
        signals["CD19"] = signals["CD19"].copy()
        signals["CD19"][own] = signals["CD19"][of[: len(own)]]
    return EventSample(name, signals, {marker: sample.tops[marker] for marker in signals}), kinds


def found(tubes, looked_at):
    """What looks like B cells in some tubes of a study that was learned from others."""
    model = learn([sample for sample, _ in tubes], STRATEGY, {})
    scaled = STRATEGY.on_scales(model.scales)
    numbers = []
    for sample, _ in looked_at:
        placed, columns = place_gates(model, scaled, sample), sample.positions(model.scales)
        gated = gate_by_model(signal(columns), scaled, placed.fits, model, placed.alignment)
        alike = look_alikes(model, scaled, placed.alignment, signal(columns), gated.membership)
        numbers.append(alike.get(KIND))
    return numbers


@pytest.mark.parametrize("lacking", [(), ("CD20",), ("CD20", "CD14")])
@pytest.mark.parametrize("learned_with", [False, True])
@pytest.mark.parametrize("b_cells", [20, 120])
def test_masked_b_cells_are_found_with_and_without_a_second_marker(lacking, learned_with, b_cells):
    study = [tube(f"t{k}", k, lacking=lacking, basophils=60) for k in range(3)]
    masked = tube("masked", 7, masked=True, lacking=lacking, basophils=60, B=b_cells)
    depleted = tube("depleted", 8, lacking=lacking, basophils=60, B=0)
    whole, hidden, none = found([*study, masked] if learned_with else study, [study[0], masked, depleted])
    assert hidden == pytest.approx(b_cells, abs=0.12 * b_cells + 4)
    assert none < 5
    assert whole < 5


def test_a_cluster_of_them_is_theirs_whatever_it_was_called():
    """So many are masked in one tube that the study has a cluster of them, and no second marker to name it by."""
    study = [tube(f"t{k}", k, lacking=("CD20",)) for k in range(3)]
    masked = tube("masked", 7, masked=True, lacking=("CD20",), B=1_500)
    hidden, none = found([*study, masked], [masked, tube("depleted", 8, lacking=("CD20",), B=0)])
    assert hidden == pytest.approx(1_500, rel=0.1)
    assert none < 10


def test_nothing_is_said_where_the_study_shows_no_b_cells_or_no_stain_tells():
    study = [tube(f"t{k}", k, B=0) for k in range(3)]
    assert found(study, study[:1]) == [None]
    study = [tube(f"t{k}", k, lacking=("CD19",)) for k in range(3)]
    assert found(study, study[:1]) == [None]


def test_a_tube_without_lymphocytes_that_no_gate_took_has_none():
    study = [tube(f"t{k}", k) for k in range(3)]
    empty = tube("empty", 9, T=0, B=0, NK=0)
    assert found(study, [empty])[0] == pytest.approx(0.0, abs=0.5)
