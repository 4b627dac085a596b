"""Sample sheets as people save them (.csv, .tsv, .xlsx), read to rows of plain text with their places."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final

from bcelldepl.errors import Problem
from bcelldepl.input_limits import MEGABYTE, read_limited
from bcelldepl.near_names import near_file
from bcelldepl.spreadsheet import is_live
from bcelldepl.study.cells import EPOCH
from bcelldepl.study.encoding import EncodingError, decode_sheet
from bcelldepl.study.plain import complaint
from bcelldepl.study.workbook import WorkbookError, read_workbook

__all__ = ["Sheet", "SheetRow", "read_sheet"]

MOST_TITLES: Final = 20  # rows above the heading
MOST_ALIKE: Final = 3  # problems of one kind in one column; more are told as one
MOST_LISTED: Final = 6  # rows of one kind of problem
LEAST_COLUMNS: Final = 2  # known ones, in a heading
PREFERRED_SHEET: Final = "samples"  # of a workbook
DELIMITERS = {"comma": ",", "semicolon": ";", "tab": "\t"}
MOST_BYTES: Final = 50 * MEGABYTE


@dataclass(frozen=True)
class SheetRow:
    """One row: its number as a spreadsheet shows it, and its cells by column."""

    number: int
    cells: dict[str, str]


@dataclass(frozen=True)
class _Found:
    """A problem, with its row (0 for the sheet as a whole) and its column, before many of a kind are told as one."""

    row: int
    column: str
    what: str
    remedy: str

    @property
    def kind(self) -> tuple[str, str, str]:
        """What such problems of other rows have in common: all but the texts and numbers that are quoted."""
        return self.column, re.sub(r"'[^']*'|\d+", "", self.what), re.sub(r"\d+", "", self.remedy)


def _told(sheet: str, alike: Sequence[_Found]) -> Problem:
    """Problems of one kind as one, with all its rows."""
    first, rows = alike[0], list(dict.fromkeys(one.row for one in alike))
    place, more = f", row {first.row}" if first.row else "", ""
    if len(rows) > 1:
        in_a_row = rows[-1] - rows[0] == len(rows) - 1
        listed = ", ".join(map(str, rows[:MOST_LISTED]))
        rest = f" and {len(rows) - MOST_LISTED} more" if len(rows) > MOST_LISTED else ""
        place = f", rows {rows[0]} to {rows[-1]}" if in_a_row else f", rows {listed}{rest}"
        same = all(one.what == first.what for one in alike)
        more = f" in {len(rows)} rows" if same else f", and so it is in {len(rows) - 1} more rows"
    column = f", column {first.column}" if first.column else ""
    return Problem(f"{sheet}{place}{column}", first.what + more, first.remedy)


@dataclass
class Sheet:
    """What a sheet holds, before it is understood.

    Attributes
    ----------
    name : str
        As in ``study.toml``.
    columns : list of str
        Headings in small letters, with ``_`` for blanks and hyphens.
    rows : list of SheetRow
        Rows that are not blank.
    delimiter : str
        Between cells; empty for a workbook.
    epoch : datetime
        Day 0 of its numbers of days.
    which : str
        Which of several sheets of a workbook it is, in words.
    notes : list of str
        How it was read, where that was not plain.
    found : list of _Found
        Problems, each with its row and column.
    """

    name: str
    columns: list[str] = field(default_factory=list)
    rows: list[SheetRow] = field(default_factory=list)
    delimiter: str = ""
    epoch: datetime = EPOCH
    which: str = ""
    notes: list[str] = field(default_factory=list)
    found: list[_Found] = field(default_factory=list)

    def report(self, what: str, remedy: str = "", row: int = 0, column: str = "") -> None:
        """Note a problem of the sheet, of one of its rows, or of one cell."""
        self.found.append(_Found(row, column, what, remedy))

    def check_text(self, row: SheetRow, columns: Iterable[str], lines: bool = False) -> None:
        """Refuse texts that a table or a page of the results could not show as they are.

        Parameters
        ----------
        row : SheetRow
        columns : iterable of str
            Which of its cells.
        lines : bool
            Whether they may hold line breaks and tabs.
        """
        for column in columns:
            text = row.cells.get(column, "")
            wrong = complaint(text, lines)
            if wrong:
                what, remedy = wrong
                if column == "file" and is_live(text):
                    remedy = "write ./ before it"
                self.report(what, remedy, row.number, column)

    @property
    def problems(self) -> list[Problem]:
        """Problems of the sheet as a whole, then row by row; one that many rows have is told once, at the first."""
        kinds: dict[object, list[_Found]] = {}
        for one in sorted(self.found, key=lambda one: one.row):
            kinds.setdefault(one.kind if one.row else one, []).append(one)
        told: list[tuple[int, Problem]] = []
        for alike in kinds.values():
            groups = [alike] if len({one.row for one in alike}) > MOST_ALIKE else [[one] for one in alike]
            told += [(group[0].row, _told(self.name, group)) for group in groups]
        return [problem for _, problem in sorted(told, key=lambda one: one[0])]


def read_sheet(path: Path, name: str, known: Sequence[str]) -> Sheet:
    """Read a sample sheet.

    Parameters
    ----------
    path : Path
        A ``.csv`` (comma, semicolon or tab), ``.tsv`` or ``.xlsx`` file; see `decode_sheet` for its text. Of a workbook
        the sheet named `samples` is read, else the first.
    name : str
        How problems call it.
    known : sequence of str
        Columns by which the heading is told from titles above it, the most important first.

    Returns
    -------
    Sheet
        Problems are in it, not raised.
    """
    sheet = Sheet(name)
    try:
        match path.suffix.lower():
            case ".csv" | ".tsv":
                records = _text_records(path, sheet, known)
            case ".xlsx":
                records = _workbook_records(path, sheet)
            case suffix:
                kind = f"a {suffix} file" if suffix else "a file without a suffix"
                sheet.report(f"a sample sheet cannot be {kind}", "save it as .csv, .tsv or .xlsx")
                return sheet
    except FileNotFoundError:
        sheet.report("the sample sheet does not exist", near_file(path) or "correct `samples` in [study]")
        return sheet
    except (OSError, ValueError) as error:
        sheet.report(f"cannot be read: {getattr(error, 'strerror', None) or error}")
        return sheet
    _arrange(records, sheet, known)
    return sheet


def _text_records(path: Path, sheet: Sheet, known: Sequence[str]) -> list[list[str]]:
    data = read_limited(path, MOST_BYTES)
    try:
        text, encoding = decode_sheet(data)
    except EncodingError as error:
        sheet.report(error.what, error.remedy, error.line)
        return []
    if encoding:
        first = next(word for word in re.split(r"[\s,;]+", text) if not word.isascii())
        sheet.notes.append(
            f"{sheet.name} is not UTF-8; it is read as {encoding}, in which {first!r} is the first name"
        )
    sheet.delimiter = "\t" if path.suffix.lower() == ".tsv" else _delimiter(text, known)
    try:
        return list(csv.reader(io.StringIO(text, newline=""), delimiter=sheet.delimiter, strict=True))
    except csv.Error as error:
        sheet.report(f"not a readable table: {error}", "look for a quote that is not closed")
        return []


def _delimiter(text: str, known: Sequence[str]) -> str:
    """What cuts the heading into most columns that are known, else the first line into most cells."""
    lines = [line for line in text.splitlines()[:MOST_TITLES] if line.strip()]
    first = lines[0] if lines else ""

    def fit(delimiter: str) -> tuple[int, int]:
        named = [sum(_column(cell.strip('"')) in known for cell in line.split(delimiter)) for line in lines]
        return max(named, default=0), first.count(delimiter)

    return max(DELIMITERS.values(), key=fit)


def _workbook_records(path: Path, sheet: Sheet) -> list[list[str]]:
    try:
        page = read_workbook(path, PREFERRED_SHEET)
    except WorkbookError as error:
        sheet.report(str(error), "save it again as .xlsx or .csv")
        return []
    sheet.epoch = page.epoch
    if page.others:
        others = ", ".join(map(repr, page.others))
        sheet.which = f"the sheet {page.name!r} is read, and not {others}"
        sheet.notes.append(f"{sheet.name}: {sheet.which}")
    for row in page.rows:
        for problem in row.problems:
            sheet.report(problem.what, problem.remedy, row.number)
    return [row.cells for row in page.rows]


def _arrange(records: Sequence[list[str]], sheet: Sheet, known: Sequence[str]) -> None:
    """Find the heading row, then give every later row its cells by column."""
    heading = _heading_row(records, known)
    if not heading and any(map(any, records)):
        what = f"no heading was found: no row of the first {MOST_TITLES} names {LEAST_COLUMNS} columns"
        remedy = f"write a row with {', '.join(known[:4])} and the other columns"
        if sheet.which:
            what = f"{what}; {sheet.which}"
            remedy = f"if it is another one, call that `{PREFERRED_SHEET}`; else {remedy}"
        sheet.report(what, remedy)
        return
    for number, record in enumerate(records, 1):
        cells = [cell.strip() for cell in record]
        if not any(cells) or number < heading:
            continue
        if not sheet.columns:
            _head(cells, sheet, number)
            continue
        other = _other_delimiter(cells, sheet)
        if other:
            what = f"its cells are separated by {other!r}, those of the heading by {sheet.delimiter!r}"
            sheet.report(what, "save the sheet again with one separator", number, sheet.columns[0])
            continue
        if any(cells[len(sheet.columns) :]):
            what = f"has {len(cells)} cells where the heading has {len(sheet.columns)}"
            sheet.report(what, "put quotes around a cell that contains the delimiter", number)
        for place, (cell, column) in enumerate(zip(cells, sheet.columns, strict=False), 1):
            if cell and not column:
                sheet.report(f"column {place} contains {cell!r} but has no heading", "give it one", number)
        filled = cells + [""] * (len(sheet.columns) - len(cells))
        sheet.rows.append(SheetRow(number, dict(zip(sheet.columns, filled, strict=False))))
    if not sheet.found and not sheet.rows:
        sheet.report("contains no tubes" if sheet.columns else "is empty", "write one row per FCS file")


def _other_delimiter(cells: Sequence[str], sheet: Sheet) -> str:
    """What separates the cells of a row that has but one cell by the separator of the heading."""
    if not sheet.delimiter or any(cells[1:]) or len(sheet.columns) < LEAST_COLUMNS:
        return ""
    others = (one for one in DELIMITERS.values() if one != sheet.delimiter)
    return next((one for one in others if cells[0].count(one) >= LEAST_COLUMNS), "")


def _heading_row(records: Sequence[list[str]], known: Sequence[str]) -> int:
    """Row with the heading: the one of the first rows that names most columns; 0 where none names two."""
    names = [sum(_column(cell) in known for cell in record) for record in records[:MOST_TITLES]]
    most = max(names, default=0)
    return names.index(most) + 1 if most >= LEAST_COLUMNS else 0


def _column(cell: str) -> str:
    return cell.strip().casefold().replace(" ", "_").replace("-", "_")


def _head(cells: list[str], sheet: Sheet, number: int) -> None:
    sheet.columns = [_column(cell) for cell in cells]
    while sheet.columns and not sheet.columns[-1]:
        sheet.columns.pop()
    for column in sorted({column for column in sheet.columns if column and sheet.columns.count(column) > 1}):
        sheet.report(f"the column `{column}` is there more than once", "keep one of them", number)
