"""A gate of cells that may be gone from a tube is drawn tighter where part of what it holds is other cells."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from blood import blood
from clouds import signal

from bcelldepl.gating.evidence import Evidence
from bcelldepl.gating.model.alignment import Alignment
from bcelldepl.gating.model.gate_tube import automated_gates, gate_by_model
from bcelldepl.gating.model.learn import learn
from bcelldepl.gating.model.place import place_gates
from bcelldepl.gating.model.study_model import Boundary, StudyModel
from bcelldepl.gating.model.tight_gates import tighter_gates
from bcelldepl.gating.populations import Population, Populations
from bcelldepl.gating.rules.base import Fit
from bcelldepl.gating.rules.kinds import KindsRule, KindsShape
from bcelldepl.gating.rules.shapes import read_shape
from bcelldepl.gating.strategy import load_strategy
from bcelldepl.signal.transform import Transform

MOST = 20.0
GATE = ((0.0, 0.0), (10.0, 0.0), (10.0, 10.0), (0.0, 10.0))
INNER = ((0.0, 0.0), (5.0, 0.0), (5.0, 10.0), (0.0, 10.0))
OUTER = ((-1.0, -1.0), (11.0, -1.0), (11.0, 11.0), (-1.0, 11.0))


X_AND_Z = ((0.0, 0.0), (10.0, 0.0), (10.0, 5.0), (0.0, 5.0))
MARKERS = ("x", "y", "z")


def tube(
    monkeypatch, held, inner, fitting, *, rare=True, report=True, inner_end=INNER, elsewhere=None, outside=0
):
    """`held` events in the gate, `inner` of them within its inner end, the first `fitting` of the kind by the model.

    In another plane `elsewhere` of them are within the gate, and `outside` of those that the usual one leaves out.
    """
    rule = KindsRule(name="B", parent="all", rule="kinds", kinds=("B",), rare=rare, report=report)
    n = held + 3
    x = np.where(np.arange(n) < inner, 2.0, 7.0).astype(np.float32)
    x[held:] = 9.0
    y = np.where(np.arange(n) < held, 5.0, 20.0).astype(np.float32)
    z = np.where(np.arange(n) < (elsewhere or 0), 2.0, 9.0).astype(np.float32)
    z[held : held + outside] = 2.0
    member = Population("B", "all", held, n, inner, held + 9, Evidence.BATCH, fitting=fitting)
    fit = Fit(KindsShape("x", "y", GATE, inner_end, OUTER), Evidence.BATCH, "", 0)
    populations = Populations({"B": member}, (), {"B": np.arange(n) < held}, {"B": fit})
    scales = dict.fromkeys(MARKERS, Transform(kind="linear", top=1.0))
    others = {} if elsewhere is None else {"B": (Boundary("x", "z", X_AND_Z, (), ()),)}
    model = StudyModel(MARKERS, (1.0, 1.0, 1.0), scales, (), (), tight=others)
    own = np.clip((fitting or 0.0) - np.arange(n), 0.0, 1.0)
    monkeypatch.setattr("bcelldepl.gating.model.tight_gates.probability_of", lambda *_: own)
    strategy, columns = SimpleNamespace(populations=(rule,)), {"x": x, "y": y, "z": z}
    alignment = Alignment((0.0, 0.0, 0.0), (), n, 0.0, 0.0)
    return tighter_gates(populations, strategy, signal(columns), model, alignment, MOST)


def test_the_gate_is_drawn_at_its_inner_end(monkeypatch):
    fit = tube(monkeypatch, held=14, inner=4, fitting=4.5)["B"]
    assert fit.shape == KindsShape("x", "y", INNER, INNER, GATE)
    assert fit.evidence is Evidence.BATCH
    assert not fit.review
    assert fit.reason.startswith("the usual gate holds 14 events, of which about 10 look like other cells")
    assert fit.reason.endswith("in x and y")


@pytest.mark.parametrize(
    ("held", "inner", "fitting", "tight"),
    [
        (4, 3, 3.0, True),
        (4, 3, 3.1, False),  # less than one event is another cell
        (50, 45, 45.0, True),
        (50, 45, 45.1, False),  # less than a tenth are
        (40, 20, 20.0, True),
        (41, 20, 20.0, False),  # more than 20 are: the tube needs review with them in the gate
        (14, 6, 9.75, True),  # 3.75 events are on the wrong side of the inner end, and 4.25 in the usual gate
        (14, 6, 9.8, False),  # less than half an event fewer
        (10, 10, 5.0, False),  # the inner end holds the others, too
    ],
)
def test_limits_of_a_tighter_gate(monkeypatch, held, inner, fitting, tight):
    assert ("B" in tube(monkeypatch, held, inner, fitting)) == tight


def test_other_gates_stay(monkeypatch):
    assert not tube(monkeypatch, 14, 4, 4.5, rare=False)
    assert not tube(monkeypatch, 14, 4, 4.5, report=False)
    assert not tube(monkeypatch, 14, 4, None)  # no model was asked
    assert not tube(monkeypatch, 14, 4, 4.5, inner_end=())  # nowhere are its kinds 95 % likely


def test_the_gate_is_drawn_in_other_markers_where_these_tell_the_other_cells(monkeypatch):
    fit = tube(monkeypatch, held=14, inner=12, fitting=4.0, elsewhere=4)["B"]
    assert fit.shape == KindsShape("x", "z", X_AND_Z, X_AND_Z, GATE, ("x", "y"))
    assert fit.reason.endswith("in x and z")
    regions = KindsRule(name="B", parent="all", rule="kinds", kinds=("B",)).regions(fit.shape)
    assert [one.markers for one in (regions.gate, *regions.ends)] == [("x", "z"), ("x", "z"), ("x", "y")]


@pytest.mark.parametrize(
    ("elsewhere", "outside", "plane"),
    [
        (4, 0, "z"),
        (4, 2, "y"),  # it would hold two other cells that the usual gate leaves out
        (3, 1, "y"),  # two are on the wrong side of either: the usual markers
        (3, 0, "z"),
    ],
)
def test_the_markers_with_the_fewest_events_on_the_wrong_side_are_taken(
    monkeypatch, elsewhere, outside, plane
):
    found = tube(monkeypatch, held=14, inner=6, fitting=4.0, elsewhere=elsewhere, outside=outside)
    assert found["B"].shape.y == plane


def test_a_shape_that_was_recorded_without_markers_of_its_outer_end_is_read():
    recorded = {"x": "x", "y": "y", "corners": GATE, "inner": INNER, "outer": OUTER}
    assert read_shape(recorded) == KindsShape("x", "y", GATE, INNER, OUTER)


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
