"""Rows of a sheet beside each other: odd days, and duplicates that are no replicates."""

from __future__ import annotations

from pathlib import Path

import pytest

from bcelldepl.quality.limits import ODD_DAYS, ODD_PART
from bcelldepl.quality.row_checks import check_guesses, check_rows
from bcelldepl.study import Study, load_study

TOML = '[study]\nid = "S1"\nsamples = "samples.csv"\nstrategy = "cart_pd"\n'
HEAD = "file,subject,visit,day"


def load(folder: Path, sheet: str) -> Study:
    (folder / "samples.csv").write_text(sheet, encoding="utf-8")
    (folder / "study.toml").write_text(TOML, encoding="utf-8")
    return load_study(folder / "study.toml")


def sentences(study: Study) -> dict[str, list[str]]:
    found = check_rows(study.tubes)
    assert all(outcome.needs_review for outcomes in found.values() for outcome in outcomes)
    return {file: [outcome.sentence for outcome in outcomes] for file, outcomes in found.items()}


COLLECTED = f"{HEAD},collected,infused"


@pytest.mark.parametrize(
    ("day", "collected", "odd"),
    [
        (10.0, f"2026-01-{11 + int(ODD_DAYS):02}", False),
        (10.0, f"2026-01-{12 + int(ODD_DAYS):02}", True),
        (100.0, "2026-05-05", False),  # 124 days: a quarter less one
        (100.0, "2026-05-07", True),  # 126 days
        (28.0, "2027-01-29", True),
    ],
)
def test_blood_far_from_its_day(tmp_path: Path, day: float, collected: str, odd: bool) -> None:
    assert ODD_PART == 0.25
    study = load(tmp_path, f"{COLLECTED}\na.fcs,P1,V1,{day},{collected},2026-01-01\n")
    found = sentences(study)
    assert bool(found) is odd
    if odd:
        assert "days after infusion" in found["a.fcs"][0]
    assert study.warnings == ()


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ("a.fcs,P1,V1,0,,\nb.fcs,P1,V1,0,,", ""),
        ("a.fcs,P1,V1,0,2026-01-01T08:00,\nb.fcs,P1,V1,0,2026-01-01T12:00,", ""),
        ("a.fcs,P1,V1,0,,\nb.fcs,P2,V1,28,,", ""),
        ("a.fcs,P1,V1,0,,\nb.fcs,P1,V1,28,,", "visit V1 of P1 is day 0 here and day 28 in b.fcs"),
        (
            "a.fcs,P1,V1,0,2026-01-01,\nb.fcs,P1,V1,0,2026-01-02,",
            "visit V1 of P1 was collected on 2026-01-01 here and on 2026-01-02 in b.fcs",
        ),
        ("a.fcs,P1,V1,7,,\nb.fcs,P1,V2,7,,", "day 7 of P1 is visit V1 here and visit V2 in b.fcs"),
        ("a.fcs,P1,V1,7,2026-01-08T08:00,\nb.fcs,P1,V2,7,2026-01-08T12:00,", ""),
    ],
)
def test_duplicates_that_are_no_replicates(tmp_path: Path, rows: str, words: str) -> None:
    found = sentences(load(tmp_path, f"{COLLECTED}\n{rows}\n"))
    if words:
        assert found["a.fcs"] == [words]
        assert len(found["b.fcs"]) == 1
    else:
        assert found == {}


def test_controls_of_a_visit_are_no_duplicates(tmp_path: Path) -> None:
    assert sentences(load(tmp_path, f"{HEAD},role\na.fcs,P1,V1,0,\nb.fcs,P1,V1,28,fmo:CAR\n")) == {}


def test_a_guessed_row_needs_review(tmp_path: Path) -> None:
    study = load(tmp_path, f"{HEAD},guessed\na.fcs,P1,V1,0,day (file name)\nb.fcs,P1,V2,1,\n")
    ((file, (outcome,)),) = check_guesses(study.guesses).items()
    assert file == "a.fcs"
    assert outcome.needs_review
    assert outcome.sentence == "guessed by `bcelldepl init` and not confirmed: day (file name)"
