"""The nearest prototypes against every distance taken."""

from __future__ import annotations

import naive
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bcelldepl.kernels.som import accumulate_nearest, find_nearest


def both(columns, prototypes):
    labels = np.full(columns.shape[1], 99, np.int32)
    distances = np.full(columns.shape[1], 99, np.float32)
    find_nearest(columns, 0, columns.shape[1], prototypes, labels, distances)
    counts, sums = np.zeros(len(prototypes), np.int64), np.zeros(prototypes.shape)
    accumulate_nearest(columns, 0, columns.shape[1], prototypes, counts, sums)
    return labels, distances, counts, sums


@settings(deadline=None, max_examples=60)
@given(st.integers(1, 7), st.integers(1, 30), st.sampled_from([0, 1, 40, 1100]), st.integers(0, 99))
def test_every_event_finds_its_nearest_prototype(k, m, n, seed):
    rng = np.random.default_rng(seed)
    columns = rng.uniform(-0.2, 1.2, (k, n)).astype(np.float32)
    prototypes = rng.uniform(-0.2, 1.2, (m, k)).astype(np.float32)
    labels, distances, counts, sums = both(columns, prototypes)
    _, true = naive.nearest(columns, prototypes)
    # Two prototypes that are equally far to the last bits may be taken for one another.
    assert distances == pytest.approx(true, abs=1e-3, rel=1e-4)
    own = np.sqrt(((columns.astype(np.float64).T - prototypes[labels].astype(np.float64)) ** 2).sum(axis=1))
    np.testing.assert_allclose(distances, own, rtol=1e-6, atol=1e-7)
    np.testing.assert_array_equal(counts, np.bincount(labels, minlength=m))
    for p in range(m):
        np.testing.assert_allclose(
            sums[p], columns[:, labels == p].sum(axis=1, dtype=np.float64), rtol=1e-9, atol=1e-9
        )


def test_labels_are_those_of_the_twin_where_none_is_in_doubt():
    rng = np.random.default_rng(5)
    prototypes = rng.permutation(np.stack(np.meshgrid(*[np.arange(4.0)] * 3)).reshape(3, -1).T).astype(
        np.float32
    )
    events = prototypes[rng.integers(0, 64, 2000)] + rng.uniform(-0.45, 0.45, (2000, 3)).astype(np.float32)
    columns = np.ascontiguousarray(events.T, dtype=np.float32)
    np.testing.assert_array_equal(both(columns, prototypes)[0], naive.nearest(columns, prototypes)[0])


def test_a_span_is_its_events_alone():
    rng = np.random.default_rng(8)
    columns = rng.random((3, 1000), dtype=np.float32)
    prototypes = rng.random((9, 3), dtype=np.float32)
    labels, distances, counts, sums = both(columns, prototypes)
    some, away = np.full(1000, 7, np.int32), np.full(1000, 7, np.float32)
    find_nearest(columns, 100, 777, prototypes, some, away)
    np.testing.assert_array_equal(some[100:777], labels[100:777])
    np.testing.assert_array_equal(away[100:777], distances[100:777])
    assert np.all(np.delete(some, np.s_[100:777]) == 7)
    accumulated, added = np.zeros(9, np.int64), np.zeros((9, 3))
    for first, last in ((0, 100), (100, 777), (777, 1000), (1000, 1000)):
        accumulate_nearest(columns, first, last, prototypes, accumulated, added)
    np.testing.assert_array_equal(accumulated, counts)
    np.testing.assert_allclose(added, sums, rtol=1e-12)


def test_an_event_without_a_value_is_near_to_none():
    columns = np.array([[0.1, np.nan, 0.9], [0.1, 0.2, 0.9]], dtype=np.float32)
    labels, distances, counts, sums = both(columns, np.array([[0, 0], [1, 1]], dtype=np.float32))
    np.testing.assert_array_equal(labels, [0, -1, 1])
    assert np.isnan(distances[1])
    assert counts.sum() == 2
    assert np.isfinite(sums).all()
