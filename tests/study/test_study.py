"""A study that is right: defaults, tubes, order, formats."""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
import tomllib
from datetime import datetime
from pathlib import Path

import pytest
from pydantic import ValidationError

import bcelldepl
from bcelldepl.errors import StudyError
from bcelldepl.gating.shipped import strategy_file
from bcelldepl.study import Role, Study, Tube, load_study, show_config

TOML = '[study]\nid = "S1"\nsamples = "samples.csv"\nstrategy = "cart_pd"\n'
HEAD = "file,subject,visit,day"
ONE = "PE-A\n1\n"  # a matrix


def write(folder: Path, sheet: str = f"{HEAD}\na.fcs,P1,V1,0\n", toml: str = TOML) -> Path:
    (folder / "samples.csv").write_text(sheet, encoding="utf-8")
    (folder / "study.toml").write_text(toml, encoding="utf-8")
    return folder / "study.toml"


def test_the_least_that_a_study_needs(tmp_path) -> None:
    study = load_study(write(tmp_path))
    assert (study.id, study.strategy, study.panel) == ("S1", "cart_pd", {})
    assert (study.folder, study.path) == (tmp_path, tmp_path / "study.toml")
    (tube,) = study.tubes
    assert tube == Tube(file="a.fcs", path=tmp_path / "a.fcs", subject="P1", visit="V1", day=0)
    assert (tube.role, tube.dilution, tube.batch, tube.dose_group) == (Role.SAMPLE, 1, None, "")
    assert study.warnings == ()


def test_defaults_are_those_promised(tmp_path) -> None:
    settings = load_study(write(tmp_path)).settings()
    assert settings["limits"] == {"lod_events": 20, "lloq_events": 50, "minimum_leukocyte_events": 200}
    assert settings["counting"] == {
        "method": "auto",
        "volume_unit": "auto",
        "minimum_beads": 400,
        "review_beads": 1000,
    }
    assert settings["endpoints"] == {
        "auc_days": [28, 90],
        "depletion_threshold_per_ul": 10,
        "reconstitution_threshold_per_ul": 10,
        "confirm_visits": 2,
        "denominator": "blood",
        "depletion_threshold_percent": 1,
        "reconstitution_threshold_percent": 1,
        "baseline": "last_before_infusion",
        "time": "actual",
        "window_tolerance_days": 1,
        "subgroups": [],
    }


def test_every_promised_key_is_accepted(tmp_path) -> None:
    (tmp_path / "m.csv").write_text(ONE)
    toml = TOML + (
        '[panel]\nCD19 = "V2-A"\n[counting]\nmethod = "volumetric"\nvolume_unit = "ul"\n'
        "[limits]\nlod_events = 10\nlloq_events = 30\n"
        "[endpoints]\nauc_days = [14, 28.5]\ndepletion_threshold_per_ul = 5\n"
        "reconstitution_threshold_per_ul = 20.0\nconfirm_visits = 1\n"
        '[compensation]\nmatrix = "m.csv"\n[compensation.by_batch]\n"lot 7" = "m.csv"\n'
    )
    study = load_study(write(tmp_path, toml=toml))
    assert study.panel == {"CD19": "V2-A"}
    assert study.endpoints.auc_days == (14, 28.5)
    assert study.endpoints.depletion_threshold_per_ul == 5
    assert study.matrix_path("lot 7") == study.matrix_path(None) == tmp_path / "m.csv"


def test_settings_survive_printing(tmp_path) -> None:
    (tmp_path / 'm "1".csv').write_text(ONE)
    toml = TOML + '[panel]\n"CD3 ε" = "R\\\\1"\n[compensation.by_batch]\n"lot 7" = "m \\"1\\".csv"\n'
    study = load_study(write(tmp_path, toml=toml))
    text = show_config(study)
    assert tomllib.loads(text) == study.settings() == json.loads(json.dumps(study.settings()))
    (tmp_path / "study.toml").write_text(text, encoding="utf-8")
    assert load_study(tmp_path / "study.toml") == study


