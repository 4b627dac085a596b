"""Rows of the sample sheet beside each other: names spelt in two ways, visits twice, controls of nothing, odd days."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, Final

from bcelldepl.study.sheet import Row, Sheet
from bcelldepl.study.spelling import folded, what_differs
from bcelldepl.study.tubes import Role, Tube

__all__ = ["ODD_DAYS", "ODD_PART", "TINY_COUNT_PER_UL", "check_spelling", "doubts_of_tubes", "notes_of_tubes"]

NAMES: Final = ("subject", "visit", "dose_group", "batch")
ODD_DAYS: Final = 7.0  # a sample this far from its nominal day,
ODD_PART: Final = 0.25  # and by this part of it, needs review
TINY_COUNT_PER_UL: Final = 50.0  # no study's every count lies below; 10^9/L does


def check_spelling(rows: Sequence[tuple[Row, Mapping[str, Any]]], sheet: Sheet) -> None:
    """Report names that a reader takes for the same: a subject in two spellings would become two subjects."""
    for column in NAMES:
        first: dict[str, tuple[str, int]] = {}
        reported: set[str] = set()
        for row, values in rows:
            name = values[column]
            if not name:
                continue
            other, other_row = first.setdefault(folded(name), (name, row.number))
            if name in (other, *reported):
                continue
            reported.add(name)
            unusual = what_differs(name, other)
            what = f"{name!r} is {other!r} of row {other_row} in another spelling"
            sheet.report(
                f"{what} ({unusual})" if unusual else what, "write it in one way", row.number, column
            )


def doubts_of_tubes(tubes: Sequence[Tube]) -> dict[str, tuple[str, ...]]:
    """By file, why the row of a tube needs review.

    Parameters
    ----------
    tubes : sequence of Tube
        The whole study.
    """
    doubts: dict[str, list[str]] = defaultdict(list)
    for tube in tubes:
        day = tube.actual_day
        if day is not None and abs(day - tube.day) > max(ODD_DAYS, ODD_PART * abs(tube.day)):
            doubts[tube.file].append(
                f"the sheet says day {tube.day:g}, but the blood was collected {day:g} days after infusion"
            )
    samples = [tube for tube in tubes if tube.role is Role.SAMPLE]
    _find_no_replicates(samples, doubts)
    return {file: tuple(found) for file, found in doubts.items()}


def _find_no_replicates(samples: Sequence[Tube], doubts: dict[str, list[str]]) -> None:
    """Replicates are of one subject, visit and day, and of one draw."""
    by_visit: dict[tuple[str, str], list[Tube]] = defaultdict(list)
    by_day: dict[tuple[str, float], list[Tube]] = defaultdict(list)
    for tube in samples:
        by_visit[tube.subject, tube.visit].append(tube)
        by_day[tube.subject, tube.day].append(tube)
    for group in by_visit.values():
        for tube in group:
            other = next((one for one in group if one.day != tube.day), None)
            if other is not None:
                said = f"visit {tube.visit} of {tube.subject} is day {tube.day:g} here"
                doubts[tube.file].append(f"{said} and day {other.day:g} in {other.file}")
                continue
            other = next((one for one in group if _another_date(tube, one)), None)
            if other is not None:
                said = f"visit {tube.visit} of {tube.subject} was collected on {tube.collected:%Y-%m-%d} here"
                doubts[tube.file].append(f"{said} and on {other.collected:%Y-%m-%d} in {other.file}")
    for group in by_day.values():
        for tube in group:
            other = next((one for one in group if one.visit != tube.visit and not _apart(one, tube)), None)
            if other is not None:
                said = f"day {tube.day:g} of {tube.subject} is visit {tube.visit} here"
                doubts[tube.file].append(f"{said} and visit {other.visit} in {other.file}")


def _another_date(one: Tube, other: Tube) -> bool:
    if one.collected is None or other.collected is None:
        return False
    return one.collected.date() != other.collected.date()


def _apart(one: Tube, other: Tube) -> bool:
    """Whether two tubes were collected at times that are known and differ."""
    return one.collected is not None and other.collected is not None and one.collected != other.collected


def notes_of_tubes(sheet_name: str, tubes: Sequence[Tube]) -> list[str]:
    """What is accepted, but looks odd in the sheet as a whole."""
    notes = []
    diluted = [tube.file for tube in tubes if tube.bead_count is not None and tube.dilution != 1]
    if diluted:
        also = f" and {len(diluted) - 1} more have" if len(diluted) > 1 else " has"
        notes.append(
            f"{sheet_name}: {diluted[0]}{also} beads and a dilution; counting by beads does not use the dilution"
        )
    for column in ("wbc_per_ul", "lymphocytes_per_ul"):
        counts = [count for tube in tubes if (count := getattr(tube, column)) is not None]
        if counts and max(counts) < TINY_COUNT_PER_UL:
            notes.append(
                f"{sheet_name}: no {column} reaches {TINY_COUNT_PER_UL:g}; is it in 10^9/L? Multiply by 1000"
            )
    return notes
