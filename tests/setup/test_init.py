"""A study from a folder of files: what is guessed is marked, what is not known is asked, nothing is overwritten."""

from __future__ import annotations

import csv
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from bcelldepl.errors import StudyError
from bcelldepl.setup.check import check_study
from bcelldepl.setup.findings import Severity
from bcelldepl.setup.init import InitialStudy, init_study
from bcelldepl.study import load_study

from .conftest import PANEL

Tube = Callable[..., None]


def rows(written: InitialStudy) -> dict[str, dict[str, str]]:
    with written.sheet_path.open(encoding="utf-8-sig", newline="") as stream:
        return {row["file"]: row for row in csv.DictReader(stream)}


def fill_in(written: InitialStudy, **cells: str) -> None:
    """What a person does with the sheet: the cells that were asked for, and the marks of guesses emptied."""
    table = [row | cells for row in rows(written).values()]
    with written.sheet_path.open("w", encoding="utf-8-sig", newline="") as stream:
        writer = csv.DictWriter(stream, table[0])
        writer.writeheader()
        writer.writerows(table)


def asked(written: InitialStudy) -> str:
    return "\n".join(written.draft.questions)


def test_rows_are_guessed_and_each_guess_is_marked(tmp_path: Path, tube: Tube) -> None:
    tube(tmp_path / "fcs" / "S01_D-5_FMO-CAR.fcs")
    tube(tmp_path / "fcs" / "S01_D-5.fcs")
    tube(tmp_path / "fcs" / "S02_Day 28_20260330.FCS", date="31-MAR-2026")
    written = init_study(tmp_path)
    sheet = rows(written)
    control, late = sheet["fcs/S01_D-5_FMO-CAR.fcs"], sheet["fcs/S02_Day 28_20260330.FCS"]
    assert [control[name] for name in ("subject", "visit", "day", "role")] == ["S01", "D-5", "-5", "fmo:CAR"]
    assert [late[name] for name in ("subject", "visit", "day", "role")] == ["S02", "Day 28", "28", "sample"]
    assert (control["collected"], late["collected"]) == ("2026-03-02", "2026-03-30")
    assert "collected ($DATE, the day of measurement)" in control["guessed"]
    assert "collected (file name)" in late["guessed"]
    filled = [name for name, cell in late.items() if cell and name not in ("file", "comment", "guessed")]
    assert all(f"{name} (" in late["guessed"] for name in filled)


def test_a_written_study_can_be_loaded_and_its_guesses_are_doubted(tmp_path: Path, tube: Tube) -> None:
    for number, name in enumerate(("S01_D-5", "S01_D10", "S02_D-5")):
        tube(tmp_path / f"{name}.fcs", seed=number)
    written = init_study(tmp_path)
    study = load_study(written.study_path)
    assert (study.strategy, study.id) == ("cart_pd", tmp_path.name)
    assert set(study.guesses) == {"S01_D-5.fcs", "S01_D10.fcs", "S02_D-5.fcs"}
    before = check_study(written.study_path)
    (problem,) = before.of(Severity.PROBLEM)
    assert '"auto" can count no sample' in problem.what
    assert any("3 rows hold guesses" in one.what for one in before.findings)
    fill_in(written, bead_count="50000", blood_volume_ul="50", guessed="")
    assert check_study(written.study_path).findings == ()


def test_keywords_tell_what_names_do_not(tmp_path: Path, tube: Tube) -> None:
    for number, (sample, day) in enumerate((("P-07", "D0"), ("P-08", "D0"), ("P-08", "D10"))):
        tube(tmp_path / f"{number}.fcs", TUBE_NAME=day, PATIENT_ID=sample, seed=number)
    sheet = rows(init_study(tmp_path))
    assert [(row["subject"], row["visit"], row["day"]) for row in sheet.values()] == [
        ("P-07", "D0", "0"), ("P-08", "D0", "0"), ("P-08", "D10", "10"),
    ]  # fmt: skip
    assert "subject (PATIENT ID)" in sheet["0.fcs"]["guessed"]
    assert "day (TUBE NAME)" in sheet["0.fcs"]["guessed"]


def test_one_patient_id_in_all_files_is_no_subject_where_names_tell_several(
    tmp_path: Path, tube: Tube
) -> None:
    for number, name in enumerate(("S01_D0", "S02_D0")):
        tube(tmp_path / f"{name}.fcs", PATIENT_ID="TRIAL-7", seed=number)
    assert [row["subject"] for row in rows(init_study(tmp_path)).values()] == ["S01", "S02"]


