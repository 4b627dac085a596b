"""Levelled positions and the sums of a slope, against numpy."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bcelldepl.kernels.ridge import level_positions, ridge_sums


def markers(n, seed):
    rng = np.random.default_rng(seed)
    return rng.normal(0.3, 0.1, n).astype(np.float32), rng.normal(0.6, 0.1, n).astype(np.float32)


@settings(deadline=None)
@given(st.integers(0, 700), st.floats(-2, 2), st.floats(-1, 1), st.integers(0, 99))
def test_what_rises_with_the_other_marker_is_taken_out(n, slope, pivot, seed):
    values, along = markers(n, seed)
    out = np.full(n, 9.0, np.float32)
    level_positions(values, along, slope, pivot, out)
    np.testing.assert_array_equal(out, np.float32(values - slope * (along.astype(np.float64) - pivot)))


@pytest.mark.parametrize("n", [0, 1, 255, 256, 1_000])
@pytest.mark.parametrize("reach", [0.0, 0.05, 10.0])
def test_sums_are_those_of_the_events_that_are_near(n, reach):
    values, along = markers(n, 5)
    sums = np.full(5, 9.0)
    ridge_sums(values, along, 0.31, reach, 0.58, sums)
    near = np.abs(values.astype(np.float64) - 0.31) < reach
    x, y = values[near].astype(np.float64) - 0.31, along[near].astype(np.float64) - 0.58
    np.testing.assert_allclose(sums, [near.sum(), y.sum(), x.sum(), y @ y, x @ y], rtol=1e-9, atol=1e-9)


def test_the_slope_of_the_sums_is_that_of_a_regression():
    values, along = markers(5_000, 1)
    values += np.float32(0.4) * along
    sums = np.empty(5)
    ridge_sums(values, along, float(values.mean()), 10.0, 0.6, sums)
    events, y, x, yy, xy = sums
    slope = (xy - x * y / events) / (yy - y * y / events)
    assert slope == pytest.approx(
        np.polyfit(along.astype(np.float64), values.astype(np.float64), 1)[0], rel=1e-9
    )


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_what_is_no_number_is_near_nothing(bad):
    sums = np.empty(5)
    ridge_sums(np.float32([bad, 0.3]), np.float32([0.5, 0.5]), 0.3, 0.1, 0.5, sums)
    assert sums[0] == 1
    assert np.isfinite(sums).all()
