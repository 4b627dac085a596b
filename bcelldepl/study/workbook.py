"""Workbooks (.xlsx) read to rows of text: checked as the archives they are before any of them is unpacked."""

from __future__ import annotations

import re
import warnings
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time
from pathlib import Path
from typing import Any, Final

from bcelldepl.errors import Problem
from bcelldepl.input_limits import MEGABYTE, check_plain_file, defines_entities

__all__ = ["WorkbookError", "WorkbookRow", "WorkbookSheet", "read_workbook"]

_MOST_BYTES: Final = 50 * MEGABYTE
_MOST_UNPACKED: Final = 200 * MEGABYTE
# Sheets of text shrink to a tenth or, where rows repeat, a fiftieth; only what is made to burst shrinks further.
_MOST_RATIO: Final = 200
_RATIO_COUNTS_FROM: Final = 5 * MEGABYTE  # unpacked; a small part may shrink as it likes
_MOST_PARTS: Final = 2_000
_MOST_ROWS: Final = 100_000
_MOST_COLUMNS: Final = 1_000
_LITERAL: Final = re.compile(r'"[^"]*"|\\.')  # of a number format: text that changes no number


class WorkbookError(ValueError):
    """A workbook is refused; its text says why."""


@dataclass(frozen=True)
class WorkbookRow:
    """One row: its number, its cells as text, and what is wrong with single cells."""

    number: int
    cells: list[str]
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True)
class WorkbookSheet:
    """One sheet of a workbook.

    Attributes
    ----------
    name : str
    others : tuple of str
        The sheets that were not read.
    epoch : datetime
        Day 0 of its numbers of days.
    rows : list of WorkbookRow
        Blank rows included.
    """

    name: str
    others: tuple[str, ...]
    epoch: datetime
    rows: list[WorkbookRow]


def read_workbook(path: Path, preferred: str) -> WorkbookSheet:
    """Read one sheet of a workbook.

    Formulas are never evaluated: a cell that holds one, or an error, is empty and named in the row's problems.

    Parameters
    ----------
    path : Path
    preferred : str
        Name of the sheet to read, in small letters or capitals; the first that is not hidden where there is none of
        this name.

    Returns
    -------
    WorkbookSheet

    Raises
    ------
    WorkbookError
        For an archive that would unpack to more than 200 MB or shrinks beyond belief, parts that define entities, more
        than 100,000 rows or 1,000 columns, or whatever else is no workbook.
    OSError
        The file cannot be read.
    """
    if check_plain_file(path) > _MOST_BYTES:
        raise WorkbookError(f"the workbook is larger than {_MOST_BYTES // MEGABYTE} MB")
    import openpyxl

    with warnings.catch_warnings(), path.open("rb") as stream:
        warnings.simplefilter("ignore")  # of styles and validations, which no sample sheet needs
        try:
            _check_archive(stream)
            book = openpyxl.load_workbook(stream, read_only=True, keep_links=False)
            page = _page(book.worksheets, preferred)
            page.reset_dimensions()  # some programs write wrong ones
            rows = []
            for number, cells in enumerate(page.iter_rows(), 1):
                if number > _MOST_ROWS or len(cells) > _MOST_COLUMNS:
                    raise WorkbookError(f"more than {_MOST_ROWS:,} rows or {_MOST_COLUMNS:,} columns")
                rows.append(_row(number, cells))
            others = tuple(one.title for one in book.worksheets if one is not page)
            return WorkbookSheet(page.title, others, book.epoch, rows)
        except OSError:
            raise
        except WorkbookError as error:
            raise WorkbookError(f"not read, for safety: {error}") from None
        except Exception as error:  # a broken workbook raises whatever its broken part raises
            raise WorkbookError(f"not a readable workbook: {error}") from error


def _page(pages: Sequence[Any], preferred: str) -> Any:
    named = [page for page in pages if page.title.strip().casefold() == preferred]
    shown = [page for page in pages if page.sheet_state == "visible"]
    return (named or shown or pages)[0]


def _check_archive(stream: object) -> None:
    """Refuse an archive that would fill the memory, by what it says of itself; `zipfile` reads no further than that."""
    with zipfile.ZipFile(stream) as archive:  # type: ignore[call-overload]
        parts = archive.infolist()
        if len(parts) > _MOST_PARTS:
            raise WorkbookError(f"it has {len(parts):,} parts")
        total = sum(part.file_size for part in parts)
        if total > _MOST_UNPACKED:
            raise WorkbookError(f"it would unpack to {total / MEGABYTE:,.0f} MB")
        for part in parts:
            if part.file_size > _RATIO_COUNTS_FROM and part.file_size > _MOST_RATIO * part.compress_size:
                ratio = part.file_size / max(part.compress_size, 1)
                raise WorkbookError(f"{part.filename!r} would unpack to {ratio:,.0f} times its size")
        for part in parts:
            if part.filename.lower().endswith((".xml", ".rels", ".vml")) and defines_entities(
                archive.read(part)
            ):
                raise WorkbookError(f"{part.filename!r} defines a document type or entities")


def _row(number: int, cells: tuple[object, ...]) -> WorkbookRow:
    problems: list[Problem] = []
    return WorkbookRow(number, [_text(cell, problems) for cell in cells], tuple(problems))


def _text(cell: object, problems: list[Problem]) -> str:
    value, kind = getattr(cell, "value", None), getattr(cell, "data_type", "n")
    if value is None:
        return ""
    if kind in ("f", "e"):
        what = "a formula" if kind == "f" else f"the error {value}"
        place = getattr(cell, "coordinate", "")
        problems.append(Problem(place, f"cell {place} contains {what}", "paste the value in its place"))
        return ""
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat()
    shown_as = _LITERAL.sub("", str(getattr(cell, "number_format", "")))
    if isinstance(value, (int, float)) and "%" in shown_as:
        return f"{100 * value:.15g} %"  # as the sheet shows it: 0.123 there is 12.3 %
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)
