"""What flags speak of is shown in the pictures of the gates: held against the simulated label of every event."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from bcelldepl.batch import Results
from bcelldepl.batch.marked_gates import marked_gates
from bcelldepl.gating.model.place import PLACED_EVENTS, place_gates
from bcelldepl.gating.populations import GateView, Populations
from bcelldepl.gating.tube import apply_gates
from bcelldepl.quality.checks import CHECKS, Outcome
from bcelldepl.tubes.read import open_tube
from bcelldepl.tubes.regate import GatedResults
from bcelldepl.tubes.sample import take_sample

FILE = "fcs/S01_BL.fcs"


@pytest.fixture(scope="module")
def tube(one_subject: Path, results_of_one: Results) -> SimpleNamespace:
    results = GatedResults(results_of_one.folder)
    gated = results.tube(FILE)
    kept = next(iter(results.models.values()))
    row = next(one for one in results.study.tubes if one.file == FILE)
    sample = take_sample(open_tube(row, results.study, gated.strategy), row, gated.strategy, PLACED_EVENTS)
    names = json.loads((one_subject / "labels" / "populations.json").read_text())
    labels = np.load(one_subject / "labels" / "S01_BL.npy")
    return SimpleNamespace(
        signal=gated.signal,
        strategy=gated.strategy,
        model=kept.model,
        alignment=place_gates(kept.model, gated.strategy, sample).alignment,
        populations=apply_gates(gated.signal, gated.strategy, gated.fits, keep_membership=True),
        b_cells=np.isin(labels, [names["labels"][name] for name in names["populations"]["B"]]),
    )


def shown(tube: SimpleNamespace, populations: Populations, *failed: Outcome) -> dict[str, GateView]:
    views = marked_gates(populations, failed, tube.signal, tube.strategy, tube.model, tube.alignment)
    return {view.population: view for view in views}


def failure(check: str, population: str = "") -> Outcome:
    words = {"population": population, "others": 1, "events": 1, "expected": 1, "percent": 1.0}
    return CHECKS[check].judge(1.0, passed=False, **words)


def holding(tube: SimpleNamespace, population: str, events: np.ndarray) -> Populations:
    """The tube as if the gate of a population held these events."""
    membership = {**tube.populations.membership, population: events}
    return replace(tube.populations, membership=membership)


def bins(tube: SimpleNamespace, view: GateView, events: np.ndarray) -> np.ndarray:
    x, y = (tube.signal.columns[label][events] for label in (view.x_label, view.y_label))
    ends = np.array([view.x_limits, view.y_limits])
    inside = np.clip([x, y], ends[:, :1], ends[:, 1:] - 1e-6)  # those beyond an end are in the end bin
    return np.histogram2d(*inside, bins=96, range=ends)[0]


def test_a_sound_tube_has_nothing_marked(tube: SimpleNamespace) -> None:
    views = shown(tube, tube.populations)
    assert list(views) == [view.population for view in tube.populations.views]
    assert all(view.marked is None and view.marked_as == "" for view in views.values())


def test_other_cells_in_a_gate_are_marked(tube: SimpleNamespace) -> None:
    lymphoid = tube.populations.membership["lymphoid"]
    view = shown(tube, holding(tube, "B", lymphoid), failure("other_cells", "B"))["B"]
    truth = bins(tube, view, lymphoid & ~tube.b_cells)
    assert view.in_doubt
    assert view.marked is not None
    assert np.abs(view.marked - truth).sum() < 0.03 * truth.sum()
    assert view.marked_as == f"{view.marked.sum():,} look like other cells"


def test_missed_cells_are_marked_at_the_gate_that_lost_them(tube: SimpleNamespace) -> None:
    none = np.zeros(tube.signal.n_events, dtype=np.bool_)
    without = holding(tube, "CD19_positive", none)
    without = replace(without, membership={**without.membership, "B_likely": none, "B": none})
    views = shown(tube, without, failure("missed_cells", "B"))
    truth = bins(tube, views["CD19_positive"], tube.populations.membership["lymphoid"] & tube.b_cells)
    assert views["CD19_positive"].marked is not None
    assert np.abs(views["CD19_positive"].marked - truth).sum() < 0.1 * truth.sum()
    assert views["CD19_positive"].marked_as.endswith("look like CD19+ CD3- B cells")
    assert views["B"].marked is None
    assert views["T"].marked is None


def test_events_like_no_kind_are_marked_where_single_cells_are_gated(tube: SimpleNamespace) -> None:
    # Far from all that the study has: bright in what no cell is bright in together.
    moved = np.flatnonzero(tube.populations.membership["singlets"])[:300]
    columns = {marker: column.copy() for marker, column in tube.signal.columns.items()}
    for marker in ("CD3", "CD19", "CD14", "CD56"):
        columns[marker][moved] = 1.0
    changed = SimpleNamespace(**{**vars(tube), "signal": replace(tube.signal, columns=columns)})
    marked = {
        name: view
        for name, view in shown(changed, tube.populations, failure("unexplained")).items()
        if view.marked is not None
    }
    assert list(marked) == ["CD45_positive"]
    assert 300 <= int(marked["CD45_positive"].marked.sum()) < 330
    assert "like no kind of cell" in marked["CD45_positive"].marked_as


def test_without_a_model_gates_in_doubt_are_framed_and_nothing_is_marked(tube: SimpleNamespace) -> None:
    views = marked_gates(
        tube.populations, [failure("other_cells", "B")], tube.signal, tube.strategy, None, None
    )
    assert [view.population for view in views if view.in_doubt] == ["B"]
    assert all(view.marked is None for view in views)
