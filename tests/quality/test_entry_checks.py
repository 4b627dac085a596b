"""Entries of the sheet beside those of other tubes: one lot has one bead count, one protocol one volume."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bcelldepl.quality.entry_checks import check_entries
from bcelldepl.study import Tube

BATCHES = {f"{subject}{day}.fcs": f"W{day}" for subject in "PQRS" for day in range(6)}


def tube(subject: str, day: int, **entries: Any) -> Tube:
    file = f"{subject}{day}.fcs"
    usual = {"bead_count": 50_000.0, "blood_volume_ul": 50.0, **entries}
    return Tube(file=file, path=Path(file), subject=subject, visit=f"D{day}", day=float(day), **usual)


def odd(tubes: list[Tube]) -> dict[str, list[str]]:
    found = check_entries(tubes, BATCHES)
    assert all(outcome.needs_review for outcomes in found.values() for outcome in outcomes)
    return {file: [one.check.name for one in outcomes] for file, outcomes in found.items()}


def study(**of_one: Any) -> list[Tube]:
    """Three subjects with five visits; the third visit of the second subject has other entries."""
    return [
        tube(subject, day, **(of_one if (subject, day) == ("Q", 2) else {}))
        for subject in "PQR"
        for day in range(5)
    ]


def test_a_sound_study_has_none() -> None:
    assert odd(study()) == {}


@pytest.mark.parametrize("column", ["bead_count", "blood_volume_ul"])
@pytest.mark.parametrize(
    ("fold", "found"), [(10, True), (3, True), (1.5, True), (1.26, True), (1.25, False), (1, False)]
)
@pytest.mark.parametrize("up", [True, False])
def test_one_tube_whose_entry_is_another(column: str, fold: float, found: bool, up: bool) -> None:
    usual = {"bead_count": 50_000.0, "blood_volume_ul": 50.0}[column]
    value = usual * fold if up else usual / fold
    assert odd(study(**{column: value})) == ({"Q2.fcs": ["odd_entry"]} if found else {})


def test_what_is_said() -> None:
    (outcome,) = check_entries(study(bead_count=5_000.0), BATCHES)["Q2.fcs"]
    assert outcome.sentence == "bead_count is 5,000 here, 0.1 times the 50,000 of other tubes"


def test_lots_that_differ_a_little_are_alike() -> None:
    tubes = [tube(subject, day, bead_count=50_000 * 1.04**day) for subject in "PQR" for day in range(5)]
    assert odd(tubes) == {}


def test_another_lot_that_the_batch_shares() -> None:
    lots = {4: 80_000.0}
    tubes = [tube(subject, day, bead_count=lots.get(day, 50_000.0)) for subject in "PQR" for day in range(5)]
    assert odd(tubes) == {}


def test_a_subject_with_beads_of_its_own() -> None:
    tubes = [
        tube(subject, day, bead_count=90_000.0 if subject == "R" else 50_000.0)
        for subject in "PQR"
        for day in range(5)
    ]
    assert odd(tubes) == {}


def test_a_subject_with_a_volume_of_its_own_is_asked_about() -> None:
    """Millilitres, or a protocol that was not kept: no other subject has it."""
    tubes = [
        tube(subject, day, blood_volume_ul=500.0 if subject == "R" else 50.0)
        for subject in "PQR"
        for day in range(5)
    ]
    assert odd(tubes) == {f"R{day}.fcs": ["odd_entry"] for day in range(5)}


def test_two_errors_of_one_subject_do_not_excuse_each_other() -> None:
    tubes = [
        tube(subject, day, bead_count=5_000.0 if subject == "P" and day in (1, 3) else 50_000.0)
        for subject in "PQR"
        for day in range(10)
    ]
    assert odd(tubes) == {"P1.fcs": ["odd_entry"], "P3.fcs": ["odd_entry"]}


def test_two_tubes_that_disagree_are_both_asked_about() -> None:
    assert odd([tube("P", 0), tube("P", 1, bead_count=5_000.0)]) == {
        "P0.fcs": ["odd_entry"],
        "P1.fcs": ["odd_entry"],
    }
    assert odd([tube("P", 0)]) == {}


def test_a_dilution_counts_where_volume_does() -> None:
    volumetric = {"bead_count": None, "blood_volume_ul": None}
    tubes = [tube("P", day, dilution=100.0 if day == 2 else 10.0, **volumetric) for day in range(4)]
    assert odd(tubes) == {"P2.fcs": ["odd_entry"]}
    assert odd([tube("P", day, dilution=100.0 if day == 2 else 10.0) for day in range(4)]) == {}


@pytest.mark.parametrize(
    ("count", "unusual"), [(1_999, True), (2_000, False), (500_000, False), (500_001, True)]
)
def test_either_side_of_a_usual_bead_count(count: float, unusual: bool) -> None:
    tubes = [tube("P", day, bead_count=float(count)) for day in range(3)]
    assert odd(tubes) == ({f"P{day}.fcs": ["bead_count_unusual"] for day in range(3)} if unusual else {})
