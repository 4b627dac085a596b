"""Exact intervals against scipy, a naive inversion of the tails, published values and simulation."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from bcelldepl.counting.intervals import Interval, clopper_pearson, garwood, poisson_ratio, widen

counts = st.integers(0, 5_000)
references = st.integers(1, 60_000)


def bisect(function, low: float, high: float) -> float:
    """Root of an increasing function, the plain way."""
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if function(middle) < 0 else (low, middle)
    return (low + high) / 2


def binomial_tail(count: int, total: int, p: float) -> float:
    """P(X >= count), term by term."""
    return math.fsum(math.comb(total, k) * p**k * (1 - p) ** (total - k) for k in range(count, total + 1))


def poisson_tail(count: int, mean: float) -> float:
    """P(X >= count), term by term."""
    return 1 - math.fsum(math.exp(-mean) * mean**k / math.factorial(k) for k in range(count))


@pytest.mark.parametrize(("count", "total"), [(0, 12), (1, 12), (5, 30), (12, 12), (29, 30), (3, 60)])
def test_clopper_pearson_inverts_the_tails(count: int, total: int) -> None:
    low, high = clopper_pearson(count, total)
    if count:
        assert low == pytest.approx(bisect(lambda p: binomial_tail(count, total, p) - 0.025, 0, 1), rel=1e-9)
    else:
        assert low == 0
    if count < total:
        at_most = bisect(lambda p: binomial_tail(count + 1, total, p) - 0.975, 0, 1)
        assert high == pytest.approx(at_most, rel=1e-9)
    else:
        assert high == 1


@pytest.mark.parametrize("count", [0, 1, 2, 5, 20, 50])
def test_garwood_inverts_the_tails(count: int) -> None:
    low, high = garwood(count)
    if count:
        assert low == pytest.approx(bisect(lambda mean: poisson_tail(count, mean) - 0.025, 0, 200), rel=1e-9)
    else:
        assert low == 0
    assert high == pytest.approx(bisect(lambda mean: poisson_tail(count + 1, mean) - 0.975, 0, 200), rel=1e-9)


@given(counts, st.integers(0, 60_000))
def test_clopper_pearson_is_scipys_exact_interval(count: int, others: int) -> None:
    if count + others == 0:
        return
    theirs = stats.binomtest(count, count + others).proportion_ci(method="exact")
    assert clopper_pearson(count, count + others) == pytest.approx((theirs.low, theirs.high), rel=1e-9)


@given(counts)
def test_garwood_is_half_of_chi_square(count: int) -> None:
    low = stats.chi2.ppf(0.025, 2 * count) / 2 if count else 0
    assert garwood(count) == pytest.approx((low, stats.chi2.ppf(0.975, 2 * count + 2) / 2), rel=1e-9)


# 50 uL of blood, 50,000 beads in the tube, 10,000 of them seen: 0.1 cells/uL per event.
@pytest.mark.parametrize(
    ("count", "low", "high", "digits"),
    [
        (0, 0, 0.37, 2),
        (5, 0.16, 1.17, 2),
        (20, 1.22, 3.09, 2),
        (50, 3.71, 6.60, 2),
        (100, 8.13, 12.18, 2),
        (1000, 93.6, 106.7, 1),
    ],
)
def test_cells_against_ten_thousand_beads(count: int, low: float, high: float, digits: int) -> None:
    ends = poisson_ratio(count, 10_000)
    assert (round(ends.low * 1000, digits), round(ends.high * 1000, digits)) == (low, high)


def test_cells_against_a_thousand_beads() -> None:
    low, high = poisson_ratio(100, 1_000)
    assert (round(low * 1000, 1), round(high * 1000, 1)) == (80.6, 122.9)


def test_zero_one_sided_is_the_rule_of_three() -> None:
    assert round(poisson_ratio(0, 10_000, confidence=0.90).high * 1000, 2) == 0.30
    assert garwood(0, confidence=0.90).high == pytest.approx(-math.log(0.05))


def test_nothing_to_compare_with_leaves_the_ratio_open() -> None:
    assert poisson_ratio(0, 0) == (0, math.inf)
    low, high = poisson_ratio(5, 0)
    assert low > 0
    assert high == math.inf
    assert clopper_pearson(0, 0) == (0, 1)


@given(counts, references)
def test_ratio_holds_its_estimate_and_grows_with_the_count(count: int, reference: int) -> None:
    low, high = poisson_ratio(count, reference)
    assert low <= count / reference <= high
    more = poisson_ratio(count + 1, reference)
    assert more.low > low
    assert more.high > high


@given(counts)
def test_garwood_holds_its_count_and_grows_with_it(count: int) -> None:
    low, high = garwood(count)
    assert low <= count <= high
    assert garwood(count + 1).low > low
    assert garwood(count + 1).high > high


@given(st.integers(1, 5_000), references)
def test_ratio_turned_round_is_the_other_ratio(count: int, reference: int) -> None:
    low, high = poisson_ratio(count, reference)
    other = poisson_ratio(reference, count)
    assert (1 / other.high, 1 / other.low) == pytest.approx((low, high), rel=1e-6)


@given(counts, references)
def test_more_confidence_is_wider(count: int, reference: int) -> None:
    narrow, wide = poisson_ratio(count, reference, 0.8), poisson_ratio(count, reference, 0.99)
    assert wide.low <= narrow.low
    assert narrow.high <= wide.high


@given(st.integers(0, 20_000))
def test_many_beads_leave_the_interval_of_the_count_alone(count: int) -> None:
    ratio = poisson_ratio(count, 10**7)
    assert (ratio.low * 1e7, ratio.high * 1e7) == pytest.approx(tuple(garwood(count)), rel=2e-3)


@pytest.mark.parametrize("truth", [0.5, 3.0, 20.0, 200.0])
def test_exact_intervals_cover_at_least_their_confidence(truth: float) -> None:
    # Summed over every count that can occur, so that no chance is in it.
    count = np.arange(0, int(truth + 12 * math.sqrt(truth) + 20))
    weight = stats.poisson.pmf(count, truth)
    held = np.array([(ends := garwood(int(c))).low <= truth <= ends.high for c in count])
    assert (weight * held).sum() >= 0.95 - 1e-9


@pytest.mark.parametrize(("truth", "beads"), [(3.0, 1_000), (60.0, 1_000), (1500.0, 2_000)])
def test_ratio_covers_at_least_its_confidence(truth: float, beads: int) -> None:
    random = np.random.default_rng(7)
    trials = 3_000
    cells, seen = random.poisson(truth, trials), random.poisson(beads, trials)
    held = 0
    for c, b in zip(cells.tolist(), seen.tolist(), strict=True):
        low, high = poisson_ratio(c, b)
        held += low <= truth / beads <= high
    assert held / trials > 0.945


@given(st.integers(0, 10_000), st.floats(0.01, 100))
def test_a_sure_gate_changes_nothing(count: int, unit: float) -> None:
    exact = garwood(count)
    exact = Interval(exact.low * unit, exact.high * unit)
    sure = Interval(count * unit, count * unit)
    assert widen(count * unit, exact, sure) == pytest.approx(exact)


@given(st.integers(0, 10_000), st.integers(0, 10_000), st.integers(0, 10_000))
def test_an_unsure_gate_widens_and_never_beyond_both_errors_together(count: int, a: int, b: int) -> None:
    gate = Interval(min(a, b), max(a, b))
    exact = garwood(count)
    low, high = widen(count, exact, gate)
    assert 0 <= low <= exact.low
    assert high >= exact.high
    assert low <= max(gate.low, 0) or gate.low >= count
    assert high >= gate.high - 1e-9
    # Both at their worst at once, exact ends of the count at each end of the gate, is wider still.
    assert high <= garwood(max(count, int(gate.high))).high * (1 + 1e-9)


@given(st.integers(0, 5_000), st.integers(0, 5_000), st.integers(0, 5_000), st.floats(0.01, 100))
def test_widening_does_not_know_the_unit(count: int, a: int, b: int, unit: float) -> None:
    gate, exact = Interval(min(a, b), max(a, b)), garwood(count)
    plain = widen(count, exact, gate)
    scaled = widen(count * unit, Interval(*(unit * e for e in exact)), Interval(*(unit * e for e in gate)))
    assert scaled == pytest.approx([end * unit for end in plain], abs=1e-9 * unit, rel=1e-6)


@pytest.mark.parametrize("truth", [8.0, 60.0, 1_000.0])
@pytest.mark.parametrize("spread", [0.05, 0.3])
def test_widened_intervals_cover(truth: float, spread: float) -> None:
    """A gate off by a known spread: events at its ends are those the moved gate would hold."""
    random = np.random.default_rng(11)
    trials, held = 3_000, 0
    for _ in range(trials):
        # Cells lie along an axis with this many beyond x: truth * exp(-x); the cut errs by `spread`.
        cut = random.normal(0, spread)
        ends = (cut + 1.96 * spread, cut - 1.96 * spread)
        beyond = random.poisson(truth * math.exp(-ends[0]))
        inner = random.poisson(truth * (math.exp(-cut) - math.exp(-ends[0])))
        outer = random.poisson(truth * (math.exp(-ends[1]) - math.exp(-cut)))
        count = beyond + inner
        low, high = widen(count, garwood(count), Interval(beyond, count + outer))
        held += low <= truth <= high
    assert held / trials > 0.94
