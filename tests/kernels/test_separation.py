"""Valleys between clusters, and keys of events, against slow twins."""

from __future__ import annotations

import naive
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bcelldepl.kernels.event_keys import event_keys, lowest_keys
from bcelldepl.kernels.separation import BINS, line_ends, project, significant_valley

WIDTHS = np.array([2.0, 4.0, 8.0])


def valley(positions, low=-6.0, high=6.0, least_z=3.0, depth=0.7):
    found = np.full(3, np.nan)
    answer = significant_valley(positions, low, high, WIDTHS, least_z, depth, found)
    return tuple(found) if answer else None


@settings(deadline=None, max_examples=40)
@given(
    seed=st.integers(0, 2**32 - 1), n=st.integers(0, 3_000), apart=st.floats(0, 5), share=st.floats(0.02, 0.5)
)
def test_valleys_agree_with_the_slow_twin(seed, n, apart, share):
    rng = np.random.default_rng(seed)
    positions = rng.normal(0, 1, n) + np.where(rng.random(n) < share, apart, -apart / 2)
    expected = naive.significant_valley(positions, -6.0, 6.0, WIDTHS, 3.0, 0.7, BINS)
    found = valley(positions)
    assert (found is None) == (expected is None)
    if found is not None:
        np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize(("apart", "there"), [(0.0, False), (1.5, False), (4.0, True), (6.0, True)])
def test_two_normals_have_a_valley_where_they_stand_apart(apart, there):
    rng = np.random.default_rng(3)
    positions = np.concatenate((rng.normal(-apart / 2, 0.7, 2_000), rng.normal(apart / 2, 0.7, 500)))
    found = valley(positions)
    assert (found is not None) is there
    if found is not None:
        assert abs(found[0]) < 1.2
        assert found[2] < 0.7


@pytest.mark.parametrize("seed", range(20))
def test_chance_makes_no_valley(seed):
    positions = np.random.default_rng(seed).normal(0, 1.5, 5_000)
    assert valley(positions, least_z=4.5) is None


@pytest.mark.parametrize(("low", "high"), [(1.0, 1.0), (2.0, 1.0), (np.nan, 1.0)])
def test_no_range_holds_no_valley(low, high):
    assert valley(np.zeros(9), low, high) is None


@settings(deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    n=st.integers(1, 2_500),
    ties=st.booleans(),
    low=st.floats(0.0, 0.5),
    high=st.floats(0.5, 1.0),
)
def test_ends_of_a_line_are_those_of_numpy_to_the_last_digit(seed, n, ties, low, high):
    rng = np.random.default_rng(seed)
    positions = rng.integers(0, 9, n).astype(np.float64) if ties else rng.normal(size=n)
    found = np.full(2, np.nan)
    line_ends(positions, low, high, found)
    assert found.tolist() == np.quantile(positions, (low, high)).tolist()


def test_positions_along_a_direction():
    rng = np.random.default_rng(0)
    points = rng.normal(size=(50, 4)).astype(np.float32)
    members, direction = rng.permutation(50)[:20], rng.normal(size=4)
    out = np.empty(20)
    project(points, members, direction, out)
    np.testing.assert_allclose(out, points[members].astype(np.float64) @ direction, rtol=1e-12)


@given(signals=st.lists(st.lists(st.integers(0, 2**32 - 1), min_size=3, max_size=3), min_size=1, max_size=20))
def test_keys_agree_with_the_slow_twin(signals):
    keys = np.empty(len(signals), np.uint64)
    event_keys(np.ascontiguousarray(np.array(signals, dtype=np.uint32).T), keys)
    assert keys.tolist() == [naive.event_key(one) for one in signals]


def test_keys_of_like_events_are_spread_evenly():
    columns = np.zeros((2, 20_000), dtype=np.float32)
    columns[0] = np.arange(20_000)  # 16 bits in a row, as an integer file holds them
    keys = np.empty(20_000, np.uint64)
    event_keys(columns.view(np.uint32), keys)
    tenths = np.bincount((keys >> np.uint64(32)).astype(np.int64) * 10 >> 32, minlength=10)
    assert len(np.unique(keys)) == 20_000
    assert abs(tenths - 2_000).max() < 5 * np.sqrt(2_000)


@settings(deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1), n=st.integers(0, 3_000), wanted=st.integers(0, 3_200), ties=st.booleans()
)
def test_the_lowest_keys_are_those_that_sorting_finds(seed, n, wanted, ties):
    rng = np.random.default_rng(seed)
    keys = rng.integers(0, 2**64, n, dtype=np.uint64)
    if ties:
        keys = keys % np.uint64(5) << np.uint64(rng.integers(0, 62))
    keep = rng.random(n) < rng.random()
    kept = np.flatnonzero(keep)
    expected = kept[np.argsort(keys[kept], kind="stable")][:wanted]
    np.testing.assert_array_equal(lowest_keys(keys, keep, wanted), expected)