def test_days_of_visits_without_one_come_from_dates(tmp_path: Path, tube: Tube) -> None:
    tube(tmp_path / "S01_BL.fcs", date="05-MAR-2026")
    tube(tmp_path / "S01_D10.fcs", date="20-MAR-2026")
    tube(tmp_path / "S02_BL.fcs", date="05-MAR-2026")
    sheet = rows(init_study(tmp_path))
    assert sheet["S01_BL.fcs"]["day"] == "-5"
    assert "day (dates, beside the days of other visits)" in sheet["S01_BL.fcs"]["guessed"]
    assert sheet["S02_BL.fcs"]["day"] == ""  # no visit of it tells when the infusion was


@pytest.mark.parametrize(("date", "day"), [("29-MAR-2026", "-8"), ("30-MAR-2026", "")])
def test_dates_that_contradict_each_other_tell_no_day(
    tmp_path: Path, tube: Tube, date: str, day: str
) -> None:
    """Days 10 and 14 may be a week off the plan against each other, not more."""
    tube(tmp_path / "S01_BL.fcs", date="02-MAR-2026")
    tube(tmp_path / "S01_D10.fcs", date="20-MAR-2026")
    tube(tmp_path / "S01_D14.fcs", date="31-MAR-2026" if date.startswith("29") else "01-APR-2026")
    assert rows(init_study(tmp_path))["S01_BL.fcs"]["day"] == day


def test_replicates_are_told_apart_from_visits(tmp_path: Path, tube: Tube) -> None:
    for number, name in enumerate(("S01-04_01", "S01-04_02", "S01-Cord")):
        tube(tmp_path / f"{name}.fcs", GROUPNAME="S01", seed=number)
    sheet = rows(init_study(tmp_path))
    assert [(row["visit"], row["comment"]) for row in sheet.values()] == [
        ("04", "replicate 1 of 2"), ("04", "replicate 2 of 2"), ("Cord", ""),
    ]  # fmt: skip


def test_what_is_not_known_is_asked_and_stands_on_top(tmp_path: Path, tube: Tube) -> None:
    tube(tmp_path / "tube.fcs")
    written = init_study(tmp_path)
    assert "columns subject, visit, day: not found for tube.fcs" in asked(written)
    assert "bead_count and blood_volume_ul" in asked(written)
    top = written.study_path.read_text(encoding="utf-8").partition("[study]")[0]
    assert all(line.startswith("#") or not line for line in top.splitlines())
    assert all(question[:40] in top for question in written.draft.questions)
    (row,) = rows(written).values()
    assert (row["subject"], row["visit"], row["day"]) == ("", "", "")


def test_controls_without_a_marker_are_asked_for_and_never_taken_for_samples(
    tmp_path: Path, tube: Tube
) -> None:
    for number, name in enumerate(("S01_D0", "S01_D0_FMO", "S01_D0_isotype", "S01_D0_unstained")):
        tube(tmp_path / f"{name}.fcs", seed=number)
    written = init_study(tmp_path)
    assert [row["role"] for row in rows(written).values()] == ["sample", "fmo", "isotype", "unstained"]
    assert "add the marker for S01_D0_FMO.fcs" in asked(written)
    assert "isotype controls by name" in asked(written)
    with pytest.raises(StudyError) as caught:
        load_study(written.study_path)
    assert {problem.where for problem in caught.value.problems} == {
        "samples.csv, row 3, column role", "samples.csv, row 4, column role",
    }  # fmt: skip


@pytest.mark.parametrize(("volume", "method"), [("1000", "volumetric"), ("", "auto")])
def test_a_volume_in_every_file_is_counted_by_and_the_dilution_is_asked(
    tmp_path: Path, tube: Tube, volume: str, method: str
) -> None:
    keywords = {"VOL": volume, "CYT": "Attune NxT"} if volume else {}  # 1 uL in a second
    for day in (0, 10):
        tube(tmp_path / f"S01_D{day}.fcs", seed=day, **keywords)
    written = init_study(tmp_path)
    assert load_study(written.study_path).counting.method == method
    assert ("column dilution" in asked(written)) == (method == "volumetric")
    assert ("dilution" in rows(written)["S01_D0.fcs"]) == (method == "volumetric")
    if method == "volumetric":
        fill_in(written, guessed="")
        doubts = [one.what for one in check_study(written.study_path).findings]
        assert any("gives no dilution" in doubt for doubt in doubts)
        fill_in(written, dilution="1")
        assert check_study(written.study_path).findings == ()


