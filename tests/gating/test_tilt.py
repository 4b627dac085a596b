"""The tilt of a negative, against slopes that are known."""

from __future__ import annotations

import numpy as np
import pytest
from clouds import rule, take

from bcelldepl.gating.density import make_density
from bcelldepl.gating.landmarks import find_landmark, upper_spread
from bcelldepl.gating.tilt import find_tilt, level

CAR = rule("positives", marker="CAR", control="CAR", window=(0.2, 0.9), along="CD3")


def tube(n, slope, part, seed, dim=0.6):
    """T cells whose CAR negative rises with CD3; of which a part is positive, with less CD3; and which are."""
    rng = np.random.default_rng(seed)
    is_positive = rng.random(n) < part
    cd3 = np.where(is_positive, rng.normal(0.58, 0.05, n), rng.normal(0.62, 0.05, n))
    car = 0.25 + slope * (cd3 - 0.62) + rng.normal(0.0, 0.035, n)
    car[is_positive] += rng.normal(dim - 0.25, 0.09, is_positive.sum())
    return {"CAR": car.astype(np.float32), "CD3": cd3.astype(np.float32)}, is_positive


@pytest.mark.parametrize("slope", [0.0, 0.3, 0.7])
@pytest.mark.parametrize("part", [0.0, 0.2, 0.6])
def test_the_slope_is_that_of_the_negative_whatever_is_positive(slope, part):
    columns, _ = tube(8_000, slope, part, 1)
    found, pivot = find_tilt(columns["CAR"], columns["CD3"])
    assert found == pytest.approx(slope, abs=0.06)
    assert pivot == pytest.approx(np.median(columns["CD3"]))


@pytest.mark.parametrize(("slope", "n"), [(-0.4, 8_000), (0.5, 60), (0.5, 0)])
def test_a_sinking_negative_and_few_events_have_no_slope(slope, n):
    columns, _ = tube(n, slope, 0.0, 2)
    assert find_tilt(columns["CAR"], columns["CD3"])[0] == 0.0


def test_what_is_no_number_tells_nothing_of_the_slope():
    columns, _ = tube(4_000, 0.5, 0.1, 3)
    spoilt = {marker: np.concatenate([values, [np.nan] * 50]) for marker, values in columns.items()}
    assert find_tilt(spoilt["CAR"], spoilt["CD3"]) == find_tilt(columns["CAR"], columns["CD3"])


def test_the_order_of_events_does_not_matter_to_the_slope():
    columns, _ = tube(4_000, 0.5, 0.1, 4)
    other = take(columns, np.random.default_rng(0).permutation(4_000))
    assert find_tilt(other["CAR"], other["CD3"]) == find_tilt(columns["CAR"], columns["CD3"])


def test_levelled_positions_are_those_at_the_pivot():
    car, cd3 = np.array([0.3, 0.5, np.nan], dtype="f4"), np.array([0.6, 0.8, 0.7], dtype="f4")
    np.testing.assert_allclose(level(car, cd3, 0.5, 0.6), [0.3, 0.4, np.nan], rtol=1e-6)
    assert level(car, cd3, 0.0, 0.6) is car


@pytest.mark.parametrize("spread", [0.02, 0.05])
@pytest.mark.parametrize("part", [0.0, 0.1, 0.3])
def test_the_upper_flank_tells_the_spread_beside_positives(spread, part):
    rng = np.random.default_rng(7)
    negative = rng.normal(0.25, spread, 6_000)
    positive = rng.normal(0.6, 0.08, int(6_000 * part))
    density = make_density(np.concatenate([negative, positive]).astype(np.float32))
    # Smoothing adds its own.
    assert upper_spread(density, find_landmark(density)) == pytest.approx(
        np.hypot(spread, density.bandwidth), rel=0.08
    )


def settled(one, columns, control):
    carried = one.carry(one.fit(columns, {}), [one.fit(control, {})])
    return one.settle(carried, columns).shape


@pytest.mark.parametrize("part", [0.05, 0.3])
def test_a_cut_that_rises_loses_fewer_dim_cells_than_one_that_stands(part):
    columns, is_positive = tube(10_000, 0.8, part, 5, dim=0.5)
    control, _ = tube(8_000, 0.8, 0.0, 6)
    upright = rule("positives", marker="CAR", control="CAR", window=(0.2, 0.9))
    wrong = {}
    for name, one in (("upright", upright), ("rising", CAR)):
        inside = one.apply(settled(one, columns, control), columns).inside
        wrong[name] = np.count_nonzero(inside != is_positive)
    assert wrong["rising"] < 0.7 * wrong["upright"]
    inside = CAR.apply(settled(CAR, columns, control), columns).inside
    assert inside.sum() == pytest.approx(is_positive.sum(), rel=0.06)


@pytest.mark.parametrize("part", [0.5, 0.76, 0.9])
@pytest.mark.parametrize("dim", [0.5, 0.6, 0.7])
def test_positives_in_the_majority_are_counted_too(part, dim):
    # Their flank lies over that of the negative, and their peak may be the only fair one.
    control, _ = tube(8_000, 0.3, 0.0, 50)
    for seed in range(3):
        columns, is_positive = tube(10_000, 0.3, part, seed, dim=dim)
        inside = CAR.apply(settled(CAR, columns, control), columns).inside
        assert inside.sum() == pytest.approx(is_positive.sum(), rel=0.025)


def test_a_tube_without_positives_keeps_to_the_false_positive_rate():
    control, _ = tube(20_000, 0.6, 0.0, 8)
    for seed, slope in enumerate((0.0, 0.3, 0.9)):
        columns, _ = tube(20_000, slope, 0.0, [9, seed])
        assert CAR.apply(settled(CAR, columns, control), columns).inside.sum() <= 8


def test_the_region_is_what_the_line_says():
    columns, _ = tube(5_000, 0.6, 0.2, 10)
    control, _ = tube(5_000, 0.6, 0.0, 11)
    shape = settled(CAR, columns, control)
    assert shape.slope > 0.4
    by_hand = [
        car > shape.position + shape.slope * (cd3 - shape.pivot)
        for car, cd3 in zip(columns["CAR"].tolist(), columns["CD3"].tolist(), strict=True)
    ]
    applied = CAR.apply(shape, columns)
    np.testing.assert_array_equal(applied.inside, by_hand)
    assert applied.events_low <= sum(by_hand) <= applied.events_high
    outline = CAR.outline(shape, columns)
    assert (outline.x, outline.y) == ("CAR", "CD3")
    left, right = outline.outlines[0][:2]
    assert right[0] - left[0] == pytest.approx(shape.slope * (right[1] - left[1]))
