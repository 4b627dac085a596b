"""A study that is wrong: every problem is named with its place, and all of them at once."""

from __future__ import annotations

import io
import zipfile
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bcelldepl.errors import Problem, StudyError
from bcelldepl.near_names import did_you_mean
from bcelldepl.study import load_study

TOML = '[study]\nid = "S1"\nsamples = "samples.csv"\nstrategy = "cart_pd"\n'
HEAD = "file,subject,visit,day"
SHEET = f"{HEAD}\na.fcs,P1,V1,0\n"


def problems(folder: Path, sheet: str | bytes = SHEET, toml: str | bytes = TOML) -> list[Problem]:
    (folder / "samples.csv").write_bytes(sheet if isinstance(sheet, bytes) else sheet.encode())
    (folder / "study.toml").write_bytes(toml if isinstance(toml, bytes) else toml.encode())
    with pytest.raises(StudyError) as caught:
        load_study(folder / "study.toml")
    return list(caught.value.problems)


@pytest.mark.parametrize(
    ("toml", "where", "words"),
    [
        (TOML.replace("id =", "ID ="), "study.toml, [study] id", "the required key `id` is missing"),
        ("", "study.toml, [study]", "the required table `study` is missing"),
        ("x = 1\n" + TOML, "study.toml, [x]", "unknown table or key `x` (known: study, panel"),
        (TOML + "[limit]\n", "study.toml, [limit]", "(did you mean `limits`?)"),
        (TOML + "[limits]\nlod_event = 3\n", "study.toml, [limits] lod_event", "did you mean `lod_events`?"),
        (TOML + "lod_events = 3\n", "study.toml, [study] lod_events", "it belongs in [limits]"),
        (TOML + '[limits]\nlod_events = "20"\n', "study.toml, [limits] lod_events", "is text ('20')"),
        (TOML + "[limits]\nlod_events = true\n", "study.toml, [limits] lod_events", "is a boolean"),
        (TOML + "[limits]\nlod_events = 0\n", "study.toml, [limits] lod_events", "must be at least 1"),
        (TOML + "[limits]\nlloq_events = 5\n", "study.toml, [limits]", "lies below lod_events (20)"),
        (TOML.replace('"S1"', "1"), "study.toml, [study] id", "should be text in quotes"),
        (TOML.replace('"S1"', '""'), "study.toml, [study] id", "is empty"),
        (
            TOML + '[counting]\nmethod = "beads"\n',
            "study.toml, [counting] method",
            "which samples.csv gives for",
        ),
        (
            TOML + '[counting]\nmethod = "dual"\n',
            "study.toml, [counting] method",
            "wbc_per_ul or lymphocytes",
        ),
        (TOML + '[counting]\nmethod = "bead"\n', "study.toml, [counting] method", "'bead' is not one of"),
        (TOML + "[endpoints]\nauc_days = []\n", "study.toml, [endpoints] auc_days", "is empty"),
        (TOML + "[endpoints]\nauc_days = [0]\n", "study.toml, [endpoints] auc_days.0", "must be above 0"),
        (TOML + "[endpoints]\nauc_days = 28\n", "study.toml, [endpoints] auc_days", "should be"),
        (TOML + "[endpoints]\nconfirm_visits = 1.5\n", "study.toml, [endpoints] confirm_visits", "integer"),
        (
            TOML + "[endpoints]\ndepletion_threshold_per_ul = inf\n",
            "study.toml, [endpoints] depletion_threshold_per_ul",
            "finite",
        ),
        (
            TOML + "[endpoints]\nreconstitution_threshold_per_ul = 5\n",
            "study.toml, [endpoints]",
            "depleted and reconstituted at once",
        ),
        (TOML + "[panel]\nCD19 = 3\n", "study.toml, [panel] CD19", "should be text in quotes"),
        (
            TOML + '[compensation]\nmatrix = "m.csv"\n',
            "study.toml, [compensation] matrix",
            "there is no file 'm.csv'",
        ),
        (
            TOML + '[compensation.by_batch]\nA = "../m.csv"\n',
            "study.toml, [compensation] by_batch.A",
            "lies outside the study folder",
        ),
        (
            TOML.replace("cart_pd", "mine.toml"),
            "study.toml, [study] strategy",
            "there is no file 'mine.toml'",
        ),
        (TOML.replace("cart_pd", "/x/y.toml"), "study.toml, [study] strategy", "set allow_outside = true"),
        (TOML.replace("samples.csv", "../s.csv"), "study.toml, [study] samples", "outside the study folder"),
        (TOML.replace("samples.csv", "C:\\\\s.csv"), "study.toml, [study] samples", "outside the study"),
        (TOML + "[limits\n", "study.toml, line 5, column 8", "not valid TOML"),
        (TOML + "x =", "study.toml, end of document", "not valid TOML"),
        (TOML + 'id = "S2"\n', "study.toml, line 5, column 10", "not valid TOML"),
        (b"\xff\xfe" + TOML.encode(), "study.toml", "not UTF-8"),
        (TOML.replace("samples.csv", "none.csv"), "none.csv", "the sample sheet does not exist"),
        (TOML.replace("samples.csv", "."), ".", "file without a suffix"),
        (TOML.replace("samples.csv", "s\\u0000.csv"), "s\x00.csv", "cannot be read: embedded null byte"),
        (TOML.replace("samples.csv", "s" * 300 + ".csv"), "s" * 300 + ".csv", "name too long"),
        (TOML.replace("cart_pd", "\\u0000.toml"), "study.toml, [study] strategy", "there is no file"),
        (TOML.replace("cart_pd", "s" * 300 + ".toml"), "study.toml, [study] strategy", "there is no file"),
        (TOML.replace("samples.csv", "s.xls"), "s.xls", "save it as .csv, .tsv or .xlsx"),
    ],
)
def test_settings(tmp_path, toml: str | bytes, where: str, words: str) -> None:
    found = problems(tmp_path, toml=toml)
    assert any(problem.where == where and words in str(problem) for problem in found), found
    if not str(where).endswith("id"):
        assert len(found) == 1, found


