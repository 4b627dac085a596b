"""Rows of the sheet that are wrong beside their files: said in `tubes.csv`, and by the exit code."""

from __future__ import annotations

from pathlib import Path

import pytest

from bcelldepl.batch import run
from bcelldepl.batch.controls import doubt_of_marker, lone_controls
from bcelldepl.batch.outcome import FittedTube
from bcelldepl.fcs.acquisition import Channel
from bcelldepl.study import Role, Tube, load_study

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
        ("CRA", "no channel carries CRA (did you mean `CAR`?)"),
        ("XYZ", "no channel carries XYZ (the strategy uses CD3, CD19, CAR)"),
        ("FMC63", "the strategy calls that channel CAR"),
    ],
)
def test_a_control_of_a_marker_that_nobody_has(marker: str, words: str) -> None:
    doubt = doubt_of_marker(tube("a", role=Role.FMO, marker=marker), CHANNELS, PANEL, MARKERS)
    assert words in doubt
    assert bool(doubt) is bool(words)
    assert doubt_of_marker(tube("a"), CHANNELS, PANEL, MARKERS) == ""


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
    assert set(lone_controls(tubes, fitted)) == ({"b"} if lone else set())
    assert lone_controls(tubes, [fitted[0], FittedTube("b", failure="no such file")]) == {}


def test_doubts_of_the_sheet_reach_the_tables_and_the_exit_code(copy_of_one: Path) -> None:
    sheet = copy_of_one / "samples.csv"
    text = sheet.read_text().replace("fmo:CAR", "fmo:CRA")
    lines = text.splitlines()
    column = lines[0].split(",").index("visit")
    cells = [line.split(",") for line in lines]
    (first, second) = [row for row in cells if row[0].endswith(("D10.fcs", "D28.fcs"))][:2]
    second[column] = first[column]
    sheet.write_text("\n".join(map(",".join, cells)) + "\n")
    results = run(load_study(copy_of_one / "study.toml"), copy_of_one / "results", workers=1)
    reasons = dict(zip(results.tubes["file"], results.tubes["reason"], strict=True))
    assert f"visit {first[column]} of S01 is day" in reasons[first[0]]
    assert f"visit {first[column]} of S01 is day" in reasons[second[0]]
    controls = [reason for file, reason in reasons.items() if "FMO" in file.upper()]
    assert controls
    assert all("the role fmo:CRA is used by no gate" in reason for reason in controls)
    assert results.exit_code == 1
    page = (copy_of_one / "results" / "report.html").read_text(encoding="utf-8")
    assert "the role fmo:CRA is used by no gate" in page
