"""Slips of the sheet that a new user makes, through `run`: each tube is named with its reason, and no sound one."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path

import pandas as pd
import pytest

from bcelldepl.batch import Results, run
from bcelldepl.study import load_study

Rows = list[dict[str, str]]


def rewritten(study: Path, folder: Path, rows: Rows) -> Results:
    """Results of a copy of a study with another sheet."""
    shutil.copytree(study, folder, ignore=shutil.ignore_patterns("labels"))
    with (folder / "samples.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return run(load_study(folder / "study.toml"), folder / "results", workers=1)


def rows_of(study: Path) -> Rows:
    with (study / "samples.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def spoiled(simulated: Path, tmp_path_factory: pytest.TempPathFactory) -> Results:
    """A study with four slips, each in tubes of its own."""
    rows = rows_of(simulated)
    by_file = {row["file"].removeprefix("fcs/").removesuffix(".fcs"): row for row in rows}
    by_file["S01_D10"]["bead_count"] = str(int(by_file["S01_D10"]["bead_count"]) // 10)
    by_file["S02_D90"]["blood_volume_ul"] = "500"
    one, other = by_file["S01_D28"], by_file["S01_D90"]
    one["file"], other["file"] = other["file"], one["file"]
    year = by_file["S02_D10"]["collected"][:4]
    by_file["S02_D10"]["collected"] = by_file["S02_D10"]["collected"].replace(year, str(int(year) - 1))
    return rewritten(simulated, tmp_path_factory.mktemp("slips") / "study", rows)


@pytest.fixture(scope="module")
def reasons(spoiled: Results) -> dict[str, str]:
    return {
        row["file"].removeprefix("fcs/").removesuffix(".fcs"): row["reason"]
        for row in spoiled.tubes[["file", "reason"]].to_dict("records")
    }


def test_a_tenth_of_the_beads(reasons: dict[str, str]) -> None:
    assert "bead_count is 3,478 here, 0.0956 times the 36,391 of other tubes" in reasons["S01_D10"]


def test_ten_times_the_blood(reasons: dict[str, str]) -> None:
    assert "blood_volume_ul is 500 here, 10 times the 50 of other tubes" in reasons["S02_D90"]


def test_two_files_exchanged_are_both_named(reasons: dict[str, str]) -> None:
    assert "(fcs/S01_D90.fcs) the file is of visit D90, according to the sheet of D28" in reasons["S01_D90"]
    assert "days after the blood was drawn" in reasons["S01_D90"]
    assert "(fcs/S01_D28.fcs) the file is of visit D28, according to the sheet of D90" in reasons["S01_D28"]
    assert "measured on " in reasons["S01_D28"]


def test_a_year_mistyped(reasons: dict[str, str]) -> None:
    assert "on the other side of the infusion" in reasons["S02_D10"]
    assert "in the reverse order of their days" in reasons["S02_D10"]


def test_no_sound_tube_is_named_for_it(reasons: dict[str, str], results: Results) -> None:
    """But those that the study asks about without any slip."""
    asked = results.tubes.set_index("file")["status"] != "ok"
    before = {file.removeprefix("fcs/").removesuffix(".fcs") for file in asked[asked].index}
    slips = {"S01_D10", "S02_D90", "S01_D28", "S01_D90", "S02_D10"}
    assert {name for name, reason in reasons.items() if reason} - before == slips


def test_exit_code_and_page_tell(spoiled: Results) -> None:
    assert spoiled.exit_code == 1
    page = (spoiled.folder / "report.html").read_text(encoding="utf-8")
    assert "blood_volume_ul is 500 here" in page


def test_what_a_count_stands_on_is_in_the_table_and_on_the_page(simulated: Path, results: Results) -> None:
    rows = {row["file"]: row for row in rows_of(simulated)}
    tubes = results.tubes.set_index("file")
    counts = results.counts.set_index(["file", "population"])
    for file in tubes.index[tubes["role"] == "sample"]:
        tube = tubes.loc[file]
        assert tube["bead_count"] == float(rows[file]["bead_count"])
        assert tube["blood_volume_ul"] == float(rows[file]["blood_volume_ul"])
        assert tube["dilution"] == 1.0
        assert tube["beads_seen"] == counts.loc[(file, "beads"), "events"]
        assert tube["recovery"] == pytest.approx(tube["beads_seen"] / tube["bead_count"], abs=1e-6)
        volume = tube["blood_volume_ul"] * tube["beads_seen"] / tube["bead_count"]
        assert tube["analysed_volume_ul"] == pytest.approx(volume)
    page = (results.folder / "report.html").read_text(encoding="utf-8")
    for label in ("Beads in the tube", "Beads seen", "Blood in the tube", "Analysed volume", "Dilution"):
        assert label in page


def test_without_beads_nothing_is_said_of_them(simulated: Path) -> None:
    from bcelldepl.batch.outcome import CountedTube, FittedTube
    from bcelldepl.batch.tables import tubes_table
    from bcelldepl.store.reviews import read_reviews

    study = load_study(simulated / "study.toml")
    fitted = [FittedTube(tube.file) for tube in study.tubes]
    counted = [CountedTube(tube.file) for tube in study.tubes]
    table = tubes_table(study, fitted, counted, read_reviews([]))
    assert table[["beads_seen", "recovery", "analysed_volume_ul"]].isna().all(axis=None)
    assert isinstance(table, pd.DataFrame)


def test_a_sheet_shifted_by_one_row(simulated: Path) -> None:
    """Every file stands in the row before its own: by names and dates of the files no tube passes."""
    from bcelldepl.batch.tube import fit
    from bcelldepl.gating.strategy import load_strategy
    from bcelldepl.quality.date_checks import check_dates
    from bcelldepl.quality.name_checks import check_names

    study = load_study(simulated / "study.toml")
    strategy = load_strategy(study.strategy)
    tubes, paths = list(study.tubes), [(tube.file, tube.path) for tube in study.tubes]
    moved = [
        tube.model_copy(update={"file": file, "path": path})
        for tube, (file, path) in zip(tubes, paths[1:] + paths[:1], strict=True)
    ]
    opened = [fit(tube, study, strategy) for tube in moved]
    named, dated = check_names(moved, opened), check_dates(moved, opened)
    assert {tube.file for tube in moved} == named.keys() | dated.keys()
    assert check_names(tubes, [fit(tube, study, strategy) for tube in tubes]) == {}
