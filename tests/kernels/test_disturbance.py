"""Bins that stand out, against numpy."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bcelldepl.kernels.disturbance import event_median, mark_bright, mark_merged_shifts, mark_shifts, usual

LEAST_SHIFT, EDGE_Z, FAR_Z = 0.02, 3.0, 6.0


def naive_median(values, counts):
    """The middle one where every event brings the value of its bin."""
    of_events = np.sort(np.repeat(values, counts))
    return of_events[(len(of_events) + 1) // 2 - 1]


def naive_usual(values, counts):
    middle = naive_median(values, counts)
    with np.errstate(invalid="ignore"):
        return middle, 1.4826 * naive_median(np.abs(values - middle), counts)


def naive_shifts(counts, means, variances, fewest):
    seen = counts > 1
    middle, unrest = naive_usual(means[seen], counts[seen])
    noise = np.sqrt(np.median(variances[seen]) / np.maximum(counts, 1))
    with np.errstate(divide="ignore", invalid="ignore"):
        shift = np.abs(means - middle)
        z = np.where(seen & (shift > LEAST_SHIFT), shift / np.maximum(noise, unrest), 0.0)
    odd = np.zeros(len(counts), dtype=bool)
    bins = list(range(len(counts)))
    while bins:
        run = []
        while bins and z[bins[0]] > EDGE_Z:
            run.append(bins.pop(0))
        if len(run) >= fewest and z[run].max() > FAR_Z:
            odd[run] = True
        bins = bins[1:]
    return odd


def shifts(counts, means, variances, fewest=2):
    odd = np.zeros(len(counts), dtype=bool)
    mark_shifts(counts, means, variances, LEAST_SHIFT, EDGE_Z, FAR_Z, fewest, odd)
    return odd


@settings(deadline=None)
@given(seed=st.integers(0, 2**32 - 1), n=st.integers(1, 40), missing=st.sampled_from([0.0, 0.3]))
def test_medians_are_those_of_events(seed, n, missing):
    rng = np.random.default_rng(seed)
    values = rng.integers(0, 9, n) / 7.0  # ties too
    values[rng.random(n) < missing] = np.nan
    counts = rng.integers(0, 6, n)
    counts[rng.integers(n)] = 3
    assert event_median(values, counts) == pytest.approx(naive_median(values, counts), nan_ok=True, abs=0)
    np.testing.assert_array_equal(usual(values, counts), naive_usual(values, counts))


@settings(deadline=None, max_examples=200)
@given(
    seed=st.integers(0, 2**32 - 1),
    n=st.integers(2, 60),
    fewest=st.integers(1, 3),
    spread=st.sampled_from([0.0, 0.01, 0.2]),
    odd=st.sampled_from([0.0, np.nan, np.inf]),
)
def test_shifts_are_those_of_a_plain_look(seed, n, fewest, spread, odd):
    rng = np.random.default_rng(seed)
    counts = rng.integers(0, 300, n)
    counts[0] = 200
    means = 0.4 + rng.normal(0.0, 1.0, n) * spread * 0.1 + 0.1 * (rng.random(n) < 0.3)
    means[rng.random(n) < 0.1] += odd
    variances = spread**2 * rng.uniform(0.8, 1.2, n)
    np.testing.assert_array_equal(
        shifts(counts, means, variances, fewest), naive_shifts(counts, means, variances, fewest)
    )


def test_one_bin_is_no_run_and_a_run_needs_one_that_is_far_off():
    counts, variances = np.full(20, 100), np.full(20, 0.01)
    means = np.full(20, 0.5)
    means[5] = 0.9
    assert not shifts(counts, means, variances).any()
    means[[10, 11, 12]] = 0.54, 0.6, 0.54
    assert np.flatnonzero(shifts(counts, means, variances)).tolist() == [10, 11, 12]
    means[11] = 0.54
    assert not shifts(counts, means, variances).any()
    means[-2:] = 0.7
    assert np.flatnonzero(shifts(counts, means, variances)).tolist() == [18, 19]


def naive_merged(counts, values, fewest, together):
    """Means of bins taken together, each worth its events."""
    first = np.arange(0, len(counts), together)
    events = np.add.reduceat(counts, first)
    worth = np.where(counts >= fewest, counts * values, 0.0)
    return events, np.add.reduceat(worth, first) / np.maximum(events, 1)


@settings(deadline=None)
@given(seed=st.integers(0, 2**32 - 1), n=st.integers(2, 90), together=st.sampled_from([1, 2, 4, 8]))
def test_bins_taken_together_are_marked_as_their_means(seed, n, together):
    rng = np.random.default_rng(seed)
    counts = rng.integers(0, 60, n)
    counts[0] = 40
    means, variances = rng.normal(0.4, 0.01, n), rng.gamma(4.0, 0.001, n)
    start = rng.integers(n)
    means[start : start + rng.integers(12)] += 0.3
    events, middles = naive_merged(counts, means, 1, together)
    spreads = naive_merged(counts, variances, 2, together)[1]
    if together == 1:
        middles, spreads = means, variances
    expected = np.repeat(shifts(events, middles, spreads), together)[:n]
    odd = np.zeros(n, dtype=bool)
    limits = LEAST_SHIFT, EDGE_Z, FAR_Z, 2
    assert mark_merged_shifts(counts, means, variances, together, *limits, odd) == (events > 1).sum()
    np.testing.assert_array_equal(odd, expected)


def naive_bright(bright, counts, together, odd):
    n, first = len(counts), np.arange(0, len(counts), together)
    above, events = np.add.reduceat(bright, first), np.maximum(np.add.reduceat(counts, first), 1)
    typical, unrest = naive_usual(above / events, events)
    away = np.abs(above - typical * events)
    with np.errstate(divide="ignore", invalid="ignore"):
        z = away / np.maximum(np.sqrt(typical * events), unrest * events)
    off = (z > 4.0) & (away > 0.4 * typical * events)
    edges = np.flatnonzero(np.diff(np.concatenate(([False], off, [False])).astype(int)))
    odd = odd.copy()
    for start, end in zip(edges[::2], edges[1::2], strict=True):
        inside = slice(start * together, min(end * together, n))
        if (end - start >= 2 or z[start] > 6.0) and not odd[inside].any():
            odd[inside] = True
    return odd


@settings(deadline=None)
@given(seed=st.integers(0, 2**32 - 1), n=st.integers(1, 200), together=st.integers(1, 9))
def test_bright_events_that_are_missing_or_too_many_mark_their_bins(seed, n, together):
    rng = np.random.default_rng(seed)
    counts = rng.integers(0, 400, n)
    part = np.full(n, 0.1)
    start = rng.integers(n)
    part[start : start + rng.integers(20)] = rng.choice([0.0, 0.05, 0.5])
    bright = rng.binomial(counts, part)
    before = rng.random(n) < 0.03
    odd = before.copy()
    mark_bright(bright, counts, together, 0.4, 4.0, 6.0, 2, odd)
    np.testing.assert_array_equal(odd, naive_bright(bright, counts, together, before))
