"""Parts of a mixture of known densities against numpy, and against the parts that events were drawn with."""

from __future__ import annotations

import naive
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bcelldepl.kernels.mixture import fit_parts

EXPECTED = np.array([0.01, 0.2, 0.1])


def case(seed: int, hypotheses: int, bins: int):
    rng = np.random.default_rng(seed)
    density = rng.gamma(0.5, size=(hypotheses, 4, bins)) + 1e-7
    seen, binds = rng.integers(1, 50, bins).astype(np.float64), rng.random(bins) < 0.3
    part = np.tile([0.85, 0.06, 0.04, 0.05], (hypotheses, 1))
    return density, seen, binds, part, np.full(hypotheses, 0.1), np.zeros(hypotheses)


@settings(deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    hypotheses=st.integers(1, 4),
    bins=st.integers(1, 40),
    rounds=st.integers(0, 20),
    positive=st.sampled_from([-1.0, 0.001, 0.4]),
)
def test_parts_are_those_of_numpy(
    seed: int, hypotheses: int, bins: int, rounds: int, positive: float
) -> None:
    ours, theirs = case(seed, hypotheses, bins), case(seed, hypotheses, bins)
    settings_of_both = (EXPECTED, np.array([800.0, 30.0, 100.0]), 1.0, positive, rounds)
    fit_parts(*ours, *settings_of_both)
    naive.fit_parts(*theirs, *settings_of_both)
    for mine, other in zip(ours[3:], theirs[3:], strict=True):
        np.testing.assert_allclose(mine, other, rtol=1e-9)


@pytest.mark.parametrize("positives", [0, 40, 4_000])
@pytest.mark.parametrize("dim_part", [0.0, 0.6])
def test_parts_are_those_that_events_were_drawn_with(positives: int, dim_part: float) -> None:
    rng = np.random.default_rng(7)
    grid = np.arange(0.0, 9.0, 0.05)
    densities = np.array([np.exp(-0.5 * ((grid - at) / 0.4) ** 2) for at in (2.0, 5.5, 4.0, 7.5)])
    densities /= densities.sum(axis=1, keepdims=True)
    dim = round(dim_part * positives)
    numbers = 50_000, positives - dim, dim, 20
    seen = np.sum(
        [rng.multinomial(n, one) for n, one in zip(numbers, densities, strict=True)], axis=0
    ).astype(float)
    part, bound, fit = np.array([[0.94, 0.03, 0.02, 0.01]]), np.array([0.01]), np.zeros(1)
    binds = np.zeros(len(grid), dtype=np.bool_)
    weight = np.array([1e-3, 1e-3, 1e9])
    expected = np.array([0.01, 0.2, 1e-6])
    fit_parts(densities[None] + 1e-12, seen, binds, part, bound, fit, expected, weight, 0.0, -1.0, 500)
    found = part[0] * seen.sum()
    assert found[1] + found[2] == pytest.approx(positives, rel=0.02, abs=1.5)
    assert found[2] == pytest.approx(dim, rel=0.03, abs=3)


def test_a_given_part_of_positives_is_kept_and_is_less_likely_than_the_one_found() -> None:
    found, given_part = case(3, 2, 30), case(3, 2, 30)
    fit_parts(*found, EXPECTED, np.array([800.0, 30.0, 100.0]), 0.0, -1.0, 5_000)
    fit_parts(*given_part, EXPECTED, np.array([800.0, 30.0, 100.0]), 0.0, 0.9, 5_000)
    np.testing.assert_allclose(given_part[3][:, 1:3].sum(axis=1), 0.9, rtol=1e-9)
    np.testing.assert_allclose(given_part[3].sum(axis=1), 1.0, rtol=1e-9)
    assert (given_part[5] < found[5] - 1.0).all()
