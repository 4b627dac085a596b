"""Events sifted by their squares against the plainest loop that says the same."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from bcelldepl.kernels.sieve import sift


@settings(deadline=None, max_examples=50)
@given(seed=st.integers(0, 2**32 - 1), n_events=st.sampled_from([0, 1, 40, 200]))
def test_events_are_sifted_in_their_order(seed, n_events):
    rng = np.random.default_rng(seed)
    chart = rng.integers(0, 3, (9, 8)).astype(np.uint8)
    x, y = rng.integers(0, 9, 200).astype(np.uint32), rng.integers(0, 8, 200).astype(np.uint32)
    events = rng.permutation(200)[:n_events].astype(np.uint32)
    inside, near = np.empty((2, n_events + 1), np.uint32)
    held, unsure = sift(chart.ravel(), x, y, 3, events, inside, near)
    verdicts = [chart[x[event], y[event]] for event in events]
    assert inside[:held].tolist() == [e for e, verdict in zip(events, verdicts, strict=True) if verdict == 1]
    assert near[:unsure].tolist() == [e for e, verdict in zip(events, verdicts, strict=True) if verdict == 2]