def test_a_matrix_and_no_compensation_contradict(tmp_path) -> None:
    (tmp_path / "m.csv").touch()
    (problem,) = problems(tmp_path, toml=TOML + '[compensation]\nsource = "none"\nmatrix = "m.csv"\n')
    assert problem.where == "study.toml, [compensation]"


@pytest.mark.parametrize("name", ["none.toml", "."])
def test_no_study_file(tmp_path, name: str) -> None:
    with pytest.raises(StudyError, match=r"give the path of a study\.toml"):
        load_study(tmp_path / name)


def one(cells: str, column: str = "") -> str:
    """Return a sheet of one row, perhaps with one more column."""
    return f"{HEAD},{column}\n{cells}\n" if column else f"{HEAD}\n{cells}\n"


@pytest.mark.parametrize(
    ("sheet", "where", "words"),
    [
        ("", "samples.csv", "is empty"),
        (HEAD, "samples.csv", "contains no tubes"),
        ("file,subject,visit\na.fcs,P1,V1\n", "samples.csv", "the required column `day` is missing"),
        ("file,subject,visit,days\na.fcs,P1,V1,0\n", "samples.csv", "(rename `days` to `day`)"),
        ("file,visit,day\na.fcs,V1,0\n", "samples.csv", "`subject` is missing (found: file, visit, day)"),
        (one("a.fcs,P1,V1,0,9", "bead_cont"), "samples.csv", "unknown column `bead_cont` (did you mean"),
        (f"{HEAD},day\na.fcs,P1,V1,0,1\n", "samples.csv, row 1", "`day` is there more than once"),
        (one("a.fcs,P1,V1,"), "samples.csv, row 2, column day", "is empty"),
        (one("a.fcs,,V1,0"), "samples.csv, row 2, column subject", "is empty"),
        (one(",P1,V1,0"), "samples.csv, row 2, column file", "is empty"),
        (one("a.fcs,P1"), "samples.csv, row 2, column visit", "is empty"),
        (one("a.fcs,P1,V1,D28"), "samples.csv, row 2, column day", "'D28' is not a number"),
        (one("a.fcs,P1,V1,nan"), "samples.csv, row 2, column day", "'nan' is not a number"),
        (one("a.fcs,P1,V1,1e999"), "samples.csv, row 2, column day", "is not a number"),
        (one("a.fcs,P1,V1,1_0"), "samples.csv, row 2, column day", "is not a number"),
        (
            one("a.fcs,P1,V1,0,50 uL", "blood_volume_ul"),
            "samples.csv, row 2, column blood_volume_ul",
            "'50 uL'",
        ),
        (one('a.fcs,P1,V1,"0,5"'), "samples.csv, row 2, column day", "contains a comma (use a decimal point"),
        (one("a.fcs,P1,V1,0,-5", "bead_count"), "samples.csv, row 2, column bead_count", "must be above 0"),
        (one("a.fcs,P1,V1,0,0", "blood_volume_ul"), "samples.csv, row 2, column blood_volume_ul", "above 0"),
        (one("a.fcs,P1,V1,0,-1", "wbc_per_ul"), "samples.csv, row 2, column wbc_per_ul", "at least 0"),
        (
            one("a.fcs,P1,V1,0,0.1", "dilution"),
            "samples.csv, row 2, column dilution",
            "10 for one part in ten",
        ),
        (one("a.fcs,P1,V1,0,sampel", "role"), "samples.csv, row 2, column role", "did you mean `sample`?"),
        (one("a.fcs,P1,V1,0,xyz", "role"), "samples.csv, row 2, column role", "known: sample, fmo:MARKER"),
        (one("a.fcs,P1,V1,0,fmo", "role"), "samples.csv, row 2, column role", "'fmo' names no marker"),
        (one("a.fcs,P1,V1,0,single:", "role"), "samples.csv, row 2, column role", "names no marker"),
        (one("a.fcs,P1,V1,0,blank", "role"), "samples.csv", "no row has the role `sample`"),
        (one("a.fcs,P1,V1,0,1.2.26", "infused"), "samples.csv, row 2, column infused", "write 2026-01-31 or"),
        (one("../a.fcs,P1,V1,0"), "samples.csv, row 2, column file", "lies outside the study folder"),
        (one("x/../../a.fcs,P1,V1,0"), "samples.csv, row 2, column file", "outside the study folder"),
        (one("..\\a.fcs,P1,V1,0"), "samples.csv, row 2, column file", "outside the study folder"),
        (one("/data/a.fcs,P1,V1,0"), "samples.csv, row 2, column file", "outside the study folder"),
        (one("D:\\a.fcs,P1,V1,0"), "samples.csv, row 2, column file", "outside the study folder"),
        (one("a,b.fcs,P1,V1,0"), "samples.csv, row 2", "has 5 cells where the heading has 4"),
        (
            f"{HEAD},,comment\na.fcs,P1,V1,0,x,y\n",
            "samples.csv, row 2",
            "column 5 contains 'x' but has no heading",
        ),
        (SHEET + "a.fcs,P1,V2,1\n", "samples.csv, row 3, column file", "'a.fcs' is in row 2 already"),
        (SHEET + "\n./x/../a.fcs,P1,V2,1\n", "samples.csv, row 4, column file", "is in row 2 already"),
        (SHEET + 'b.fcs,"P1,V2,1\n', "samples.csv", "look for a quote that is not closed"),
        (
            b"file,subject,visit,day\na.fcs,M\xfcller,V1,0\n",
            "samples.csv, row 2",
            "byte 0xfc is not UTF-8 text",
        ),
        (
            "file;subject;visit;day;bead_count\na.fcs;P1;V1;0;49,877\n",
            "samples.csv, row 2, column bead_count",
            "'49,877' can be read in two ways",
        ),
        (
            "file;subject;visit;day;bead_count\na.fcs;P1;V1;0;49.877\n",
            "samples.csv, row 2, column bead_count",
            "'49.877' can be read in two ways",
        ),
        (
            f"{HEAD},dose_group\na.fcs,P1,V1,0,low\nb.fcs,P1,V2,1,high\n",
            "samples.csv, row 3, column dose_group",
            "subject P1 has 'high' here and 'low' in row 2",
        ),
        (
            f"{HEAD},infused\na.fcs,P1,V1,0,2026-01-01\nb.fcs,P1,V2,1,2026-02-01\n",
            "samples.csv, row 3, column infused",
            "a second infusion has `course` 2",
        ),
        (
            f"{HEAD},collected,infused\na.fcs,P1,V1,0,2026-01-01T08:00Z,2026-01-01T09:00\n",
            "samples.csv, row 2",
            "some of `collected`, `infused` have a time zone, and some have none",
        ),
    ],
)
def test_sheet(tmp_path, sheet: str | bytes, where: str, words: str) -> None:
    found = problems(tmp_path, sheet)
    assert any(problem.where == where and words in str(problem) for problem in found), found
    assert (
        len({problem.where for problem in found}) == len(found) or len(found) == 1 or "fcs,P1\n" in str(sheet)
    )


