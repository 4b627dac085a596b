"""Which result is the baseline, by each rule of the settings, worked by hand."""

from __future__ import annotations

import math
from datetime import date, timedelta

import pytest

from bcelldepl.kinetics import analyse_study, changes_table, summarise, visits_table
from bcelldepl.study import EndpointSettings
from bcelldepl.study.endpoint_checks import check_endpoints

COURSE = {"P": [(-28, 300), (-6, 200), (-1, 80), (7, 8), (28, 0)]}
LAST, BEFORE, MEAN = "last_before_infusion", "last_before_lymphodepletion", "mean_of_both"


@pytest.mark.parametrize(
    ("settings", "value", "n", "draws"),
    [
        ({}, 80, 1, [-1]),
        ({"baseline": BEFORE, "lymphodepletion_day": -5}, 200, 1, [-6]),
        ({"baseline": MEAN, "lymphodepletion_day": -5}, 140, 2, [-6, -1]),
        ({"baseline": "visit", "baseline_visit": "D-28"}, 300, 1, [-28]),
    ],
)
def test_rules(settings, value, n, draws, made, value_of) -> None:
    kinetics = analyse_study(*made(COURSE, population="B", **settings))
    table = kinetics.endpoints
    assert (value_of(table, "BASELINE"), value_of(table, "BASELINE", "n_points")) == (value, n)
    # The nadir was not detected: below its LOD of 2.
    assert value_of(table, "LOG10_REDUCTION") == pytest.approx(math.log10(value / 2), rel=1e-5)
    assert value_of(table, "LOG10_REDUCTION", "qualifier") == ">"
    visits = visits_table(kinetics)
    assert visits.loc[visits["is_baseline"], "day"].tolist() == draws
    day7 = visits[visits["day"] == 7].iloc[0]
    assert day7["percent_of_baseline"] == pytest.approx(100 * 8 / value, rel=1e-5)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({}, "last before infusion"),
        ({"baseline": BEFORE, "lymphodepletion_day": -5}, "last before lymphodepletion"),
        ({"baseline": "visit", "baseline_visit": "D-28"}, "visit D-28"),
    ],
)
def test_every_table_says_which_was_used(settings, words, made) -> None:
    kinetics = analyse_study(*made(COURSE, population="B", **settings))
    endpoints = kinetics.endpoints.set_index("parameter")["baseline"]
    standing = ["BASELINE", "NADIR_PERCENT_OF_BASELINE", "LOG10_REDUCTION"]
    assert set(endpoints[standing]) == {words}
    assert set(endpoints.drop(standing)) == {""}
    for table in (visits_table(kinetics), changes_table(kinetics)):
        assert set(table["baseline"]) == {words}
    summary = summarise(kinetics).set_index("parameter")["baseline"]
    assert set(summary[standing]) == {words}


def test_what_there_is_not_is_said(made, value_of) -> None:
    only = {"P": [(-1, 80), (7, 8)]}
    table = analyse_study(*made(only, population="B", baseline=BEFORE, lymphodepletion_day=-5)).endpoints
    assert value_of(table, "BASELINE", "qualifier") == "NE"
    assert value_of(table, "BASELINE", "reason") == "no evaluable visit before lymphodepletion"
    mean = analyse_study(*made(only, population="B", baseline=MEAN, lymphodepletion_day=-5)).endpoints
    assert value_of(mean, "BASELINE") == 80
    assert "one draw only" in value_of(mean, "BASELINE", "reason")


def test_a_mean_with_a_result_below_its_limit_is_a_bound(made, value_of) -> None:
    course = {"P": [(-6, 200), (-1, 3), (7, 8)]}
    table = analyse_study(*made(course, population="B", baseline=MEAN, lymphodepletion_day=-5)).endpoints
    assert (value_of(table, "BASELINE"), value_of(table, "BASELINE", "qualifier")) == (102.5, "<")
    assert value_of(table, "LOG10_REDUCTION", "qualifier") == "NE"


def test_a_date_of_lymphodepletion_is_of_its_subject(made) -> None:
    counts, study = made({"P": [(-6, 200, {"actual": -6}), (-1, 80, {"actual": -1}), (7, 8, {"actual": 7})]},
                         population="B", baseline=BEFORE)  # fmt: skip
    begun = study.tubes[0].infused - timedelta(days=5)
    tubes = tuple(tube.model_copy(update={"lymphodepletion": begun}) for tube in study.tubes)
    dated = study.model_copy(update={"tubes": tubes})
    (one,) = analyse_study(counts, dated).depletion
    assert [draw.day for draw in one.baseline.draws] == [-6]
    assert check_endpoints(dated.endpoints, dated.tubes, "study.toml") == []
    (problem,) = check_endpoints(study.endpoints, study.tubes, "study.toml")
    assert "day of lymphodepletion, which is not known" in problem.what


def test_settings_that_contradict_each_other_are_refused() -> None:
    with pytest.raises(ValueError, match="needs baseline_visit"):
        EndpointSettings(baseline="visit")
    with pytest.raises(ValueError, match="is for"):
        EndpointSettings(baseline_visit="D-5")
    assert EndpointSettings(data_cutoff=date(2026, 1, 31)).data_cutoff == "2026-01-31"
