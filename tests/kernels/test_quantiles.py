"""Quantiles against those of numpy, to the bit."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bcelldepl.kernels.quantiles import quantiles, quantiles_in_order


@settings(deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    n=st.integers(1, 3_000),
    ties=st.booleans(),
    kind=st.sampled_from([np.float32, np.float64]),
    parts=st.lists(st.floats(0.0, 1.0), min_size=1, max_size=4),
)
def test_are_those_of_numpy(seed, n, ties, kind, parts):
    rng = np.random.default_rng(seed)
    column = (rng.integers(-3, 4, n) / 7.0 if ties else rng.normal(0.3, 0.4, n)).astype(kind)
    expected = np.quantile(column, parts)
    np.testing.assert_array_equal(quantiles(column, parts), expected)
    np.testing.assert_array_equal(quantiles_in_order(np.sort(column), parts), expected)


def test_each_row_has_its_own():
    rows = np.random.default_rng(3).normal(size=(4, 101)).astype(np.float32)
    np.testing.assert_array_equal(quantiles(rows, [0.2, 0.5]), np.quantile(rows, [0.2, 0.5], axis=1).T)


def test_of_large_and_small_numbers_too():
    column = np.array([-np.inf, -1e38, -1e-45, -0.0, 0.0, 1e-45, 3.0, 1e38], dtype=np.float32)
    expected = np.sort(column)[[1, 3, 7]]
    np.testing.assert_array_equal(quantiles(column[::-1], [1 / 7, 3 / 7, 1.0]), expected)


@pytest.mark.parametrize("place", [0, 50, 99])
def test_a_row_with_a_nan_has_none(place):
    rows = np.ones((2, 100))
    rows[0, place] = np.nan
    found = quantiles(rows, [0.0, 0.9])
    assert np.isnan(found[0]).all()
    assert (found[1] == 1.0).all()
