"""Sheets as programs save them: encodings of East Asia, several sheets, titles above the heading, numbers of days."""

from __future__ import annotations

import random
from datetime import datetime
from pathlib import Path

import pytest

from bcelldepl.errors import StudyError
from bcelldepl.study import Study, load_study
from bcelldepl.study.cells import DAY_NUMBERS, CellError, when
from bcelldepl.study.encoding import CLEAR_LEAD, LEAST_COMMON, EncodingError, decode_sheet
from bcelldepl.study.sheet import LEAST_COLUMNS, MOST_TITLES

HEAD = "file,subject,visit,day"
# Names, visits and remarks of a trial as a person types them.
CHINESE = "张伟王芳李秀英刘洋陈静杨勇赵军黄磊周杰吴敏徐丽孙涛患者基线回输后第天访视低剂量高组对照样本溶血重抽"
TAIWAN = "張偉王芳李秀英劉洋陳靜楊勇趙軍黃磊周杰吳敏徐麗孫濤患者基線回輸後第天訪視低劑量高組對照樣本溶血重抽"
JAPANESE = "患者基線投与後第日訪問低用量群高コントロール検体山田佐藤鈴木高橋田中渡辺伊藤さくらたろうはなこ"
ENCODINGS = [
    ("gbk", CHINESE, "GB18030"),
    ("gb18030", CHINESE, "GB18030"),
    ("big5", TAIWAN, "Big5"),
    ("shift_jis", JAPANESE, "Shift-JIS"),
]


def load(folder: Path, name: str = "samples.csv", data: bytes | None = None) -> Study:
    if data is not None:
        (folder / name).write_bytes(data)
    (folder / "study.toml").write_text(f'[study]\nid = "S1"\nsamples = "{name}"\nstrategy = "cart_pd"\n')
    return load_study(folder / "study.toml")


def refusals(folder: Path, name: str = "samples.csv", data: bytes | None = None) -> list[str]:
    with pytest.raises(StudyError) as caught:
        load(folder, name, data)
    return [str(problem) for problem in caught.value.problems]


@pytest.mark.parametrize(("codec", "characters", "name"), ENCODINGS)
@pytest.mark.parametrize("rows", [2, 10])
def test_encodings_of_east_asia(tmp_path: Path, codec: str, characters: str, name: str, rows: int) -> None:
    chance = random.Random(rows)
    for _ in range(20):
        subjects = {"".join(chance.choices(characters, k=3)) for _ in range(rows)}
        visit = "".join(chance.choices(characters, k=2))
        cells = [f"{n}.fcs,{subject},{visit},{n}" for n, subject in enumerate(sorted(subjects))]
        study = load(tmp_path, data="\n".join([HEAD, *cells]).encode(codec))
        assert set(study.subjects) == subjects
        (note,) = study.warnings
        assert f"is not UTF-8; it is read as {name}, in which {study.subjects[0]!r} is the first name" in note


def test_unicode_needs_no_word(tmp_path: Path) -> None:
    for codec in ("utf-8", "utf-8-sig", "utf-16"):
        assert load(tmp_path, data=f"{HEAD}\na.fcs,张伟,基线,0\n".encode(codec)).warnings == ()


@pytest.mark.parametrize("text", ["Müller", "Größe ± 5 µL", "Österreich, Überweisung", "é" * 3])
def test_western_encodings_are_refused(tmp_path: Path, text: str) -> None:
    (problem,) = refusals(tmp_path, data=f"{HEAD}\na.fcs,P1,{text[:6]},0\n".encode("cp1252"))
    assert "row 2" in problem
    assert 'save it as "CSV UTF-8"' in problem


def test_most_characters_must_be_common() -> None:
    """0x8180 is a character of GB18030 that is not among its common ones, and none of Big5."""
    enough = round(LEAST_COMMON * 100)
    text, name = decode_sheet(b"\xb0\xa1" * enough + b"\x81\x80" * (100 - enough))
    assert name == "GB18030"
    assert text.startswith("啊")
    with pytest.raises(EncodingError, match="not UTF-8"):
        decode_sheet(b"\xb0\xa1" * (enough - 1) + b"\x81\x80" * (101 - enough))


