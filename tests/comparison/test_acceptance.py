"""When a tube agrees: by the ratio where it is well counted, by exact intervals where not."""

from __future__ import annotations

import pytest

from bcelldepl.comparison.acceptance import Verdict, is_well_counted, judge_tube
from bcelldepl.comparison.tube_pair import Quantity, TubePair
from bcelldepl.study import AcceptanceLimits

LIMITS = AcceptanceLimits()


@pytest.mark.parametrize(
    ("pair", "verdict", "words"),
    [
        (TubePair("B", 1000, 1050, 100.0, 105.0, 0.97), Verdict.AGREE, ""),
        (TubePair("B", 1000, 1050, 100.0, 105.0, 0.90), Verdict.DISAGREE, "the events do not"),
        (TubePair("CAR_T", 1000, 1050, 100.0, 105.0, 0.95), Verdict.AGREE, ""),
        (TubePair("B", 1300, 1000, 130.0, 100.0, 0.97), Verdict.DISAGREE, "+30.0 %"),
        (TubePair("B", 90, 100, 9.0, 10.0, 0.8), Verdict.AGREE, ""),
        (TubePair("B", 30, 100, 3.0, 10.0, 0.4), Verdict.DISAGREE, "do not overlap"),
        (TubePair("B", 0, 0, 0.0, 0.0, 1.0), Verdict.AGREE, ""),
        (
            TubePair("B", 90, 110, 9.0, 11.0, None, "depleted", "not depleted"),
            Verdict.DISAGREE,
            "depleted by automated gating, not depleted by manual gating",
        ),
        (TubePair("B", None, 100), Verdict.NOT_COMPARABLE, "no count"),
        (TubePair("B", 1000, 1010), Verdict.AGREE, ""),
        (TubePair("B", None, None, 20.0, 10.0), Verdict.DISAGREE, "+100.0 %"),
    ],
)
def test_verdict_on_a_tube(pair: TubePair, verdict: Verdict, words: str) -> None:
    found, reason = judge_tube(pair, LIMITS)
    assert found is verdict
    assert words in reason
    assert bool(reason) == (verdict is not Verdict.AGREE)


DEPLETED = {"auto_decision": "depleted", "manual_decision": "depleted"}


