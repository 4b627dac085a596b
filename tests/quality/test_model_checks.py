"""A tube beside the study's model: every limit with a tube on either side of it."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from bcelldepl.gating.model.alignment import Alignment
from bcelldepl.gating.model.components import Component
from bcelldepl.gating.model.study_model import StudyModel
from bcelldepl.gating.strategy import load_strategy
from bcelldepl.quality.limits import CHANCE_ERRORS, DIFFERENT_CELLS, DIFFERENT_PART
from bcelldepl.quality.model_checks import check_by_model

TBNK = load_strategy("tbnk")
KINDS = ("T", "B", "NK", "granulocytes")


def model():
    parts = tuple(Component(kind, number, 0.25, (0.0,), ((1.0,),)) for number, kind in enumerate(KINDS))
    return StudyModel(("CD3",), (10.0,), {}, (), parts)


def outcomes(
    gated, *, b_events=600, fitting=600.0, b_share=0.06, unexplained=0.0, events=6_000, single=10_000
):
    populations = gated()
    members = {
        **populations.members,
        "B": replace(populations.members["B"], events=b_events, fitting=fitting),
    }
    alignment = Alignment((0.0,), (0.4, b_share, 0.1, 0.44), events, 0.0, unexplained)
    found = check_by_model(replace(populations, members=members), TBNK, model(), alignment, single)
    return {one.check.name: one for one in found}


def test_a_tube_that_is_like_the_study_passes(gated):
    assert all(one.passed for one in outcomes(gated).values())
    assert set(outcomes(gated)) == {"unexplained", "other_cells", "missed_cells"}


@pytest.mark.parametrize(("part", "passes"), [(0.02, True), (0.0201, False)])
def test_events_that_no_kind_explains(gated, part, passes):
    outcome = outcomes(gated, unexplained=part)["unexplained"]
    assert outcome.passed is passes
    assert outcome.needs_review is not passes
    assert "2.0 % of events are unlike" in outcome.sentence


@pytest.mark.parametrize("events", [40, 600])
@pytest.mark.parametrize(("beyond", "passes"), [(0.0, True), (1.0, False)])
def test_a_gate_that_holds_other_cells(gated, events, beyond, passes):
    others = DIFFERENT_CELLS + DIFFERENT_PART * events + beyond
    outcome = outcomes(gated, b_events=events, fitting=events - others, b_share=events / 10_000)[
        "other_cells"
    ]
    assert outcome.passed is passes
    assert f"{round(others)} events of the B gate look like other cells" in outcome.sentence


@pytest.mark.parametrize(("beyond", "passes"), [(-1, True), (1, False)])
def test_a_gate_that_misses_its_cells(gated, beyond, passes):
    expected, sampled = 600.0, 360.0
    missed = (
        DIFFERENT_CELLS + DIFFERENT_PART * expected + CHANCE_ERRORS * expected / math.sqrt(sampled) + beyond
    )
    held = round(expected - missed)
    outcome = outcomes(gated, b_events=held, fitting=float(held))["missed_cells"]
    assert outcome.passed is passes
    assert f"the B gate holds {held} events, but about 600 such cells were acquired" in outcome.sentence