def test_all_problems_of_both_files_at_once(tmp_path) -> None:
    toml = (
        TOML.replace('id = "S1"\n', "")
        + 'oops = 1\n[counting]\nmethod = "bead"\n[endpoints]\nauc_days = []\n'
    )
    sheet = (
        f"{HEAD},role,blood_volume_ul,dose_group\n"
        "a.fcs,P1,V1,,sampel,-5,low\n"
        "a.fcs,P1,,1,,x,high\n"
        "../b.fcs,,V2,2,,,\n"
    )
    found = problems(tmp_path, sheet, toml)
    assert [
        problem.where.removeprefix("samples.csv, ").removeprefix("study.toml, ") for problem in found
    ] == [
        "[study] id",
        "[study] oops",
        "[counting] method",
        "[endpoints] auc_days",
        "row 2, column day",
        "row 2, column role",
        "row 2, column blood_volume_ul",
        "row 3, column visit",
        "row 3, column blood_volume_ul",
        "row 3, column file",
        "row 3, column dose_group",
        "row 4, column subject",
        "row 4, column file",
    ]


def test_the_error_prints_one_line_per_problem(tmp_path) -> None:
    (tmp_path / "samples.csv").write_text(f"{HEAD}\na.fcs,P1,V1,x\nb.fcs,P1,V1,y\n")
    (tmp_path / "study.toml").write_text(TOML)
    with pytest.raises(StudyError) as caught:
        load_study(tmp_path / "study.toml")
    assert str(caught.value).splitlines() == [
        f"samples.csv, row {row}, column day: {text!r} is not a number (write digits only, or leave it empty)"
        for row, text in ((2, "x"), (3, "y"))
    ]


