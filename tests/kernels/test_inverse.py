"""Signals at positions: found again from the position of a signal, and by halving."""

from __future__ import annotations

import numpy as np
import pytest

from bcelldepl.kernels.inverse import signals_at
from bcelldepl.kernels.positions import asinh_table, exact_position, linear_table, logicle_table

TOP = 262_144.0
SCALES = {
    "linear": linear_table(TOP),
    "asinh": asinh_table(TOP, 150.0),
    "logicle": logicle_table(TOP, 0.5, 4.5, 0.0),
    "logicle with negatives": logicle_table(TOP, 0.5, 4.5, 1.0),
}


def halved(position, numbers):
    """The greatest signal of a float32 whose position, of a float32, is not above the wanted one."""
    low, high = -8.0 * TOP, 8.0 * TOP
    for _ in range(60):
        middle = 0.5 * (low + high)
        reached = np.float32(exact_position(float(np.float32(middle)), numbers)) <= position
        low, high = (middle, high) if reached else (low, middle)
    return 0.5 * (low + high)


@pytest.mark.parametrize("name", SCALES)
def test_signals_are_those_that_halving_finds(name):
    numbers = SCALES[name][0]
    wanted = np.random.default_rng(0).uniform(-0.3, 1.2, 200)
    found = np.empty(len(wanted))
    signals_at(wanted, numbers, TOP, found)
    np.testing.assert_allclose(found, [halved(one, numbers) for one in wanted], rtol=1e-12, atol=1e-9)


@pytest.mark.parametrize("name", SCALES)
def test_a_position_beyond_the_ends_gives_the_end(name):
    found = np.empty(3)
    signals_at(np.array([-1e9, 1e9, np.nan]), SCALES[name][0], TOP, found)
    np.testing.assert_allclose(found, [-8.0 * TOP, 8.0 * TOP, -8.0 * TOP])
