"""The densest place of numbers against putting all of them in order."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bcelldepl.kernels.densest import densest


def naive(values, many):
    ordered = np.sort(values)
    first = int(np.argmin(ordered[many:] - ordered[:-many]))
    middle = 0.5 * float(ordered[first] + ordered[first + many])
    below = ordered[ordered < middle]
    return middle, float(np.median(middle - below)) if len(below) else math.nan


def drawn(kind, n, rng):
    if kind == "positives":  # most are beyond a normal, and far off
        return np.concatenate([rng.normal(0.5, 0.6, n // 3), np.exp(rng.normal(3.0, 0.8, n - n // 3))])
    if kind == "two":
        return np.concatenate([rng.normal(0.0, 1.0, n // 2), rng.normal(9.0, 0.9, n - n // 2)])
    if kind == "ties":
        return rng.integers(0, 60, n).astype(float)
    if kind == "one number":
        return np.full(n, 3.25)
    if kind == "wide":
        return rng.standard_cauchy(n) * 10.0 ** rng.integers(-3, 9)
    if kind == "far off":
        return rng.normal(1e9, 1e-4, n)
    if kind == "in order":
        return np.sort(rng.normal(size=n))
    return rng.uniform(size=n)


KINDS = ["positives", "two", "ties", "one number", "wide", "far off", "in order", "even"]


@settings(deadline=None, max_examples=300)
@given(
    seed=st.integers(0, 2**32 - 1),
    kind=st.sampled_from(KINDS),
    n=st.integers(2, 6_000),
    part=st.floats(0.0, 1.0),
)
def test_it_is_what_an_order_of_all_numbers_shows(seed, kind, n, part):
    values = drawn(kind, n, np.random.default_rng(seed))
    many = min(max(int(part * n), 1), n - 1)
    np.testing.assert_array_equal(densest(values, many), naive(values, many))


@pytest.mark.parametrize("kind", KINDS)
def test_many_numbers_in_whatever_order(kind):
    rng = np.random.default_rng(7)
    values = drawn(kind, 120_000, rng)
    expected = naive(values, 12_000)
    for _ in range(2):
        before = values.copy()
        np.testing.assert_array_equal(densest(values, 12_000), expected)
        np.testing.assert_array_equal(values, before)
        values = rng.permutation(values)
