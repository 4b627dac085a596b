"""Spillover matrices in tables, as FlowJo, Cytobank, Diva, CytExpert and people with a spreadsheet write them."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bcelldepl.errors import CompensationError
from bcelldepl.fcs.acquisition import Spillover
from bcelldepl.fcs.spillover import MAX_CONDITION, condition_number, matching_channels
from bcelldepl.input_limits import MEGABYTE, read_limited

__all__ = ["LARGEST_PART", "UNIT_SLACK", "on_detectors", "read_matrix"]

_DELIMITERS: Final = (",", ";", "\t")
_STAIN: Final = re.compile(r"\s*::.*")  # FlowJo: PE-A :: CAR
_COMPENSATED: Final = re.compile(r"^comp-|^<|>$", re.IGNORECASE)
_LESS: Final = re.compile(r"[-\u2212\u2013]\s*%?\s*(?P<name>.*?)\s*%?")  # CytExpert: -FITC%; Diva: - % FITC
_LIST_HEADING: Final = re.compile(r"overlap|spill|value|percent|%", re.IGNORECASE)
UNIT_SLACK: Final = 0.001  # what rounding may leave of the 1 on a diagonal
LARGEST_PART: Final = 10.0  # no detector gets more than ten times what the own one gets

Cells = list[list[str]]


def read_matrix(path: Path) -> Spillover:
    """Read a spillover matrix of the study.

    Parameters
    ----------
    path : Path
        A table with commas, semicolons or tabs, decimal points, or commas where these do not separate cells. Either a
        square with a row of channel names and one row per fluorochrome, perhaps with its name first; or a list of
        target, ``- % source`` and overlap, as Diva shows it. A square whose columns are called ``-PE%`` says what is
        taken off its rows. Percent where every fluorochrome has 100 in its own detector, or where cells say ``%``.

    Returns
    -------
    Spillover
        Names without ``Comp-`` and without the stain behind ``::``; 1 on the diagonal.

    Raises
    ------
    CompensationError
        For a table that is not square, holds text, whose rows and columns are named differently, or that cannot be
        inverted.
    """
    where = path.name
    rows, decimal_comma = _cells(path)
    if len(rows) < 2:
        remedy = "first a row of channel names, then one row of numbers for each"
        raise CompensationError("the spillover matrix is empty", where, remedy)
    if len(rows[0]) == 3 and _LIST_HEADING.search(rows[0][2]) and _LESS.fullmatch(rows[1][1]):
        names, matrix = _from_list(rows[1:], decimal_comma, where)
    else:
        names, matrix = _from_square(rows, decimal_comma, where)
    if len(set(names)) != len(names):
        raise CompensationError("the spillover matrix names a channel twice", where, "name each channel once")
    if np.isfinite(matrix).all():
        matrix = _with_unit_diagonal(matrix, where)
    spillover = Spillover(channels=tuple(names), matrix=matrix, keyword=where)
    _check(spillover)
    return spillover


def on_detectors(spillover: Spillover, present: Sequence[str]) -> Spillover:
    """Give a matrix the channel names of a file: the same name, else the only one that is alike, else its area.

    Parameters
    ----------
    spillover : Spillover
    present : sequence of str
        Channel names of the file (``$PnN``).

    Returns
    -------
    Spillover
        Names for which the file has no such channel stay as they are.
    """
    if set(spillover.channels) <= set(present):
        return spillover
    matching = matching_channels(spillover.channels, present, ("", "a"))
    names = tuple(found or name for name, found in zip(spillover.channels, matching, strict=True))
    if len(set(names)) != len(names):
        return spillover
    return Spillover(names, spillover.matrix, spillover.keyword)


def _cells(path: Path) -> tuple[Cells, bool]:
    """Rows that are not blank, cells without blanks around them; and whether a comma is decimal."""
    try:
        data = read_limited(path, 10 * MEGABYTE)
        marked = data[:2] in (b"\xff\xfe", b"\xfe\xff")
        text = data.decode("utf-16" if marked else "utf-8-sig")
        first = next((line for line in text.splitlines() if line.strip()), "")
        delimiter = max(_DELIMITERS, key=first.count)
        table = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
        rows = [[cell.strip() for cell in row] for row in table if any(cell.strip() for cell in row)]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        what = f"the spillover matrix cannot be read: {getattr(error, 'strerror', None) or error}"
        raise CompensationError(what, path.name, "give a CSV file of channel names and numbers") from error
    width = max((len(row) for row in rows), default=0)
    while width > 1 and all(len(row) < width or not row[width - 1] for row in rows):
        width -= 1  # delimiters at the ends of lines
    return [row[:width] for row in rows], delimiter != ","


def _from_square(rows: Cells, decimal_comma: bool, where: str) -> tuple[list[str], NDArray[np.float64]]:
    heading, body = rows[0], rows[1:]
    row_names: list[str] | None = None
    if len(heading) == len(body) + 1:
        row_names, heading = [row[0] for row in body], heading[1:]
        body = [row[1:] for row in body]
    taken_off = [_LESS.fullmatch(name) for name in heading]
    less = row_names is not None and all(taken_off)
    names = [
        _name(match["name"] if less and match else name)
        for match, name in zip(taken_off, heading, strict=True)
    ]
    if row_names is not None and [_name(name) for name in row_names] != names:
        what = f"rows are named {', '.join(row_names)}, columns {', '.join(heading)}"
        raise CompensationError(what, where, "name rows and columns alike, in the same order")
    if len(names) != len(body) or any(len(row) != len(names) for row in body):
        what = f"the spillover matrix is not square: {len(names)} names, {len(body)} rows"
        raise CompensationError(what, where, "give one row of numbers for each channel name")
    if not less:
        return names, _numbers(body, decimal_comma, where)
    for place, row in enumerate(body):
        row[place] = "100" if row[place] in ("", "-", "0") else row[place]
    return names, np.ascontiguousarray(_numbers(body, decimal_comma, where).T)


def _from_list(rows: Cells, decimal_comma: bool, where: str) -> tuple[list[str], NDArray[np.float64]]:
    """Rows of target, ``- % source`` and percent, as Diva shows them."""
    pairs = []
    for row in rows:
        source = _LESS.fullmatch(row[1]) if len(row) == 3 else None
        if source is None:
            what = f"the row {' '.join(row)!r} is not target, - % source and overlap"
            raise CompensationError(what, where, "write rows such as PE, - % FITC, 15.2")
        pairs.append((_name(source["name"]), _name(row[0]), row[2]))
    names = list(dict.fromkeys(name for pair in pairs for name in pair[:2]))
    if len({pair[:2] for pair in pairs}) < len(pairs):
        raise CompensationError("the spillover matrix names a pair twice", where, "keep one row per pair")
    matrix = 100.0 * np.eye(len(names))
    numbers = _numbers([[pair[2] for pair in pairs]], decimal_comma, where)[0]
    for (source_name, target, text), number in zip(pairs, numbers, strict=True):
        matrix[names.index(source_name), names.index(target)] = number * (100.0 if "%" in text else 1.0)
    return names, matrix


def _name(text: str) -> str:
    """The detector, without the stain behind it and without the mark of a compensated channel."""
    return _COMPENSATED.sub("", _STAIN.sub("", text)).strip()


def _numbers(rows: Cells, decimal_comma: bool, where: str) -> NDArray[np.float64]:
    """Numbers of cells; those that say percent are divided by 100."""

    def number(cell: str) -> float:
        text = cell.replace(",", ".") if decimal_comma else cell
        return float(text.removesuffix("%")) / (100.0 if text.endswith("%") else 1.0)

    try:
        return np.array([[number(cell) for cell in row] for row in rows])
    except ValueError as error:
        what = f"the spillover matrix contains text instead of a number: {error}"
        raise CompensationError(what, where, "write numbers, with one decimal point or comma") from error


def _with_unit_diagonal(matrix: NDArray[np.float64], where: str) -> NDArray[np.float64]:
    """Divide percent by 100; every fluorochrome then has 1 in its own detector."""
    diagonal = np.diag(matrix)
    if (np.abs(diagonal - 100.0) <= 100.0 * UNIT_SLACK).all():
        return matrix / 100.0
    if (np.abs(diagonal - 1.0) > UNIT_SLACK).any():
        what = f"the diagonal of the spillover matrix has {', '.join(f'{value:g}' for value in diagonal[:5])}"
        remedy = "each fluorochrome has 1, or 100 %, in its own detector"
        raise CompensationError(what, where, remedy)
    if np.abs(matrix).max() > LARGEST_PART:
        what = f"the spillover matrix has 1 on its diagonal and {np.abs(matrix).max():g} beside it"
        raise CompensationError(what, where, "write either fractions of 1 or percent throughout")
    return matrix


def _check(spillover: Spillover) -> None:
    if not np.isfinite(spillover.matrix).all():
        what = "the spillover matrix contains values that are not numbers"
        raise CompensationError(what, spillover.keyword, "export the matrix again")
    condition = condition_number(spillover.matrix)
    if not condition <= MAX_CONDITION:
        raise CompensationError(
            f"the spillover matrix is singular or nearly so: its condition number is {condition:.3g}, at most "
            f"{MAX_CONDITION:g} is accepted",
            spillover.keyword,
            "export the matrix again, or leave out fluorochromes that cannot be distinguished",
        )
