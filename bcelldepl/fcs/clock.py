"""Dates and times of day, in the spellings that makers use."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime
from typing import Final

__all__ = ["acquisition_date", "acquisition_start", "clock_seconds", "seconds_of_day"]

_DAY: Final = 86_400.0
_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_TIME: Final = re.compile(
    r"(\d{1,2}):(\d{1,2}):(\d{1,2})(?:\.(\d{1,9})|:(\d{1,3}))?(?:\s*([AaPp])\.?[Mm]\.?)?"
)


def seconds_of_day(text: str) -> float | None:
    """Seconds since midnight of ``hh:mm:ss``, ``hh:mm:ss.cc`` (FCS 3.1), ``hh:mm:ss:tt`` (FCS 3.0)."""
    match = _TIME.fullmatch(text.strip())
    if match is None:
        return None
    hours, minutes, seconds = (int(match[i]) for i in (1, 2, 3))
    if match[6] and 1 <= hours <= 12:
        hours = hours % 12 + (12 if match[6] in "Pp" else 0)
    if hours > 24 or minutes > 59 or seconds > 60:
        return None
    fraction = (
        float(f"0.{match[4]}") if match[4] else int(match[5]) / 60 if match[5] and int(match[5]) < 60 else 0.0
    )
    return hours * 3600 + minutes * 60 + seconds + fraction


def clock_seconds(keywords: Mapping[str, str]) -> float | None:
    """Length of the acquisition by the clock, in seconds, over midnight too; None where not said."""
    begin, end = (_moment(keywords.get(key, "")) for key in ("$BEGINDATETIME", "$ENDDATETIME"))
    if (
        begin is not None
        and end is not None
        and (begin.tzinfo is None) == (end.tzinfo is None)
        and end > begin
    ):
        return (end - begin).total_seconds()
    started, ended = (seconds_of_day(keywords.get(key, "")) for key in ("$BTIM", "$ETIM"))
    if started is None or ended is None:
        return None
    return round((ended - started) % _DAY, 6) or None


def acquisition_date(keywords: Mapping[str, str]) -> str | None:
    """The day of acquisition as yyyy-mm-dd; None where absent or ambiguous (03-07-2024)."""
    moment = _moment(keywords.get("$BEGINDATETIME", ""))
    if moment is not None:
        return moment.date().isoformat()
    return _iso_date(keywords.get("$DATE", ""))


def acquisition_start(keywords: Mapping[str, str]) -> str:
    """When the acquisition began, ISO 8601, as far as the file says; empty where its day is not known."""
    moment = _moment(keywords.get("$BEGINDATETIME", ""))
    if moment is not None:
        return moment.isoformat(timespec="seconds")
    day, seconds = acquisition_date(keywords), seconds_of_day(keywords.get("$BTIM", ""))
    if day is None or seconds is None or seconds >= _DAY:
        return day or ""
    hours, rest = divmod(int(seconds), 3600)
    return f"{day}T{hours:02d}:{rest // 60:02d}:{rest % 60:02d}"


def _moment(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text.strip())
    except ValueError:
        return None


def _iso_date(text: str) -> str | None:
    parts = re.split(r"[-/. ,_]+", text.strip())
    if len(parts) != 3:
        return None
    if parts[1].isdecimal() and parts[0].isdecimal() and len(parts[0]) == 4:
        year, month, day = parts[0], parts[1], parts[2]
    elif parts[1].isdecimal() and parts[2].isdecimal() and len(parts[2]) == 4 and parts[0].isdecimal():
        day, month, year = parts
        if int(day) <= 12 and int(month) <= 12 and day != month:
            return None  # day or month first: not to be known
        if int(month) > 12:
            day, month = month, day
    else:
        named = [i for i, part in enumerate(parts) if part[:3].lower() in _MONTHS]
        if len(named) != 1:
            return None
        month = str(_MONTHS.index(parts.pop(named[0])[:3].lower()) + 1)
        day, year = parts if len(parts[0]) <= 2 else parts[::-1]
    try:
        number = int(year)
        if len(year) == 2:
            number += 1900 if number >= 70 else 2000  # FCS 1.0 and 2.0 wrote two digits
        return date(number, int(month), int(day)).isoformat()
    except (ValueError, OverflowError):
        return None