def test_a_study_is_frozen_and_travels(tmp_path) -> None:
    study = load_study(write(tmp_path))
    for thing, name in ((study, "id"), (study.tubes[0], "day"), (study.limits, "lod_events")):
        with pytest.raises(ValidationError):
            setattr(thing, name, 1)
    with pytest.raises(ValidationError):
        study.anything = 1
    assert pickle.loads(pickle.dumps(study)) == study


def test_matrices_by_batch(tmp_path) -> None:
    (tmp_path / "m.csv").write_text(ONE)
    toml = TOML + '[compensation.by_batch]\nA = "m.csv"\n'
    study = load_study(write(tmp_path, f"{HEAD},batch\na.fcs,P1,V1,0,A\nb.fcs,P1,V2,1,B\n", toml))
    assert [study.matrix_path(tube.batch) for tube in study.tubes] == [tmp_path / "m.csv", None]


def test_strategy_by_name_or_path(tmp_path) -> None:
    assert load_study(write(tmp_path)).strategy == "cart_pd"
    (tmp_path / "mine.toml").touch()
    study = load_study(write(tmp_path, toml=TOML.replace("cart_pd", "mine.toml")))
    assert strategy_file(study.strategy, study.folder) == tmp_path / "mine.toml"


def test_all_columns(tmp_path) -> None:
    sheet = (
        "file,subject,visit,day,role,dose_group,dose_cells_per_kg,collected,infused,batch,bead_count,"
        "blood_volume_ul,acquired_volume_ul,dilution,wbc_per_ul,lymphocytes_per_ul,comment\n"
        'fcs\\a.fcs,P1,D7,7,fmo:CAR,low,1e6,2026-01-08T12:00,2026-01-01T00:00,A,49877,50,,2,5200,0,"x, y"\n'
        "b.fcs,P1,D8,7.5,,,,2026-01-09,,,,,30.5,,,,\n"
    )
    fmo, plain = load_study(write(tmp_path, sheet)).tubes
    assert fmo.file == "fcs/a.fcs"
    assert fmo.path == tmp_path / "fcs" / "a.fcs"
    assert (fmo.role, fmo.role_marker) == (Role.FMO, "CAR")
    assert (fmo.bead_count, fmo.blood_volume_ul, fmo.acquired_volume_ul) == (49877, 50, None)
    assert (fmo.dilution, fmo.wbc_per_ul, fmo.lymphocytes_per_ul) == (2, 5200, 0)
    assert (fmo.comment, fmo.batch, fmo.dose_cells_per_kg) == ("x, y", "A", 1e6)
    assert fmo.collected == datetime(2026, 1, 8, 12)
    assert fmo.actual_day == 7.5
    assert (plain.day, plain.acquired_volume_ul, plain.collected_has_time) == (7.5, 30.5, False)
    # What is said once of a subject holds for all its tubes.
    assert (plain.dose_group, plain.dose_cells_per_kg, plain.infused) == ("low", 1e6, datetime(2026, 1, 1))
    assert plain.actual_day == 8


@pytest.mark.parametrize(
    ("text", "role", "marker"),
    [
        ("", Role.SAMPLE, None),
        ("Sample", Role.SAMPLE, None),
        ("fmo:CD19", Role.FMO, "CD19"),
        ("FMO-CD19", Role.FMO, "CD19"),
        ("FMO CAR", Role.FMO, "CAR"),
        ("single:PE-Cy7", Role.SINGLE, "PE-Cy7"),
        ("unstained", Role.UNSTAINED, None),
        ("BLANK", Role.BLANK, None),
    ],
)
def test_roles(tmp_path, text: str, role: Role, marker: str | None) -> None:
    sheet = f"{HEAD},role\na.fcs,P1,V1,0,{text}\nb.fcs,P1,V1,0,\n"
    tube = next(tube for tube in load_study(write(tmp_path, sheet)).tubes if tube.file == "a.fcs")
    assert (tube.role, tube.role_marker) == (role, marker)