def test_the_strategy_that_reports_most_is_chosen_and_the_others_are_named(
    tmp_path: Path, tube: Tube
) -> None:
    tube(tmp_path / "S01_D0.fcs", {name: label for name, label in PANEL.items() if "CAR" not in label})
    written = init_study(tmp_path)
    text = written.study_path.read_text(encoding="utf-8")
    assert tomllib.loads(text)["study"]["strategy"] == "tbnk"
    assert "# cart_pd does not fit: CAR: no channel found" in text
    assert "# cd19_volumetric fits as well" in text


def test_a_panel_without_labels_is_asked_for(tmp_path: Path, tube: Tube) -> None:
    tube(tmp_path / "S01_D0.fcs", {"V1-A": "", "V2-A": "", "B4-A": "", "R1-A": ""})
    written = init_study(tmp_path)
    text = written.study_path.read_text(encoding="utf-8")
    assert tomllib.loads(text)["study"]["strategy"] == ""
    assert "V1-A, V2-A, B4-A, R1-A" in text
    assert check_study(written.study_path).exit_code == 2
    text = text.replace('strategy = ""', 'strategy = "cd19_volumetric"')
    text = text.replace('# CD19 = "DETECTOR"', 'CD19 = "V2-A"\nCD45 = "B4-A"')
    written.study_path.write_text(text, encoding="utf-8")
    fill_in(written, bead_count="", wbc_per_ul="5000", guessed="")
    assert check_study(written.study_path).exit_code == 0


def test_a_marker_that_two_channels_could_carry_is_asked_for(tmp_path: Path, tube: Tube) -> None:
    tube(tmp_path / "S01_D0.fcs", {**PANEL, "BV421-A": "CD19 BV421"})
    written = init_study(tmp_path)
    assert "more than one channel could be CD19" in asked(written)
    settings = tomllib.loads(written.study_path.read_text(encoding="utf-8"))
    assert settings["study"]["strategy"] == "cart_pd"
    assert settings["panel"] == {"CD19": "DETECTOR"}
    fill_in(written, bead_count="50000", blood_volume_ul="50")
    (problem,) = check_study(written.study_path).of(Severity.PROBLEM)
    assert "names 'DETECTOR', which this file does not have" in problem.what


def test_files_without_a_matrix_and_with_other_labels_are_named(tmp_path: Path, tube: Tube) -> None:
    for day in (0, 10, 28):
        tube(tmp_path / f"S01_D{day}.fcs", seed=day)
    tube(tmp_path / "S01_D90.fcs", {**PANEL, "PE-A": "CD20 PE"}, matrix=False)
    written = init_study(tmp_path)
    assert "no spillover matrix in S01_D90.fcs" in asked(written)
    assert "S01_D90.fcs: channels or labels differ" in asked(written)


def test_an_unreadable_file_has_its_row_and_is_named(tmp_path: Path, tube: Tube) -> None:
    tube(tmp_path / "S01_D0.fcs")
    (tmp_path / "S01_D10.fcs").write_bytes(b"not an FCS file")
    written = init_study(tmp_path)
    assert "S01_D10.fcs cannot be read" in asked(written)
    assert rows(written)["S01_D10.fcs"]["comment"].startswith("cannot be read: not an FCS file")
    assert [one.file for one in written.draft.unreadable] == ["S01_D10.fcs"]


@pytest.mark.parametrize("there", ["study.toml", "samples.csv"])
def test_nothing_is_overwritten(tmp_path: Path, tube: Tube, there: str) -> None:
    tube(tmp_path / "S01_D0.fcs")
    (tmp_path / there).write_text("mine", encoding="utf-8")
    with pytest.raises(StudyError, match="is there already, and is not overwritten"):
        init_study(tmp_path)
    assert (tmp_path / there).read_text(encoding="utf-8") == "mine"
    assert len([*tmp_path.iterdir()]) == 2


