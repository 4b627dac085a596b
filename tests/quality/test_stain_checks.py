"""A stain beside the study's other tubes: every limit with a tube on either side of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from bcelldepl.gating.model.brightness import LEAST_CHANGE
from bcelldepl.gating.strategy import load_strategy
from bcelldepl.quality.stain_checks import FEW, FEW_SPREAD, LEAST_SPREAD, OTHERS, check_stains

CART = load_strategy("cart_pd")
CELLS = ("T", "B", "NK", "monocytes", "granulocytes")


@dataclass
class Placed:
    file: str
    brightness: dict[str, dict[str, float]]
    model: str = "cart_pd"


def study(n=8, **changes):
    """Tubes alike, and a last one whose kinds are so much brighter in a marker."""
    usual = {kind: {"CD19": 1.0, "CAR": 1.5, "CD3": 1.0} for kind in CELLS}
    usual["B"] = {**usual["B"], "CD19": 4.0}
    usual["T"] = {**usual["T"], "CD3": 5.0}
    tubes = [Placed(f"t{k}", {kind: dict(row) for kind, row in usual.items()}) for k in range(n)]
    for marker, (kinds, change) in changes.items():
        for kind in kinds:
            tubes[-1].brightness[kind][marker] += change
    return tubes


def failed(tubes):
    found = check_stains([(tube, CART) for tube in tubes])
    return {file: [one.check.name for one in outcomes] for file, outcomes in found.items() if outcomes}


def test_tubes_alike_pass():
    assert failed(study()) == {}


OTHER_KINDS = ("T", "NK", "monocytes", "granulocytes")


def by_factor(position, factor):
    """By how much a position moves where the linear signal is so many times as large."""
    return np.arcsinh(factor * np.sinh(position)) - position


@pytest.mark.parametrize("usual", [0.5, 1.0, 4.0])
@pytest.mark.parametrize(
    ("change", "fails"),
    [
        (-LEAST_CHANGE + 0.01, False),
        (-LEAST_CHANGE - 0.01, True),
        (LEAST_CHANGE - 0.01, False),
        (LEAST_CHANGE + 0.01, True),
    ],
)
def test_a_background_must_change_by_so_much(usual, change, fails):
    """By so many times in linear signal, also near zero, where positions are linear."""
    tubes = study(CD19=(OTHER_KINDS, by_factor(usual, np.exp(change))))
    for tube in tubes:
        for kind in OTHER_KINDS:
            tube.brightness[kind]["CD19"] += usual - 1.0
    assert failed(tubes) == ({"t7": ["stain_background"]} if fails else {})


def test_a_background_that_is_none_cannot_be_dimmer():
    tubes = study(CD19=(OTHER_KINDS, -0.3))
    for tube in tubes:
        for kind in OTHER_KINDS:
            tube.brightness[kind]["CD19"] -= 1.0
    assert failed(tubes) == {}


@pytest.mark.parametrize(("spread", "fails"), [(0.18, True), (0.22, False)])
def test_a_background_that_varies_between_tubes_must_change_by_more(spread, fails):
    """0.56 below others whose robust standard deviation is 0.18 or 0.22: 3.1 and 2.5 of them; 2.8 fail."""
    tubes = study(9, CD19=(OTHER_KINDS, -0.56))
    steps = np.array([-1.5, -0.6745, -0.6745, -0.3, 0.3, 0.6745, 0.6745, 1.5]) * spread
    for tube, step in zip(tubes, steps, strict=False):
        for kind in OTHER_KINDS:
            tube.brightness[kind]["CD19"] += step
    assert ("t8" in failed(tubes)) is fails


@pytest.mark.parametrize(("n", "fails"), [(OTHERS, False), (OTHERS + 1, True)])
def test_so_many_tubes_must_be_there_to_tell(n, fails):
    tubes = study(n, CD19=(OTHER_KINDS, -1.0))
    assert (f"t{n - 1}" in failed(tubes)) is fails


@pytest.mark.parametrize(("n", "fails"), [(FEW - 1, False), (FEW, True)])
def test_few_tubes_tell_less(n, fails):
    """0.65 is 2.6 of the spread that is taken for granted where few tubes tell, and 13 of the other."""
    assert 0.65 / FEW_SPREAD < 2.8 < 0.65 / LEAST_SPREAD
    assert bool(failed(study(n, CD19=(OTHER_KINDS, -0.65)))) is fails


@pytest.mark.parametrize(("change", "fails"), [(0.99, False), (1.01, True), (-0.99, False), (-1.01, True)])
def test_cells_with_the_marker_must_be_as_bright(change, fails):
    tubes = study(CD19=(("B",), change))
    assert failed(tubes) == ({"t7": ["stain_brightness"]} if fails else {})


def test_one_kind_alone_tells_nothing_of_a_background():
    assert failed(study(CD19=(("NK",), -2.0))) == {}
    tubes = study(CD19=(("NK", "monocytes"), -2.0))
    for tube in tubes:
        for kind in ("T", "granulocytes"):
            del tube.brightness[kind]["CD19"]
    assert failed(tubes) == {"t7": ["stain_background"]}


@pytest.mark.parametrize(("kinds", "fails"), [(("T", "monocytes"), True), (("T",), False)])
def test_parts_of_a_kind_are_one_witness(kinds, fails):
    """Activated T cells, CD4+, CD8+ and neither, are one kind of four; with monocytes they are two."""
    tubes = study(CD19=(kinds, 1.0))
    for tube in tubes:
        tube.brightness["CD4_T"] = tube.brightness["CD8_T"] = dict(tube.brightness["T"])
    assert failed(tubes) == ({"t7": ["stain_background"]} if fails else {})


def test_cells_that_may_carry_the_car_say_nothing_of_its_background():
    assert failed(study(CAR=(("T",), 3.0))) == {}
    assert failed(study(CAR=(("B", "NK", "monocytes", "granulocytes"), -1.0))) == {"t7": ["stain_background"]}


def test_tubes_of_other_models_are_held_apart():
    tubes = study(8, CD19=(OTHER_KINDS, -2.0))
    tubes[-1].model = "cart_pd 2"
    assert failed(tubes) == {}


def test_the_sentence_names_the_marker_and_how_much():
    found = check_stains(
        [(tube, CART) for tube in study(CAR=(("B", "NK", "monocytes", "granulocytes"), -1.0))]
    )
    (outcome,) = found["t7"]
    assert outcome.needs_review
    assert "cells without CAR are 0.24 times as bright" in outcome.sentence  # sinh(0.5) of sinh(1.5)