def test_order_of_tubes(tmp_path) -> None:
    rows = ["d,P2,V1,0,", "c,P1,V2,7,", "f,P1,V1,0,fmo:CAR", "b,P1,V1,0,", "a,P1,V1,0,", "e,P2,V0,-3,"]
    study = load_study(write(tmp_path, f"{HEAD},role\n" + "\n".join(rows)))
    assert [tube.file for tube in study.tubes] == ["e", "d", "b", "a", "f", "c"]
    assert study.subjects == ("P2", "P1")


def test_dose_names_the_group_where_nothing_else_does(tmp_path) -> None:
    sheet = f"{HEAD},dose_cells_per_kg\na.fcs,P1,V1,0,1000000\nb.fcs,P2,V1,0,2.5e5\n"
    groups = [tube.dose_group for tube in load_study(write(tmp_path, sheet)).tubes]
    assert groups == ["1e6 cells/kg", "250000 cells/kg"]


@pytest.mark.parametrize(
    ("day", "collected", "before"),
    [
        ("-1", "", True),
        ("0", "", True),
        ("0.25", "", False),
        ("0", "2026-01-01", True),
        ("0.25", "2026-01-01", False),
        ("0", "2026-01-01T09:00", True),
        ("0", "2026-01-01T15:00", False),
        ("0", "2026-01-02", False),
        ("1", "2025-12-31", True),
    ],
)
def test_before_infusion(tmp_path, day: str, collected: str, before: bool) -> None:
    sheet = f"{HEAD},collected,infused\na.fcs,P1,V1,{day},{collected},2026-01-01T12:00\n"
    (tube,) = load_study(write(tmp_path, sheet)).tubes
    assert tube.before_infusion is before
    assert tube.before_first_infusion is before
    assert tube.model_copy(update={"course": 2}).before_first_infusion is False


@pytest.mark.parametrize(
    ("nominal", "collected", "expected"),
    [
        (0.0, "2026-01-01", 0.0),
        (0.25, "2026-01-01", 0.25),
        (-5.0, "2026-01-01", 0.0),
        (3.0, "2026-01-01", 0.5),  # after the infusion, and on its date
        (7.5, "2026-01-08", 7.5),
        (7.5, "2026-01-09", 8.0),
        (-1.0, "2025-12-31", -1.0),
        (0.25, "2026-01-01T06:00", 0.25),  # the infusion has no time of day
    ],
)
def test_a_date_is_a_day_long_and_the_plan_tells_the_time_of_it(
    tmp_path, nominal, collected, expected
) -> None:
    sheet = f"{HEAD},collected,infused\na.fcs,P1,V1,{nominal},{collected},2026-01-01\n"
    assert load_study(write(tmp_path, sheet)).tubes[0].actual_day == expected


EUROPEAN = "file;subject;visit;day;blood_volume_ul\na.fcs;P1;Tag 1;0,5;50,25\nb.fcs;P1;Tag 2;1.5;50\n"


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("s.csv", EUROPEAN.encode()),
        ("s.csv", ("\ufeff" + EUROPEAN).encode()),
        ("s.csv", EUROPEAN.replace("\n", "\r\n").encode()),
        ("s.csv", EUROPEAN.replace(";", "\t").encode("utf-16")),
        ("s.tsv", EUROPEAN.replace(";", "\t").encode()),
        ("s.csv", EUROPEAN.replace(",", ".").replace(";", ",").encode()),
        ("s.csv", ("\n" + EUROPEAN.replace("b.fcs", "\n;;;;\nb.fcs") + ";;;;\n").encode()),
        ("s.csv", EUROPEAN.replace("file;subject", " File ; SUBJECT").replace("blood_", "Blood ").encode()),
    ],
)
def test_sheets_as_people_save_them(tmp_path, name: str, data: bytes) -> None:
    path = write(tmp_path, toml=TOML.replace("samples.csv", name))
    (tmp_path / name).write_bytes(data)
    first, second = load_study(path).tubes
    assert (first.day, first.blood_volume_ul, first.visit) == (0.5, 50.25, "Tag 1")
    assert (second.day, second.blood_volume_ul) == (1.5, 50)


