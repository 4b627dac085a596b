"""Bits of populations against sets of events."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from bcelldepl.kernels.membership import count_bit, have_bit, mark_bit, nth_event, spaced_events, with_bit


@settings(deadline=None)
@given(n=st.integers(1, 300), data=st.data(), bit=st.integers(0, 31), other=st.integers(0, 31))
def test_events_that_are_marked_are_those_that_have_the_bit(n, data, bit, other):
    chosen = st.sets(st.integers(0, n - 1))
    mine, others = data.draw(chosen), data.draw(chosen) if other != bit else set()
    words = np.zeros(n, np.uint32)
    mark_bit(words, np.array(sorted(mine), np.int32), bit)
    mark_bit(words, np.array(sorted(others), np.int32), other)
    held = np.empty(n, np.bool_)
    for which, events in ((bit, mine), (other, others or (mine if other == bit else set()))):
        have_bit(words, which, held)
        assert set(np.flatnonzero(held)) == events
        assert with_bit(words, which).tolist() == sorted(events)
        assert count_bit(words, which) == len(events)


@settings(deadline=None)
@given(seed=st.integers(0, 2**32 - 1), n=st.integers(0, 5_000), step=st.integers(1, 3_000))
def test_spaced_events_are_every_so_many_of_those_held(seed, n, step):
    rng = np.random.default_rng(seed)
    held = rng.random(n) < rng.random()
    assert spaced_events(held, step).tolist() == np.flatnonzero(held)[::step].tolist()
    events = np.flatnonzero(held)
    for number in {0, len(events) // 2, max(len(events) - 1, 0), len(events)}:
        assert nth_event(held, number) == (events[number] if number < len(events) else 0)
