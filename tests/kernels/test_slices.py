"""Slices by rank against a stable sort."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from bcelldepl.kernels.slices import deal_by_rank


@settings(deadline=None)
@given(
    seed=st.integers(0, 999),
    n=st.integers(1, 300),
    n_slices=st.integers(1, 24),
    values=st.sampled_from([1, 3, 20, 100_000]),
    far=st.sampled_from([0.0, 0.01]),
)
def test_slices_are_those_of_a_stable_sort(seed, n, n_slices, values, far):
    rng = np.random.default_rng(seed)
    column = (rng.integers(0, values, n) / values).astype(np.float32)  # few values: many events are equal
    column[rng.random(n) < far] *= np.float32(1e6)
    other = rng.random(n, np.float32)
    parts = np.array_split(np.argsort(column, kind="stable"), min(n, n_slices))
    out = np.full(n, np.nan, np.float32)
    deal_by_rank(column, np.sort(column), np.cumsum([len(part) for part in parts]), other, out)
    difference = other.astype(np.float64) - column.astype(np.float64)
    np.testing.assert_array_equal(
        out, np.concatenate([difference[np.sort(part)] for part in parts]).astype(np.float32)
    )
