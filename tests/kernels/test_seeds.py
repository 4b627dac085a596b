"""Seeds against plain numpy."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from bcelldepl.kernels.seeds import seed_middles, take_evenly


@settings(deadline=None)
@given(st.integers(0, 999), st.integers(0, 300), st.integers(1, 5))
def test_the_first_of_every_so_many_is_taken(random, n, n_seeds):
    rng = np.random.default_rng(random)
    seeds = rng.integers(-1, n_seeds, n).astype(np.int16)
    every = rng.integers(1, 9, n_seeds + 1)
    taken = np.empty(n, np.int64)
    taken = taken[: take_evenly(seeds, every, taken)]
    expected = [np.flatnonzero(seeds == seed)[:: every[seed + 1]] for seed in range(-1, n_seeds)]
    np.testing.assert_array_equal(taken, np.sort(np.concatenate(expected)))


@settings(deadline=None)
@given(st.integers(0, 999), st.integers(1, 5), st.integers(1, 40), st.integers(1, 5))
def test_middles_are_medians(random, k, most, n_seeds):
    rng = np.random.default_rng(random)
    seeds = np.repeat(np.arange(-1, n_seeds), rng.integers(1, most + 1, n_seeds + 1)).astype(np.int16)
    rng.shuffle(seeds)
    points = rng.integers(0, 9, (k, len(seeds))).astype(np.float32) / np.float32(7.0)
    middles, deviations = np.empty((n_seeds, k)), np.empty((n_seeds, k))
    seed_middles(points, seeds, middles, deviations)
    for seed in range(n_seeds):
        own = points[:, seeds == seed].astype(np.float64)
        np.testing.assert_array_equal(middles[seed], np.median(own, axis=1))
        off = np.abs(own - middles[seed][:, None])
        np.testing.assert_array_equal(deviations[seed], np.median(off, axis=1))