@pytest.mark.parametrize(
    ("pair", "verdict", "words"),
    [
        # Nothing against nothing, in whatever the two are given.
        (TubePair("B", None, None, 0.0, 0.0), Verdict.AGREE, ""),
        (TubePair("B", 0, None, 0.0, 0.0, auto_volume=5.0, manual_volume=5.0), Verdict.AGREE, ""),
        (TubePair("B", 0, 0), Verdict.AGREE, ""),
        (TubePair("B", 0, None, auto_percent=0.0, manual_percent=0.0, parent_events=900), Verdict.AGREE, ""),
        # Concentrations alone: 0.4/uL in 5 uL are 2 events, of which 0.8/uL, 4 events, cannot be told.
        (TubePair("B", 2, None, 0.4, 0.8, auto_volume=5.0, manual_volume=5.0, **DEPLETED), Verdict.AGREE, ""),
        (TubePair("B", 0, None, 0.0, 0.6, auto_volume=5.0, manual_volume=5.0, **DEPLETED), Verdict.AGREE, ""),
        # In 500 uL they are 200 events against 400.
        (
            TubePair("B", 200, None, 0.4, 0.8, auto_volume=500.0, manual_volume=500.0, **DEPLETED),
            Verdict.DISAGREE,
            "200 events against 400: their 95 % intervals do not overlap",
        ),
        # What is allowed of 50 cells/uL and more is allowed of fewer, however many events they are: here 5 %, and 13 %.
        (TubePair("T", 8000, 8400, 40.0, 42.0), Verdict.AGREE, ""),
        (TubePair("T", 8000, 7080, 40.0, 35.4), Verdict.DISAGREE, "do not overlap"),
        # Half of the volume holds half of the events.
        (TubePair("B", 40, 80, 8.0, 8.0, auto_volume=5.0, manual_volume=10.0, **DEPLETED), Verdict.AGREE, ""),
        (TubePair("B", 40, 80, auto_volume=0.5, manual_volume=1.0), Verdict.AGREE, ""),
        (TubePair("B", 40, 80, auto_volume=1.0, manual_volume=1.0), Verdict.DISAGREE, "do not overlap"),
        (TubePair("B", 4000, 8000, auto_volume=0.5, manual_volume=1.0), Verdict.AGREE, ""),
        # Percentages of a parent of 10,000 events.
        (
            TubePair("B", 5, None, auto_percent=0.05, manual_percent=0.1, parent_events=10_000),
            Verdict.AGREE,
            "",
        ),
        (
            TubePair("B", 500, None, auto_percent=5.0, manual_percent=8.0, parent_events=10_000),
            Verdict.DISAGREE,
            "-37.5 %",
        ),
        # Fewer than five, by hand.
        (TubePair("B", 3, 5, below=True), Verdict.AGREE, ""),
        (TubePair("B", 8, 5, below=True, auto_volume=1.0, manual_volume=1.0), Verdict.AGREE, ""),
        (
            TubePair("B", 40, 5, below=True, auto_volume=1.0, manual_volume=1.0),
            Verdict.DISAGREE,
            "manual states less than 5",
        ),
        # No answer is no agreement, and no disagreement.
        (
            TubePair("B", 9, 9, None, 9.0, None, "not evaluable", "depleted"),
            Verdict.NOT_COMPARABLE,
            "the automated result is not evaluable",
        ),
        (TubePair("B", 9, None), Verdict.NOT_COMPARABLE, "the manual gating has no count"),
        (TubePair("B", None, None), Verdict.NOT_COMPARABLE, "neither method"),
        (TubePair("B", 9, None, manual_percent=3.0), Verdict.NOT_COMPARABLE, "no count of the same kind"),
    ],
)
def test_small_counts_other_quantities_and_bounds(pair: TubePair, verdict: Verdict, words: str) -> None:
    found, reason = judge_tube(pair, LIMITS)
    assert found is verdict, reason
    assert words in reason
    assert bool(reason) == (verdict is not Verdict.AGREE)


@pytest.mark.parametrize("ratio", [0.8, 0.8928, 0.89285, 1.1200001, 1.121, 1.5])
def test_a_difference_is_told_so_that_it_is_more_than_what_is_allowed(ratio: float) -> None:
    _, reason = judge_tube(TubePair("T", 1000, 1000, 1000.0 * ratio, 1000.0), LIMITS)
    differs, allowed = (float(word) for word in reason.split() if word[0] in "+-")
    assert abs(differs) > abs(allowed)
    assert differs * allowed > 0


def test_the_best_quantity_that_both_give() -> None:
    assert TubePair("B", 1, 1, 1.0, 1.0).quantity is Quantity.PER_UL
    assert TubePair("B", 1, 1, 1.0, None).quantity is Quantity.EVENTS
    assert (
        TubePair("B", 1, None, 1.0, None, auto_percent=1.0, manual_percent=1.0).quantity is Quantity.PERCENT
    )
    assert TubePair("B", 1, None, 1.0, None).quantity is None


def test_limits_of_a_study() -> None:
    assert AcceptanceLimits.model_validate({"min_f1": 0.9}).min_f1 == 0.9
    with pytest.raises(ValueError, match="min_fone"):
        AcceptanceLimits.model_validate({"min_fone": 0.9})


@pytest.mark.parametrize(
    ("events", "per_ul", "expected"),
    [(10, 50.0, True), (10, 49.9, False), (200, None, True), (199, None, False), (None, None, False)],
)
def test_what_is_well_counted(events: int | None, per_ul: float | None, expected: bool) -> None:
    assert is_well_counted(TubePair("B", 100, events, 10.0, per_ul), LIMITS) is expected
