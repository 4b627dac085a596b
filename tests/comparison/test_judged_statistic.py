"""Statistics held to limits: what is said of them does not contradict itself."""

from __future__ import annotations

import pytest

from bcelldepl.comparison.judged_statistic import Statistic, at_least, within
from bcelldepl.comparison.statistics import Estimate


@pytest.mark.parametrize(
    ("statistic", "sentence"),
    [
        (within("B", "bias_percent", Estimate(-4.2, -5.0, -3.4, 20), 3.0), "bias -4.2 %, limit \u00b13 %"),
        # Three digits would be the limit itself.
        (within("B", "bias_percent", Estimate(3.0001, 1, 5, 20), 3.0), "bias 3.0001 %, limit \u00b13 %"),
        (at_least("B", "lin_ccc", Estimate(0.97996, 0.9, 1, 20), 0.98), "concordance 0.97996, limit >= 0.98"),
        (
            at_least("B", "depleted_agreement", Estimate(0.9, 0.7, 0.99, 20), 0.95),
            "agreement on depletion in 18 of 20 tubes, limit >= 0.95",
        ),
    ],
)
def test_what_lies_beyond_its_limit_is_told_so_that_it_does(statistic: Statistic, sentence: str) -> None:
    assert statistic.verdict == "disagree"
    assert statistic.sentence == sentence


@pytest.mark.parametrize(
    ("n", "verdict", "note"),
    [
        (2, "not comparable", "2 tubes: too few for a verdict, a bias of +20 % is not ruled out"),
        (3, "agree", "3 tubes cannot rule out a bias of +20 %"),
    ],
)
def test_what_few_tubes_cannot_rule_out(n: int, verdict: str, note: str) -> None:
    found = within("T", "bias_percent", Estimate(1.0, -15.0, 20.0, n), 3.0)
    assert (found.verdict, found.note) == (verdict, note)
