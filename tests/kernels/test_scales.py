"""Logicle and asinh against flowutils, against a bracketed root, and against the properties that define them."""

from __future__ import annotations

import itertools

import flowutils
import naive
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from bcelldepl.kernels.positions import asinh_table, exact_position
from bcelldepl.kernels.scales import logicle_coefficients, logicle_position

MILLIONTH = 1e-6
TOPS = (1024.0, 262_144.0, 4_194_304.0)
WIDTHS = (0.0, 0.25, 0.5, 0.7, 1.5, 2.25)
DECADES = (3.0, 4.5, 6.5)
NEGATIVES = (-0.2, 0.0, 0.5, 1.0)
SETTINGS = [
    (t, w, m, a)
    for t, w, m, a in itertools.product(TOPS, WIDTHS, DECADES, NEGATIVES)
    if 2 * w <= m and -w <= a <= m - 2 * w
]


def logicle(values, top, width, decades, negative):
    coefficients = logicle_coefficients(top, width, decades, negative)
    column = np.asarray(values, dtype=np.float32).astype(np.float64)
    return np.array([logicle_position(value, coefficients) for value in column], dtype=np.float32)


def asinh(values, cofactor, top):
    numbers = asinh_table(top, cofactor)[0]
    column = np.asarray(values, dtype=np.float32).astype(np.float64)
    return np.array([exact_position(value, numbers) for value in column], dtype=np.float32)


def signals(top):
    """Signals of every size and sign, the neighbourhood of zero with them."""
    sizes = np.concatenate([np.geomspace(1e-6 * top, 4 * top, 120), [1e-30, 1e-3, 1.0]])
    return np.concatenate([-sizes[::-1], [0.0], sizes]).astype(np.float32)


@pytest.mark.parametrize("setting", SETTINGS, ids=str)
def test_logicle_agrees_with_flowutils_to_a_millionth_of_the_scale(setting):
    top, width, decades, negative = setting
    values = signals(top)
    # Nearer to zero flowutils loses the root at W = 0.
    values = values[(values == 0) | (np.abs(values) > 1e-8 * top)]
    theirs = flowutils.transforms.logicle(
        values.astype(np.float64), None, t=top, m=decades, w=width, a=negative
    )
    np.testing.assert_allclose(logicle(values, *setting), theirs, rtol=0, atol=MILLIONTH)


@pytest.mark.parametrize("setting", SETTINGS[::5], ids=str)
def test_logicle_agrees_with_a_bracketed_root(setting):
    values = np.append(signals(setting[0])[::9], np.float32([1e-30, -1e-30]))
    expected = [naive.logicle(float(value), *setting) for value in values]
    np.testing.assert_allclose(logicle(values, *setting), expected, rtol=0, atol=MILLIONTH)


@settings(deadline=None, max_examples=150)
@given(
    top=st.floats(100, 1e8),
    decades=st.floats(1.0, 8.0),
    part=st.floats(0, 1),
    negative=st.floats(0, 1),
    value=st.floats(-1, 1),
)
def test_logicle_agrees_with_a_bracketed_root_for_any_setting(top, decades, part, negative, value):
    width = part * decades / 2
    negative *= decades - 2 * width
    signal = np.float32(value * top)
    expected = naive.logicle(float(signal), top, width, decades, negative)
    assert logicle([signal], top, width, decades, negative)[0] == pytest.approx(expected, abs=MILLIONTH)


@pytest.mark.parametrize("setting", SETTINGS, ids=str)
def test_landmarks_of_the_logicle(setting):
    top, width, decades, negative = setting
    zero = (width + negative) / (decades + negative)
    low, middle, high = logicle([-1.0, 0.0, 1.0], *setting).astype(np.float64)
    assert logicle([top], *setting)[0] == pytest.approx(1.0, abs=MILLIONTH)
    assert middle == pytest.approx(zero, abs=MILLIONTH)
    assert low + high == pytest.approx(2 * zero, abs=MILLIONTH)


@settings(deadline=None)
@given(values=st.lists(st.floats(-1e6, 1e6, width=32), min_size=2, max_size=2))
def test_logicle_keeps_the_order(values):
    low, high = sorted(values)
    assume(low < high)
    one, other = logicle([low, high], 262_144.0, 0.5, 4.5, 0.0)
    assert one <= other


def test_no_step_where_the_series_takes_over():
    values = np.linspace(0, 2_000, 200_001, dtype=np.float32)
    steps = np.diff(logicle(values, 262_144.0, 0.5, 4.5, 0.0).astype(np.float64))
    assert steps.min() > 0
    assert np.abs(np.diff(steps)).max() < 2e-7  # the resolution of the positions


@pytest.mark.parametrize("value", [1e30, 3e38, -1e30, -3e38])
def test_absurd_signals_stay_finite_and_beyond_the_scale(value):
    position = logicle([value], 262_144.0, 0.5, 4.5, 0.0)[0]
    assert np.isfinite(position)
    assert position > 1 if value > 0 else position < -0.5


def test_what_is_no_number_stays_so():
    out = logicle([np.nan, np.inf, -np.inf], 262_144.0, 0.5, 4.5, 0.0)
    np.testing.assert_array_equal(out, [np.nan, np.inf, -np.inf])
    np.testing.assert_array_equal(
        asinh([np.nan, np.inf, -np.inf], 150.0, 262_144.0), [np.nan, np.inf, -np.inf]
    )


@pytest.mark.parametrize("values", [[], [12.0]])
def test_empty_and_single(values):
    assert logicle(values, 262_144.0, 0.5, 4.5, 0.0).shape == (len(values),)
    assert asinh(values, 5.0, 1e4).shape == (len(values),)


@pytest.mark.parametrize("cofactor", [0.1, 5.0, 150.0, 1e5])
@pytest.mark.parametrize("top", TOPS)
def test_asinh_agrees_with_numpy(cofactor, top):
    values = signals(top)
    expected = np.arcsinh(values.astype(np.float64) / cofactor) / np.arcsinh(top / cofactor)
    np.testing.assert_allclose(asinh(values, cofactor, top), expected, rtol=1e-7, atol=1e-12)
    assert asinh([top], cofactor, top)[0] == pytest.approx(1.0, abs=1e-7)
