"""K-means against a plain loop and scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.cluster import KMeans

from bcelldepl.gating.model.k_means import first_means, part_among_means
from bcelldepl.kernels.means import draw_means, label_nearest, middle_of_each


def whole_numbers(n, k):
    """Distances between these are exact, so that ties are ties for every order of adding."""
    return arrays(np.float32, (n, k), elements=st.integers(-50, 50).map(float))


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_labels_and_middles_are_those_of_a_plain_loop(data):
    n, k, n_means = (data.draw(st.integers(1, high)) for high in (40, 5, 20))
    points, means = data.draw(whole_numbers(n, k)), data.draw(whole_numbers(n_means, k))
    first, last = sorted(data.draw(st.tuples(st.integers(0, n), st.integers(0, n))))
    labels = np.full(n, -1, dtype=np.int32)
    half_squares = (0.5 * (means * means).sum(axis=1)).astype(np.float32)
    label_nearest(points, np.ascontiguousarray(means.T), half_squares, first, last, labels)
    for number, label in enumerate(labels):
        squares = [float(((points[number] - mean) ** 2).sum()) for mean in means]
        assert label == (squares.index(min(squares)) if first <= number < last else -1)
    labels = data.draw(arrays(np.int32, n, elements=st.integers(0, n_means - 1)))
    moved = means.copy()
    middle_of_each(points, labels, moved)
    for number, mean in enumerate(moved):
        own = points[labels == number].astype(np.float64)
        np.testing.assert_allclose(
            mean, own.mean(axis=0) if len(own) else means[number], rtol=1e-6, atol=1e-6
        )


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_means_are_drawn_by_their_squared_distance_from_those_before(data):
    n, k, n_means = (data.draw(st.integers(1, high)) for high in (30, 4, 12))
    points = data.draw(whole_numbers(n, k))
    draws = data.draw(arrays(np.float64, n_means, elements=st.floats(0.0, 1.0, exclude_max=True)))
    means = np.full((n_means, k), np.nan, dtype=np.float32)
    found = draw_means(points, draws, means)
    expected = [points[int(draws[0] * n)]]
    for draw in draws[1:]:
        away = np.array([min(float(((point - mean) ** 2).sum()) for mean in expected) for point in points])
        if not away.any():
            break
        beyond = np.cumsum(away) > draw * away.sum()
        expected.append(points[beyond.argmax() if beyond.any() else np.flatnonzero(away)[-1]])
    assert found == len(expected)
    np.testing.assert_array_equal(means[:found], expected)


def test_no_more_means_than_events_that_differ():
    points = np.repeat(np.array([[0.0, 1.0], [2.0, 3.0], [5.0, 5.0]], dtype=np.float32), 10, axis=0)
    means = first_means(points, 8)
    assert sorted(means.tolist()) == [[0.0, 1.0], [2.0, 3.0], [5.0, 5.0]]
    assert len(set(part_among_means(points, means, 3).tolist())) == 3
    assert len(first_means(points[:2], 8)) == 1


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("threads", ["1", "2"])
def test_moved_as_scikit_learn_moves_them(threads, monkeypatch):
    monkeypatch.setenv("NUMBA_NUM_THREADS", threads)
    random = np.random.default_rng(1)
    centres = random.normal(0.0, 3.0, (15, 8))
    points = (centres[random.integers(0, 15, 70_000)] + random.normal(size=(70_000, 8))).astype(np.float32)
    means = first_means(points, 60)
    peer = KMeans(60, init=means, n_init=1, max_iter=7, tol=0.0, algorithm="lloyd").fit(points)
    found = part_among_means(points, means, 7)
    assert (found == peer.labels_).mean() >= 0.9995


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_of_many_events_every_second_moves_the_means():
    random = np.random.default_rng(2)
    centres = random.normal(0.0, 3.0, (9, 5))
    points = (centres[random.integers(0, 9, 90_000)] + random.normal(size=(90_000, 5))).astype(np.float32)
    means = first_means(points, 30)
    peer = KMeans(30, init=means, n_init=1, max_iter=4, tol=0.0, algorithm="lloyd").fit(points[::2])
    assert (part_among_means(points, means, 4) == peer.predict(points)).mean() >= 0.9995
