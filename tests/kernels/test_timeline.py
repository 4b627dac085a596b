"""Profiles over time against numpy."""

from __future__ import annotations

from itertools import pairwise

import naive
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bcelldepl.kernels.timeline import (
    clock_steps,
    mean_step,
    profile_moments,
    time_profile,
    time_stretches,
)


def stretches_of(time, start, width, n_bins, in_order=False):
    return time_stretches(np.asarray(time, dtype=np.float32), start, width, n_bins, in_order)


def bins_of(time, start, width, n_bins, in_order=False):
    edges, bins = stretches_of(time, start, width, n_bins, in_order)
    assert edges[0] == 0
    assert edges[-1] == len(time)
    assert (np.diff(edges) > 0).all()
    return np.repeat(bins, np.diff(edges))


def profiled(columns, edges, bins, n_bins, levels, cuts=()):
    """Sums of several signals, added in the pieces that the cuts make of the stretches."""
    columns, levels = np.asarray(columns, dtype=np.float32), np.asarray(levels, dtype=np.float32)
    shape = len(columns), n_bins
    near, sums, squares = np.zeros(shape), np.zeros(shape), np.zeros(shape)
    counts, above = np.zeros(shape, np.int64), np.zeros((*levels.shape, n_bins), np.int64)
    for first, last in pairwise((0, *cuts, len(bins))):
        piece = np.ascontiguousarray(columns[:, edges[first] : edges[last]])
        time_profile(
            piece, edges[first], edges, bins, first, last, levels, near, counts, sums, squares, above
        )
    return near, counts, sums, squares, above


def profile(values, bins, n_bins):
    stretches = stretches_of(bins, 0.0, 1.0, n_bins)
    near, counts, sums, squares, _ = profiled([values], *stretches, n_bins, np.zeros((1, 0)))
    return counts[0], *profile_moments(near[0], counts[0], sums[0], squares[0])


def test_an_event_lies_in_the_bin_of_its_time():
    assert bins_of([0, 0.9, 1, 2.5, 3.9], 0.0, 1.0, 4).tolist() == [0, 0, 1, 2, 3]


def test_events_before_and_after_go_to_the_end_bins():
    assert bins_of([-3, -np.inf, 4, 100, np.inf], 0.0, 1.0, 4).tolist() == [0, 0, 3, 3, 3]


def test_bins_start_where_they_are_told():
    assert bins_of([10.0, 10.4, 10.6], 10.0, 0.5, 2).tolist() == [0, 0, 1]


@settings(deadline=None)
@given(seed=st.integers(0, 2**32 - 1), n=st.integers(0, 5_000), n_bins=st.integers(1, 40))
def test_stretches_lie_where_a_look_at_every_event_finds_them(seed, n, n_bins):
    time = np.sort(np.random.default_rng(seed).uniform(-1.0, 10.0, n)).astype(np.float32)
    width = 9.0 / n_bins
    expected = np.clip((time.astype(np.float64) - 0.5) / width, 0, n_bins - 1).astype(int)
    np.testing.assert_array_equal(bins_of(time, 0.5, width, n_bins, in_order=True), expected)
    np.testing.assert_array_equal(bins_of(time[::-1], 0.5, width, n_bins), expected[::-1])
    for one, other in zip(
        stretches_of(time, 0.5, width, n_bins, in_order=True),
        stretches_of(time, 0.5, width, n_bins),
        strict=True,
    ):
        np.testing.assert_array_equal(one, other)


def test_a_stretch_is_no_longer_than_what_is_summed_at_once():
    edges, bins = stretches_of(np.zeros(1_300), 0.0, 1.0, 3, in_order=True)
    assert edges.tolist() == [0, 512, 1_024, 1_300]
    assert bins.tolist() == [0, 0, 0]


@settings(deadline=None)
@given(seed=st.integers(0, 2**32 - 1), n=st.integers(2, 2_000), ordered=st.booleans())
def test_steps_of_a_clock_are_those_of_numpy(seed, n, ordered):
    rng = np.random.default_rng(seed)
    time = (rng.integers(0, n, n) * 0.01).astype(np.float32)
    time = np.sort(time) if ordered else time
    steps = np.diff(time)
    onward = steps[steps > 0]
    backwards, least = clock_steps(time)
    assert backwards == (steps < 0).sum()
    if not len(onward):
        assert least == np.inf
        return
    assert least == onward.min()
    below = np.float32(1.5) * onward.min()
    # Numbers of one size add up without rounding, in any order.
    assert mean_step(time, below) == np.mean(onward[onward < below], dtype=np.float64)


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


@settings(deadline=None)
@given(seed=st.integers(0, 2**32 - 1), n=st.integers(0, 3_000), level=st.floats(-2, 2, width=32))
def test_events_above_a_level_are_those_that_a_look_at_each_finds(seed, n, level):
    rng = np.random.default_rng(seed)
    time, values = np.sort(rng.uniform(0.0, 7.0, n)).astype(np.float32), rng.normal(size=n).astype(np.float32)
    values[rng.random(n) < 0.1] = np.nan
    values[rng.random(n) < 0.1] = level
    *_, above = profiled([values], *stretches_of(time, 0.0, 1.0, 7), 7, [[level, 0.5]])
    expected = [
        [sum(float(v) > limit for v, t in zip(values, time, strict=True) if int(t) == b) for b in range(7)]
        for limit in (level, 0.5)
    ]
    assert above[0].tolist() == expected


@settings(deadline=None)
@given(seed=st.integers(0, 2**32 - 1), n=st.integers(1, 5_000), data=st.data(), in_order=st.booleans())
def test_how_many_events_are_added_at_a_time_changes_no_bit(seed, n, data, in_order):
    rng = np.random.default_rng(seed)
    time = rng.uniform(0.0, 9.0, n)
    edges, bins = stretches_of(np.sort(time) if in_order else time, 0.0, 1.0, 9, in_order)
    columns = rng.normal(size=(3, n)).astype(np.float32)
    columns[rng.random((3, n)) < 0.1] = np.nan
    cuts = data.draw(st.lists(st.integers(0, len(bins)), max_size=5).map(sorted))
    levels = rng.normal(size=(3, 2))
    for whole, pieces in zip(
        profiled(columns, edges, bins, 9, levels),
        profiled(columns, edges, bins, 9, levels, cuts),
        strict=True,
    ):
        np.testing.assert_array_equal(whole, pieces)
