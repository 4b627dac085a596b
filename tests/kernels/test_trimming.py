"""Moments within an ellipse against numpy."""

from __future__ import annotations

import numpy as np
import pytest

from bcelldepl.kernels.trimming import trim


@pytest.mark.parametrize("n", [0, 1, 300, 2_000])
@pytest.mark.parametrize("squared_radius", [0.5, 6.0, 100.0])
def test_sums_and_marks_are_those_of_the_events_inside(n, squared_radius):
    rng = np.random.default_rng(n)
    x, y = rng.normal((0.4, 0.7), 0.1, (n, 2)).astype(np.float32).T.copy()
    centre, covariance = np.array([0.41, 0.68]), np.array([[0.01, 0.003], [0.003, 0.012]])
    former = rng.random(n) < 0.5
    inside, sums = former.copy(), np.full(6, np.nan)
    changed = trim(x, y, centre, np.linalg.inv(covariance), squared_radius, inside, sums)
    away = np.stack([x, y]).astype(np.float64) - centre[:, None]
    distance = np.array([d @ np.linalg.inv(covariance) @ d for d in away.T])
    np.testing.assert_array_equal(inside, distance < squared_radius)
    assert changed == (inside != former).sum()
    dx, dy = away[:, inside]
    expected = [inside.sum(), dx.sum(), dy.sum(), (dx * dx).sum(), (dx * dy).sum(), (dy * dy).sum()]
    np.testing.assert_allclose(sums, expected, rtol=1e-10, atol=1e-12)