@pytest.mark.parametrize(("others", "name"), [(1, ""), (2, "Big5")])
def test_two_readings_that_are_as_likely_are_refused(others: int, name: str) -> None:
    """0xB0A1 is a common character of GB18030 and of Big5; 0xA4A4 of Big5 alone."""
    data = b"\xb0\xa1" * 12 + b"\xa4\xa4" * others
    assert (others / (12 + others) > CLEAR_LEAD) is bool(name)
    if name:
        assert decode_sheet(data)[1] == name
    else:
        with pytest.raises(EncodingError, match="it could be"):
            decode_sheet(data)


def workbook(path: Path, sheets: dict[str, list[list[object]]], hidden: str = "") -> None:
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    book.remove(book.active)
    for title, rows in sheets.items():
        page = book.create_sheet(title)
        page.sheet_state = "hidden" if title == hidden else "visible"
        for row in rows:
            page.append(row)
    book.save(path)


HEADING = ["file", "subject", "visit", "day"]
RIGHT: list[list[object]] = [HEADING, ["a.fcs", "P1", "V1", 0]]  # type: ignore[list-item]
DRAFT: list[list[object]] = [HEADING, ["draft.fcs", "P1", "V1", 0]]  # type: ignore[list-item]


@pytest.mark.parametrize("title", ["samples", "Samples", "SAMPLES", " Samples "])
def test_the_sheet_of_samples_wins_over_the_first(tmp_path: Path, title: str) -> None:
    workbook(tmp_path / "s.xlsx", {"Draft": DRAFT, title: RIGHT, "Lists": []})
    study = load(tmp_path, "s.xlsx")
    assert study.tubes[0].file == "a.fcs"
    assert study.warnings == (f"s.xlsx: the sheet {title!r} is read, and not 'Draft', 'Lists'",)


def test_the_first_sheet_that_is_shown(tmp_path: Path) -> None:
    workbook(tmp_path / "s.xlsx", {"Old": DRAFT, "Tubes": RIGHT}, hidden="Old")
    study = load(tmp_path, "s.xlsx")
    assert study.tubes[0].file == "a.fcs"
    assert "the sheet 'Tubes' is read, and not 'Old'" in study.warnings[0]
    workbook(tmp_path / "s.xlsx", {"Tubes": RIGHT})
    assert load(tmp_path, "s.xlsx").warnings == ()


def test_titles_above_the_heading(tmp_path: Path) -> None:
    titles: list[list[object]] = [["Trial ABC, list of tubes"], [None], ["as of", "2026-01-31"]]
    workbook(tmp_path / "s.xlsx", {"Tubes": [*titles, *RIGHT]})
    assert load(tmp_path, "s.xlsx").tubes[0].file == "a.fcs"
    text = f"Trial ABC; list, of, many, tubes, here\n\n{HEAD.replace(',', ';')}\na.fcs;P1;V1;0,5\n"
    assert load(tmp_path, data=text.encode()).tubes[0].day == 0.5


@pytest.mark.parametrize("first", ["Trial ABC", "a.fcs,P1,V1,0"])
def test_a_sheet_without_a_heading_is_one_problem(tmp_path: Path, first: str) -> None:
    (problem,) = refusals(tmp_path, data=f"{first}\nb.fcs,P1,V2,1,x,y\nc.fcs,P1,V3,2\n".encode())
    assert problem.startswith("samples.csv: no heading was found: no row of the first 20 names 2 columns")
    assert "file, subject, visit, day" in problem


@pytest.mark.parametrize(
    ("text", "moment", "has_time"),
    [
        ("2025/1/10", datetime(2025, 1, 10), False),
        ("2025/01/10 9:30", datetime(2025, 1, 10, 9, 30), True),
        ("2025-1-10", datetime(2025, 1, 10), False),
        ("2025.1.10 09:30:15", datetime(2025, 1, 10, 9, 30, 15), True),
        ("2025年1月10日", datetime(2025, 1, 10), False),
        ("2025-01-10T09:30", datetime(2025, 1, 10, 9, 30), True),
        ("45667", datetime(2025, 1, 10), False),
        ("45667.395833333", datetime(2025, 1, 10, 9, 30), True),
        (str(DAY_NUMBERS[0]), datetime(2000, 1, 1), False),
        (str(DAY_NUMBERS[1] - 1), datetime(2099, 12, 31), False),
    ],
)
def test_dates(text: str, moment: datetime, has_time: bool) -> None:
    assert when(text) == (moment, has_time)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("12/03/2026", "can be read in two ways"),
        ("1.2.26", "can be read in two ways"),
        ("2025/13/10", "is not an ISO date"),
        ("2025/2/30", "is not an ISO date"),
        (str(DAY_NUMBERS[0] - 1), "is not an ISO date"),
        (str(DAY_NUMBERS[1]), "is not an ISO date"),
        ("soon", "is not an ISO date"),
    ],
)
def test_no_dates(text: str, words: str) -> None:
    with pytest.raises(CellError, match=words) as caught:
        when(text)
    assert "2026-01-31" in caught.value.remedy


