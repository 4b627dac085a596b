"""Statistics against published figures and against other implementations."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import theilslopes

from bcelldepl.comparison.statistics import bland_altman, deming, lin_ccc, passing_bablok

# Peak expiratory flow of 17 people by two meters [l/min], table 1 of Bland and Altman (1986): first readings.
WRIGHT = [494, 395, 516, 434, 476, 557, 413, 442, 650, 433, 417, 656, 267, 478, 178, 423, 427]
MINI = [512, 430, 520, 428, 500, 600, 364, 380, 658, 445, 432, 626, 260, 477, 259, 350, 451]


@pytest.fixture(scope="module")
def lyoplate(real_data: Path) -> dict[str, np.ndarray]:
    with (real_data / "agreement" / "lyoplate_cd19_fraction_of_live.csv").open() as file:
        rows = list(csv.DictReader(file))
    methods = ("manual", "opencyto", "flowdensity")
    return {name: np.array([float(row[name]) for row in rows]) for name in methods}


@pytest.mark.parametrize(
    ("method", "bias", "lower", "upper", "ccc"),
    [("opencyto", "+0.92", "-9.1", "+12.0", "0.98254"), ("flowdensity", "-0.41", "-8.0", "+7.9", "0.99099")],
)
def test_published_method_comparison(lyoplate, method, bias, lower, upper, ccc):
    result = bland_altman(lyoplate["manual"], lyoplate[method])
    assert result.bias.n == 54
    assert f"{result.bias.value:+.2f}" == bias
    assert (f"{result.lower.value:+.1f}", f"{result.upper.value:+.1f}") == (lower, upper)
    assert f"{lin_ccc(lyoplate['manual'], lyoplate[method]).value:.5f}" == ccc


def test_bland_altman_of_1986():
    # The paper: mean difference -2.1 (its interval -22.0 to 17.8), sd 38.8, limits of 2 sd -79.7 to 75.5.
    result = bland_altman(MINI, WRIGHT, scale="difference")
    assert result.bias.value == pytest.approx(-2.1, abs=0.05)
    assert (result.bias.low, result.bias.high) == pytest.approx((-22.0, 17.8), abs=0.1)
    sd = (result.upper.value - result.bias.value) / 1.959964
    assert sd == pytest.approx(38.8, abs=0.05)
    # Its intervals of the limits, -114.3 to -45.1 and 40.9 to 110.1, are symmetric; the exact ones lie
    # farther out.
    assert -130 < result.lower.low < -114.3
    assert -60 < result.lower.high < -45.1
    assert 110.1 < result.upper.high < 126


def test_passing_bablok_is_theil_sen_where_all_slopes_rise():
    rng = np.random.default_rng(5)
    x = np.sort(rng.uniform(10, 500, 40))
    y = 3 + 1.1 * x * np.exp(rng.normal(0, 0.002, 40))
    other = theilslopes(y, x, 0.95)
    line = passing_bablok(x, y)
    # Where even, the middle of two slopes is geometric here and arithmetic there.
    assert line.slope.value == pytest.approx(other.slope, rel=1e-5)
    assert (line.slope.low, line.slope.high) == pytest.approx((other.low_slope, other.high_slope), rel=2e-4)
    assert line.intercept.value == pytest.approx(np.median(y - line.slope.value * x))


def test_passing_bablok_swaps_with_the_axes():
    rng = np.random.default_rng(6)
    truth = rng.uniform(10, 500, 60)
    x, y = truth * np.exp(rng.normal(0, 0.2, 60)), 5 + 1.2 * truth * np.exp(rng.normal(0, 0.2, 60))
    there, back = passing_bablok(x, y).slope, passing_bablok(y, x).slope
    assert back.value == pytest.approx(1 / there.value)
    assert (back.low, back.high) == pytest.approx((1 / there.high, 1 / there.low))


@pytest.mark.parametrize("ratio", [0.25, 1.0, 4.0])
def test_deming_is_the_principal_axis_of_scaled_data(ratio):
    rng = np.random.default_rng(7)
    truth = rng.uniform(0, 100, 50)
    x, y = truth + rng.normal(0, 3, 50), 2 + 0.9 * truth + rng.normal(0, 3 * np.sqrt(ratio), 50)
    line = deming(x, y, variance_ratio=ratio)
    # With errors brought to one size, the line is the first principal axis.
    _, axes = np.linalg.eigh(np.cov(x, y / np.sqrt(ratio)))
    assert line.slope.value == pytest.approx(axes[1, 1] / axes[0, 1] * np.sqrt(ratio))
    assert line.intercept.value == pytest.approx(y.mean() - line.slope.value * x.mean())


def test_deming_minimises_distances_over_all_lines():
    rng = np.random.default_rng(8)
    x = rng.uniform(0, 10, 30)
    y = 1 + 2 * x + rng.normal(0, 1, 30)
    line = deming(x, y)

    def cost(slope: float, intercept: float) -> float:
        return float(np.sum((y - intercept - slope * x) ** 2) / (1 + slope**2))

    best = cost(line.slope.value, line.intercept.value)
    for ds, di in [(0.01, 0), (-0.01, 0), (0, 0.05), (0, -0.05), (0.01, -0.05), (-0.01, 0.05)]:
        assert cost(line.slope.value + ds, line.intercept.value + di) > best


@pytest.mark.parametrize("statistic", ["bias", "lower", "upper", "ccc", "deming", "passing_bablok"])
def test_intervals_against_bootstrap(statistic):
    rng = np.random.default_rng(12)
    truth = np.exp(rng.normal(3, 1, 60))
    x, y = truth * np.exp(rng.normal(0, 0.04, 60)), truth * np.exp(rng.normal(0.02, 0.05, 60))
    if statistic == "deming":  # it takes errors of one size
        x, y = truth + rng.normal(0, 2, 60), truth + rng.normal(0, 2, 60)

    def estimate(a, b):
        if statistic == "ccc":
            return lin_ccc(a, b)
        if statistic in ("deming", "passing_bablok"):
            return (deming if statistic == "deming" else passing_bablok)(a, b).slope
        return getattr(bland_altman(a, b), statistic)

    n, rounds = len(x), 400 if statistic in ("deming", "passing_bablok") else 1500
    draws = [estimate(x[pick], y[pick]).value for pick in rng.integers(0, n, (rounds, n))]
    low, high = np.percentile(draws, [2.5, 97.5])
    own = estimate(x, y)
    assert own.low < own.value < own.high
    # Same width within a third, and the two intervals mostly cover one another.
    assert (own.high - own.low) / (high - low) == pytest.approx(1.0, abs=0.35)
    shared = min(own.high, high) - max(own.low, low)
    assert shared > 0.7 * min(own.high - own.low, high - low)


def test_limits_cover_as_often_as_they_say():
    rng = np.random.default_rng(10)
    hits = 0
    for _ in range(1000):
        d = rng.normal(0.0, 0.1, 12)
        upper = bland_altman(np.full(12, 100.0), 100.0 * np.exp(d)).upper
        hits += upper.low <= 100 * np.expm1(1.959964 * 0.1) <= upper.high
    assert hits / 1000 == pytest.approx(0.95, abs=0.02)
