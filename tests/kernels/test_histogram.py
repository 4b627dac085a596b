"""Histograms count every event once, on fixed grids."""

from __future__ import annotations

import naive
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from bcelldepl.kernels.histogram import histogram_1d, histogram_2d, histogram_inside

ANY = st.floats(width=32, allow_nan=True, allow_infinity=True)
NEAR = st.floats(-1.0, 2.0, width=32)
columns = hnp.arrays(np.float32, st.integers(0, 40), elements=ANY | NEAR)
# Values whose distance from the end of the grid is exact, so that both know the bin: edges among them.
exact = hnp.arrays(
    np.float32,
    st.integers(0, 40),
    elements=st.integers(-256, 512).map(lambda i: i / 128) | st.sampled_from([np.nan, np.inf, -np.inf]),
)


def one(values, low=0.0, high=1.0, n_bins=8):
    counts = np.zeros(n_bins, dtype=np.uint32)
    histogram_1d(np.asarray(values, dtype=np.float32), low, high, counts)
    return counts


def two(x, y, shape=(4, 3), x_limits=(0.0, 1.0), y_limits=(0.0, 1.0)):
    counts = np.zeros(shape, dtype=np.uint32)
    histogram_2d(np.asarray(x, np.float32), np.asarray(y, np.float32), x_limits, y_limits, counts)
    return counts


@settings(deadline=None)
@given(values=exact, bits=st.integers(0, 6))
def test_agrees_with_the_search_from_the_left(values, bits):
    n_bins = 2**bits
    assert one(values, -0.5, 1.5, n_bins).tolist() == naive.histogram(values, -0.5, 1.5, n_bins)


@settings(deadline=None)
@given(values=columns)
def test_every_event_but_nan_is_counted_once(values):
    assert one(values).sum() == np.count_nonzero(~np.isnan(values))


def test_agrees_with_numpy_within_the_grid():
    values = np.random.default_rng(0).normal(0.5, 0.1, 20_000).astype(np.float32)
    inside = values[(values > 0) & (values < 1)].astype(np.float64)
    np.testing.assert_array_equal(one(inside, n_bins=64), np.histogram(inside, 64, (0, 1))[0])


def test_events_beyond_an_end_go_to_the_end_bin():
    assert one([-5, -np.inf, 0, 1, 5, np.inf], n_bins=3).tolist() == [3, 0, 3]


def test_counts_are_added_to():
    counts = np.array([3, 0], dtype=np.uint32)
    histogram_1d(np.array([0.1, 0.9], dtype=np.float32), 0.0, 1.0, counts)
    assert counts.tolist() == [4, 1]


@pytest.mark.parametrize("values", [[], [np.nan], [np.nan, np.nan]])
def test_nothing_to_count(values):
    assert one(values).sum() == 0
    assert two(values, values).sum() == 0


@settings(deadline=None)
@given(x=exact, y=exact)
def test_a_plane_has_the_margins_of_its_events(x, y):
    n = min(len(x), len(y))
    x, y = x[:n], y[:n]
    seen = ~(np.isnan(x) | np.isnan(y))
    plane = two(x, y, (8, 4), (-0.5, 1.5), (0.0, 1.0))
    assert plane.sum(axis=1).tolist() == naive.histogram(x[seen], -0.5, 1.5, 8)
    assert plane.sum(axis=0).tolist() == naive.histogram(y[seen], 0.0, 1.0, 4)


def test_the_first_axis_is_x():
    assert two([0.9], [0.1]).tolist() == [[0, 0, 0], [0, 0, 0], [0, 0, 0], [1, 0, 0]]


def test_a_plane_agrees_with_numpy_within_the_grid():
    rng = np.random.default_rng(1)
    x, y = rng.uniform(0.01, 0.99, (2, 5_000)).astype(np.float32)
    theirs = np.histogram2d(x.astype(float), y.astype(float), (16, 32), ((0, 1), (0, 1)))[0]
    np.testing.assert_array_equal(two(x, y, (16, 32)), theirs)


def test_an_event_that_is_nan_in_one_marker_is_in_no_bin():
    assert two([0.5, np.nan, 0.5], [np.nan, 0.5, 0.5]).sum() == 1


@settings(deadline=None)
@given(x=columns, seed=st.integers(0, 99))
def test_planes_of_all_and_of_those_inside_are_those_of_each_alone(x, seed):
    rng = np.random.default_rng(seed)
    y, inside = rng.random(len(x), np.float32), rng.random(len(x)) < 0.4
    every, some = np.zeros((4, 3), np.uint32), np.zeros((4, 3), np.uint32)
    histogram_inside(x, y, inside, (0.0, 1.0), (0.0, 1.0), every, some)
    np.testing.assert_array_equal(every, two(x, y))
    np.testing.assert_array_equal(some, two(x[inside], y[inside]))
