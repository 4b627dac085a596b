"""How likely events are of a kind that a tube has hardly any of."""

from __future__ import annotations

import math

import numpy as np
import pytest

from bcelldepl.gating.model.alignment import Alignment, posteriors
from bcelldepl.gating.model.components import Component
from bcelldepl.gating.model.rare_kinds import probability_of
from bcelldepl.gating.model.study_model import StudyModel
from bcelldepl.signal.transform import Transform

TUBE = 200_000  # events
AWAY = 40.0  # spreads between both kinds: their tails are wide


def model():
    kinds = (("T", 0.0), ("B", AWAY))
    components = tuple(
        Component(kind, number, 0.5, (place,), ((1.0,),)) for number, (kind, place) in enumerate(kinds)
    )
    return StudyModel(("x",), (1.0,), {"x": Transform(kind="linear", top=1.0)}, (), components)


def asked(places, share):
    points = np.array([places], dtype=np.float32)
    alignment = Alignment((0.0,), (1.0 - share, share), 6_000, 0.0, 0.0)
    by_sample = posteriors(model(), points, alignment)[1]
    return by_sample, probability_of(model(), points, alignment, ["B"], TUBE)


def ratio(place):
    """Of the densities of both kinds, t distributions of ten degrees of freedom."""

    def density(away):
        return math.gamma(5.5) / math.gamma(5.0) / math.sqrt(10 * math.pi) * (1 + away**2 / 10) ** -5.5

    return density(place - AWAY) / density(place)


@pytest.mark.parametrize("share", [1e-12, 1e-7, 1e-4, 0.1])
def test_the_share_in_the_sample_does_not_matter(share):
    _, found = asked([AWAY, AWAY, 20.5, 0.0], share)
    assert found == pytest.approx(asked([AWAY, AWAY, 20.5, 0.0], 2e-5)[1], abs=1e-3)
    assert found[:2].min() > 0.99
    assert found[2:].max() < 0.01


def test_a_kind_that_the_sample_does_not_show_is_found():
    """A few B cells of the whole tube, at the edge of their kind."""
    place = 32.0
    by_sample, found = asked([place] * 4, 1e-9)
    assert by_sample.max() < 0.01
    # Of 4 events with a ratio r, 4 p + 1 = s 200,000 and p = s r / (s r + 1 - s), for a share s.
    share = (4 * found[0] + 1) / TUBE
    assert found[0] == pytest.approx(share * ratio(place) / (share * ratio(place) + 1), rel=0.01)


@pytest.mark.parametrize(("place", "likely"), [(AWAY, True), (AWAY / 2, False)])
def test_one_event_alone(place, likely):
    assert (asked([place], 1e-7)[1] > 0.5).tolist() == [likely]


def test_a_kind_that_the_model_has_not_holds_no_event():
    points = np.array([[0.0, AWAY]], dtype=np.float32)
    alignment = Alignment((0.0,), (0.5, 0.5), 6_000, 0.0, 0.0)
    assert probability_of(model(), points, alignment, ["NK"], TUBE).tolist() == [0.0, 0.0]
    assert probability_of(model(), points[:, :0], alignment, ["B"], TUBE).size == 0
