"""Polygons and ellipsoids against matplotlib, winding numbers and a sum of squares."""

from __future__ import annotations

import naive
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.path import Path

from bcelldepl.kernels.shapes import inside_polygon, squared_distance

SQUARE = np.array([(0.2, 0.2), (0.8, 0.2), (0.8, 0.8), (0.2, 0.8)])
AWAY = 1e-3


def inside(x, y, vertices):
    x, y = np.asarray(x, dtype=np.float32), np.asarray(y, dtype=np.float32)
    out = np.ones(len(x), dtype=np.bool_)
    inside_polygon(x, y, np.asarray(vertices, dtype=np.float64), out)
    return out


def star(rng, corners):
    """A simple polygon: corners around a centre, in the order of their angles, at any radius."""
    angle = np.sort(rng.uniform(0, 2 * np.pi, corners))
    radius = rng.uniform(0.1, 0.5, corners)
    return 0.5 + np.column_stack([radius * np.cos(angle), radius * np.sin(angle)])


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


def distances(columns, centre, precision):
    out = np.empty(columns.shape[1])
    squared_distance(np.ascontiguousarray(columns, dtype=np.float32), centre, precision, out)
    return out


@pytest.mark.parametrize("k", [1, 2, 5])
@pytest.mark.parametrize("n", [0, 1, 200])
def test_squared_distance_agrees_with_the_quadratic_form(k, n):
    rng = np.random.default_rng([k, n])
    root = rng.normal(size=(k, k))
    precision, centre = root @ root.T, rng.normal(size=k)
    columns = rng.normal(size=(k, n)).astype(np.float32)
    expected = naive.squared_distance(columns, centre, precision) if n else np.empty(0)
    np.testing.assert_allclose(distances(columns, centre, precision), expected, rtol=1e-12)


def test_squared_distance_of_nan_is_nan():
    columns = np.array([[0.0, np.nan, 1.0], [0.0, 0.0, np.nan]])
    np.testing.assert_array_equal(np.isnan(distances(columns, np.zeros(2), np.eye(2))), [False, True, True])


def test_distances_of_a_normal_cloud_follow_chi_square():
    rng = np.random.default_rng(3)
    covariance = np.array([[0.02, 0.01], [0.01, 0.03]])
    cloud = rng.multivariate_normal([0.4, 0.6], covariance, 40_000).T
    found = distances(cloud, np.array([0.4, 0.6]), np.linalg.inv(covariance))
    assert np.mean(found < 5.991) == pytest.approx(0.95, abs=0.005)
