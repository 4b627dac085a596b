"""Profiles over time against numpy."""

from __future__ import annotations

import naive
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bcelldepl.kernels.timeline import time_bins, time_profile


def bins_of(time, start, width, n_bins):
    out = np.full(len(time), -1, dtype=np.int32)
    time_bins(np.asarray(time, dtype=np.float32), start, width, n_bins, out)
    return out


def profile(values, bins, n_bins):
    counts, means, variances = np.zeros(n_bins, dtype=np.int64), np.zeros(n_bins), np.zeros(n_bins)
    time_profile(
        np.asarray(values, dtype=np.float32), np.asarray(bins, dtype=np.int32), counts, means, variances
    )
    return counts, means, variances


def test_an_event_lies_in_the_bin_of_its_time():
    assert bins_of([0, 0.9, 1, 2.5, 3.9], 0.0, 1.0, 4).tolist() == [0, 0, 1, 2, 3]


def test_events_before_and_after_go_to_the_end_bins():
    assert bins_of([-3, -np.inf, 4, 100, np.inf], 0.0, 1.0, 4).tolist() == [0, 0, 3, 3, 3]


def test_bins_start_where_they_are_told():
    assert bins_of([10.0, 10.4, 10.6], 10.0, 0.5, 2).tolist() == [0, 0, 1]


def test_no_event():
    assert bins_of([], 0.0, 1.0, 3).size == 0
    for table in profile([], [], 3):
        assert table.tolist() == [0, 0, 0]


@settings(deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    n=st.integers(0, 60),
    n_bins=st.integers(1, 8),
    level=st.sampled_from([0.0, 1.0, 1e5]),
    missing=st.floats(0, 1),
)
def test_profile_agrees_with_numpy(seed, n, n_bins, level, missing):
    rng = np.random.default_rng(seed)
    values = rng.normal(level, 1.0, n).astype(np.float32)
    values[rng.random(n) < missing] = np.nan
    bins = rng.integers(0, n_bins, n).astype(np.int32)
    counts, means, variances = profile(values, bins, n_bins)
    their_counts, their_means, their_variances = naive.profile(values, bins, n_bins)
    np.testing.assert_array_equal(counts, their_counts)
    np.testing.assert_allclose(means, their_means, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(variances, their_variances, rtol=1e-9, atol=1e-9)


def test_variance_survives_a_high_level():
    # The sum of squares less the squared sum would lose every digit here.
    values = np.tile(np.float32([1e6, 1e6 + 1]), 5_000)
    _, means, variances = profile(values, np.zeros(10_000), 1)
    assert means[0] == pytest.approx(1e6 + 0.5, abs=1e-6)
    assert variances[0] == pytest.approx(0.25 * 10_000 / 9_999, rel=1e-6)


def test_a_lone_event_has_no_variance():
    counts, means, variances = profile([3.0], [1], 2)
    assert (counts.tolist(), means.tolist(), variances.tolist()) == ([0, 1], [0.0, 3.0], [0.0, 0.0])


def test_long_stretches_of_one_bin_are_summed_whole():
    rng = np.random.default_rng(3)
    values = rng.normal(0.4, 0.2, 5_000).astype(np.float32)
    values[rng.random(5_000) < 0.01] = np.nan
    values[:3] = np.nan
    bins = np.sort(rng.integers(0, 4, 5_000)).astype(np.int32)
    for ours, theirs in zip(profile(values, bins, 5), naive.profile(values, bins, 5), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-12)
