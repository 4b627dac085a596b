"""Events of a population, against numpy's own indexing."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from bcelldepl.kernels.selection import gather, select


@settings(deadline=None)
@given(st.integers(0, 300), st.floats(0, 1), st.integers(0, 99))
def test_what_is_inside_is_kept_in_order(n, part, seed):
    rng = np.random.default_rng(seed)
    events = np.sort(rng.choice(10 * n + 1, n, replace=False)).astype(np.int32)
    inside = rng.random(n) < part
    out = np.full(n + 1, -1, np.int32)
    found = select(events, inside, out)
    assert out[:found].tolist() == events[inside].tolist()


@settings(deadline=None)
@given(st.integers(1, 300), st.integers(0, 300), st.integers(0, 99))
def test_values_are_those_of_the_events(n, m, seed):
    rng = np.random.default_rng(seed)
    column = rng.normal(size=n).astype(np.float32)
    column[rng.random(n) < 0.1] = np.nan
    events = rng.integers(0, n, m).astype(np.int32)
    out = np.empty(m, np.float32)
    gather(column, events, out)
    np.testing.assert_array_equal(out, column[events])
