"""The shortest stretch of numbers against numpy."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bcelldepl.kernels.densest import shortest_stretch


@settings(deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    n=st.integers(2, 3_000),
    part=st.floats(0.0, 1.0),
    ties=st.booleans(),
)
def test_it_is_that_of_numpy(seed, n, part, ties):
    rng = np.random.default_rng(seed)
    ordered = np.sort(rng.integers(0, 60, n).astype(float) if ties else rng.standard_cauchy(n))
    many = min(max(int(part * n), 1), n - 1)
    assert shortest_stretch(ordered, many) == np.argmin(ordered[many:] - ordered[:-many])


@pytest.mark.parametrize("place", [-4.0, 0.0, 1e6])
def test_it_holds_the_mode_of_a_normal(place):
    rng = np.random.default_rng(1)
    ordered = np.sort(np.concatenate([rng.normal(place, 1.0, 50_000), rng.normal(place + 9.0, 3.0, 50_000)]))
    first = shortest_stretch(ordered, 10_000)
    assert 0.5 * (ordered[first] + ordered[first + 10_000]) == pytest.approx(place, abs=0.2)
