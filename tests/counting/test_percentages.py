"""Percentages of a tube: value, exact interval, limits and code, without any cells/uL."""

from __future__ import annotations

from dataclasses import replace

import pytest
from scipy import stats

from bcelldepl.counting import Concentration, TubeFacts, count_tube, without_result
from bcelldepl.definitions.codes import Method, ResultCode
from bcelldepl.definitions.review import ReviewVerdict
from bcelldepl.gating.populations import Populations
from bcelldepl.study import CountingSettings, LimitSettings

BY_BEADS = TubeFacts(bead_count=50_000, blood_volume_ul=50)
LIMITS = LimitSettings()


def count(populations, method: str = "percent", facts: TubeFacts = BY_BEADS) -> dict[str, Concentration]:
    rows = count_tube(populations, facts, CountingSettings(method=method), LIMITS)
    return {row.population: row for row in rows}


@pytest.mark.parametrize("events", [0, 1, 700, 6_000])
def test_the_interval_is_that_of_a_binomial_share(gated, events: int) -> None:
    of = count(gated(B=events))["B"].of_parent
    exact = stats.binomtest(events, 6_000).proportion_ci(method="exact")
    assert of.value == pytest.approx(100 * events / 6_000)
    assert (of.low, of.high) == pytest.approx((100 * exact.low, 100 * exact.high), rel=1e-7)
    assert (of.lod, of.lloq) == pytest.approx((100 * 20 / 6_000, 100 * 50 / 6_000))


@pytest.mark.parametrize(
    ("events", "result"),
    [
        (0, "NOT_DETECTED"),
        (19, "NOT_DETECTED"),
        (20, "DETECTED_BELOW_LLOQ"),
        (49, "DETECTED_BELOW_LLOQ"),
        (50, "QUANTIFIED"),
    ],
)
def test_the_code_goes_by_events_as_for_counts(gated, events: int, result: str) -> None:
    row = count(gated(B=events))["B"]
    assert (row.method, row.result) == (Method.PERCENT, result)
    assert (row.result is ResultCode.QUANTIFIED) == (row.of_parent.value >= row.of_parent.lloq)


def test_there_are_no_concentrations_even_where_the_sheet_would_allow_them(gated) -> None:
    rows = count(gated(), facts=BY_BEADS)
    numbers = (
        "cells_per_ul",
        "ci_low_per_ul",
        "ci_high_per_ul",
        "analysed_volume_ul",
        "lod_per_ul",
        "lloq_per_ul",
    )
    assert {getattr(row, name) for row in rows.values() for name in numbers} == {None}
    assert rows["beads"].result is ResultCode.NOT_DONE
    assert "not counted by beads" in rows["beads"].reason


def test_of_lymphocytes_by_however_many_steps(gated) -> None:
    rows = count(gated(CAR_T=300))
    assert rows["CAR_T"].of_parent.value == pytest.approx(100 * 300 / 4_000)  # of T cells
    assert rows["CAR_T"].of_lymphocytes.value == pytest.approx(100 * 300 / 6_000)
    assert rows["T"].of_lymphocytes == rows["T"].of_parent
    assert rows["lymphocytes"].of_parent.value == pytest.approx(30)  # of leukocytes
    assert [rows[name].of_lymphocytes for name in ("lymphocytes", "leukocytes", "beads")] == [None] * 3


def test_a_strategy_that_states_the_share_of_lymphocytes_beside_the_gate(gated) -> None:
    """B gated elsewhere and stated in percent of lymphocytes, as the shipped strategies do; its cells may be more."""
    members = dict(gated(B=700).members)
    members["B"] = replace(members["B"], parent="leukocytes", percent_of=("lymphocytes", 6_000))
    row = count(Populations(members))["B"]
    assert row.of_lymphocytes.value == row.of_parent.value == pytest.approx(100 * 700 / 6_000)
    members["B"] = replace(members["B"], events=7_000, events_low=7_000, events_high=7_000)
    more = count(Populations(members))["B"].of_parent
    assert more.value == pytest.approx(100 * 7_000 / 6_000)
    assert 100 < more.low < more.value < more.high


def test_an_unsure_gate_widens_the_interval_within_the_whole(gated) -> None:
    sure, unsure = (
        count(gated(T=5_900, CAR_T=0, interval=interval))["T"].of_parent
        for interval in ({}, {"T": (3_000, 6_000)})
    )
    assert unsure.low < 100 * 3_000 / 6_000 < sure.low
    assert sure.high < unsure.high <= 100


def test_no_limit_lies_above_the_whole(gated) -> None:
    of = count(gated(T=30, CAR_T=1))["CAR_T"].of_parent
    assert (of.lod, of.lloq) == (pytest.approx(100 * 20 / 30), 100)


@pytest.mark.parametrize(
    ("tube", "population", "words"),
    [
        ({"failed": ("B",), "reasons": {"B": "no valley"}}, "B", "no valley"),
        ({"failed": ("lymphocytes",)}, "B", "the lymphocytes that B are given in percent of were not found"),
        (
            {"leukocytes": 199, "lymphocytes": 60, "T": 55, "B": 0},
            "B",
            "199 leukocytes are fewer than the 200",
        ),
        ({"T": 0, "CAR_T": 0}, "CAR_T", "no T events"),
    ],
)
def test_what_cannot_be_evaluated_has_no_percentage(gated, tube, population: str, words: str) -> None:
    row = count(gated(**tube))[population]
    assert row.result is ResultCode.NOT_EVALUABLE
    assert words in row.reason
    assert (row.of_parent, row.of_lymphocytes) == (None, None)


def test_a_tube_that_lost_its_lymphocytes_is_still_counted_by_beads(gated) -> None:
    row = count(gated(failed=("lymphocytes",)), "beads")["B"]
    assert (row.result, row.of_parent) == (ResultCode.QUANTIFIED, None)


def test_percentages_stand_beside_concentrations_and_change_nothing_of_them(gated) -> None:
    row = count(gated(), "auto")["B"]
    assert row.method is Method.BEADS
    assert row.cells_per_ul == pytest.approx(70)
    assert row.of_parent == count(gated())["B"].of_parent


def test_a_tube_without_any_count_keeps_its_percentages_and_is_not_evaluable(gated) -> None:
    row = count(gated(), "auto", TubeFacts())["B"]
    assert row.result is ResultCode.NOT_EVALUABLE
    assert row.of_parent == count(gated())["B"].of_parent


def test_a_rejected_tube_has_no_percentage(gated) -> None:
    left = without_result(count(gated())["B"], ReviewVerdict.REJECT, "rejected")
    assert (left.result, left.of_parent, left.of_lymphocytes, left.events) == (
        "NOT_EVALUABLE",
        None,
        None,
        700,
    )
