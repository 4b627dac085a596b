"""What a file calls itself, beside the subject, the visit and the role of its row."""

from __future__ import annotations

from pathlib import Path

import pytest

from bcelldepl.batch.outcome import FittedTube
from bcelldepl.quality.name_checks import check_names
from bcelldepl.study import Role, Tube

VISITS = {"BL": -5.0, "D0": 0.0, "D7": 7.0, "D14": 14.0}


def study(
    path: str = "{n}.fcs", visits: dict[str, float] = VISITS, **keywords: str
) -> tuple[list[Tube], list[FittedTube]]:
    """Subjects with visits, whose files are called as the forms say."""
    tubes, opened = [], []
    for subject in ("S01", "S02"):
        for visit, day in visits.items():
            words = {"s": subject, "v": visit, "n": len(tubes), "d": int(abs(day)), "w": 5 + len(tubes)}
            file = path.format(**words)
            tubes.append(Tube(file=file, path=Path(file), subject=subject, visit=visit, day=day))
            names = {key.replace("_", " "): form.format(**words) for key, form in keywords.items()}
            opened.append(FittedTube(file, names={k.replace("FIL", "$FIL"): v for k, v in names.items()}))
    return tubes, opened


def exchanged(tubes: list[Tube], opened: list[FittedTube], one: int, other: int) -> dict[str, list[str]]:
    """What is said where two rows have each other's file."""
    files = [tube.file for tube in tubes]
    files[one], files[other] = files[other], files[one]
    opened = list(opened)
    opened[one], opened[other] = opened[other], opened[one]
    return said([tube.model_copy(update={"file": f}) for tube, f in zip(tubes, files, strict=True)], opened)


def said(tubes: list[Tube], opened: list[FittedTube]) -> dict[str, list[str]]:
    found = check_names(tubes, opened)
    assert all(outcome.needs_review for outcomes in found.values() for outcome in outcomes)
    return {file: [one.sentence for one in outcomes] for file, outcomes in found.items()}


FORMS = [
    {"path": "fcs/{s}_{v}.fcs"},
    {"path": "fcs/{s}/{v}/{n}.fcs"},
    {"path": "{s}-Day {d:03}.fcs"},
    {"FIL": "{s}_{v}.fcs"},
    {"TUBE_NAME": "{v}", "PATIENT_ID": "{s}"},
    {"SAMPLE_ID": "trial {s} {v} run {n}"},
]


@pytest.mark.parametrize("form", FORMS, ids=str)
def test_sound_names_say_nothing_and_exchanged_files_are_named(form: dict[str, str]) -> None:
    tubes, opened = study(**form)
    assert said(tubes, opened) == {}
    within = exchanged(tubes, opened, 1, 3)
    assert set(within) == {tubes[1].file, tubes[3].file}
    assert all("of visit" in sentence for sentences in within.values() for sentence in sentences)
    between = exchanged(tubes, opened, 1, 5)
    assert set(between) == {tubes[1].file, tubes[5].file}
    assert all("of subject" in sentence for sentences in between.values() for sentence in sentences)


def test_what_is_said() -> None:
    tubes, opened = study(FIL="{s}_{v}.fcs")
    sentences = exchanged(tubes, opened, 0, 2)
    assert sentences["2.fcs"] == [
        "according to $FIL (S01_D7.fcs) the file is of visit D7, according to the sheet of BL: "
        "is it another tube's file?"
    ]


@pytest.mark.parametrize("form", FORMS[:1] + FORMS[3:], ids=str)
def test_a_sheet_shifted_by_a_row(form: dict[str, str]) -> None:
    tubes, opened = study(**form)
    files = [tube.file for tube in tubes]
    moved = [
        tube.model_copy(update={"file": file})
        for tube, file in zip(tubes, files[1:] + files[:1], strict=True)
    ]
    assert set(said(moved, opened[1:] + opened[:1])) == set(files)


@pytest.mark.parametrize(
    "form",
    [
        {"path": "{n:03}.fcs"},
        {"path": "Specimen_001_Tube_{n:03}.fcs"},
        {"path": "export_A{w}.fcs"},
        {"FIL": "same.fcs"},
        {"PATIENT_ID": "anonymous"},
        {"path": "S01_S02_{v}_D0.fcs"},  # two subjects, two visits: it says nothing
    ],
    ids=str,
)
def test_names_that_tell_nothing(form: dict[str, str]) -> None:
    tubes, opened = study(**form)
    assert exchanged(tubes, opened, 1, 5) == {}


def test_few_names_that_happen_to_tell_are_not_believed() -> None:
    """Wells of a plate are no visits: D7 is one tube's well, and others' wells mean nothing."""
    tubes, opened = study(path="x{n}.fcs")
    wells = ["A1", "B2", "D14", "D7", "E5", "F6", "G7", "H8"]
    opened = [FittedTube(one.file, names={"$FIL": well}) for one, well in zip(opened, wells, strict=True)]
    assert said(tubes, opened) == {}


def test_days_before_and_after_are_written_alike() -> None:
    tubes, opened = study(visits={"D-7": -7.0, "D7": 7.0, "D14": 14.0}, path="{s}_D{d}.fcs")
    assert said(tubes, opened) == {}


def test_names_of_controls() -> None:
    tubes, opened = study(path="{s}_{v}{n}.fcs")
    role = {"role": Role.FMO, "role_marker": "CAR"}
    tubes = [tube.model_copy(update=role) if tube.visit == "BL" else tube for tube in tubes]
    tubes.append(tubes[1].model_copy(update=role | {"file": "S03_BL.fcs", "subject": "S03"}))
    opened.append(FittedTube("S03_BL.fcs"))
    assert said(tubes, opened) == {}  # none of them says that it is one
    for number in (0, 4):
        opened[number] = FittedTube(opened[number].file, names={"TUBE NAME": "FMO-CAR"})
    opened[-1] = FittedTube(opened[-1].file, names={"TUBE NAME": "full stain"})
    assert list(said(tubes, opened)) == ["S03_BL.fcs"]
    assert "no FMO control, according to the sheet it is fmo" in said(tubes, opened)["S03_BL.fcs"][0]
    opened[2] = FittedTube(opened[2].file, names={"TUBE NAME": "FMO CAR"})
    assert "an FMO control, according to the sheet it is sample" in said(tubes, opened)[tubes[2].file][0]
