"""The mixture of a negative, bright positives and a bridge, against one with whole arrays."""

from __future__ import annotations

import naive
import numpy as np
import pytest

from bcelldepl.kernels.bridge import expect_positives

POSITIONS = (np.arange(300) + 0.5) / 300


def events(part, bridged, seed):
    """Counts of a negative at 0.3 and of positives, some of them dim; and how many are positive."""
    rng = np.random.default_rng(seed)
    n, up = 5_000, round(5_000 * part)
    dim = round(up * bridged)
    values = [rng.normal(0.3, 0.04, n - up), rng.uniform(0.3, 0.7, dim), rng.normal(0.7, 0.07, up - dim)]
    return np.histogram(np.concatenate(values), 300, (0.0, 1.0))[0].astype(np.float64), up


def begin(share, bright=0.7):
    return np.array(
        [
            [0.3, 0.5 * (0.3 + bright), bright],
            [0.04, 0.25 * (bright - 0.3), 0.07],
            [1 - share, 0.4 * share, 0.6 * share],
        ]
    )


@pytest.mark.parametrize("part", [0.0, 0.01, 0.2, 0.9])
@pytest.mark.parametrize("bridged", [0.0, 0.5])
@pytest.mark.parametrize("rounds", [0, 1, 7, 400])
def test_positives_are_those_of_whole_arrays(part, bridged, rounds):
    for seed in range(3):
        counts, _ = events(part, bridged, seed)
        asked = POSITIONS, counts, begin(max(part, 1e-4)), (0.036, 0.044), rounds, 1e-6
        assert expect_positives(*asked) == pytest.approx(naive.expect_positives(*asked), rel=1e-8, abs=1e-6)


@pytest.mark.parametrize("part", [0.05, 0.4])
def test_positives_are_counted(part):
    counts, up = events(part, 0.2, 1)
    found = expect_positives(POSITIONS, counts, begin(part), (0.036, 0.044), 400, 1e-6)
    assert found == pytest.approx(up, rel=0.1)


def test_no_event_is_no_positive():
    assert expect_positives(POSITIONS, np.zeros(300), begin(0.1), (0.036, 0.044), 400, 1e-6) == 0.0
