"""Signals weighed from rows against those weighed from columns."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bcelldepl.kernels.compensation import weigh
from bcelldepl.kernels.rows import FETCHED, weigh_rows


def weighed(rows, places, one, other, events):
    out, other_out = np.full((2, len(events)), 7.0)
    fetched = np.empty((FETCHED, len(events) + 3), np.float32)
    weigh_rows(rows, places, one, other, events.astype(np.uint32), fetched, out, other_out)
    return out, other_out


def by_columns(rows, places, weights, events):
    out = np.empty(len(events))
    weigh(np.ascontiguousarray(rows[events][:, places].T), weights, out)
    return out


@settings(deadline=None, max_examples=150)
@given(seed=st.integers(0, 2**32 - 1), n_used=st.integers(0, 11), n_events=st.sampled_from([0, 1, 5, 300]))
def test_sums_are_those_of_columns_to_the_bit(seed, n_used, n_events):
    rng = np.random.default_rng(seed)
    rows = (rng.normal(0, 1, (400, 14)) * 10.0 ** rng.integers(-5, 30, (400, 14))).astype(np.float32)
    rows[rng.integers(0, 400, 30), rng.integers(0, 14, 30)] = rng.choice([np.nan, np.inf, -np.inf, -0.0], 30)
    places = rng.permutation(14)[:11]
    pair = np.zeros((2, 11))
    used = rng.choice(11, n_used, replace=False)
    pair[:, used] = rng.normal(0, 1, (2, n_used))
    if n_used:
        pair[0, used[0]] = 1.0
    events = rng.choice(400, n_events, replace=False)
    for signals, weights in zip(weighed(rows, places, *pair, events), pair, strict=True):
        np.testing.assert_array_equal(signals, by_columns(rows, places, weights, events))


@pytest.mark.parametrize("other", [0, 2])
def test_two_plain_channels_are_taken_as_they_are(other):
    rows = np.random.default_rng(0).normal(0, 1, (50, 3)).astype(np.float32)
    rows[3, 1], rows[4, other] = np.nan, -np.inf
    places, pair = np.array([1, 2, 0]), np.zeros((2, 3))
    pair[0, 0] = pair[1, list(places).index(other)] = 1.0
    events = np.arange(0, 50, 3)
    first, second = weighed(rows, places, *pair, events)
    np.testing.assert_array_equal(first, rows[events, 1])
    np.testing.assert_array_equal(second, rows[events, other])
