"""Cells of the sample sheet, from text to numbers, dates, roles and paths; each complaint is one sentence."""

from __future__ import annotations

import math
import re
import unicodedata
from datetime import datetime, time, timedelta
from pathlib import PureWindowsPath

from bcelldepl.errors import BcelldeplError
from bcelldepl.near_names import did_you_mean
from bcelldepl.study.tubes import Role

__all__ = [
    "DAY_NUMBERS",
    "EPOCH",
    "GROUPED",
    "CellError",
    "course",
    "inside",
    "is_day_number",
    "number",
    "relative_path",
    "role",
    "when",
]

# One to three digits, then groups of three: 12,500 may be twelve and a half, or twelve thousand five hundred.
GROUPED = re.compile(r"[+-]?[1-9]\d{0,2}([.,]\d{3})+")
PLAIN = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")
YEAR_FIRST = re.compile(
    r"(?P<year>\d{4})[-/.年] ?(?P<month>\d{1,2})[-/.月] ?(?P<day>\d{1,2})日?"
    r"(?:[ T]+(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2}))?)?"
)
EPOCH = datetime(1899, 12, 30)  # day 0 of spreadsheets, but for old ones of the Macintosh
DAY_NUMBERS = (36_526, 73_051)  # 2000-01-01 to before 2100-01-01
MINUTES_PER_DAY = 1440
ROLE = re.compile(r"(?P<kind>fmo|single)(?:[\s:_-]+(?P<marker>.*))?", re.IGNORECASE)


class CellError(BcelldeplError):
    """A cell cannot be understood; where it is, its reader knows."""


def number(text: str, delimiter: str) -> float:
    """Read a number; a decimal comma counts where commas do not separate the cells.

    Parameters
    ----------
    text : str
        Of a cell.
    delimiter : str
        Between the cells of the sheet.

    Returns
    -------
    float

    Raises
    ------
    CellError
        Text, an infinite value, or digits that could be read in two ways.
    """
    plain = text
    if delimiter in (";", "\t"):
        if GROUPED.fullmatch(text) and ("," in text or delimiter == ";"):
            remedy = "write no thousands separators; in a sheet with commas between cells a point is decimal"
            raise CellError(f"{text!r} can be read in two ways", remedy=remedy)
        plain = text.replace(",", ".")
    elif "," in text:
        raise CellError(
            f"{text!r} contains a comma", remedy="use a decimal point and no thousands separators"
        )
    if not PLAIN.fullmatch(plain) or not math.isfinite(float(plain)):
        raise CellError(f"{text!r} is not a number", remedy="write digits only, or leave it empty")
    return float(plain)


def when(text: str, epoch: datetime = EPOCH) -> tuple[datetime, bool]:
    """Read a date or time: by ISO 8601, with the year first, or as the number of a day in a spreadsheet.

    Parameters
    ----------
    text : str
        ``2026-01-31T09:30``, ``2026/1/31 9:30``, ``2026年1月31日`` or ``46053.4``.
    epoch : datetime
        Day 0 of the spreadsheet.

    Returns
    -------
    (datetime, bool)
        The second value tells whether there is a time of day.

    Raises
    ------
    CellError
        Where it is none of these.
    """
    parts = YEAR_FIRST.fullmatch(text)
    try:
        if parts is not None:
            numbers = [int(part or 0) for part in parts.groups()]
            return datetime(*numbers), parts["hour"] is not None  # type: ignore[arg-type]
        if is_day_number(text):
            moment = epoch + timedelta(minutes=round(float(text) * MINUTES_PER_DAY))
            return moment, moment.time() != time()
        return datetime.fromisoformat(text), len(text) > len("2026-01-31")
    except ValueError:
        numbers_only = re.fullmatch(r"\d{1,2}[-/. ]\d{1,2}[-/. ](\d{2}|\d{4})\b.*", text)
        what = f"{text!r} " + ("can be read in two ways" if numbers_only else "is not an ISO date or time")
        raise CellError(what, remedy="write 2026-01-31 or 2026-01-31T09:30") from None


def is_day_number(text: str) -> bool:
    """Tell whether a text is the number that spreadsheets keep a day of this century as.

    Parameters
    ----------
    text : str
        Of a cell.

    Returns
    -------
    bool
    """
    low, high = DAY_NUMBERS
    return bool(re.fullmatch(r"\d{5}(\.\d+)?", text)) and low <= float(text) < high


def role(text: str) -> tuple[Role, str | None]:
    """Read a role and its marker, such as ``sample``, ``fmo:CAR``, ``FMO-CAR`` or ``single:CD19``.

    Parameters
    ----------
    text : str
        Of a cell.

    Returns
    -------
    (Role, str or None)

    Raises
    ------
    CellError
        Where there is no such role, or a control names no marker.
    """
    text = unicodedata.normalize("NFKC", text)
    if not text:
        return Role.SAMPLE, None
    marked = ROLE.fullmatch(text)
    if marked:
        if not marked["marker"]:
            kind = marked["kind"].lower()
            raise CellError(f"{text!r} names no marker", remedy=f"write {kind}:MARKER, such as {kind}:CD19")
        return Role(marked["kind"].lower()), marked["marker"].strip()
    try:
        return Role(text.lower()), None
    except ValueError:
        known = "sample, fmo:MARKER, unstained, single:MARKER, blank"
        raise CellError(
            f"{text!r} is not a role", remedy=did_you_mean(text, Role) or f"known: {known}"
        ) from None


def course(text: str) -> int:
    """Read the number of a course: 1 for the first infusion of a subject.

    Parameters
    ----------
    text : str
        Of a cell.

    Returns
    -------
    int

    Raises
    ------
    CellError
        Where it is no whole number from 1 to 99.
    """
    if not re.fullmatch(r"[1-9]\d?(\.0)?", text):
        raise CellError(f"{text!r} is not a number of a course", remedy="write 1, 2 and so on")
    return int(float(text))


def relative_path(text: str) -> str:
    """Spell a path with forward slashes, as sheets written on Windows do not.

    Parameters
    ----------
    text : str
        Of a cell.

    Returns
    -------
    str
    """
    return text.replace("\\", "/")


def inside(text: str, depth: int = 0) -> bool:
    """Tell whether a path stays in the study folder, by its words alone: links are the user's choice.

    Parameters
    ----------
    text : str
        With forward slashes.
    depth : int
        How many folders below the study folder the path starts.

    Returns
    -------
    bool
    """
    if text.startswith("/") or PureWindowsPath(text).drive:
        return False
    for part in text.split("/"):
        depth += -1 if part == ".." else part not in ("", ".")
        if depth < 0:
            return False
    return True
