"""Companions: other results by subject and visit, such as antibodies, SLEDAI-2K, IgG, qPCR copies or SRI-4.

They are measured elsewhere; here they are read, checked against the sample sheet and put on the same days.
One row per result: `subject`, `visit`, `test`, `value` and `unit`; `day` and `collected` where the visit alone
does not say when. A test has numbers (``<0.5``), titres (``1:160``) or text (``POSITIVE``, ``Y``) throughout; titres
may stand beside words that say yes or no.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from bcelldepl.definitions.answers import answer_of
from bcelldepl.definitions.tables import COMPANION_SHEET
from bcelldepl.study.cells import CellError, number, when
from bcelldepl.study.companions import CompanionResult
from bcelldepl.study.sheet import Sheet, SheetRow
from bcelldepl.study.tubes import Tube

__all__ = ["COMPANION_COLUMNS", "read_companions"]

REQUIRED: Final = ("subject", "visit", "test", "value")
COMPANION_COLUMNS: Final = tuple(COMPANION_SHEET.names)
SIGNS: Final = ("<", ">")
TITRE: Final = re.compile(r"[<>]?\s*1\s*:\s*(\d+(?:\.\d+)?)")


def read_companions(sheet: Sheet, tubes: Sequence[Tube]) -> list[CompanionResult]:
    """Understand a table of companions.

    Parameters
    ----------
    sheet : Sheet
        As read; problems are added to it.
    tubes : sequence of Tube
        Of the sample sheet: the subjects and visits that there are.

    Returns
    -------
    list of CompanionResult
        By subject in the order of the samples, then test and day. Rows without a value are left out.
    """
    for column in REQUIRED:
        if sheet.rows and column not in sheet.columns:
            found = ", ".join(filter(None, sheet.columns))
            sheet.report(f"the required column `{column}` is missing", f"found: {found}")
    if sheet.found:
        return []
    results: list[CompanionResult] = []
    rows: dict[tuple[str, int, str, float], int] = {}
    units: dict[str, set[str]] = defaultdict(set)
    texts: dict[str, list[tuple[SheetRow, str]]] = defaultdict(list)
    numeric: set[str] = set()
    for row in sheet.rows:
        sheet.check_text(row, ("subject", "visit", "test", "value", "unit"))
        sheet.check_text(row, ("comment",), lines=True)
        result = _read(row, sheet, tubes)
        if result is None:
            continue
        units[result.test].add(result.unit)
        if result.value is None:
            texts[result.test].append((row, result.text))
        elif not result.text:
            numeric.add(result.test)
        key = (result.subject, result.course, result.test, result.day)
        if key in rows:
            what = f"{result.test} of {result.subject} on day {result.day:g} is in row {rows[key]} already"
            sheet.report(what, "keep one row per result", row.number)
        rows.setdefault(key, row.number)
        results.append(result)
    for test, spelt in units.items():
        if len(spelt) > 1:
            named = " and ".join(repr(unit) for unit in sorted(spelt))
            sheet.report(f"{test} has the units {named}", "give one unit per test")
    for test, written in texts.items():
        for row, text in written:
            if test in numeric or units[test] != {""}:
                what = f"{text!r} is not a number, as other results of {test} are"
                sheet.report(what, "write a number, or < or > and a number", row.number, "value")
    place = {subject: n for n, subject in enumerate(dict.fromkeys(tube.subject for tube in tubes))}
    return sorted(results, key=lambda one: (place[one.subject], one.course, one.test, one.day))


def _read(row: SheetRow, sheet: Sheet, tubes: Sequence[Tube]) -> CompanionResult | None:
    cells = row.cells
    subject, visit, test = (cells.get(column, "") for column in REQUIRED[:3])
    for column in REQUIRED[:3]:
        if not cells.get(column):
            sheet.report("is empty", row=row.number, column=column)
            return None
    own = [tube for tube in tubes if tube.subject == subject]
    if not own:
        what = f"the sample sheet has no subject {subject!r}"
        sheet.report(what, "spell subjects as in the sample sheet", row.number, "subject")
        return None
    text = cells.get("value", "")
    if not text:
        return None
    course = _course(row, sheet, own)
    understood = _value(row, sheet, text)
    if understood is None or course is None:
        return None
    value, qualifier, written = understood
    day = _day(row, sheet, [tube for tube in own if tube.course == course])
    if day is None:
        return None
    return CompanionResult(
        subject=subject,
        visit=visit,
        test=test,
        unit=cells.get("unit", ""),
        day=day,
        value=value,
        qualifier=qualifier,
        comment=cells.get("comment", ""),
        text=written,
        course=course,
    )


def _value(row: SheetRow, sheet: Sheet, text: str) -> tuple[float | None, str, str] | None:
    """Number, qualifier and text of a cell; the text is empty for a plain number, the number None for a word."""
    qualifier = text[0] if text[0] in SIGNS else "="
    titre = TITRE.fullmatch(text)
    if titre:
        return float(titre[1]), qualifier, text
    if answer_of(text) is not None:
        return None, "=", text
    try:
        return number(text.lstrip("<>").strip(), sheet.delimiter), qualifier, ""
    except CellError as error:
        if row.cells.get("unit") or any(character.isdigit() for character in text) or qualifier != "=":
            sheet.report(error.what, "write a number, or < or > and a number", row.number, "value")
            return None
    return None, "=", text


def _course(row: SheetRow, sheet: Sheet, own: Sequence[Tube]) -> int | None:
    """Course that a row names, else the first; None where the samples have no such course."""
    text = row.cells.get("course", "") or "1"
    known = sorted({tube.course for tube in own})
    if text in map(str, known):
        return int(text)
    what = f"no sample of this subject has the course {text}"
    sheet.report(what, f"there are {', '.join(map(str, known))}", row.number, "course")
    return None


def _day(row: SheetRow, sheet: Sheet, own: Sequence[Tube]) -> float | None:
    """Return days since infusion: by the row's own date, its own day, or the samples of the same visit."""
    infused = next((tube for tube in own if tube.infused is not None), None)
    try:
        collected = row.cells.get("collected", "")
        if collected and infused is not None and infused.infused is not None:
            return _days_between(*when(collected, sheet.epoch), infused.infused, infused.infused_has_time)
        if row.cells.get("day"):
            return number(row.cells["day"], sheet.delimiter)
    except CellError as error:
        column = "collected" if row.cells.get("collected") else "day"
        sheet.report(error.what, error.remedy, row.number, column)
        return None
    same = [tube for tube in own if tube.visit == row.cells["visit"]]
    if not same:
        what = f"no sample of this subject has the visit {row.cells['visit']!r}"
        sheet.report(what, "give `day`, or `collected` beside `infused` of the samples", row.number, "visit")
        return None
    return same[0].draw_day


def _days_between(collected: datetime, timed: bool, infused: datetime, infused_timed: bool) -> float:
    if timed and infused_timed and (collected.tzinfo is None) == (infused.tzinfo is None):
        return (collected - infused).total_seconds() / 86_400
    return float((collected.date() - infused.date()).days)
