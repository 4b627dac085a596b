"""Controls of a marker that nobody has, and controls without a sample."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from bcelldepl.batch.outcome import FittedTube
from bcelldepl.counting import not_done
from bcelldepl.fcs.acquisition import Channel
from bcelldepl.gating.strategy import load_strategy
from bcelldepl.quality.control_checks import check_control, check_for_samples, check_negative
from bcelldepl.study import Role, Tube

MARKERS = ("CD3", "CD19", "CAR")
CHANNELS = [
    Channel(f"V{n}-A", label, 1e5) for n, label in enumerate(("CD3", "CD19 BV421", "FMC63 PE", "CD27 APC"))
]
PANEL = {"CD3": "V0-A", "CD19": "V1-A", "CAR": "V2-A"}


def tube(file: str, subject: str = "P1", role: Role = Role.SAMPLE, marker: str | None = None) -> Tube:
    return Tube(file=file, path=Path(file), subject=subject, visit="V1", day=0, role=role, role_marker=marker)


@pytest.mark.parametrize(
    ("marker", "words"),
    [
        ("CAR", ""),
        ("car", ""),
        ("CD27", ""),  # of the panel, and no gate needs it
        ("CRA", "no channel found for CRA (did you mean `CAR`?)"),
        ("XYZ", "no channel found for XYZ (the strategy uses CD3, CD19, CAR)"),
        ("FMC63", "the strategy calls that channel CAR"),
    ],
)
def test_a_control_of_a_marker_that_nobody_has(marker: str, words: str) -> None:
    (found,) = check_control(tube("a", role=Role.FMO, marker=marker), CHANNELS, PANEL, MARKERS)
    assert found.needs_review is bool(words)
    assert f"the role fmo:{marker} is used by no gate: " in found.sentence
    assert words in found.sentence
    assert check_control(tube("a"), CHANNELS, PANEL, MARKERS) == ()


@pytest.mark.parametrize(
    ("subject", "batch", "role", "lone"),
    [
        ("P1", "B", Role.FMO, False),
        ("control", "A", Role.FMO, False),
        ("control", "A", Role.UNSTAINED, False),
        ("control", "B", Role.FMO, True),
        ("control", "", Role.UNSTAINED, True),
        ("control", "B", Role.SINGLE, False),
    ],
)
def test_a_control_without_its_sample(subject: str, batch: str, role: Role, lone: bool) -> None:
    tubes = [tube("a"), tube("b", subject, role)]
    fitted = [FittedTube("a", batch="A"), FittedTube("b", batch=batch)]
    assert set(check_for_samples(tubes, fitted)) == ({"b"} if lone else set())
    assert check_for_samples(tubes, [fitted[0], FittedTube("b", failure="no such file")]) == {}


@pytest.mark.parametrize(
    ("events", "of", "found"),
    [(19, 1_000, False), (20, 1_000, True), (20, 4_000, False), (21, 4_000, True), (0, 1_000, False), (0, 0, False)],
)  # fmt: skip
def test_a_tube_that_cannot_hold_positive_cells(events: int, of: int, found: bool) -> None:
    (row,) = not_done(["CAR_T"], "")
    row = replace(row, events=events, parent="T", parent_events=of)
    strategy = load_strategy("cart_pd")
    control = Tube(
        file="a.fcs", path=Path("a.fcs"), subject="1", visit="V", day=0.0, role=Role.FMO, role_marker="CAR"
    )
    failed = [one for one in check_negative(control, [row], strategy) if not one.passed]
    assert [one.check.name for one in failed] == (["positive_control"] if found else [])
    other = control.model_copy(update={"role_marker": "CD56"})
    sample = control.model_copy(update={"role": Role.SAMPLE, "role_marker": None})
    failed = [one for one in check_negative(sample, [row], strategy) if not one.passed]
    assert [one.check.name for one in failed] == (["positive_before_infusion"] if found else [])
    after, again = (sample.model_copy(update=change) for change in ({"day": 1.0}, {"course": 2}))
    assert all(check_negative(one, [row], strategy) == () for one in (other, after, again))
