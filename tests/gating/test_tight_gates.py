"""A gate of cells that may be gone from a tube is drawn tighter where part of what it holds is other cells."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from blood import blood
from clouds import signal

from bcelldepl.gating.evidence import Evidence
from bcelldepl.gating.model.gate_tube import automated_gates, gate_by_model
from bcelldepl.gating.model.learn import learn
from bcelldepl.gating.model.place import place_gates
from bcelldepl.gating.model.tight_gates import tighter_gates
from bcelldepl.gating.populations import Population, Populations
from bcelldepl.gating.rules.base import Fit
from bcelldepl.gating.rules.kinds import KindsRule, KindsShape
from bcelldepl.gating.strategy import load_strategy

MOST = 20.0
GATE = ((0.0, 0.0), (10.0, 0.0), (10.0, 10.0), (0.0, 10.0))
INNER = ((0.0, 0.0), (5.0, 0.0), (5.0, 10.0), (0.0, 10.0))
OUTER = ((-1.0, -1.0), (11.0, -1.0), (11.0, 11.0), (-1.0, 11.0))


def tube(held, inner, fitting, *, rare=True, report=True, inner_end=INNER):
    """`held` events in the gate, `inner` of them within its inner end, `fitting` by the model."""
    rule = KindsRule(name="B", parent="all", rule="kinds", kinds=("B",), rare=rare, report=report)
    x = np.where(np.arange(held + 3) < inner, 2.0, 7.0).astype(np.float32)
    x[held:] = 20.0
    member = Population("B", "all", held, held + 3, inner, held + 9, Evidence.BATCH, fitting=fitting)
    fit = Fit(KindsShape("x", "y", GATE, inner_end, OUTER), Evidence.BATCH, "", 0)
    populations = Populations({"B": member}, (), {"B": np.arange(held + 3) < held}, {"B": fit})
    columns = {"x": x, "y": np.full(held + 3, 5.0, dtype=np.float32)}
    return tighter_gates(populations, SimpleNamespace(populations=(rule,)), signal(columns), MOST)


def test_the_gate_is_drawn_at_its_inner_end():
    fit = tube(held=14, inner=4, fitting=4.5)["B"]
    assert fit.shape == KindsShape("x", "y", INNER, INNER, GATE)
    assert fit.evidence is Evidence.BATCH
    assert not fit.review
    assert fit.reason.startswith("the usual gate holds 14 events, of which about 10 look like other cells")


@pytest.mark.parametrize(
    ("held", "inner", "fitting", "tight"),
    [
        (4, 3, 3.0, True),
        (4, 3, 3.1, False),  # less than one event is another cell
        (50, 45, 45.0, True),
        (50, 45, 45.1, False),  # less than a tenth are
        (40, 20, 20.0, True),
        (41, 20, 20.0, False),  # more than 20 are: the tube needs review with them in the gate
        (14, 6, 9.9, True),  # 6 are nearer to 9.9 than 14 are
        (14, 6, 10.1, False),
        (10, 10, 5.0, False),  # the inner end holds the others, too
    ],
)
def test_limits_of_a_tighter_gate(held, inner, fitting, tight):
    assert ("B" in tube(held, inner, fitting)) == tight


def test_other_gates_stay():
    assert not tube(14, 4, 4.5, rare=False)
    assert not tube(14, 4, 4.5, report=False)
    assert not tube(14, 4, None)  # no model was asked
    assert not tube(14, 4, 4.5, inner_end=())  # nowhere are its kinds 95 % likely


def test_a_depleted_tube_is_counted_anew_and_a_whole_one_is_not():
    strategy = load_strategy("tbnk")
    made = [blood(f"t{k}", k) for k in range(3)]
    model = learn([sample for sample, _ in made], strategy, {})
    scaled = strategy.on_scales(model.scales)

    def counted(sample, columns):
        placed = place_gates(model, scaled, sample)
        tube_signal = signal(columns)
        usual = gate_by_model(tube_signal, scaled, placed.fits, model, placed.alignment).members["B"]
        populations, tighter = automated_gates(
            tube_signal, scaled, placed.fits, model, placed.alignment, MOST
        )
        return usual, populations.members["B"], set(tighter)

    (whole, kinds), (depleted, none) = made[0], blood("depleted", 9, B=0)
    columns = whole.positions(model.scales)
    usual, found, tighter = counted(whole, columns)
    assert (tighter, found) == (set(), usual)

    # Twelve NK cells that lie part of the way to the B cells: none of them is one.
    part = np.linspace(0.3, 0.75, 12, dtype=np.float32)
    b_cell = {name: np.median(values[kinds == "B"]) for name, values in columns.items()}
    stray = np.flatnonzero(none == "NK")[:12]
    columns = {name: values.copy() for name, values in depleted.positions(model.scales).items()}
    for name, values in columns.items():
        values[stray] += part * (b_cell[name] - np.median(values[none == "NK"]))
    usual, found, tighter = counted(depleted, columns)
    assert usual.events >= 3
    assert usual.fitting < 0.5 * usual.events
    assert tighter == {"B"}
    assert found.events < usual.events
    assert abs(found.events - usual.fitting) < abs(usual.events - usual.fitting)
    assert found.events_high >= usual.events
    assert found.reason.startswith("B: ")