def test_formulas_and_errors_of_a_workbook(tmp_path) -> None:
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    book.active.append(["file", "subject", "visit", "day", "bead_count"])
    book.active.append(["a.fcs", "P1", "V1", 0, "=50*1000"])
    book.active.append(["b.fcs", "P1", "V2", 1, "#N/A"])
    book.save(tmp_path / "s.xlsx")
    found = problems(tmp_path, toml=TOML.replace("samples.csv", "s.xlsx"))
    assert [problem.where for problem in found] == ["s.xlsx, row 2", "s.xlsx, row 3"]
    assert "cell E2 contains a formula" in found[0].what
    assert "cell E3 contains the error #N/A" in found[1].what


def zipped(name: str, text: str) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr(name, text)
    return stream.getvalue()


@pytest.mark.parametrize("data", [b"", b"text", zipped("x", "y"), zipped("[Content_Types].xml", "<x")])
def test_something_else_named_xlsx(tmp_path, data: bytes) -> None:
    (tmp_path / "s.xlsx").write_bytes(data)
    (problem,) = problems(tmp_path, toml=TOML.replace("samples.csv", "s.xlsx"))
    assert "not a readable workbook" in problem.what


@given(st.text(max_size=80))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150, deadline=None)
def test_no_sheet_breaks_the_reader(tmp_path, text: str) -> None:
    for sheet in (text, f"{HEAD},role,collected\n{text}\n", f"{HEAD}\na.fcs,P1,V1,{text}\n"):
        (tmp_path / "samples.csv").write_bytes(sheet.encode("utf-8", "replace"))
        (tmp_path / "study.toml").write_text(TOML)
        with suppress(StudyError):
            load_study(tmp_path / "study.toml")


@given(st.text(max_size=60))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=100, deadline=None)
def test_no_settings_break_the_reader(tmp_path, text: str) -> None:
    (tmp_path / "samples.csv").write_text(SHEET)
    for toml in (text, TOML + text, TOML + f"[panel]\n{text} = 1"):
        (tmp_path / "study.toml").write_bytes(toml.encode("utf-8", "replace"))
        with suppress(StudyError):
            load_study(tmp_path / "study.toml")


POPULATIONS = ("B", "T", "CAR_T", "NK", "cells", "lymphocytes", "beads")


@pytest.mark.parametrize(
    ("word", "known", "meant"),
    [
        ("beads", ("file", "bead_count", "blood_volume_ul"), "bead_count"),
        ("Bcells", POPULATIONS, "B"),
        ("T cells", POPULATIONS, "T"),
        ("car-t", POPULATIONS, "CAR_T"),
        ("Cells", POPULATIONS, "cells"),
        ("lymphocyte", POPULATIONS, "lymphocytes"),
        ("operator", ("file", "bead_count"), ""),
        ("x", (), ""),
    ],
)
def test_what_was_meant(word: str, known: tuple[str, ...], meant: str) -> None:
    assert did_you_mean(word, known) == (f"did you mean `{meant}`?" if meant else "")
