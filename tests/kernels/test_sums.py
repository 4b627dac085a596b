"""Sums against those of numpy."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bcelldepl.kernels.sums import normal_equations, pairwise_sum, sum_of


@pytest.mark.parametrize("n", [*range(40), 127, 128, 129, 136, 200, 256, 257, 1_000, 20_000])
def test_a_pairwise_sum_is_that_of_numpy_to_the_bit(n):
    values = np.random.default_rng(n).normal(size=n) * 10.0 ** np.arange(n) ** 0.1
    assert pairwise_sum(values) == values.sum()


def test_a_sum_goes_as_far_as_it_is_told():
    values = np.random.default_rng(0).normal(size=100)
    assert sum_of(values, 37) == pytest.approx(math.fsum(values[:37]), rel=1e-14)


@settings(deadline=None)
@given(seed=st.integers(0, 2**32 - 1), n=st.integers(0, 400), k=st.integers(0, 3))
def test_normal_equations_are_those_of_the_events_near_the_middle(seed, n, k):
    rng = np.random.default_rng(seed)
    terms, signal, rest = rng.normal(size=(n, k)), rng.normal(size=n), rng.normal(size=n)
    near, sums = normal_equations(terms, signal, rest, 0.2, 0.7)
    chosen = np.abs(rest - 0.2) < 0.7
    every = np.column_stack((np.ones(n), terms, signal))[chosen]
    assert near == chosen.sum()
    np.testing.assert_allclose(sums, every.T @ every, rtol=1e-12, atol=1e-12)