def test_workbook(tmp_path) -> None:
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    book.active.append(["not this one"])
    page = book.create_sheet("samples")
    page.append(["file", "subject", "visit", "day", "bead_count", "collected", "infused", None])
    page.append(["a.fcs", 101, 4, 7, 49877.0, datetime(2026, 1, 8), datetime(2026, 1, 1, 9, 30)])
    page.append([None] * 7)
    page.append(["b.fcs", 101, "V5", 7.5, None, None, None])
    book.save(tmp_path / "s.xlsx")
    first, second = load_study(write(tmp_path, toml=TOML.replace("samples.csv", "s.xlsx"))).tubes
    assert (first.subject, first.visit, first.day, first.bead_count) == ("101", "4", 7, 49877)
    assert (first.collected_has_time, first.infused_has_time, first.actual_day) == (False, True, 7)
    assert (second.subject, second.visit, second.day) == ("101", "V5", 7.5)


def test_sheet_in_a_folder_of_its_own(tmp_path) -> None:
    (tmp_path / "sheets").mkdir()
    (tmp_path / "sheets" / "s.csv").write_text(f"{HEAD}\n../fcs/a.fcs,P1,V1,0\n")
    path = write(tmp_path, toml=TOML.replace("samples.csv", "sheets/s.csv"))
    (tube,) = load_study(path).tubes
    assert tube.path.resolve() == tmp_path.resolve() / "fcs" / "a.fcs"


def test_outside_where_it_is_allowed(tmp_path) -> None:
    home = tmp_path / "study"
    home.mkdir()
    (tmp_path / "m.csv").write_text(ONE)
    sheet = f"{HEAD}\n../a.fcs,P1,V1,0\n{tmp_path}/b.fcs,P1,V2,1\n"
    toml = TOML + 'allow_outside = true\n[compensation]\nmatrix = "../m.csv"\n'
    study = load_study(write(home, sheet, toml))
    assert study.tubes[1].path == tmp_path / "b.fcs"


@pytest.mark.parametrize(
    ("sheet", "words"),
    [
        (f"{HEAD},operator\na.fcs,P1,V1,0,me\n", "the column `operator` is not known and was left out"),
        (f"{HEAD},lymphocytes\na.fcs,P1,V1,0,9\n", "did you mean `lymphocytes_per_ul`?"),
        (f"{HEAD},wbc_per_ul\na.fcs,P1,V1,0,5.2\nb.fcs,P1,V2,1,1.2\n", "is it in 10^9/L?"),
        (f"{HEAD},bead_count,dilution\na.fcs,P1,V1,0,50000,10\n", "does not use the dilution"),
    ],
)
def test_odd_but_accepted(tmp_path, sheet: str, words: str) -> None:
    (warning,) = load_study(write(tmp_path, sheet)).warnings
    assert words in warning


def test_a_dilution_beside_beads_is_noted_of_its_tube(tmp_path) -> None:
    rows = "a.fcs,P1,V1,0,50000,10\nb.fcs,P1,V2,1,50000,\nc.fcs,P1,V3,2,,10\n"
    study = load_study(write(tmp_path, f"{HEAD},bead_count,dilution\n{rows}"))
    assert study.tube_notes == {"a.fcs": ("counting by beads does not use the dilution of 10",)}


def test_a_batch_that_no_tube_has(tmp_path) -> None:
    (tmp_path / "m.csv").write_text(ONE)
    toml = TOML + '[compensation.by_batch]\nB = "m.csv"\n'
    (warning,) = load_study(write(tmp_path, f"{HEAD},batch\na.fcs,P1,V1,0,A\n", toml)).warnings
    assert "no tube is of the batch B" in warning


def test_a_missing_file_fails_its_tube_not_the_study(tmp_path) -> None:
    assert not load_study(write(tmp_path)).tubes[0].path.exists()


