"""The workbook of a study: the tables as they stand in the results, and nothing that a spreadsheet would run."""

from __future__ import annotations

import hashlib
import json
import shutil
from datetime import datetime
from pathlib import Path

import pandas as pd
import pytest
from openpyxl import Workbook, load_workbook

from bcelldepl.batch import Results
from bcelldepl.definitions.tables import COUNTS, ENDPOINTS, TUBES
from bcelldepl.errors import ArgumentError, ExchangeError
from bcelldepl.exports import export
from bcelldepl.exports.workbook import LONGEST_CELL, export_workbook

NASTY = '=HYPERLINK("http://127.0.0.1")'


@pytest.fixture(scope="module")
def own(results: Results, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the results whose sheet has awkward comments, places and flags, as if a run had written them."""
    folder = shutil.copytree(results.folder, tmp_path_factory.mktemp("workbook") / "results")
    tubes = TUBES.read(folder / TUBES.file)
    tubes["site"], tubes["plate"], tubes["well"] = (
        "上海 01",
        "007",
        [f"A{n:02}" for n in range(1, len(tubes) + 1)],
    )
    tubes.loc[0, "comment"] = NASTY
    tubes.loc[1, "comment"] = "#N/A"
    tubes.loc[2, "comment"] = "tab\tand\x07bell"
    tubes.loc[0, "warnings"] = "x" * (LONGEST_CELL + 1)
    tubes.loc[1, ["reason", "quality_flags"]] = ["why", "what"]
    tubes.to_csv(folder / TUBES.file, index=False)
    record = json.loads((folder / "run.json").read_text())
    record["outputs"][TUBES.file] = hashlib.sha256((folder / TUBES.file).read_bytes()).hexdigest()
    (folder / "run.json").write_text(json.dumps(record))
    return folder


@pytest.fixture(scope="module")
def book(own: Path, tmp_path_factory: pytest.TempPathFactory) -> Workbook:
    (path,) = export_workbook(own, tmp_path_factory.mktemp("out"))
    assert path.name == "SIM-SMALL.xlsx"
    return load_workbook(path)


def test_sheets(book: Workbook) -> None:
    assert book.sheetnames == ["read me", "counts", "endpoints", "tubes", "flags"]
    for sheet in book.worksheets[1:]:
        assert sheet.auto_filter.ref == sheet.dimensions
        assert sheet.freeze_panes == ("B2" if sheet.title == "endpoints" else sheet.freeze_panes)
        assert sheet["A1"].font.bold
    assert book["counts"].freeze_panes == book["tubes"].freeze_panes == "E2"


@pytest.mark.parametrize("table", [COUNTS, ENDPOINTS, TUBES])
def test_cells_are_those_of_the_results(book: Workbook, own: Path, table) -> None:
    wanted = table.read(own / table.file)
    head, *rows = book[table.name].iter_rows(values_only=True)
    assert list(head)[: len(table.names)] == table.names
    assert len(rows) == len(wanted)
    found = pd.DataFrame(rows, columns=head)
    for name in table.numbers:
        pd.testing.assert_series_equal(
            pd.to_numeric(found[name]).astype(float), wanted[name].astype(float), check_names=False
        )
    texts = [
        name for name in table.names if name not in table.numbers and name not in ("comment", "warnings")
    ]
    assert (found[texts].fillna("").astype(str) == wanted[texts].astype(str)).all().all()


def test_counts_carry_site_plate_and_well(book: Workbook, own: Path) -> None:
    head, *rows = book["counts"].iter_rows(values_only=True)
    assert head[-3:] == ("site", "plate", "well")
    wells = TUBES.read(own / TUBES.file).set_index("file")["well"]
    assert {row[-3:-1] for row in rows} == {("上海 01", "007")}  # text: not the number 7
    assert all(row[-1] == wells[row[0]] for row in rows)


def test_numbers_have_formats(book: Workbook) -> None:
    head = {cell.value: cell.column for cell in book["counts"][1]}
    row = next(row for row in book["counts"].iter_rows(min_row=2) if row[head["cells_per_ul"] - 1].value)
    shown = {name: row[place - 1].number_format for name, place in head.items()}
    assert shown["events"] == "#,##0"
    assert shown["cells_per_ul"] == shown["percent_of_parent"] == "#,##0.000"
    assert shown["day"] == "0.0#"
    assert shown["visit"] == "@"


def test_nothing_is_a_formula(book: Workbook) -> None:
    cells = [cell for sheet in book.worksheets for row in sheet.iter_rows() for cell in row]
    assert {cell.data_type for cell in cells} <= {"s", "n"}  # no formula, no error, no date
    comments = [
        row[TUBES.names.index("comment")] for row in book["tubes"].iter_rows(min_row=2, values_only=True)
    ]
    assert comments[:3] == [f"'{NASTY}", "#N/A", "tab\\tand\\x07bell"]


def test_flags_name_their_tube_and_source(book: Workbook, own: Path) -> None:
    head, *rows = book["flags"].iter_rows(values_only=True)
    tubes = TUBES.read(own / TUBES.file)
    said = sum((tubes[name] != "").sum() for name in ("reason", "quality_flags", "warnings"))
    assert len(rows) == said
    found = [dict(zip(head, row, strict=True)) for row in rows]
    second = [one for one in found if one["file"] == tubes["file"][1]]
    assert {("review", "why"), ("quality", "what")} <= {(one["source"], one["flag"]) for one in second}
    assert {one["well"] for one in second} == {"A02"}
    (cut,) = [one["flag"] for one in found if one["flag"].startswith("xxx")]
    assert len(cut) == LONGEST_CELL
    assert cut.endswith("the rest is in the CSV file)")


def test_the_first_sheet_says_what_it_is_and_what_columns_mean(book: Workbook, own: Path) -> None:
    lines = list(book["read me"].iter_rows(values_only=True))
    told = {line[0]: line[1] for line in lines}
    record = json.loads((own / "run.json").read_text())
    assert told["study"] == record["study"]
    assert told["computed"] == record["finished"]
    assert told["version of bcelldepl"] == record["versions"]["bcelldepl"]
    for table in (COUNTS, ENDPOINTS, TUBES):
        for column in table.columns:
            assert (column.name, column.meaning) in lines
    assert ("CMAX", "Max Conc [cells/uL]") in lines


def test_the_same_results_give_the_same_bytes(own: Path, tmp_path: Path) -> None:
    contents = [export_workbook(own, tmp_path / name)[0].read_bytes() for name in "ab"]
    assert contents[0] == contents[1]
    finished = datetime.fromisoformat(json.loads((own / "run.json").read_text())["finished"]).replace(
        tzinfo=None
    )
    properties = load_workbook(tmp_path / "a" / "SIM-SMALL.xlsx").properties
    assert (properties.created, properties.modified) == (finished, finished)


def test_an_export_is_entered_in_the_record_and_says_what_it_wrote(own: Path, tmp_path: Path) -> None:
    done = export(Results(own), "xlsx", tmp_path, why="for the site")
    assert [path.name for path in done.files] == ["SIM-SMALL.xlsx"]
    assert done.unrecorded == ""
    last = json.loads((own / "audit.jsonl").read_text().splitlines()[-1])
    assert "for the site" in json.dumps(last)


@pytest.mark.parametrize(
    ("arguments", "kind", "words"),
    [
        (("nowhere", "xlsx", "out"), ExchangeError, "there is no such folder"),
        ((7, "xlsx", "out"), ArgumentError, r"folder: 7 \(int\) is not a path"),
        (("", "xlsx", "out"), ArgumentError, "is not a path"),
        (("{own}", "xslx", "out"), ExchangeError, "did you mean `xlsx`"),
        (("{own}", "spss", "out"), ExchangeError, "known: csv, parquet"),
        (("{own}", "xlsx", None), ArgumentError, r"out: None \(NoneType\) is not a path"),
        (("{own}", "fcs", "out"), ExchangeError, "no population is given"),
    ],
)
def test_wrong_arguments(own: Path, arguments, kind, words: str) -> None:
    given = [own if one == "{own}" else one for one in arguments]
    with pytest.raises(kind, match=words):
        export(*given)


def test_populations_go_with_events_alone(own: Path, tmp_path: Path) -> None:
    with pytest.raises(ExchangeError, match="populations are for fcs only"):
        export(own, "xlsx", tmp_path, populations=["B"])
