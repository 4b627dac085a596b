"""The cells of a table, from text files of any usual encoding or from a workbook."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path
from typing import Final

from bcelldepl.comparison.count_headings import is_summary, names_tubes
from bcelldepl.errors import ExchangeError
from bcelldepl.input_limits import MEGABYTE, read_limited
from bcelldepl.study.encoding import EncodingError, decode_sheet
from bcelldepl.study.workbook import read_workbook

__all__ = ["table_rows"]

_MOST_BYTES: Final = 50 * MEGABYTE
_MOST_ABOVE: Final = 20  # rows of a title above the headings
_PER_MICROLITRE: Final = re.compile(rb"/\xb5[lL]")


def table_rows(path: Path, remedy: str) -> tuple[list[list[str]], str, int]:
    """Read the cells of a table as text.

    Parameters
    ----------
    path : Path
        CSV, TSV or XLSX, whose first sheet is read.
    remedy : str
        What to do where it cannot be read.

    Returns
    -------
    rows : list of list of str
        The heading first, all as wide as it is; an empty list for an empty row.
    delimiter : str
        What parts the cells.
    line : int
        Of the heading: a title may stand above it.

    Raises
    ------
    ExchangeError
        Where it cannot be read, is empty, or contains a formula.
    """
    try:
        if path.suffix.lower() == ".xlsx":
            rows, delimiter = _workbook(path), ","
        else:
            text = _text(read_limited(path, _MOST_BYTES))
            lines = text.splitlines()[:_MOST_ABOVE]
            first = next((line for line in lines if any(one in line for one in "\t;,")), "")
            delimiter = max("\t;,", key=first.count)
            rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    except EncodingError as error:
        raise ExchangeError(error.what, f"{path.name}, {error.where}", error.remedy) from error
    except (OSError, ValueError, KeyError, csv.Error) as error:
        raise ExchangeError(f"the table cannot be read: {error}", path.name, remedy) from error
    rows = [[cell.strip() for cell in row] for row in rows]
    filled = [row for row in rows if any(row)]
    if not filled:
        raise ExchangeError("the table cannot be read: it is empty", path.name, remedy)
    heading = next((row for row in filled[:_MOST_ABOVE] if names_tubes(row)), filled[0])
    width = len(heading)
    # Lines keep their numbers: an empty row is an empty list.
    at = rows.index(heading)
    body = [((row + [""] * width)[:width] if any(row) else []) for row in rows[at:]]
    return body, delimiter, at + 1


def _text(content: bytes) -> str:
    """Decode a table; where the only bytes beyond ASCII are micro signs of Windows, as in ``/µL``, they are these."""
    if _PER_MICROLITRE.sub(b"", content).isascii():
        return content.decode("cp1252")
    return decode_sheet(content)[0]


def _workbook(path: Path) -> list[list[str]]:
    """Read the first sheet.

    A formula is refused, since only the program that wrote it knows its value; means below the tubes are not read.
    """
    rows = read_workbook(path, "").rows
    problems = [
        problem
        for row in rows
        if not is_summary(next(filter(None, row.cells), ""))
        for problem in row.problems
    ]
    if problems:
        raise ExchangeError(problems[0].what, path.name, problems[0].remedy)
    return [row.cells for row in rows]