def test_numbers_of_days_are_told(tmp_path: Path) -> None:
    rows = f"{HEAD},collected,infused\na.fcs,P1,V1,7,45674,45667\nb.fcs,P1,V2,14,2025-01-24,\n"
    study = load(tmp_path, data=rows.encode())
    assert [tube.actual_day for tube in study.tubes] == [7, 14]
    (note,) = study.warnings
    assert note == (
        "samples.csv, row 2, column collected: 45674 and 1 more read as a spreadsheet's day: 2025-01-17"
    )
    assert study.tube_notes == {
        "a.fcs": (
            "collected 45674 is read as a spreadsheet's day: 2025-01-17",
            "infused 45667 is read as a spreadsheet's day: 2025-01-10",
        )
    }


def test_a_workbook_that_counts_from_1904(tmp_path: Path) -> None:
    openpyxl = pytest.importorskip("openpyxl")
    from openpyxl.utils.datetime import CALENDAR_MAC_1904

    book = openpyxl.Workbook()
    book.epoch = CALENDAR_MAC_1904
    book.active.append([*HEADING, "collected"])
    book.active.append(["a.fcs", "P1", "V1", 0, 45667 - 1462])
    book.save(tmp_path / "s.xlsx")
    assert load(tmp_path, "s.xlsx").tubes[0].collected == datetime(2025, 1, 10)


@pytest.mark.parametrize(
    ("column", "meant"), [("beads", "bead_count"), ("wbc", "wbc_per_ul"), ("doses", "dose_group")]
)
def test_columns_that_are_a_part_of_a_known_one(tmp_path: Path, column: str, meant: str) -> None:
    (note,) = load(tmp_path, data=f"{HEAD},{column}\na.fcs,P1,V1,0,1\n".encode()).warnings
    assert f"did you mean `{meant}`?" in note


def test_a_sheet_of_another_spelling_is_named(tmp_path: Path) -> None:
    (tmp_path / "Samples.CSV").write_text(f"{HEAD}\na.fcs,P1,V1,0\n")
    (problem,) = refusals(tmp_path, "samples.csv")
    assert "did you mean 'Samples.CSV'?" in problem


@pytest.mark.parametrize(("titles", "found"), [(MOST_TITLES - 1, True), (MOST_TITLES, False)])
def test_how_far_down_the_heading_may_be(tmp_path: Path, titles: int, found: bool) -> None:
    data = ("a title\n" * titles + f"{HEAD}\na.fcs,P1,V1,0\n").encode()
    if found:
        assert load(tmp_path, data=data).tubes[0].file == "a.fcs"
    else:
        assert "no heading was found" in refusals(tmp_path, data=data)[0]


@pytest.mark.parametrize(("known", "found"), [(LEAST_COLUMNS - 1, False), (LEAST_COLUMNS, True)])
def test_how_many_columns_make_a_heading(tmp_path: Path, known: int, found: bool) -> None:
    columns = HEAD.split(",")[:known] + ["x", "y", "z", "u"][: 4 - known]
    problems = refusals(tmp_path, data=f"{','.join(columns)}\na.fcs,P1,V1,0\n".encode())
    assert ("no heading was found" in problems[0]) is not found


def test_how_a_table_of_companions_was_read_is_told_too(tmp_path: Path) -> None:
    (tmp_path / "samples.csv").write_text(f"{HEAD}\na.fcs,P1,V1,0\n")
    (tmp_path / "other.csv").write_bytes(
        "subject,visit,test,value,comment\nP1,V1,IgG,9,样本溶血\n".encode("gbk")
    )
    toml = '[study]\nid = "S1"\nsamples = "samples.csv"\nstrategy = "cart_pd"\ncompanions = "other.csv"\n'
    (tmp_path / "study.toml").write_text(toml)
    study = load_study(tmp_path / "study.toml")
    assert study.companion_results[0].comment == "样本溶血"
    assert "other.csv is not UTF-8; it is read as GB18030" in study.warnings[0]
