"""The likeliest cluster of each event, against scipy's normal densities."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import multivariate_normal

from bcelldepl.kernels.nearest import label_likeliest


def clusters_of(rng, number, k):
    centres = rng.normal(0.0, 3.0, (number, k))
    roots = rng.normal(0.0, 0.7, (number, k, k))
    covariances = roots @ roots.transpose(0, 2, 1) + 0.2 * np.eye(k)
    return centres, covariances


def labels_of(points, centres, covariances, first=0, last=None):
    whiteners = np.linalg.inv(np.linalg.cholesky(covariances))
    heights = np.linalg.slogdet(whiteners)[1] * 2.0
    labels = np.full(len(points), -1, dtype=np.int32)
    shapes = [one.astype(np.float32) for one in (centres, whiteners, heights)]
    label_likeliest(points, *shapes, first, len(points) if last is None else last, labels)
    return labels


@settings(deadline=None)
@given(seed=st.integers(0, 2**32 - 1), number=st.integers(1, 8), k=st.integers(1, 6))
def test_clusters_are_those_of_the_highest_density(seed, number, k):
    rng = np.random.default_rng(seed)
    centres, covariances = clusters_of(rng, number, k)
    points = rng.normal(0.0, 4.0, (50, k)).astype(np.float32)
    density = np.array(
        [
            multivariate_normal(c, v).logpdf(points).reshape(-1)
            for c, v in zip(centres, covariances, strict=True)
        ]
    )
    labels = labels_of(points, centres, covariances)
    chosen = density[labels, np.arange(len(points))]
    best = density.max(axis=0)
    assert (
        best - chosen <= 1e-3 * np.maximum(np.abs(best), 1.0)
    ).all()  # but for what float32 cannot tell apart


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_of_two_at_one_place_the_narrow_one_holds_the_middle(order):
    centres = np.zeros((2, 2))
    covariances = np.array([0.1 * np.eye(2), 4.0 * np.eye(2)])[list(order)]
    labels = labels_of(np.array([[0.1, 0.0], [3.0, 0.0]], dtype=np.float32), centres, covariances)
    assert labels.tolist() == [order.index(0), order.index(1)]


def test_only_events_of_the_span_are_labelled_and_the_first_of_equals_is_taken():
    centres, covariances = np.zeros((3, 2)), np.tile(np.eye(2), (3, 1, 1))
    labels = labels_of(np.zeros((5, 2), dtype=np.float32), centres, covariances, 1, 4)
    assert labels.tolist() == [-1, 0, 0, 0, -1]
