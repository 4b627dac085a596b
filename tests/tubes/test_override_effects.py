"""What a gate set by hand moved, and gates that hold nothing or everything."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import pytest

from bcelldepl.errors import StrategyError
from bcelldepl.gating.evidence import Evidence
from bcelldepl.gating.populations import GateView, Populations
from bcelldepl.study import Override
from bcelldepl.tubes.override_effects import override_effects, refuse_unsaid

SHA256 = "ab" * 32
Gated = Callable[..., Populations]


def by_hand(**values: Any) -> Override:
    signed = {"who": "core lab", "when": date(2026, 11, 2), "why": "dim cells"}
    return Override.model_validate({"file": "a.fcs", "population": "CAR_T", "cut": 0.5, **signed, **values})


def with_view(populations: Populations, **drawn: Any) -> Populations:
    view = GateView(
        population="CAR_T", parent="T", x_label="CAR", y_label="CD3", x_limits=(-0.25, 1.25), y_limits=(-0.25, 1.25),
        histogram=np.zeros((2, 2)), inside=np.zeros((2, 2)), outlines=drawn.get("outlines", ()),
        cuts=drawn.get("cuts", ()), cut_interval=None, events=1, parent_events=1, evidence=Evidence.DATA, reason="",
    )  # fmt: skip
    return replace(populations, views=(view,))


@pytest.mark.parametrize(
    ("events", "holds", "refused"),
    [
        (0, None, "nothing"),
        (0, "nothing", ""),
        (0, "everything", "nothing"),
        (1, None, ""),
        (3_999, None, ""),
        (4_000, None, "everything"),
        (4_000, "everything", ""),
    ],
)
def test_a_gate_that_holds_nothing_or_everything_must_say_so(
    gated: Gated, events: int, holds: str | None, refused: str
) -> None:
    after = gated(CAR_T=events)
    if not refused:
        refuse_unsaid([by_hand(holds=holds)], after)
        return
    with pytest.raises(
        StrategyError, match=f'holds {refused} of the 4,000 events of T: .*`holds = "{refused}"`'
    ):
        refuse_unsaid([by_hand(holds=holds)], after)


def test_an_empty_parent_says_nothing_of_the_gate(gated: Gated) -> None:
    refuse_unsaid([by_hand()], gated(CAR_T=0, T=0))


def test_every_such_gate_of_a_tube_is_named_at_once(gated: Gated) -> None:
    with pytest.raises(StrategyError, match=r"the gate of CAR_T .*; the gate of B "):
        refuse_unsaid([by_hand(), by_hand(population="B")], gated(CAR_T=0, B=0))


def test_both_positions_and_both_counts_are_said(gated: Gated) -> None:
    before = with_view(gated(CAR_T=1_234), cuts=(0.41,))
    square = np.array([[0.4, 0.2], [0.8, 0.2], [0.8, 0.6], [0.4, 0.6]])
    after = with_view(gated(CAR_T=56), outlines=(square,))
    assert override_effects([by_hand()], before, after, SHA256) == (
        "gate of CAR_T set by hand by core lab on 2026-11-02: dim cells (it moved from CAR 0.410 with 1,234 events to "
        "an outline about CAR 0.600, CD3 0.400 with 56 events; needs review by a second person)",
    )
    assert override_effects([by_hand(population="no such")], before, after, SHA256) == ()


def test_a_gate_drawn_on_another_file_is_named(gated: Gated) -> None:
    before, after = gated(CAR_T=60), gated(CAR_T=40)
    (same,) = override_effects([by_hand(sha256=SHA256)], before, after, SHA256)
    (other,) = override_effects([by_hand(sha256=SHA256)], before, after, "cd" * 32)
    assert "another file" not in same
    assert other == same.replace("(it moved", "(it was drawn on another file of this name; it moved")
