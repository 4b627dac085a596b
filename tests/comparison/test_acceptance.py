"""When a tube agrees: by the ratio where it is well counted, by exact intervals where not."""

from __future__ import annotations

import pytest

from bcelldepl.comparison.acceptance import TubePair, Verdict, is_well_counted, judge_tube
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
        (TubePair("B", 30, 100, 3.0, 10.0, 0.4), Verdict.DISAGREE, "do not meet"),
        (TubePair("B", 0, 0, 0.0, 0.0, 1.0), Verdict.AGREE, ""),
        (
            TubePair("B", 90, 110, 9.0, 11.0, None, "depleted", "not depleted"),
            Verdict.DISAGREE,
            "says depleted",
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
