"""Edge cases and other implementations of the agreement statistics."""

from __future__ import annotations

import math

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score, f1_score, jaccard_score, precision_score, recall_score

from bcelldepl.comparison.statistics import (
    bland_altman,
    day_shift,
    decision_table,
    deming,
    find_differences,
    lin_ccc,
    overlap,
    passing_bablok,
    replicate_cv,
)


def test_pairs_without_a_ratio_are_left_out():
    result = bland_altman([0.0, 10, 20, math.nan, 40], [5.0, 10, 20, 30, 0])
    assert result.bias.n == 2
    assert result.bias.value == 0


def test_shapes_that_are_no_pairs():
    with pytest.raises(ValueError, match="pairs"):
        bland_altman([1.0, 2], [1.0])


@pytest.mark.parametrize("n", [0, 1, 2])
def test_too_few_pairs_say_nothing(n):
    x = np.arange(1.0, n + 1)
    assert math.isnan(lin_ccc(x, x).value)
    assert math.isnan(deming(x, x).slope.value)
    assert math.isnan(passing_bablok(x, x).slope.value)
    assert bland_altman(x, x).bias.n == n


def test_identical_methods():
    x = np.array([1.0, 5, 20, 80, 300])
    assert lin_ccc(x, x).value == pytest.approx(1)
    assert deming(x, x).slope.value == pytest.approx(1)
    line = passing_bablok(x, x)
    slope = line.slope
    assert (slope.value, slope.low, slope.high, line.intercept.value) == pytest.approx((1, 1, 1, 0))


def test_constant_reference():
    assert math.isnan(deming([3.0, 3, 3, 3], [1.0, 2, 3, 4]).slope.value)
    assert math.isnan(lin_ccc([3.0, 3, 3, 3], [1.0, 2, 3, 4]).value)


def test_methods_that_run_against_each_other():
    x = np.arange(1.0, 20)
    assert math.isnan(passing_bablok(x, -3 * x).slope.value)
    assert lin_ccc(x, x[::-1]).value == pytest.approx(-1)


def test_outlier_tilts_deming_but_not_passing_bablok():
    x = np.linspace(1, 100, 30)
    y = x.copy()
    y[-1] = 500
    assert deming(x, y).slope.value > 1.5
    assert passing_bablok(x, y).slope.value == pytest.approx(1)


def test_replicate_cv_finds_the_error_that_was_put_in():
    rng = np.random.default_rng(3)
    groups = np.repeat(np.arange(400), 2)
    values = np.repeat(rng.uniform(5, 500, 400), 2) * np.exp(rng.normal(0, 0.08, 800))
    cv = replicate_cv(values, list(groups))
    assert cv.low < 100 * math.sqrt(math.expm1(0.08**2)) < cv.high
    assert cv.value == pytest.approx(8, abs=0.6)
    assert cv.n == 400


def test_replicate_cv_without_replicates():
    assert math.isnan(replicate_cv([1.0, 2], ["a", "b"]).value)
    assert replicate_cv([10.0, 10, 0, 7], ["a", "a", "b", "b"]).n == 1


def test_decisions_against_another_implementation():
    rng = np.random.default_rng(4)
    names = ["depleted", "not depleted", "not evaluable"]
    one = [names[i] for i in rng.integers(0, 3, 80)]
    other = [a if rng.random() < 0.8 else names[rng.integers(0, 3)] for a in one]
    table = decision_table(one, other, names)
    assert table.kappa.value == pytest.approx(cohen_kappa_score(one, other))
    pairs = np.array([one, other])
    draws = [cohen_kappa_score(*pairs[:, pick]) for pick in rng.integers(0, 80, (500, 80))]
    low, high = np.percentile(draws, [2.5, 97.5])
    assert (table.kappa.low, table.kappa.high) == pytest.approx((low, high), abs=0.04)
    assert table.counts.sum() == 80
    assert table.share("depleted", of="depleted").n == one.count("depleted")


def test_kappa_of_fleiss_cohen_everitt():
    # Two by two with cells 45, 15, 25, 15: observed 0.60, by chance 0.54, so kappa 0.1304.
    one = ["yes"] * 60 + ["no"] * 40
    other = ["yes"] * 45 + ["no"] * 15 + ["yes"] * 25 + ["no"] * 15
    assert decision_table(one, other).kappa.value == pytest.approx(0.1304, abs=5e-5)


def test_one_decision_throughout_has_no_kappa():
    table = decision_table(["depleted"] * 5, ["depleted"] * 5)
    assert math.isnan(table.kappa.value)
    assert table.agreement.value == 1
    assert table.agreement.low == pytest.approx(0.478, abs=1e-3)  # exact: 0.025 ** (1 / 5)


def test_days_by_which_an_event_moves():
    manual = {"P1": 7, "P2": 14, "P3": None, "P4": 28.0}
    shift = day_shift(manual, {"P1": 7, "P2": 28, "P3": 14, "P4": math.nan})
    assert shift.days == {"P1": 0, "P2": 14}
    assert shift.only_reference == ("P4",)
    assert shift.only_test == ("P3",)
    assert math.isnan(shift.shift.low)  # two subjects bound no median


def test_interval_of_a_median_shift():
    shift = day_shift(dict.fromkeys(range(9), 0.0), {i: float(i) for i in range(9)}).shift
    assert (shift.value, shift.low, shift.high) == (4, 1, 7)  # second and eighth of nine: 96.1 %


def test_overlap_against_another_implementation():
    rng = np.random.default_rng(1)
    auto, manual = rng.random(500) < 0.3, rng.random(500) < 0.3
    result = overlap(auto, manual)
    scores = {"precision": precision_score, "recall": recall_score, "f1": f1_score, "jaccard": jaccard_score}
    for name, score in scores.items():
        assert getattr(result, name) == pytest.approx(score(manual, auto))
    assert result.interval("recall").n == manual.sum()


def test_overlap_of_nothing():
    none = np.zeros(5, dtype=bool)
    result = overlap(none, none)
    assert (result.f1, result.jaccard) == (1, 1)
    assert math.isnan(result.precision)
    assert overlap(none, ~none).f1 == 0
    assert find_differences(none, none, {}) == []


def test_the_marker_that_tells_the_two_apart_comes_first():
    rng = np.random.default_rng(2)
    cd19, cd3 = rng.normal(0.6, 0.05, 2000).astype(np.float32), rng.normal(0.2, 0.05, 2000).astype(np.float32)
    where = find_differences(cd19 > 0.5, cd19 > 0.6, {"CD3": cd3, "CD19": cd19})
    assert where[0].marker == "CD19"
    assert where[0].only_auto < -1
    assert math.isnan(where[0].only_manual)


@pytest.mark.parametrize(("shared", "found"), [(19, 0), (20, 1)])
def test_a_spread_is_taken_of_enough_shared_events(shared, found):
    auto, manual = np.zeros((2, 100), dtype=bool)
    auto[:50] = True
    manual[50 - shared : 60] = True
    column = np.linspace(0, 1, 100, dtype=np.float32)
    assert len(find_differences(auto, manual, {"CD19": column})) == found
