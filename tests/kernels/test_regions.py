"""Regions against matplotlib, winding numbers and a sum of squares; near is whatever an error could move."""

from __future__ import annotations

import naive
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.path import Path
from shapes import some_region, star

from bcelldepl.kernels.regions import (
    ELLIPSE,
    FLOAT32_ERROR,
    NEAR,
    POLYGON,
    STRIP,
    ellipse,
    judge,
    polygon,
    strip,
)

SQUARE = np.array([(0.2, 0.2), (0.8, 0.2), (0.8, 0.8), (0.2, 0.8)])
AWAY = 1e-3


def inside(x, y, vertices):
    x, y = np.asarray(x, dtype=np.float32), np.asarray(y, dtype=np.float32)
    return judged(POLYGON, polygon(vertices), x, y) == 1


def judged(kind, numbers, x, y, error=0.0):
    out = np.full(len(x), 7, dtype=np.uint8)
    near = judge(kind, numbers, x, y, error, out)
    assert near == (out == NEAR).sum()
    return out


def points_away_from_edges(rng, vertices, n):
    points = rng.uniform(-0.1, 1.1, (n, 2)).astype(np.float32)
    return points[[naive.distance_to_edges(*point, vertices) > AWAY for point in points.astype(np.float64)]]


@pytest.mark.parametrize("corners", [3, 4, 7, 25])
@pytest.mark.parametrize("seed", range(5))
def test_agrees_with_matplotlib_on_simple_polygons(seed, corners):
    rng = np.random.default_rng([seed, corners])
    vertices = star(rng, corners)
    points = points_away_from_edges(rng, vertices, 400)
    ours = inside(*points.T, vertices)
    np.testing.assert_array_equal(ours, Path(vertices).contains_points(points))
    assert 0 < ours.sum() < len(points)


@pytest.mark.parametrize("seed", range(10))
def test_agrees_with_the_winding_number_where_edges_cross(seed):
    rng = np.random.default_rng(seed)
    vertices = rng.uniform(0, 1, (6, 2))
    points = points_away_from_edges(rng, vertices, 150)
    expected = [naive.inside_polygon(*point, vertices) for point in points.astype(np.float64)]
    np.testing.assert_array_equal(inside(*points.T, vertices), expected)


@settings(deadline=None, max_examples=50)
@given(seed=st.integers(0, 2**32 - 1), shift=st.integers(0, 8))
def test_order_and_start_of_the_corners_do_not_matter(seed, shift):
    rng = np.random.default_rng(seed)
    vertices = star(rng, 9)
    x, y = points_away_from_edges(rng, vertices, 60).T
    expected = inside(x, y, vertices)
    np.testing.assert_array_equal(inside(x, y, np.roll(vertices, shift, axis=0)), expected)
    np.testing.assert_array_equal(inside(x, y, vertices[::-1]), expected)


def test_a_closed_polygon_is_the_same_as_an_open_one():
    x, y = np.random.default_rng(0).uniform(0, 1, (2, 500))
    closed = np.vstack([SQUARE, SQUARE[:1]])
    np.testing.assert_array_equal(inside(x, y, closed), inside(x, y, SQUARE))


def test_neighbouring_polygons_share_no_event_and_lose_none():
    # Events on the common edge, at 0.5, belong to one of the two.
    left, right = (
        np.array([(0, 0), (0.5, 0), (0.5, 1), (0, 1)]),
        np.array([(0.5, 0), (1, 0), (1, 1), (0.5, 1)]),
    )
    x = np.array([0.25, 0.5, 0.5, 0.75])
    y = np.array([0.5, 0.25, 0.75, 0.5])
    np.testing.assert_array_equal(inside(x, y, left) ^ inside(x, y, right), True)


@pytest.mark.parametrize(
    "point", [(np.nan, 0.5), (0.5, np.nan), (np.nan, np.nan), (np.inf, 0.5), (-np.inf, 0.5), (0.5, -np.inf)]
)
def test_what_is_no_place_is_outside(point):
    assert not inside([point[0]], [point[1]], SQUARE)[0]


def test_no_event_gives_nothing():
    assert inside([], [], SQUARE).size == 0


