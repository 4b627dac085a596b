"""Quantiles against those of numpy, to the bit."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from bcelldepl.kernels.quantiles import quantiles

PARTS = np.array([0.9, 0.96, 0.98])


def ours(column, step, parts=PARTS):
    out = np.empty(len(parts), dtype=np.float32)
    quantiles(column, step, parts, out)
    return out


@settings(deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    n=st.integers(1, 3_000),
    step=st.integers(1, 3),
    ties=st.booleans(),
    parts=st.lists(st.floats(0.0, 1.0), min_size=1, max_size=4),
)
def test_are_those_of_numpy(seed, n, step, ties, parts):
    rng = np.random.default_rng(seed)
    column = (rng.integers(-3, 4, n) / 7.0 if ties else rng.normal(0.3, 0.4, n)).astype(np.float32)
    expected = np.quantile(column[::step], parts).astype(np.float32)
    np.testing.assert_array_equal(ours(column, step, np.array(parts)), expected)


def test_of_large_and_small_numbers_too():
    column = np.array([-np.inf, -1e38, -1e-45, -0.0, 0.0, 1e-45, 3.0, 1e38], dtype=np.float32)
    expected = np.sort(column)[[1, 3, 7]]
    np.testing.assert_array_equal(ours(column[::-1].copy(), 1, np.array([1 / 7, 3 / 7, 1.0])), expected)


def test_a_column_with_a_nan_has_none():
    column = np.ones(100, dtype=np.float32)
    assert (ours(column, 1) == 1.0).all()
    column[50] = np.nan
    assert np.isnan(ours(column, 1)).all()
    assert (ours(column, 3) == 1.0).all()  # not among those that are looked at
