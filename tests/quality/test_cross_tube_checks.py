"""Mistakes that only the other tubes of a study show."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from bcelldepl.batch.outcome import FittedTube
from bcelldepl.quality.cross_tube_checks import check_across_tubes
from bcelldepl.study import Tube

PANEL = {"CD3": "FL1-A", "CD19": "FL2-A", "CD56": "FL3-A"}


def opened(n: int) -> tuple[list[Tube], list[FittedTube]]:
    """Tubes of one subject whose detectors carry the same labels."""
    tubes = [
        Tube(file=f"{i}.fcs", path=Path(f"{i}.fcs"), subject="1", visit=f"D{i}", day=float(i))
        for i in range(n)
    ]
    return tubes, [FittedTube(tube.file, sha256=f"sha {i}", panel=PANEL) for i, tube in enumerate(tubes)]


def failed(tubes: list[Tube], fitted: list[FittedTube]) -> dict[str, list[str]]:
    found = check_across_tubes(tubes, fitted)
    return {file: [one.sentence for one in outcomes] for file, outcomes in found.items() if outcomes}


def test_sound_tubes_have_none() -> None:
    assert failed(*opened(4)) == {}


def test_the_same_bytes_under_two_names() -> None:
    tubes, fitted = opened(3)
    fitted[2] = replace(fitted[2], sha256=fitted[0].sha256)
    assert failed(tubes, fitted) == {
        "0.fcs": ["the same bytes as 2.fcs: one of the two is a copy"],
        "2.fcs": ["the same bytes as 0.fcs: one of the two is a copy"],
    }


def test_a_tube_that_could_not_be_read_is_no_copy() -> None:
    tubes, fitted = opened(3)
    assert failed(tubes, [replace(one, sha256="", panel={}) for one in fitted]) == {}


def test_two_labels_exchanged_in_one_of_three_tubes() -> None:
    tubes, fitted = opened(3)
    fitted[1] = replace(fitted[1], panel=PANEL | {"CD19": "FL3-A", "CD56": "FL2-A"})
    sentences = failed(tubes, fitted)
    assert list(sentences) == ["1.fcs"]
    assert sentences["1.fcs"][0].startswith(
        "CD19 is read from FL3-A, which is CD56 in all other tubes of the subject"
    )


def test_two_tubes_cannot_tell_which_of_them_is_wrong() -> None:
    tubes, fitted = opened(2)
    fitted[1] = replace(fitted[1], panel=PANEL | {"CD19": "FL3-A", "CD56": "FL2-A"})
    assert failed(tubes, fitted) == {}


def test_another_cytometer_may_use_other_detectors() -> None:
    tubes, fitted = opened(3)
    other = PANEL | {"CD19": "FL3-A", "CD56": "FL2-A"}
    fitted[1] = replace(fitted[1], panel=other, cytometer="another")
    assert failed(tubes, fitted) == {}