def test_polygon_without_area_holds_nothing():
    line = [(0.0, 0.0), (1.0, 1.0), (0.5, 0.5)]
    assert not inside([0.25, 0.6], [0.3, 0.1], line).any()


@pytest.mark.parametrize("n", [0, 1, 500])
def test_ellipses_agree_with_the_quadratic_form(n):
    rng = np.random.default_rng(n)
    for _ in range(5):
        root = rng.normal(size=(2, 2))
        precision, centre = root @ root.T, rng.normal(size=2)
        columns = rng.normal(size=(2, n)).astype(np.float32)
        squares = naive.squared_distance(columns, centre, precision) if n else np.empty(0)
        found = judged(ELLIPSE, ellipse(centre, precision, 1.5), *columns)
        np.testing.assert_array_equal(found, squares <= 1.5)


def test_ellipses_hold_their_part_of_a_normal_cloud():
    rng = np.random.default_rng(3)
    covariance = np.array([[0.02, 0.01], [0.01, 0.03]])
    cloud = rng.multivariate_normal([0.4, 0.6], covariance, 40_000).T
    found = judged(ELLIPSE, ellipse((0.4, 0.6), np.linalg.inv(covariance), 5.991), *cloud)
    assert found.mean() == pytest.approx(0.95, abs=0.005)


@pytest.mark.parametrize("kind", [STRIP, ELLIPSE])
def test_what_is_no_place_is_in_no_strip_and_no_ellipse(kind):
    numbers = strip(1.0, 1.0, -9.0, 9.0) if kind == STRIP else ellipse((0, 0), np.eye(2), 100.0)
    for error in (0.0, 1e-6):
        found = judged(kind, numbers, np.array([np.nan, 0.5, 0.5]), np.array([0.5, np.nan, 0.5]), error)
        np.testing.assert_array_equal(found, [0, 0, 1])


def test_a_cut_is_open_to_its_side_and_a_cut_at_nan_holds_nothing():
    x = np.array([-np.inf, 0.2, 0.5, 0.7, np.inf, np.nan])
    np.testing.assert_array_equal(judged(STRIP, strip(1, 0, 0.5, np.inf), x, x), [0, 0, 0, 1, 1, 0])
    np.testing.assert_array_equal(judged(STRIP, strip(1, 0, -np.inf, 0.5), x, x), [0, 1, 1, 0, 0, 0])
    assert not judged(STRIP, strip(1, 0, np.nan, np.inf), x, x).any()
    assert not judged(STRIP, strip(1, 0, -np.inf, np.nan), x, x).any()


@settings(deadline=None, max_examples=200)
@given(seed=st.integers(0, 2**32 - 1), error=st.sampled_from([FLOAT32_ERROR, 1e-6, 1e-3, 3e-2]))
def test_whatever_the_error_could_move_across_an_edge_is_near(seed, error):
    rng = np.random.default_rng(seed)
    kind, numbers = some_region(rng)
    truth = np.concatenate(
        [rng.uniform(-0.1, 1.1, (2, 300)), np.round(rng.uniform(0, 1, (2, 100)), 1)], axis=1
    )
    moved = truth + error * (1 + np.abs(truth)) * rng.uniform(-0.999, 0.999, truth.shape) * rng.choice(
        [0, 1], 400
    )
    found = judged(kind, numbers, *moved, error / (1 - error))
    exact = judged(kind, numbers, *truth)
    sure = found != NEAR
    np.testing.assert_array_equal(found[sure], exact[sure])


@settings(deadline=None, max_examples=60)
@given(seed=st.integers(0, 2**32 - 1))
def test_next_to_no_event_is_near_at_the_error_of_a_float32(seed):
    rng = np.random.default_rng(seed)
    kind, numbers = some_region(rng)
    if not np.isfinite(numbers).all() or (kind == ELLIPSE and numbers[0, 2] + numbers[0, 4] > 1e3):
        return
    places = rng.uniform(0, 1, (2, 2_000))
    assert (judged(kind, numbers, *places, FLOAT32_ERROR) == NEAR).mean() < 0.01