def test_it_is_public(tmp_path) -> None:
    assert isinstance(bcelldepl.load_study(str(write(tmp_path))), Study)
    assert issubclass(StudyError, Exception)


@pytest.mark.parametrize(("name", "tubes"), [("volumetric_cd19", 9), ("tbnk", 1)])
def test_real_studies(real_data: Path, name: str, tubes: int) -> None:
    study = load_study(real_data / name / "study.toml")
    assert len(study.tubes) == tubes
    assert all(tube.path.is_file() for tube in study.tubes)
    assert study.warnings == ()


def test_reading_a_study_needs_no_heavy_library() -> None:
    heavy = "{'pandas', 'openpyxl', 'sklearn', 'matplotlib', 'flowkit', 'numba'}"
    code = f"import sys, bcelldepl.study; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_matrices_are_read_when_the_study_is(tmp_path) -> None:
    (tmp_path / "m.csv").write_text("PE-A,FITC-A\n1,1\n1,1\n")
    (tmp_path / "n.csv").write_text("PE-A,FITC-A\n1,x\n1,1\n")
    toml = TOML + '[compensation]\nmatrix = "m.csv"\n[compensation.by_batch]\nA = "n.csv"\nB = "none.csv"\n'
    with pytest.raises(StudyError) as caught:
        load_study(write(tmp_path, toml=toml))
    said = {problem.where: problem.what for problem in caught.value.problems}
    assert "m.csv: the spillover matrix is singular" in said["study.toml, [compensation] matrix"]
    assert "n.csv: the spillover matrix contains text" in said["study.toml, [compensation] by_batch.A"]
    assert said["study.toml, [compensation] by_batch.B"] == "there is no file 'none.csv'"


def test_what_is_different_in_a_batch(tmp_path) -> None:
    (tmp_path / "mine.toml").touch()
    toml = TOML + (
        '[panel]\nCD19 = "V2-A"\nCD3 = "B1-A"\n'
        '[batch."lot 7"]\nstrategy = "mine.toml"\npanel = { CD19 = "R1-A" }\n[batch.B.panel]\nCD3 = "R2-A"\n'
    )
    sheet = f"{HEAD},batch\na.fcs,P1,V1,0,lot 7\nb.fcs,P1,V2,1,B\nc.fcs,P1,V3,2,C\n"
    study = load_study(write(tmp_path, sheet, toml))
    assert study.panel_of("lot 7") == {"CD19": "R1-A", "CD3": "B1-A"}
    assert study.panel_of("B") == {"CD19": "V2-A", "CD3": "R2-A"}
    assert study.panel_of("C") == study.panel_of(None) == study.panel
    assert [study.strategy_of(batch) for batch in ("lot 7", "B", None)] == ["mine.toml", "cart_pd", "cart_pd"]
    assert study.warnings == ()
    text = show_config(study)
    (tmp_path / "study.toml").write_text(text, encoding="utf-8")
    assert load_study(tmp_path / "study.toml") == study


@pytest.mark.parametrize(
    ("toml", "words"),
    [
        (
            '[batch.A]\nstrategy = "none.toml"\n',
            "study.toml, [batch] A.strategy: there is no file 'none.toml'",
        ),
        ('[batch.A]\nstrategi = "x"\n', "did you mean `strategy`?"),
        ('[batch.A]\nstrategy = "tbnk"\n', "set by batch, and samples.csv gives none for b.fcs"),
    ],
)
def test_batches_that_are_wrong(tmp_path, toml: str, words: str) -> None:
    sheet = f"{HEAD},batch\na.fcs,P1,V1,0,A\nb.fcs,P1,V2,1,\n"
    with pytest.raises(StudyError) as caught:
        load_study(write(tmp_path, sheet, TOML + toml))
    assert words in str(caught.value)


def test_a_batch_that_no_tube_is_of(tmp_path) -> None:
    (warning,) = load_study(
        write(tmp_path, f"{HEAD},batch\na.fcs,P1,V1,0,A\n", TOML + "[batch.B]\n")
    ).warnings
    assert warning == "[batch]: no tube is of the batch B"
