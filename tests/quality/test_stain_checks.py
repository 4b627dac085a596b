"""A stain beside the study's other tubes: every limit with a tube on either side of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from bcelldepl.gating.model.brightness import LEAST_CHANGE
from bcelldepl.gating.strategy import load_strategy
from bcelldepl.quality.stain_brightness import OTHERS, STAINS, USUAL, from_alike, in_most
from bcelldepl.quality.stain_checks import FEW, FEW_SPREAD, LEAST_SPREAD, check_stains

CART = load_strategy("cart_pd")
CELLS = ("T", "B", "NK", "monocytes", "granulocytes")


@dataclass
class Placed:
    file: str
    brightness: dict[str, dict[str, float]]
    model: str = "cart_pd"
    batch: str = ""

    def __post_init__(self):
        self.batch = self.batch or self.file


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


STAINED = ("CD19", "CAR", "CD20", "CD14", "CD56")


def dimmer_in(stains, alone=0.0, of=5):
    """Tubes alike in so many stains, and a last one whose cells are dimmer in some, and CD19 by itself."""
    usual = {kind: dict.fromkeys(STAINED[:of], 2.5) for kind in CELLS}
    tubes = [Placed(f"t{k}", {kind: dict(row) for kind, row in usual.items()}) for k in range(8)]
    for kind, row in tubes[-1].brightness.items():
        for marker in stains:
            row[marker] -= 1.0
        row["CD19"] -= 0.0 if kind == "B" else alone
    return failed(tubes)


def test_cells_that_are_dimmer_in_all_stains_are_not_short_of_a_reagent():
    assert dimmer_in(STAINED) == {}
    assert dimmer_in(("CD19",)) != {}


@pytest.mark.parametrize(("others", "fails"), [(3, False), (1, True)])
def test_most_of_the_other_stains_must_be_dimmer_too(others, fails):
    """CD19 and so many of four others."""
    assert ("stain_background" in str(dimmer_in(("CD19", *STAINED[5 - others :])))) is fails


@pytest.mark.parametrize(("of", "fails"), [(4, False), (3, True)])
def test_so_many_other_stains_must_tell(of, fails):
    assert of - 1 == (STAINS if not fails else STAINS - 1)
    assert bool(dimmer_in(STAINED[:of], of=of)) is fails


@pytest.mark.parametrize(("alone", "fails"), [(0.4, False), (0.8, True)])
def test_a_stain_may_be_missing_from_cells_that_are_dimmer_in_all(alone, fails):
    found = dimmer_in(STAINED, alone)
    assert found == ({"t7": ["stain_background"]} if fails else {})


def test_brighter_cells_do_not_hide_a_stain_that_is_missing():
    usual = {kind: dict.fromkeys(STAINED, 2.5) for kind in CELLS}
    tubes = [Placed(f"t{k}", {kind: dict(row) for kind, row in usual.items()}) for k in range(8)]
    for row in tubes[-1].brightness.values():
        row |= dict.fromkeys(STAINED[1:], 3.0) | {"CD19": 1.5}
    assert failed(tubes) == {"t7": ["stain_background"]}


@pytest.mark.parametrize(
    ("alike", "batches", "flagged"),
    [
        (3, ("a", "b", "c", "d"), 0),  # an earlier antibody, say: each is like three of other batches
        (2, ("a", "b", "c"), 3),
        (3, ("a", "a", "a", "a"), 4),  # one pipette of a reagent for all of a day
        (4, ("a", "a", "b", "c", "d"), 0),
    ],
)
def test_a_tube_must_be_like_three_of_other_batches(alike, batches, flagged):
    tubes = study(12)
    for tube, batch in zip(tubes, batches, strict=False):
        tube.batch = batch
        tube.brightness["B"]["CD19"] -= 1.5
    assert alike + 1 == len(batches)
    found = failed(tubes)
    assert len(found) == flagged
    assert all(checks == ["stain_brightness"] for checks in found.values())


def test_where_all_tubes_are_of_one_batch_they_are_held_against_each_other():
    tubes = study(6, CD19=(("B",), -1.5))
    for tube in tubes:
        tube.batch = "a"
    assert failed(tubes) == {"t5": ["stain_brightness"]}


@pytest.mark.parametrize(("b_cells", "flagged"), [(0.0, False), (-0.99, False), (-1.01, True)])
def test_all_kinds_that_carry_a_marker_must_have_changed(b_cells, flagged):
    tubes = study(8, CD19=(("B",), b_cells))
    for tube in tubes:
        tube.brightness["plasmablasts"] = {"CD19": 3.0, "CAR": 1.5, "CD3": 1.0}
    tubes[-1].brightness["plasmablasts"]["CD19"] -= 1.4
    found = check_stains([(tube, CART) for tube in tubes])
    sentences = [one.sentence for one in found.get("t7", ())]
    assert sentences == (
        ["B cells are 0.36 times as bright in CD19 as in the tubes of the study most like it"]
        if flagged
        else []
    )


@pytest.mark.parametrize(("off", "found"), [(USUAL + 0.01, -USUAL - 0.01), (USUAL - 0.01, 0.0)])
def test_cells_must_be_off_in_most_stains_by_more_than_any_are(off, found):
    assert in_most([np.array([0.0, -off]) for _ in range(STAINS)], 2).tolist() == [0.0, found]
    assert in_most([], 2).tolist() == [0.0, 0.0]


def test_a_tube_in_the_middle_of_others_that_differ_is_as_usual():
    values = np.array([0.0, -0.6, -1.4, 1.3, 1.5])
    away = from_alike(values, list("abcde"))
    assert away[0] == pytest.approx(-0.35)  # from the middle of -0.6 and 1.3; the third is 1.3 off
    assert np.isnan(from_alike(values[:3], list("abc"))).all()


@pytest.mark.parametrize(
    ("beads", "position", "fails"),
    [
        (-1.0, 5.0, False),  # the detector's gain
        (-0.5, 5.0, True),  # explains half of it
        (0.0, 5.0, True),
        (1.0, 5.0, True),  # the other way
        (-1.0, 2.4, True),  # beads that do not shine in the detector show the background
        (-1.0, 2.6 + 1.0, False),
        (np.nan, 5.0, True),
    ],
)
def test_what_beads_lose_too_is_the_detectors_gain(beads, position, fails):
    """In one laboratory a detector lost a fifth for two weeks: near zero NK cells seemed a fifth as bright in CD19."""
    tubes = study(CD19=(OTHER_KINDS, -0.8))
    for tube in tubes:
        tube.brightness["beads"] = {"CD19": position}
    if np.isnan(beads):
        del tubes[-1].brightness["beads"]
    else:
        tubes[-1].brightness["beads"]["CD19"] += beads
    assert failed(tubes) == ({"t7": ["stain_background"]} if fails else {})


def test_a_reagent_that_is_missing_while_the_detector_is_dim_is_found():
    """Anti-CAR was left out of a tube of a week in which its detector lost a fifth: 142 CAR+ cells were none."""
    tubes = study(CAR=(("NK", "monocytes", "granulocytes", "B"), -0.69))
    for tube in tubes:
        for kind in CELLS:
            tube.brightness[kind]["CAR"] += 2.0
        tube.brightness["beads"] = {"CAR": 7.5}
    tubes[-1].brightness["beads"]["CAR"] -= 0.26
    assert failed(tubes) == {"t7": ["stain_background"]}
