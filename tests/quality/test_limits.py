"""Every limit on either side of it: the numbers here are those that a laboratory was told."""

from __future__ import annotations

import math
from types import SimpleNamespace

import numpy as np
import pytest

from bcelldepl.counting.methods import MORE_BEADS
from bcelldepl.gating.evidence import Evidence
from bcelldepl.gating.model.alignment import Alignment
from bcelldepl.gating.populations import Population, Populations
from bcelldepl.gating.rules.kinds import KindsRule
from bcelldepl.quality import limits
from bcelldepl.quality.checks import CHECKS, Level
from bcelldepl.quality.model_checks import check_by_model

# What passes just so, and what just does not; and what is but a note, and what is more.
EDGES = {
    "margin": [(0.05, 0.0501)],
    "kept_time": [(0.7, 0.699)],
    "sample_flow": [(1.0, 0.999), (2_000.0, 2_001.0)],
    "measured_before_draw": [(1.0, 2.0)],
    "lymphosum": [(95.0, 94.9), (105.0, 105.1)],
    "t_sum": [(90.0, 89.9), (110.0, 110.1)],
    "steady_beads": [(0.851, 0.849), (1.176, 1.177)],
    "undecided": [(4.0, 4.01)],
    "unexplained": [(0.02, 0.0201)],
    "stain_background": [(-2.8, -2.81), (4.0, 4.01)],
    "stain_brightness": [(-1.0, -1.01), (1.0, 1.01)],
    "bead_count_unusual": [(2_000.0, 1_999.0), (500_000.0, 500_001.0)],
    "odd_entry": [(0.8, 0.799), (1.25, 1.251)],
    "positive_control": [(0.005, 0.0051)],
    "positive_before_infusion": [(0.005, 0.0051)],
    "control_spillover": [(0.05, 0.0501)],
    "leukocyte_count": [(50.0, 49.0), (50_000.0, 50_001.0)],
    "lost_b_cells": [(0.2, 0.199)],
    "lost_car_cells": [(0.2, 0.199)],
    "course": [(0.5, 0.499), (2.0, 2.01)],
    "sample_rate": [(0.5, 0.499), (2.0, 2.01)],
}
NOTES = {
    "lymphosum": [(75.0, 74.9), (110.0, 110.1)],
    "sample_rate": [(0.125, 0.124), (8.0, 8.01)],
}


NUMBERS = (
    "percent", "change", "low", "high", "fold", "own", "other", "most", "lloq", "nominal", "actual", "collected",
    "by_control", "there", "before", "after", "in_file", "volume", "seconds", "events", "expected", "others",
)  # fmt: skip
WORDS = (
    "measured", "drawn", "parts", "whole", "population", "marker", "kind", "column", "detector", "parent", "unit",
    "earlier", "later",
)  # fmt: skip


def outcome(name: str, value: float):
    words = dict.fromkeys(NUMBERS, 1.0) | dict.fromkeys(WORDS, "x")
    return CHECKS[name].judge(value, **words)


def test_every_check_with_limits_is_here() -> None:
    assert set(EDGES) == {name for name, check in CHECKS.items() if check.limits != (None, None)}
    assert set(NOTES) == {name for name, check in CHECKS.items() if check.review_limits}


@pytest.mark.parametrize(
    ("name", "passes", "fails"), [(n, *pair) for n, pairs in EDGES.items() for pair in pairs]
)
def test_either_side_of_what_passes(name: str, passes: float, fails: float) -> None:
    assert outcome(name, passes).passed
    assert not outcome(name, fails).passed


@pytest.mark.parametrize(
    ("name", "noted", "asked"), [(n, *pair) for n, pairs in NOTES.items() for pair in pairs]
)
def test_either_side_of_what_is_noted(name: str, noted: float, asked: float) -> None:
    assert (outcome(name, noted).level, outcome(name, asked).level) == (Level.NOTE, Level.REVIEW)


def test_numbers_of_which_own_limits_are_made() -> None:
    """Each is tested where it is used; here none can be changed by a slip."""
    assert {name: getattr(limits, name) for name in limits.__all__} == {
        "ANY_WAIT_DAYS": 14.0,
        "CHANCE_ERRORS": 4.0,
        "DIFFERENT_CELLS": 20.0,
        "DIFFERENT_PART": 0.15,
        "DOUBLING_DAYS": 1.0,
        "EARLY_DAYS": 14.0,
        "FEWEST_LOOK_ALIKES": 10.0,
        "FEWEST_POSITIVES": 20,
        "LOOK_ALIKE_PART": 0.3,
        "ODD_DAYS": 7.0,
        "ODD_PART": 0.25,
        "SPREADS": 5.0,
        "SPREADS_ABOVE_USUAL": 3.0,
        "STEADY_ERRORS": 5.0,
        "TIMES_USUAL": 2.0,
        "USUAL_WAIT_DAYS": 3.0,
    }
    assert MORE_BEADS == 1.25


def by_model(events: int, fitting: float, expected: int, sampled: int) -> dict[str, bool]:
    """Which checks of a gate of B cells pass, of a tube of 100,000 events."""
    rule = KindsRule(name="B", parent="all", report=True, rule="kinds", kinds=("B",))
    population = Population("B", "all", events, 100_000, events, events, Evidence.DATA, fitting=fitting)
    share = expected / 100_000
    alignment = Alignment((), (share, 1 - share), sampled, 0.0, 0.0)
    model = SimpleNamespace(kinds=np.array(["B", "T"]))
    strategy = SimpleNamespace(populations=[rule])
    found = check_by_model(Populations({"B": population}), strategy, model, alignment, 100_000)  # type: ignore[arg-type]
    return {one.check.name: one.passed for one in found}


@pytest.mark.parametrize(("others", "passed"), [(170, True), (171, False)])
def test_either_side_of_other_cells_in_a_gate(others: int, passed: bool) -> None:
    assert by_model(1_000, 1_000 - others, 1_000, 10_000)["other_cells"] is passed


@pytest.mark.parametrize("beyond", [False, True])
def test_either_side_of_cells_that_a_gate_misses(beyond: bool) -> None:
    """1,000 of 100,000 events, known from a hundred of a sample: 20, 15 % and four errors of 10 % each."""
    allowed = 20 + 150 + 4 * 1_000 / math.sqrt(100)
    events = round(1_000 - allowed) - beyond
    assert by_model(events, events, 1_000, 10_000)["missed_cells"] is not beyond
