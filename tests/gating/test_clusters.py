"""Clusters of events drawn from a few kinds: as many as there are, also where events repeat each other."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from bcelldepl.gating.model.clusters import find_clusters

CENTRES = np.array([[0, 0, 0, 0], [5, 0, 0, 0], [0, 5, 0, 0], [5, 5, 4, 0]], dtype=np.float64)


def drawn(each: int, seed: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Events, and the kind of each."""
    kinds = np.repeat(np.arange(len(CENTRES)), each)
    events = CENTRES[kinds] + np.random.default_rng(seed).normal(0.0, 0.6, (len(kinds), 4))
    return events.astype(np.float32), kinds


@pytest.mark.parametrize("seed", range(3))
def test_as_many_clusters_as_kinds(seed: int) -> None:
    events, kinds = drawn(5_000, seed)
    labels = find_clusters(events)
    assert labels.max() + 1 == len(CENTRES)
    # Each cluster is of one kind: the largest part of each kind lies in a cluster of its own.
    main = [np.bincount(labels[kinds == kind]).argmax() for kind in range(len(CENTRES))]
    assert len({*main}) == len(CENTRES)
    assert np.mean(labels == np.array(main)[kinds]) > 0.998


def test_events_that_repeat_each_other_are_no_kinds_of_cells() -> None:
    """Each seemed to be one, all were compared with all others, and learning did not end."""
    events, kinds = drawn(100, 1)
    again = np.tile(events, (60, 1)) + np.random.default_rng(2).normal(0.0, 0.01, (60 * len(events), 4))
    labels = find_clusters(again.astype(np.float32))
    assert len(CENTRES) <= labels.max() + 1 <= 150
    of_cluster = [np.bincount(np.tile(kinds, 60)[labels == one]) for one in range(labels.max() + 1)]
    assert sum(counts.max() for counts in of_cluster) > 0.95 * len(labels)
