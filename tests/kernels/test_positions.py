"""Positions by table are those of the exact function."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bcelldepl.kernels.positions import (
    ERROR,
    asinh_table,
    exact_position,
    linear_table,
    logicle_table,
    positions,
    round_positions,
)
from bcelldepl.kernels.scales import logicle_coefficients, logicle_position

STATED_ERROR = 2e-6  # of the scale; the tables err far less
TOP = 262_144.0


def tabled(signals, scale):
    """Positions in float64, and rounded."""
    signals = np.asarray(signals, dtype=np.float64)
    out, scratch = np.empty_like(signals), np.empty_like(signals)
    rounded = np.empty(len(signals), dtype=np.float32)
    positions(signals, *scale, scratch, out)
    round_positions(signals, out, scale[0], rounded)
    return out, rounded


def exact(signals, scale):
    return np.array([exact_position(float(one), scale[0]) for one in signals])


def spread(seed, top, n=400):
    """Signals of every size about and beyond the scale, as files hold them: float32."""
    rng = np.random.default_rng(seed)
    sizes = top * 10.0 ** rng.uniform(-9, 1.2, n)
    return np.concatenate(
        [sizes * rng.choice([-1.0, 1.0], n), rng.normal(0, 1e-3 * top, n), [0.0, -0.0, top]]
    )


def check(signals, scale):
    near, rounded = tabled(signals, scale)
    truth = exact(signals, scale)
    assert np.abs(near - truth).max() <= scale[0][ERROR]
    np.testing.assert_array_equal(rounded, truth.astype(np.float32))


@settings(deadline=None, max_examples=80)
@given(
    seed=st.integers(0, 2**32 - 1),
    top=st.floats(100, 1e8),
    decades=st.floats(1.0, 8.0),
    part=st.floats(0, 1),
    negative=st.floats(0, 1),
)
def test_logicle_by_table_rounds_as_the_exact_one_for_any_setting(seed, top, decades, part, negative):
    width = part * decades / 2
    scale = logicle_table(top, width, decades, negative * (decades - 2 * width))
    assert scale[0][ERROR] < STATED_ERROR / 100
    check(spread(seed, top), scale)


@settings(deadline=None, max_examples=40)
@given(seed=st.integers(0, 2**32 - 1), top=st.floats(100, 1e8), cofactor=st.floats(-7, 1))
def test_asinh_by_table_rounds_as_the_exact_one(seed, top, cofactor):
    scale = asinh_table(top, top * 10.0**cofactor)
    assert scale[0][ERROR] < STATED_ERROR / 100
    check(spread(seed, top), scale)


@pytest.mark.parametrize("width", [0.0, 0.5, 0.7, 2.25])
@pytest.mark.parametrize("negative", [0.0, 0.5])
def test_columns_by_table_are_those_of_the_exact_kernel_to_the_bit(width, negative):
    if 2 * width + negative > 4.5:
        pytest.skip("no such scale")
    signals = spread(1, TOP, 20_000).astype(np.float32)
    coefficients = logicle_coefficients(TOP, width, 4.5, negative)
    expected = np.array([logicle_position(float(one), coefficients) for one in signals], dtype=np.float32)
    np.testing.assert_array_equal(tabled(signals, logicle_table(TOP, width, 4.5, negative))[1], expected)
    cofactor = 50.0 + width
    expected = np.arcsinh(signals.astype(np.float64) / cofactor) / np.arcsinh(TOP / cofactor)
    np.testing.assert_allclose(
        tabled(signals, asinh_table(TOP, 50.0 + width))[1], expected, rtol=2e-7, atol=0
    )


def test_the_usual_scales_err_by_less_than_a_tenth_of_a_billionth():
    for scale in (
        logicle_table(TOP, 0.7, 4.5, 0.0),
        logicle_table(TOP, 0.0, 4.5, 0.0),
        asinh_table(TOP, 0.05 * TOP),
    ):
        assert scale[0][ERROR] < 1e-10


@pytest.mark.parametrize(
    "scale", [logicle_table(TOP, 0.5, 4.5, 0.0), asinh_table(TOP, 150.0), linear_table(TOP)]
)
def test_what_is_beyond_the_table_or_no_number_goes_by_the_exact_function(scale):
    signals = np.array([np.nan, np.inf, -np.inf, 1e30, -1e30, 3e38, 8.1 * TOP, -9 * TOP, 5.0])
    near, rounded = tabled(signals, scale)
    truth = exact(signals, scale)
    np.testing.assert_allclose(near, truth, rtol=0, atol=1e-10)
    np.testing.assert_array_equal(near[:8], truth[:8])
    with np.errstate(over="ignore"):
        np.testing.assert_array_equal(rounded, truth.astype(np.float32))


def test_zero_lies_where_the_scale_puts_it_and_the_top_at_one():
    near, _ = tabled([0.0, -0.0, TOP], logicle_table(TOP, 0.7, 4.5, 0.3))
    np.testing.assert_allclose(near, [1.0 / 4.8, 1.0 / 4.8, 1.0], rtol=0, atol=1e-10)


def test_the_order_of_signals_is_kept():
    signals = np.sort(spread(3, TOP, 50_000))
    for scale in (logicle_table(TOP, 0.5, 4.5, 0.0), asinh_table(TOP, 150.0)):
        assert np.diff(tabled(signals, scale)[1]).min() >= 0


@pytest.mark.parametrize("n", [0, 1])
def test_none_and_one(n):
    assert tabled(np.ones(n), logicle_table(TOP, 0.5, 4.5, 0.0))[1].shape == (n,)