def test_a_sheet_is_not_left_behind_without_its_study(
    tmp_path: Path, tube: Tube, monkeypatch: pytest.MonkeyPatch
) -> None:
    tube(tmp_path / "S01_D0.fcs")
    opened = Path.open

    def full(path: Path, *arguments: object, **options: object) -> object:
        if path.name == "study.toml":
            raise OSError(28, "No space left on device")
        return opened(path, *arguments, **options)  # type: ignore[call-overload]

    with monkeypatch.context() as patched:
        patched.setattr(Path, "open", full)
        with pytest.raises(OSError, match="No space left"):
            init_study(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["S01_D0.fcs"]
    init_study(tmp_path)


def test_folders_without_files_and_folders_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match="holds no FCS files"):
        init_study(tmp_path)
    with pytest.raises(StudyError, match="is not a folder"):
        init_study(tmp_path / "none")
    assert [*tmp_path.iterdir()] == []


@pytest.mark.parametrize(
    ("out", "file", "outside"), [(".", "lab/S01_D0.fcs", False), ("study", "../lab/S01_D0.fcs", True)]
)
def test_another_place_for_the_study(tmp_path: Path, tube: Tube, out: str, file: str, outside: bool) -> None:
    tube(tmp_path / "lab" / "S01_D0.fcs")
    written = init_study(tmp_path / "lab", tmp_path / out)
    study = load_study(written.study_path)
    assert study.tubes[0].file == file
    assert study.tubes[0].path.is_file()
    assert study.allow_outside is outside


def test_names_that_a_spreadsheet_would_run_do_not_spoil_the_sheet(tmp_path: Path, tube: Tube) -> None:
    tube(tmp_path / "=S01_D0.fcs", PATIENT_ID="=1+1")
    written = init_study(tmp_path)
    (row,) = rows(written).values()
    assert row["file"] == "./=S01_D0.fcs"
    assert row["subject"] == ""
    fill_in(written, subject="S01", guessed="")
    assert load_study(written.study_path).tubes[0].path.is_file()


def test_labels_of_files_write_no_settings(tmp_path: Path, tube: Tube) -> None:
    bad = "CD19\nallow_outside = true\n\x1b[31m"
    tube(tmp_path / "S01_D0.fcs", {**PANEL, "APC-A": bad, "BV421-A": bad})
    written = init_study(tmp_path)
    settings = tomllib.loads(written.study_path.read_text(encoding="utf-8"))
    assert set(settings) == {"study", "panel"}
    assert set(settings["panel"]) == {"CD19"}
    lines = written.study_path.read_text(encoding="utf-8").splitlines()
    for left_out in ("CD19 =", "[panel]"):  # once with the heading of the table, once without
        lines = [line for line in lines if not line.startswith(left_out)]
        written.study_path.write_text("\n".join(lines), encoding="utf-8")
        (paste,) = [one.paste for one in check_study(written.study_path).findings if one.paste]
        assert tomllib.loads("\n".join([*lines, paste]))["panel"] == {"CD19": "DETECTOR"}


def test_links_that_lead_out_and_hidden_files_are_left_out(tmp_path: Path, tube: Tube) -> None:
    tube(tmp_path / "elsewhere.fcs")
    tube(tmp_path / "lab" / "S01_D0.fcs")
    tube(tmp_path / "lab" / ".S01_D1.fcs")
    (tmp_path / "lab" / "S01_D2.fcs").symlink_to(tmp_path / "elsewhere.fcs")
    assert list(rows(init_study(tmp_path / "lab"))) == ["S01_D0.fcs"]


@pytest.mark.parametrize(
    ("folder", "only", "strategy", "subjects"),
    [("tbnk", "", "tbnk", {""}), ("volumetric_cd19", "INF041-04_0?", "", {"INF041"})],
)
def test_real_tubes(
    real_data: Path, tmp_path: Path, folder: str, only: str, strategy: str, subjects: set[str]
) -> None:
    for path in (real_data / folder).glob(f"*{only}.fcs"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    written = init_study(tmp_path)
    assert tomllib.loads(written.study_path.read_text(encoding="utf-8"))["study"]["strategy"] == strategy
    sheet = rows(written)
    assert {row["subject"] for row in sheet.values()} == subjects
    assert ("dilution" in next(iter(sheet.values()))) == (folder == "volumetric_cd19")
    assert check_study(written.study_path).exit_code == 2  # what is asked is not filled in
