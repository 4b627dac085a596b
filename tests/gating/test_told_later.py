"""Cells that only scatter takes for monocytes pass to the gates that tell them by their stains."""

from __future__ import annotations

import numpy as np
from blood import blood
from clouds import signal

from bcelldepl.gating.model.gate_tube import gate_by_model
from bcelldepl.gating.model.learn import learn
from bcelldepl.gating.model.place import place_gates
from bcelldepl.gating.strategy import load_strategy


def part_counted(strategy):
    """Parts of the activated T cells and of the monocytes of a tube that are counted as T cells."""
    made = [blood(f"t{k}", k, **{"activated T": 150, "small monocytes": 1_500}) for k in range(3)]
    model = learn([sample for sample, _ in made], strategy, {})
    scaled, (sample, kinds) = strategy.on_scales(model.scales), made[0]
    placed = place_gates(model, scaled, sample)
    columns = sample.positions(model.scales)
    counted = gate_by_model(signal(columns), scaled, placed.fits, model, placed.alignment).membership["T"]
    return [float(np.mean(counted[kinds == kind])) for kind in ("activated T", "small monocytes")]


def test_activated_t_cells_are_counted_and_monocytes_are_not():
    strategy = load_strategy("tbnk")
    activated, monocytes = part_counted(strategy)
    assert activated > 0.95
    assert monocytes < 0.01
    rules = tuple(
        rule.model_copy(update={"told_later": ()}) if getattr(rule, "told_later", ()) else rule
        for rule in strategy.populations
    )
    before, _ = part_counted(strategy.model_copy(update={"populations": rules}))
    assert before < activated - 0.03
