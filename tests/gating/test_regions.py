"""An edge cuts exact positions, though columns hold them rounded."""

from __future__ import annotations

import numpy as np
import pytest
from clouds import signal

from bcelldepl.gating.events import Events
from bcelldepl.gating.regions import above, below, ellipse, inside, polygon, strip
from bcelldepl.signal import Signal

X, Y = "CD3", "CD19"
REGIONS = [
    above(X, 0.5),
    below(X, 0.5),
    strip(X, Y, (1.0, -1.0), -0.25, 0.1),
    polygon(X, Y, [(0.2, 0.3), (0.75, 0.25), (0.5, 0.8)]),
    polygon(X, Y, [(0.25, 0.25), (0.75, 0.25), (0.75, 0.75), (0.25, 0.75)]),
    ellipse(X, Y, (0.5, 0.5), ((0.02, 0.005), (0.005, 0.03)), 4.0),
]


def crowded(region, rng):
    """Events in float64, most of them nearer to an edge than a float32 can tell."""
    places = rng.uniform(0, 1, (2, 4_000))
    held = inside(region, dict(zip((X, Y), places, strict=True)))
    one, other = places[:, held][:, :400], places[:, ~held][:, :400]
    n = min(one.shape[1], other.shape[1])
    one, other = one[:, :n], other[:, :n]
    for _ in range(40):  # halves the way between an event inside and one outside
        middle = 0.5 * (one + other)
        held = inside(region, dict(zip((X, Y), middle, strict=True)))
        one, other = np.where(held, middle, one), np.where(held, other, middle)
    return np.concatenate([places, one, other], axis=1)


def tube(places):
    exact = dict(zip((X, Y), places, strict=True))
    rounded = {marker: column.astype(np.float32) for marker, column in exact.items()}
    made = signal(rounded)
    return Signal(made.columns, made.quality, made.scales, lambda marker, events: exact[marker][events])


@pytest.mark.parametrize("number", range(len(REGIONS)))
def test_membership_is_that_of_the_exact_positions(number):
    region = REGIONS[number]
    places = crowded(region, np.random.default_rng(number))
    truth = inside(region, dict(zip((X, Y), places, strict=True)))
    index = np.random.default_rng(0).permutation(places.shape[1])[:3_000].astype(np.int32)
    made = tube(places)
    np.testing.assert_array_equal(inside(region, Events(made, index)), truth[index])
    # Rounded positions alone would not do.
    assert (inside(region, Events(signal(made.columns), index)) != truth[index]).any()


def test_events_are_gathered_as_they_are_asked_for():
    made = tube(np.random.default_rng(0).uniform(0, 1, (2, 10)))
    events = Events(made, np.array([7, 2, 2], np.int32), {"B": np.float32([0, 1, 1])})
    assert list(events) == [X, Y, "B"]
    assert len(events) == 3
    np.testing.assert_array_equal(events[X], made.columns[X][[7, 2, 2]])
    np.testing.assert_array_equal(events["B"], [0, 1, 1])
    np.testing.assert_array_equal(events.exact(Y, np.array([1])).astype(np.float32), made.columns[Y][[2]])
    with pytest.raises(KeyError):
        events["CD4"]
