"""Compensation is a matrix product, by definition and by flowutils."""

from __future__ import annotations

import flowutils
import naive
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bcelldepl.kernels.compensation import exact_positions, marker_positions, weigh
from bcelldepl.kernels.positions import linear_table, logicle_table

SCALE = 262_144.0


def run(columns, weights):
    channels = np.ascontiguousarray(columns, dtype=np.float32)
    out = np.full((weights.shape[1], channels.shape[1]), 7.0)
    for weight, signal in zip(weights.T, out, strict=True):
        weigh(channels, np.ascontiguousarray(weight), signal)
    return out


def spillover(n, rng, most=0.4):
    matrix = rng.uniform(0, most / n, (n, n))
    np.fill_diagonal(matrix, 1.0)
    return matrix


@settings(deadline=None, max_examples=60)
@given(
    seed=st.integers(0, 2**32 - 1),
    n_detectors=st.integers(1, 6),
    n_signals=st.integers(1, 6),
    n_events=st.integers(0, 12),
)
def test_agrees_with_the_sum_of_products(seed, n_detectors, n_signals, n_events):
    rng = np.random.default_rng(seed)
    columns = rng.uniform(-1e3, SCALE, (n_detectors, n_events)).astype(np.float32)
    weights = rng.normal(size=(n_detectors, n_signals))
    np.testing.assert_allclose(
        run(columns, weights), naive.compensate(columns, weights), rtol=1e-12, atol=1e-8
    )


@pytest.mark.parametrize("n", [1, 2, 6, 18])
def test_agrees_with_flowutils_to_a_millionth_of_the_scale(n):
    rng = np.random.default_rng(n)
    matrix = spillover(n, rng)
    columns = rng.lognormal(7.0, 2.0, (n, 500)).clip(-SCALE, SCALE).astype(np.float32)
    theirs = flowutils.compensate.compensate(columns.T.astype(np.float64), matrix).T
    np.testing.assert_allclose(run(columns, np.linalg.inv(matrix)), theirs, rtol=0, atol=1e-6 * SCALE)


def test_undoes_the_spillover_of_known_dyes():
    rng = np.random.default_rng(1)
    matrix = spillover(5, rng)
    dyes = rng.uniform(0, SCALE, (5, 200))
    seen = matrix.T @ dyes
    np.testing.assert_allclose(run(seen, np.linalg.inv(matrix)), dyes, rtol=0, atol=1e-6 * SCALE)


def test_the_identity_changes_no_bit():
    columns = np.random.default_rng(2).normal(0, 1e4, (4, 50)).astype(np.float32)
    np.testing.assert_array_equal(run(columns, np.eye(4)), columns)


def test_nan_of_one_event_stays_with_that_event():
    columns = np.ones((2, 3), dtype=np.float32)
    columns[0, 1] = np.nan
    out = run(columns, np.linalg.inv(np.array([[1.0, 0.1], [0.0, 1.0]])))
    assert np.isnan(out[:, 1]).any()
    assert np.isfinite(out[:, [0, 2]]).all()


def test_no_detector_gives_zeros_and_no_event_gives_nothing():
    assert (run(np.empty((0, 3)), np.empty((0, 2))) == 0).all()
    assert run(np.empty((2, 0)), np.eye(2)).shape == (2, 0)


def test_sums_do_not_lose_a_small_dye_beside_a_bright_one():
    # In float32 the sum 2**24 + 1 - 2**24 is 0.
    columns = np.array([[2.0**24], [1.0], [2.0**24]], dtype=np.float32)
    assert run(columns, np.array([[1.0], [1.0], [-1.0]]))[0, 0] == 1.0


def test_a_channel_without_weight_has_no_say_whatever_it_holds():
    columns = np.array([[5.0, 7.0], [np.nan, np.inf]], dtype=np.float32)
    np.testing.assert_array_equal(run(columns, np.array([[2.0], [0.0]])), [[10.0, 14.0]])


@pytest.mark.parametrize("n_events", [0, 1, 2_047, 2_048, 5_000])
@pytest.mark.parametrize("scale", [linear_table(SCALE), logicle_table(SCALE, 0.7, 4.5, 0.0)])
def test_markers_are_the_exact_positions_rounded_once(n_events, scale):
    rng = np.random.default_rng(n_events)
    channels = rng.lognormal(7.0, 2.0, (3, n_events)).clip(-SCALE, SCALE).astype(np.float32)
    weights = np.array([-0.2, 1.0, 0.07])
    out, exact = np.empty(n_events, dtype=np.float32), np.empty(n_events)
    assert marker_positions(channels, weights, *scale, out) == 0
    exact_positions(channels, weights, scale[0], exact)
    np.testing.assert_array_equal(out, exact.astype(np.float32))


def test_signals_that_are_no_number_or_that_no_float32_holds_are_counted():
    channels = np.float32([[1.0, 3e38, -3e38, np.inf, np.nan]])
    out = np.empty(5, dtype=np.float32)
    assert marker_positions(channels, np.array([1.5]), *linear_table(1.0), out) == 4
