"""The map as a whole: it finds where events are, as well as others do, whatever their order."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.cluster import KMeans

from bcelldepl.gating.som import map_events, train_map


def blobs(n=4000, k=4, seed=0):
    rng = np.random.default_rng(seed)
    centres = rng.uniform(0.1, 0.9, (6, k))
    which = rng.choice(6, n, p=[0.5, 0.3, 0.1, 0.06, 0.03, 0.01])
    return np.ascontiguousarray((centres[which] + rng.normal(0, 0.04, (n, k))).T, dtype=np.float32), which


def test_it_lies_about_as_close_to_the_events_as_k_means():
    points, _ = blobs(20_000)
    ours = map_events(points, train_map(points))[1].mean()
    means = KMeans(100, n_init=1, max_iter=10, init="random", random_state=0).fit(points.T)
    theirs = map_events(points, means.cluster_centers_.astype(np.float32))[1].mean()
    assert ours <= 1.02 * theirs


def test_the_order_of_events_does_not_matter():
    points, _ = blobs()
    order = np.random.default_rng(1).permutation(points.shape[1])
    again = train_map(np.ascontiguousarray(points[:, order]))
    np.testing.assert_allclose(again, train_map(points), atol=1e-5)


def test_the_threads_do_not_move_a_bit(monkeypatch: pytest.MonkeyPatch):
    points, _ = blobs(80_000)  # more than two spans
    maps = []
    for n_threads in ("1", "2", "5"):
        monkeypatch.setenv("NUMBA_NUM_THREADS", n_threads)
        prototypes = train_map(points)
        labels, distances = map_events(points, prototypes)
        maps.append((prototypes.tobytes(), labels.tobytes(), distances.tobytes()))
    assert maps[0] == maps[1] == maps[2]


def test_no_prototype_holds_two_islands():
    points, which = blobs()
    labels, _ = map_events(points, train_map(points))
    for prototype in np.unique(labels):
        counts = np.bincount(which[labels == prototype], minlength=6)
        assert counts.max() == counts.sum()


@pytest.mark.parametrize("k", [1, 2, 3])
def test_it_takes_few_markers_and_events_that_are_all_the_same(k):
    same = np.full((k, 50), 0.3, dtype=np.float32)
    labels, distances = map_events(same, train_map(same))
    assert len(np.unique(labels)) == 1
    assert distances.max() < 1e-6
