"""A sample sheet as a whole: names spelt in two ways, and what is accepted but looks odd."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from bcelldepl.study.sheet import Sheet, SheetRow
from bcelldepl.study.spelling import folded, what_differs, without_blanks
from bcelldepl.study.tubes import Tube

__all__ = ["TINY_COUNT_PER_UL", "check_spelling", "note_of_guesses", "notes_by_tube", "notes_of_sheet"]

NAMES: Final = ("subject", "visit", "dose_group", "batch", "usubjid", "site", "plate")
TINY_COUNT_PER_UL: Final = 50.0  # no study's every count lies below; 10^9/L does


def check_spelling(rows: Sequence[tuple[SheetRow, Mapping[str, Any]]], sheet: Sheet) -> None:
    """Report names that a reader takes for the same: a subject in two spellings would become two subjects.

    Parameters
    ----------
    rows : sequence of (SheetRow, mapping of str to object)
        Each with its cells as they were read.
    sheet : Sheet
        Problems are added to it.
    """
    for column in NAMES:
        first: dict[str, tuple[str, int]] = {}
        reported: set[str] = set()
        for row, values in rows:
            name = values[column]
            if not name:
                continue
            same = [first[key] for key in (folded(name), without_blanks(name)) if key in first]
            other, other_row = same[0] if same else (name, row.number)
            for key in (folded(name), without_blanks(name)):
                first.setdefault(key, (other, other_row))
            if name in (other, *reported):
                continue
            reported.add(name)
            unusual = what_differs(name, other)
            what = f"{name!r} is {other!r} of row {other_row} in another spelling"
            sheet.report(
                f"{what} ({unusual})" if unusual else what, "write it in one way", row.number, column
            )


def notes_by_tube(tubes: Sequence[Tube]) -> dict[str, tuple[str, ...]]:
    """Say what is accepted, but is not used of single rows.

    Parameters
    ----------
    tubes : sequence of Tube
        The whole study.

    Returns
    -------
    dict of str to tuple of str
        By file.
    """
    return {
        tube.file: (f"counting by beads does not use the dilution of {tube.dilution:g}",)
        for tube in tubes
        if tube.bead_count is not None and tube.dilution != 1
    }


def notes_of_sheet(sheet_name: str, tubes: Sequence[Tube]) -> list[str]:
    """Say what is accepted, but looks odd in the sheet as a whole.

    Parameters
    ----------
    sheet_name : str
    tubes : sequence of Tube
        The whole study.

    Returns
    -------
    list of str
        One sentence each.
    """
    notes = []
    diluted = list(notes_by_tube(tubes))
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


def note_of_guesses(sheet_name: str, guesses: Mapping[str, str]) -> str:
    """Say that a sheet holds guesses which nobody has confirmed.

    Parameters
    ----------
    sheet_name : str
    guesses : mapping of str to str
        What was guessed of a row, by file.

    Returns
    -------
    str
    """
    rows = f"{len(guesses)} rows hold" if len(guesses) > 1 else "1 row holds"
    return (
        f"{sheet_name}: {rows} guesses of `bcelldepl init` that nobody has confirmed; compare them with your records, "
        "and empty the cell `guessed` of each row that is right"
    )
