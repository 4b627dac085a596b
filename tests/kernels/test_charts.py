"""Charts against the exact position of every event: a square that tells is never wrong, and most tell."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapes import some_region

from bcelldepl.kernels.charts import AXIS_BITS, axis_of, chart_of, cut_signals
from bcelldepl.kernels.positions import asinh_table, exact_position, linear_table, logicle_table
from bcelldepl.kernels.regions import NEAR, POLYGON, RECTANGLE, STRIP, judge, polygon, rectangle, strip

SCALES = {
    "linear": linear_table(262_144.0),
    "odd top": linear_table(200_000.0),
    "small top": linear_table(0.7),
    "asinh": asinh_table(262_144.0, 150.0),
    "mass": asinh_table(10_000.0, 5.0),
    "logicle": logicle_table(262_144.0, 0.5, 4.5, 0.0),
    "wide": logicle_table(4_194_304.0, 1.5, 4.5, 0.0),
    "steep": logicle_table(262_144.0, 0.0, 4.5, 0.0),
    "negative": logicle_table(262_144.0, 0.7, 4.5, 0.5),
    "tiny cofactor": asinh_table(1.0, 1e-13),
    "many decades": logicle_table(262_144.0, 0.0, 15.0, 0.0),
}
LAST = [np.nan, -np.nan, np.inf, -np.inf, 1e300, -1e300]


def squares_of(signals, numbers):
    out = np.empty(len(signals), dtype=np.uint32)
    cut_signals(signals, axis_of(numbers), np.empty(len(signals)), out)
    return out.astype(np.int64)


def charted(kind, region, x, y, x_numbers, y_numbers):
    """Verdicts by square; of one marker where there is no scale of y."""
    chart = chart_of(kind, region, x_numbers, y_numbers)
    squares = squares_of(x, x_numbers)
    if y_numbers is not None:
        squares = (squares << int(axis_of(y_numbers)[AXIS_BITS])) + squares_of(y, y_numbers)
    assert squares.min() >= 0
    assert squares.max() < len(chart)
    return chart[squares]


def exact(signals, numbers):
    return np.array([exact_position(signal, numbers) for signal in signals])


def judged(kind, region, x, y):
    out = np.empty(len(x), dtype=np.uint8)
    judge(kind, region, x, y, 0.0, out)
    return out


def signals_on(rng, numbers, n):
    """Signals all over a scale, at the ends of its squares, and of no number."""
    softness = axis_of(numbers)[0]
    top = 1.0 / exact_position(1.0, numbers) if numbers[2] == 0.0 else 600.0 * softness
    spread = rng.uniform(-0.3, 1.2, n // 2) * top
    around = rng.normal(0.0, 3.0 * softness, n // 4)
    ends = softness * (2.0 ** rng.integers(0, 10, n - n // 2 - n // 4) - 1.0) * rng.choice([-1, 1, 1 + 1e-16])
    return rng.permutation(np.concatenate([spread, around, ends, LAST]))


@settings(deadline=None, max_examples=150)
@given(
    seed=st.integers(0, 2**32 - 1),
    x_scale=st.sampled_from(sorted(SCALES)),
    y_scale=st.sampled_from(sorted(SCALES)),
)
def test_a_square_that_tells_says_what_the_exact_position_says(seed, x_scale, y_scale):
    rng = np.random.default_rng(seed)
    kind, region = some_region(rng)
    if rng.random() < 0.2:
        edges = np.sort(rng.uniform(0, 1, (2, 2)), axis=1)
        kind, region = RECTANGLE, rectangle(*edges.ravel())
    x_numbers, y_numbers = SCALES[x_scale][0], SCALES[y_scale][0]
    x, y = signals_on(rng, x_numbers, 400), signals_on(rng, y_numbers, 400)
    found = charted(kind, region, x, y, x_numbers, y_numbers)
    sure = found != NEAR
    truth = judged(kind, region, exact(x, x_numbers), exact(y, y_numbers))
    np.testing.assert_array_equal(found[sure], truth[sure])


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize(
    ("kind", "region"),
    [
        (STRIP, strip(1.0, 0.0, 0.4, np.inf)),
        (STRIP, strip(1.0, 0.0, -np.inf, 0.6)),
        (STRIP, strip(1.0, 0.0, np.nan, np.inf)),
        (STRIP, strip(1.0, -0.5, 0.1, 0.3)),
        (POLYGON, polygon([(0.2, 0.1), (0.8, 0.3), (0.6, 0.9)])),
    ],
)
def test_a_region_of_one_marker_with_itself(scale, kind, region):
    numbers = SCALES[scale][0]
    x = signals_on(np.random.default_rng(1), numbers, 2_000)
    found = charted(kind, region, x, x, numbers, None)
    sure = found != NEAR
    positions = exact(x, numbers)
    np.testing.assert_array_equal(found[sure], judged(kind, region, positions, positions)[sure])


@pytest.mark.parametrize("scale", SCALES)
def test_what_is_no_number_is_looked_at_closer(scale):
    numbers = SCALES[scale][0]
    everything = polygon([(-99, -99), (99, -99), (99, 99), (-99, 99)])
    odd, one = np.array(LAST), np.ones(len(LAST))
    for x, y in ((odd, one), (one, odd)):
        np.testing.assert_array_equal(charted(POLYGON, everything, x, y, numbers, numbers), NEAR)


@pytest.mark.parametrize("scale", ["linear", "asinh", "logicle"])
def test_most_squares_tell(scale):
    numbers = SCALES[scale][0]
    square = polygon([(0.2, 0.3), (0.8, 0.3), (0.7, 0.9), (0.2, 0.8)])
    x, y = np.random.default_rng(0).uniform(0, 262_143, (2, 5_000))
    assert (charted(POLYGON, square, x, y, numbers, numbers) == NEAR).mean() < 0.1


def test_squares_follow_the_order_of_signals():
    for numbers, _ in SCALES.values():
        signals = np.sort(signals_on(np.random.default_rng(2), numbers, 3_000)[:-1])
        squares = squares_of(signals[np.isfinite(signals)], numbers)
        assert (np.diff(squares) >= 0).all()
