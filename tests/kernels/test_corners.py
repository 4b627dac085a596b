"""Corners that may be left out, against the algorithm as it is told."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bcelldepl.kernels.corners import mark_corners


def kept_between(line, first, last, farthest):
    """Corners to keep between two that are kept."""
    if last - first < 2:
        return set()
    base = line[last] - line[first]
    away = line[first + 1 : last] - line[first]
    off = np.abs(base[0] * away[:, 1] - base[1] * away[:, 0]) / max(np.hypot(*base), 1e-12)
    place = first + 1 + int(np.argmax(off))
    if off.max() <= farthest:
        return set()
    return {place} | kept_between(line, first, place, farthest) | kept_between(line, place, last, farthest)


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.integers(-50, 50), st.integers(-50, 50)), min_size=2, max_size=60),
    st.integers(0, 2**16),
    st.sampled_from([0.0, 0.9, 5.0]),
)
def test_keeps_what_lies_off(corners, seed, farthest):
    line = np.array(corners, dtype=np.float64)
    keep = np.random.default_rng(seed).random(len(line)) < 0.1
    keep[[0, -1]] = True
    expected = set(np.flatnonzero(keep).tolist())
    ends = sorted(expected)
    for first, last in pairwise(ends):
        expected |= kept_between(line, first, last, farthest)
    mark_corners(line, farthest, keep)
    assert set(np.flatnonzero(keep).tolist()) == expected


@pytest.mark.parametrize(("off", "kept"), [(0.0099, [True, False, True]), (0.0101, [True, True, True])])
def test_the_limit(off, kept):
    keep = np.array([True, False, True])
    mark_corners(np.array([[0.0, 0.0], [1.0, off], [2.0, 0.0]]), 0.01, keep)
    assert keep.tolist() == kept
