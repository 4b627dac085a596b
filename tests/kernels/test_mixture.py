"""Parts of a mixture of known densities against numpy, and against the parts that events were drawn with."""

from __future__ import annotations

import naive
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bcelldepl.kernels.mixture import fit_parts, mix_with_part


def case(seed: int, shifts: int, bins: int):
    rng = np.random.default_rng(seed)
    density = rng.gamma(0.5, size=(shifts, 3, bins)) + 1e-7
    binds = rng.random(bins) < 0.3
    shape = density[:, 1] / np.where(binds, 0.2, 0.8)
    seen = rng.integers(1, 50, bins).astype(np.float64)
    return density, shape, seen, binds, np.tile([0.9, 0.05, 0.05], (shifts, 1))


@settings(deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    shifts=st.integers(1, 6),
    bins=st.integers(1, 40),
    rounds=st.integers(0, 20),
)
def test_parts_are_those_of_numpy(seed: int, shifts: int, bins: int, rounds: int) -> None:
    ours, theirs = case(seed, shifts, bins), case(seed, shifts, bins)
    settings_of_both = (2.5, 1.0, 0.2, 100.0, rounds)
    fit_parts(*ours, *settings_of_both)
    naive.fit_parts(*theirs, *settings_of_both)
    np.testing.assert_allclose(ours[4], theirs[4], rtol=1e-9)
    np.testing.assert_allclose(ours[0], theirs[0], rtol=1e-9)


@pytest.mark.parametrize("positives", [0, 40, 4_000])
def test_parts_are_those_that_events_were_drawn_with(positives: int) -> None:
    rng = np.random.default_rng(7)
    grid = np.arange(0.0, 8.0, 0.05)
    densities = np.array([np.exp(-0.5 * ((grid - at) / 0.4) ** 2) for at in (2.0, 5.0, 6.5)])
    densities /= densities.sum(axis=1, keepdims=True)
    drawn = [rng.multinomial(n, one) for n, one in zip((50_000, positives, 20), densities, strict=True)]
    seen = np.sum(drawn, axis=0).astype(np.float64)
    density, part = densities[None] + 1e-9, np.array([[0.95, 0.045, 0.005]])
    binds = np.zeros(len(grid), dtype=np.bool_)
    fit_parts(density, density[:, 1].copy(), seen, binds, part, 0.0, 1.0, 0.0, 1e9, 500)
    assert part[0, 1] * seen.sum() == pytest.approx(positives, rel=0.02, abs=1.5)


@settings(deadline=None)
@given(seed=st.integers(0, 2**32 - 1), shifts=st.integers(1, 5), bins=st.integers(1, 300))
def test_a_given_part_is_mixed_as_numpy_does_it(seed: int, shifts: int, bins: int) -> None:
    rng = np.random.default_rng(seed)
    density, _, seen, _, _ = case(seed, shifts, bins)
    part = np.array([0.0, 1e-4, 0.3, 1.0])
    bound = rng.uniform(1e-9, 0.5, (shifts, len(part)))
    expected = naive.mix_with_part(part, *(density[:, kind] for kind in range(3)), seen, 2.5, bound, 6)
    mixed = np.empty((shifts, len(part), bins))
    mix_with_part(part, *(density[:, kind].copy() for kind in range(3)), seen, 2.5, bound, 6, mixed)
    np.testing.assert_array_equal(mixed, expected[0])
    np.testing.assert_array_equal(bound, expected[1])
