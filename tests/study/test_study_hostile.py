"""Sample sheets and settings that mean harm: refused in words, with their place."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest

from bcelldepl.errors import Problem, StudyError
from bcelldepl.study import load_study

openpyxl = pytest.importorskip("openpyxl")

TOML = '[study]\nid = "S1"\nsamples = "{samples}"\nstrategy = "cart_pd"\n'
HEAD = "file,subject,visit,day,dose_group,batch,comment"


def problems(folder: Path, sheet: str | bytes, name: str = "samples.csv", more: str = "") -> list[Problem]:
    (folder / name).write_bytes(sheet if isinstance(sheet, bytes) else sheet.encode())
    (folder / "study.toml").write_text(TOML.format(samples=name) + more)
    with pytest.raises(StudyError) as caught:
        load_study(folder / "study.toml")
    return list(caught.value.problems)


@pytest.mark.parametrize("text", ["=cmd|' /C calc'!A0", "+cmd", "-2+cmd", "@SUM(A1)", "x;=1+1"])
@pytest.mark.parametrize("column", ["file", "subject", "visit", "dose_group", "batch", "comment"])
def test_a_formula_is_refused_where_it_stands(tmp_path: Path, column: str, text: str) -> None:
    row = dict(zip(HEAD.split(","), ("a.fcs", "P1", "V1", "0", "low", "B1", ""), strict=True)) | {
        column: text
    }
    (problem,) = problems(tmp_path, f"{HEAD}\n{','.join(row.values())}\n")
    assert problem.where == f"samples.csv, row 2, column {column}"
    assert "would run as a formula in a spreadsheet" in problem.what


@pytest.mark.parametrize(
    ("text", "unseen"), [("P\u200b1", "U+200B"), ("\u202e1P", "U+202E"), ("P\x1b[2J", "U+001B")]
)
def test_a_subject_that_looks_like_another_is_refused(tmp_path: Path, text: str, unseen: str) -> None:
    (problem,) = problems(tmp_path, f"{HEAD}\na.fcs,{text},V1,0,,,\n")
    assert problem.where == "samples.csv, row 2, column subject"
    assert f"an invisible character, {unseen}" in problem.what


def test_numbers_names_and_notes_are_accepted_as_they_are(tmp_path: Path) -> None:
    (tmp_path / "samples.csv").write_text(
        f'{HEAD}\n./-a.fcs,<script>,-5,-5,$5 or $10,1,"drawn late; -2 °C\nsee note"\n'
        "b.fcs,../../x,+28,28,1e6,,- \n".replace("-2 °C", "2 below 0 °C")
    )
    (tmp_path / "study.toml").write_text(TOML.format(samples="samples.csv"))
    first, second = load_study(tmp_path / "study.toml").tubes
    assert (first.subject, first.visit, first.day, first.dose_group) == ("<script>", "-5", -5.0, "$5 or $10")
    assert (second.subject, second.visit) == ("../../x", "+28")


def test_a_cell_of_a_megabyte_is_refused(tmp_path: Path) -> None:
    (problem,) = problems(tmp_path, f"{HEAD}\na.fcs,{'P' * 100_000},V1,0,,,\n")
    assert "100,000 characters, at most 1,000" in problem.what


def test_a_study_is_not_named_a_formula(tmp_path: Path) -> None:
    (tmp_path / "samples.csv").write_text(f"{HEAD}\na.fcs,P1,V1,0,,,\n")
    (tmp_path / "study.toml").write_text(TOML.format(samples="samples.csv").replace('"S1"', '"=S1+1"'))
    with pytest.raises(StudyError, match=r"study\.toml, \[study\] id: '=S1\+1' would run as a formula"):
        load_study(tmp_path / "study.toml")


def test_links_out_of_the_study_are_refused_unless_allowed(tmp_path: Path) -> None:
    folder = tmp_path / "study"
    folder.mkdir()
    for name in ("secret.fcs", "secret.csv"):
        (tmp_path / name).write_text("PE-A\n1\n")
    (folder / "a.fcs").symlink_to(tmp_path / "secret.fcs")
    (folder / "b").symlink_to(tmp_path)
    (folder / "m.csv").symlink_to(tmp_path / "secret.csv")
    sheet = f"{HEAD}\na.fcs,P1,V1,0,,,\nb/secret.fcs,P1,V2,1,,,\n"
    matrix = '[compensation]\nmatrix = "m.csv"\n'
    found = problems(folder, sheet, more=matrix)
    assert [problem.where for problem in found] == [
        "study.toml, [compensation] matrix", "samples.csv, row 2, column file", "samples.csv, row 3, column file",
    ]  # fmt: skip
    assert all("is a link out of the study folder" in problem.what for problem in found)
    (folder / "study.toml").write_text(TOML.format(samples="samples.csv") + "allow_outside = true\n" + matrix)
    assert len(load_study(folder / "study.toml").tubes) == 2


def test_a_linked_sheet_is_not_read(tmp_path: Path) -> None:
    folder = tmp_path / "study"
    folder.mkdir()
    (tmp_path / "secret.csv").write_text("the secret\n1\n")
    (folder / "samples.csv").symlink_to(tmp_path / "secret.csv")
    (folder / "study.toml").write_text(TOML.format(samples="samples.csv"))
    with pytest.raises(StudyError) as caught:
        load_study(folder / "study.toml")
    assert "secret" not in str(caught.value)
    assert "link out of the study folder" in str(caught.value)


def test_files_that_some_disks_take_for_one_are_refused(tmp_path: Path) -> None:
    found = problems(
        tmp_path,
        f"{HEAD}\nA.fcs,P1,V1,0,,,\na.fcs,P1,V2,1,,,\n\u00e9.fcs,P1,V3,2,,,\ne\u0301.fcs,P1,V4,3,,,\n",
    )
    assert [problem.where for problem in found] == [f"samples.csv, row {n}, column file" for n in (3, 5)]


def book(rows: list[list[object]]) -> bytes:
    one, stream = openpyxl.Workbook(), io.BytesIO()
    for row in rows:
        one.active.append(row)
    one.save(stream)
    return stream.getvalue()


def with_part(workbook: bytes, name: str, content: bytes) -> bytes:
    """Return a workbook with one part replaced or added."""
    stream = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(workbook)) as old,
        zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for part in old.namelist():
            if part != name:
                new.writestr(part, old.read(part))
        new.writestr(name, content)
    return stream.getvalue()


SOUND = book([["file", "subject", "visit", "day"], ["a.fcs", "P1", "V1", 0]])
SHEET = "xl/worksheets/sheet1.xml"
LAUGHS = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]><worksheet>&b;</worksheet>'


@pytest.mark.parametrize(
    ("workbook", "words"),
    [
        (lambda: with_part(SOUND, SHEET, b" " * 210_000_000), "would unpack to 210 MB"),
        (lambda: with_part(SOUND, SHEET, b"<worksheet>" + b" " * 20_000_000 + b"</worksheet>"), "times its size"),
        (lambda: with_part(SOUND, SHEET, LAUGHS), "defines a document type or entities"),
        (lambda: with_part(SOUND, "xl/sharedStrings.xml", LAUGHS), "defines a document type or entities"),
        (lambda: with_part(SOUND, SHEET, LAUGHS.decode().encode("utf-16")), "defines a document type"),
        (lambda: book([["file"], ["a"] * 1_001]), "1,000 columns"),
    ],
    ids=["bomb", "ratio", "entities", "entities of texts", "entities in UTF-16", "columns"],
)  # fmt: skip
def test_a_workbook_that_would_burst_is_refused_unread(tmp_path: Path, workbook, words: str) -> None:
    (problem,) = problems(tmp_path, workbook(), "s.xlsx")
    assert problem.where == "s.xlsx"
    assert words in problem.what


def test_a_workbook_of_too_many_parts(tmp_path: Path) -> None:
    stream = io.BytesIO(SOUND)
    with zipfile.ZipFile(stream, "a") as archive:
        for number in range(2_001):
            archive.writestr(f"x{number}", "")
    (problem,) = problems(tmp_path, stream.getvalue(), "s.xlsx")
    assert "parts" in problem.what


def test_a_formula_of_a_workbook_is_never_taken_for_its_value(tmp_path: Path) -> None:
    found = problems(
        tmp_path, book([["file", "subject", "visit", "day"], ["a.fcs", '=HYPERLINK("x")', "V1", 0]]), "s.xlsx"
    )
    assert "cell B2 contains a formula" in found[0].what


@pytest.mark.parametrize(
    ("toml", "words"),
    [("x = " + "[" * 100_000, "nested too deeply"), ("# " + "x" * 1_000_001, "larger than 1 MB")],
)
def test_settings_that_would_fill_the_memory(tmp_path: Path, toml: str, words: str) -> None:
    (tmp_path / "study.toml").write_text(toml)
    with pytest.raises(StudyError, match=words):
        load_study(tmp_path / "study.toml")
