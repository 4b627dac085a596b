"""Sample sheets as people save them (.csv, .tsv, .xlsx), read to rows of plain text with their places."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from bcelldepl.errors import Problem
from bcelldepl.input_limits import MEGABYTE, read_limited
from bcelldepl.spreadsheet import is_live
from bcelldepl.study.plain import complaint
from bcelldepl.study.workbook import WorkbookError, read_workbook

__all__ = ["Sheet", "SheetRow", "read_sheet"]

DELIMITERS = {"comma": ",", "semicolon": ";", "tab": "\t"}
MOST_BYTES: Final = 50 * MEGABYTE


@dataclass(frozen=True)
class SheetRow:
    """One row: its number as a spreadsheet shows it, and its cells by column."""

    number: int
    cells: dict[str, str]


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
    found : list of (int, Problem)
        Problems with the row of each, 0 for the sheet as a whole.
    """

    name: str
    columns: list[str] = field(default_factory=list)
    rows: list[SheetRow] = field(default_factory=list)
    delimiter: str = ""
    found: list[tuple[int, Problem]] = field(default_factory=list)

    def report(self, what: str, remedy: str = "", row: int = 0, column: str = "") -> None:
        """Note a problem of the sheet, of one of its rows, or of one cell."""
        where = self.name + (f", row {row}" if row else "") + (f", column {column}" if column else "")
        self.found.append((row, Problem(where, what, remedy)))

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
        """Problems of the sheet as a whole, then row by row."""
        return [problem for _, problem in sorted(self.found, key=lambda one: one[0])]


def read_sheet(path: Path, name: str) -> Sheet:
    """Read a sample sheet.

    Parameters
    ----------
    path : Path
        A ``.csv`` (comma, semicolon or tab), ``.tsv`` or ``.xlsx`` file. Text is UTF-8, or UTF-16 with
        its mark. Of a workbook the sheet named `samples` is read, else the first.
    name : str
        How problems call it.

    Returns
    -------
    Sheet
        Problems are in it, not raised.
    """
    sheet = Sheet(name)
    try:
        match path.suffix.lower():
            case ".csv" | ".tsv":
                records = _text_records(path, sheet)
            case ".xlsx":
                records = _workbook_records(path, sheet)
            case suffix:
                kind = f"a {suffix} file" if suffix else "a file without a suffix"
                sheet.report(f"a sample sheet cannot be {kind}", "save it as .csv, .tsv or .xlsx")
                return sheet
    except FileNotFoundError:
        sheet.report("the sample sheet does not exist", "correct `samples` in [study]")
        return sheet
    except (OSError, ValueError) as error:
        sheet.report(f"cannot be read: {getattr(error, 'strerror', None) or error}")
        return sheet
    _arrange(records, sheet)
    return sheet


def _text_records(path: Path, sheet: Sheet) -> list[list[str]]:
    data = read_limited(path, MOST_BYTES)
    encoding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        sheet.report(f"byte 0x{data[error.start]:02x} is not UTF-8 text", 'save it as "CSV UTF-8"', line)
        return []
    heading = next((line for line in text.splitlines() if line.strip()), "")
    # Headings hold no delimiters, so the one that cuts the first line into most cells is the delimiter.
    sheet.delimiter = "\t" if path.suffix.lower() == ".tsv" else max(DELIMITERS.values(), key=heading.count)
    try:
        return list(csv.reader(io.StringIO(text, newline=""), delimiter=sheet.delimiter, strict=True))
    except csv.Error as error:
        sheet.report(f"not a readable table: {error}", "look for a quote that is not closed")
        return []


def _workbook_records(path: Path, sheet: Sheet) -> list[list[str]]:
    try:
        rows = read_workbook(path, "samples")
    except WorkbookError as error:
        sheet.report(str(error), "save it again as .xlsx or .csv")
        return []
    for row in rows:
        for problem in row.problems:
            sheet.report(problem.what, problem.remedy, row.number)
    return [row.cells for row in rows]


def _arrange(records: Iterable[list[str]], sheet: Sheet) -> None:
    """Find the heading row, then give every later row its cells by column."""
    for number, record in enumerate(records, 1):
        cells = [cell.strip() for cell in record]
        if not any(cells):
            continue
        if not sheet.columns:
            _head(cells, sheet, number)
            continue
        if any(cells[len(sheet.columns) :]):
            what = f"has {len(cells)} cells where the heading has {len(sheet.columns)}"
            sheet.report(what, "put quotes around a cell that holds the delimiter", number)
        for place, (cell, column) in enumerate(zip(cells, sheet.columns, strict=False), 1):
            if cell and not column:
                sheet.report(f"column {place} holds {cell!r} but has no heading", "give it one", number)
        filled = cells + [""] * (len(sheet.columns) - len(cells))
        sheet.rows.append(SheetRow(number, dict(zip(sheet.columns, filled, strict=False))))
    if not sheet.found and not sheet.rows:
        sheet.report("holds no tubes" if sheet.columns else "is empty", "write one row per FCS file")


def _head(cells: list[str], sheet: Sheet, number: int) -> None:
    sheet.columns = [cell.casefold().replace(" ", "_").replace("-", "_") for cell in cells]
    while sheet.columns and not sheet.columns[-1]:
        sheet.columns.pop()
    for column in sorted({column for column in sheet.columns if column and sheet.columns.count(column) > 1}):
        sheet.report(f"the column `{column}` is there more than once", "keep one of them", number)
