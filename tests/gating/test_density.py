"""Valleys are believed where they are, and not where chance makes one."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize_scalar
from scipy.stats import norm

from bcelldepl.gating.density import make_density
from bcelldepl.gating.landmarks import find_landmark
from bcelldepl.gating.valleys import find_valleys, valley_interval


def two(n, part, seed, low=0.3, high=0.7, spread=0.05):
    """Events of a negative, and of a positive that has a part of them."""
    rng = np.random.default_rng(seed)
    up = round(part * n)
    return np.concatenate([rng.normal(low, spread, n - up), rng.normal(high, spread, up)]).astype(np.float32)


def antimode(part, low, high, spread):
    """Where the density of two normals is least between their centres."""
    found = minimize_scalar(
        lambda x: (1 - part) * norm.pdf(x, low, spread) + part * norm.pdf(x, high, spread),
        bounds=(low + spread, high - spread),
        method="bounded",
    )
    return float(found.x)


UNIMODAL = {
    "normal": lambda rng, n: rng.normal(0.4, 0.07, n),
    "narrow": lambda rng, n: rng.normal(0.3, 0.015, n),
    "skewed": lambda rng, n: 0.2 + 0.12 * rng.gamma(2.0, 0.6, n),
    "heavy": lambda rng, n: 0.4 + 0.04 * rng.standard_t(3, n),
    "flat": lambda rng, n: rng.uniform(0.2, 0.7, n),
    "bridged": lambda rng, n: np.where(rng.random(n) < 0.9, rng.normal(0.3, 0.05, n), rng.uniform(0.3, 0.8, n)),
}  # fmt: skip


@pytest.mark.parametrize("shape", UNIMODAL)
@pytest.mark.parametrize("n", [20, 100, 1_000, 10_000, 100_000])
def test_one_peak_has_no_valley(shape, n):
    seeds = range(300 if n < 100_000 else 60)
    false = sum(
        bool(
            find_valleys(
                make_density(UNIMODAL[shape](np.random.default_rng([n, seed]), n).astype(np.float32))
            )
        )
        for seed in seeds
    )
    assert false < 0.01 * len(seeds) + 1e-9


@pytest.mark.parametrize(
    ("n", "part"), [(400, 0.5), (2_000, 0.1), (10_000, 0.02), (100_000, 0.002), (100_000, 0.5)]
)
def test_two_peaks_have_one_valley_between_them(n, part):
    for seed in range(20):
        (valley,) = find_valleys(make_density(two(n, part, seed)))
        assert 0.4 < valley.position < 0.62
        assert valley.left == pytest.approx(0.3, abs=0.03)
        assert valley.right == pytest.approx(0.7, abs=0.06)
        assert valley.depth < 0.5
        assert valley.events_above == pytest.approx(round(part * n), rel=0.06, abs=1)


def test_three_peaks_have_two_valleys_from_left_to_right():
    values = np.concatenate([two(6_000, 0.3, 0, 0.2, 0.5, 0.03), two(3_000, 0.5, 1, 0.5, 0.8, 0.03)])
    first, second = find_valleys(make_density(values))
    assert 0.25 < first.position < 0.45
    assert 0.55 < second.position < 0.75
    assert first.events_above > second.events_above


def test_too_few_events_beyond_a_valley_are_no_peak():
    assert find_valleys(make_density(two(5_000, 0.001, 0))) == []


@pytest.mark.parametrize("values", [[], [0.5], [np.nan] * 100, [0.5] * 1_000])
def test_nothing_to_see_has_no_valley(values):
    assert find_valleys(make_density(np.array(values, dtype=np.float32))) == []


def test_events_off_the_grid_make_no_valley_of_their_own_against_nothing():
    values = np.random.default_rng(0).normal(0.4, 0.05, 2_000).astype(np.float32)
    values[:3] = [-1e6, 1e6, np.inf]
    assert find_valleys(make_density(values)) == []


def test_the_order_of_events_does_not_matter():
    values = two(5_000, 0.3, 3)
    shuffled = np.random.default_rng(0).permutation(values)
    assert find_valleys(make_density(values)) == find_valleys(make_density(shuffled))


@pytest.mark.parametrize(
    ("n", "part", "spread"), [(2_000, 0.3, 0.07), (20_000, 0.1, 0.08), (20_000, 0.5, 0.1)]
)
def test_the_interval_covers_the_true_antimode(n, part, spread):
    true = antimode(part, 0.3, 0.7, spread)
    covered = 0
    for seed in range(60):
        density = make_density(two(n, part, seed, spread=spread))
        (valley,) = find_valleys(density)
        low, high = valley_interval(density, valley)
        assert low <= valley.position <= high
        covered += low - 0.005 <= true <= high + 0.005  # half of the least bandwidth
    assert covered >= 50


def test_the_interval_narrows_with_events_and_stays_the_same_for_the_same_tube():
    few, many = make_density(two(1_000, 0.4, 0, spread=0.08)), make_density(two(100_000, 0.4, 0, spread=0.08))
    widths = [np.diff(valley_interval(one, find_valleys(one)[0]))[0] for one in (few, many)]
    assert widths[1] < 0.7 * widths[0]
    assert valley_interval(few, find_valleys(few)[0]) == valley_interval(few, find_valleys(few)[0])


@pytest.mark.parametrize("n", [200, 5_000, 100_000])
@pytest.mark.parametrize("spread", [0.02, 0.06, 0.1])
def test_a_landmark_is_the_mode_and_spread_of_a_normal(n, spread):
    found = [find_landmark(make_density(two(n, 0.0, seed, low=0.35, spread=spread))) for seed in range(20)]
    centres, spreads = np.array([(one.centre, one.spread) for one in found]).T
    assert np.median(centres) == pytest.approx(0.35, abs=0.3 * spread)
    assert np.median(spreads) == pytest.approx(spread, rel=0.25, abs=0.005)


@pytest.mark.parametrize("part", [0.1, 0.3, 0.6, 0.8])
def test_positives_do_not_move_a_landmark(part):
    alone = find_landmark(make_density(two(4_000, 0.0, 1)))
    n = round(4_000 / (1 - part))
    beside = find_landmark(make_density(two(n, part, 1)))
    assert beside.centre == pytest.approx(alone.centre, abs=0.015)
    assert beside.spread == pytest.approx(alone.spread, abs=0.012)


def test_a_landmark_below_a_limit():
    density = make_density(two(10_000, 0.5, 2))
    assert find_landmark(density, below=0.5).centre == pytest.approx(0.3, abs=0.02)
    assert find_landmark(density).centre == pytest.approx(0.3, abs=0.02)


@pytest.mark.parametrize("values", [[], [0.3] * 5, [np.nan] * 50])
def test_too_few_events_are_no_landmark(values):
    assert find_landmark(make_density(np.array(values, dtype=np.float32))) is None


def test_no_event_below_the_limit_is_no_landmark():
    assert find_landmark(make_density(two(1_000, 1.0, 0)), below=0.2) is None
