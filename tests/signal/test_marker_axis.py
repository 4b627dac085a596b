"""Axes in the instrument's units: values at positions against the formulas, and ticks that keep apart."""

from __future__ import annotations

import math

import numpy as np
import pytest

from bcelldepl.signal.marker_axis import MarkerAxis
from bcelldepl.signal.transform import Transform

ASINH = MarkerAxis(Transform(kind="asinh", top=200_000.0, cofactor=0.001), 262_144.0)
LOGICLE = MarkerAxis(Transform(kind="logicle"), 262_144.0)
LINEAR = MarkerAxis(Transform(kind="linear"), 262_144.0)


def test_values_are_those_of_the_formula() -> None:
    positions = np.array([-0.2, 0.0, 0.3, 0.99])
    expected = 200.0 * np.sinh(positions * math.asinh(1000.0))
    np.testing.assert_allclose(ASINH.values(positions), expected, rtol=2e-6, atol=1e-4)
    np.testing.assert_allclose(LINEAR.values(positions), 262_144.0 * positions, rtol=1e-6, atol=1e-4)


@pytest.mark.parametrize("axis", [ASINH, LOGICLE, LINEAR], ids=["asinh", "logicle", "linear"])
def test_values_and_positions_are_each_others_inverse(axis: MarkerAxis) -> None:
    signals = np.array([-300.0, 0.0, 12.0, 1500.0, 90_000.0])
    np.testing.assert_allclose(axis.values(axis.positions(signals)), signals, rtol=1e-4, atol=0.05)


def test_decades_are_labelled_and_the_places_between_are_not() -> None:
    ticks = ASINH.ticks(-0.25, 1.05)
    labelled = {tick.label: tick.position for tick in ticks if tick.label}
    assert {"0", "10³", "10⁴", "10⁵"} <= labelled.keys()
    assert labelled["10⁴"] == pytest.approx(math.asinh(50.0) / math.asinh(1000.0), abs=1e-6)
    assert all(tick.major for tick in ticks if tick.label)
    assert any(not tick.major for tick in ticks)
    assert all(-0.25 <= tick.position <= 1.05 for tick in ticks)


@pytest.mark.parametrize("closest", [0.05, 0.11, 0.3])
def test_labels_keep_their_distance(closest: float) -> None:
    at = sorted(tick.position for tick in ASINH.ticks(-0.25, 1.05, closest) if tick.label)
    assert np.diff(at).min() >= closest * 1.3 - 1e-12
    assert 0.0 in [pytest.approx(place, abs=1e-9) for place in at]


def test_a_linear_axis_has_even_steps_in_thousands() -> None:
    assert [tick.label for tick in LINEAR.ticks(-0.02, 1.02)] == ["0", "50K", "100K", "150K", "200K", "250K"]
    small = MarkerAxis(Transform(kind="linear", top=5.0), 1.0)
    assert [tick.label for tick in small.ticks(0.0, 1.0)] == ["0", "1", "2", "3", "4", "5"]
