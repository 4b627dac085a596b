"""Of many events only those near an edge are judged edge by edge: the verdicts are those of all judged so."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapes import star

from bcelldepl.kernels.polygons import _MANY, _by_edges, judge_polygon
from bcelldepl.kernels.regions import FLOAT32_ERROR, NEAR, polygon


def some_corners(rng, kind):
    if kind == "star":
        return star(rng, int(rng.integers(3, 25)))
    corners = rng.uniform(-0.2, 1.1, (int(rng.integers(3, 12)), 2))
    if kind == "level":  # edges upright, level, nearly level, and on one another
        corners = np.round(corners * 4) / 4 + rng.choice([0.0, 1e-6], corners.shape)
    return corners * (40.0 if kind == "far" else 1.0)


def some_positions(rng, corners, n):
    """Everywhere, on edges, level with corners, and where no position is."""
    x, y = rng.uniform(corners.min() - 0.2, corners.max() + 0.2, (2, n))
    quarter, edge, along = n // 4, rng.integers(0, len(corners), n // 4), rng.uniform(0, 1, (n // 4, 1))
    x[:quarter], y[:quarter] = (corners[edge] + along * (corners[edge - 1] - corners[edge])).T
    y[quarter : 2 * quarter] = corners[edge, 1]
    x[:3], y[2:5] = (np.nan, np.inf, -np.inf), (np.inf, -np.inf, np.nan)
    return x, y


@settings(deadline=None, max_examples=150)
@given(
    seed=st.integers(0, 2**32 - 1),
    kind=st.sampled_from(["star", "crossing", "level", "far"]),
    dtype=st.sampled_from([np.float32, np.float64]),
)
def test_squares_change_no_verdict(seed, kind, dtype):
    rng = np.random.default_rng(seed)
    corners = some_corners(rng, kind)
    n = _MANY // len(corners) + 200
    x, y = (one.astype(dtype) for one in some_positions(rng, corners, n))
    by_edges, by_squares = np.empty((2, n), dtype=np.uint8)
    assert _by_edges(polygon(corners), x, y, 0.0, by_edges) == 0
    assert judge_polygon(polygon(corners), x, y, 0.0, by_squares) == 0
    np.testing.assert_array_equal(by_squares, by_edges)


@pytest.mark.parametrize("kind", ["star", "crossing", "level", "far"])
@pytest.mark.parametrize("seed", range(5))
def test_what_is_sure_is_so_wherever_the_error_puts_it(kind, seed):
    rng = np.random.default_rng([seed, 7])
    corners = some_corners(rng, kind)
    n = _MANY // len(corners) + 200
    x, y = (one.astype(np.float32) for one in some_positions(rng, corners, n))
    verdict, moved = np.empty((2, n), dtype=np.uint8)
    assert judge_polygon(polygon(corners), x, y, FLOAT32_ERROR, verdict) == (verdict == NEAR).sum() > 0
    sure = verdict != NEAR
    assert sure.sum() > n // 3
    for x_sign, y_sign in ((1, 1), (1, -1), (-1, 1), (-1, -1)):
        with np.errstate(invalid="ignore"):
            there = (
                one.astype(np.float64) * (1.0 + sign * np.sign(one) * FLOAT32_ERROR) + sign * FLOAT32_ERROR
                for one, sign in ((x, x_sign), (y, y_sign))
            )
            _by_edges(polygon(corners), *there, 0.0, moved)
        np.testing.assert_array_equal(moved[sure], verdict[sure])


def test_a_polygon_that_is_no_wider_than_the_error_is_judged_edge_by_edge():
    corners = np.array([(0.5, 0.5), (0.5 + 1e-9, 0.5), (0.5, 0.5 + 1e-9)])
    x = np.full(_MANY, 0.5)
    verdict = np.empty(len(x), dtype=np.uint8)
    assert judge_polygon(polygon(corners), x, x, 0.0, verdict) == 0
    by_edges = np.empty_like(verdict)
    _by_edges(polygon(corners), x, x, 0.0, by_edges)
    np.testing.assert_array_equal(verdict, by_edges)
