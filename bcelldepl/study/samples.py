"""Rows of the sample sheet to tubes, with every problem of every row."""

from __future__ import annotations

import math
import posixpath
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from bcelldepl.definitions.tables import SAMPLES
from bcelldepl.input_limits import leaves
from bcelldepl.near_names import did_you_mean
from bcelldepl.study.cells import (
    CellError,
    course,
    inside,
    is_day_number,
    number,
    relative_path,
    role,
    when,
)
from bcelldepl.study.sheet import Sheet, SheetRow
from bcelldepl.study.sheet_checks import check_spelling, note_of_guesses, notes_by_tube, notes_of_sheet
from bcelldepl.study.tube_limits import held_to
from bcelldepl.study.tubes import Role, Tube

__all__ = ["SAMPLE_COLUMNS", "Samples", "read_samples"]

REQUIRED = ("file", "subject", "visit", "day")
POSITIVE = ("bead_count", "blood_volume_ul", "acquired_volume_ul")
NOT_NEGATIVE = ("dose_cells_per_kg", "wbc_per_ul", "lymphocytes_per_ul")
SAMPLE_COLUMNS = tuple(SAMPLES.names)
TEXTS = ("file", "subject", "visit", "role", "dose_group", "batch", "usubjid", "site", "plate", "well")
DATES = ("collected", "infused", "lymphodepletion")
# Facts of a subject, and those of each of its courses; said once they hold for all its tubes.
PER_SUBJECT = ("usubjid", "site")
PER_COURSE = ("dose_group", "dose_cells_per_kg", "infused", "lymphodepletion")
SURELY_MEANT = 0.9  # nearness from which an unknown column is a slip of the pen, not one of the user's own

T = TypeVar("T")


@dataclass
class Samples:
    """Tubes of a sheet, and what is odd or guessed in it and in single rows; what is wrong is noted in the sheet."""

    sheet: Sheet
    tubes: list[Tube] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    notes: dict[str, tuple[str, ...]] = field(default_factory=dict)
    guesses: dict[str, str] = field(default_factory=dict)
    drafts: list[Tube] = field(default_factory=list)  # what is understood of a sheet with problems


def read_samples(sheet: Sheet, folder: Path, allow_outside: bool, depth: int = 0) -> Samples:
    """Understand a sheet.

    Parameters
    ----------
    sheet : Sheet
        As read; problems are added to it.
    folder : Path
        Of the sheet: files are named relative to it.
    allow_outside : bool
        Whether files may lie outside the study folder.
    depth : int
        How many folders below the study folder the sheet lies.

    Returns
    -------
    Samples
        Tubes in the order described at `Study`; none where the sheet has problems.
    """
    samples = Samples(sheet, warnings=list(sheet.notes))
    if not sheet.rows:
        return samples
    _check_columns(samples)
    for row in sheet.rows:
        sheet.check_text(row, TEXTS)
        sheet.check_text(row, ("comment", "guessed"), lines=True)
    rows = [(row, _read_row(row, sheet)) for row in sheet.rows]
    _check_files(sheet, folder, allow_outside, depth)
    check_spelling(rows, sheet)
    _share_subject_facts(rows, sheet)
    if all(values["role"] is not Role.SAMPLE for _, values in rows):
        sheet.report("no row has the role `sample`", "an empty role means sample")
    if sheet.found:
        samples.drafts = _drafts(rows, sheet, folder)
        return samples
    samples.tubes = [Tube(path=folder / values["file"], **values) for _, values in rows]
    samples.notes = notes_by_tube(samples.tubes)
    _note_day_numbers(samples, rows)
    _note_guesses(samples, rows)
    samples.warnings += notes_of_sheet(sheet.name, samples.tubes)
    subjects = list(dict.fromkeys(tube.subject for tube in samples.tubes))
    place = {name: position for position, name in enumerate(subjects)}
    samples.tubes.sort(
        key=lambda tube: (place[tube.subject], tube.course, tube.day, list(Role).index(tube.role))
    )
    return samples


def _check_columns(samples: Samples) -> None:
    sheet = samples.sheet
    unknown = [column for column in sheet.columns if column and column not in SAMPLE_COLUMNS]
    missing = [column for column in SAMPLE_COLUMNS if column not in sheet.columns]
    for column in unknown:
        # A required column misspelt is reported as missing, an optional one would be lost in silence.
        near = did_you_mean(column, missing, SURELY_MEANT)
        if near and not did_you_mean(column, REQUIRED, SURELY_MEANT):
            sheet.report(f"unknown column `{column}`", near)
        elif not near:
            hint = did_you_mean(column, missing)
            left_out = f"{sheet.name}: the column `{column}` is not known and was left out"
            samples.warnings.append(f"{left_out}; {hint}" if hint else left_out)
    for column in REQUIRED:
        if column in missing:
            near = did_you_mean(column, unknown)
            found = ", ".join(filter(None, sheet.columns))
            remedy = near.replace("did you mean", "rename").replace("?", f" to `{column}`")
            sheet.report(f"the required column `{column}` is missing", remedy or f"found: {found}")


def _read_row(row: SheetRow, sheet: Sheet) -> dict[str, Any]:
    """Read all cells of a row; a cell that cannot be read is reported and left out."""
    values: dict[str, Any] = {}

    def cell(column: str, read: Callable[[str], T]) -> T | None:
        text = row.cells.get(column, "")
        if not text:
            if column in REQUIRED and column in sheet.columns:
                sheet.report("is empty", row=row.number, column=column)
            return None
        try:
            return read(text)
        except CellError as error:
            sheet.report(error.what, error.remedy, row.number, column)
            return None

    def at_least(lowest: float, also: bool, remedy: str) -> Callable[[str], float]:
        def read(text: str) -> float:
            value = number(text, sheet.delimiter)
            if value < lowest or (value == lowest and not also):
                raise CellError(
                    f"is {text}; it must be {'at least' if also else 'above'} {lowest:g}", remedy=remedy
                )
            return value

        return read

    def amount(column: str, lowest: float = -math.inf, also: bool = True) -> float | None:
        read = at_least(lowest, also, "leave it empty where not known")
        return cell(column, lambda text: held_to(column, read(text), text))

    values["file"] = cell("file", relative_path)
    for column in ("subject", "visit"):
        values[column] = cell(column, str)
    values["day"] = amount("day")
    values["role"], values["role_marker"] = cell("role", role) or (Role.SAMPLE, None)
    for column in POSITIVE:
        values[column] = amount(column, 0, False)
    for column in NOT_NEGATIVE:
        values[column] = amount(column, 0)
    dilution = amount("dilution")
    if dilution is not None:  # else the tube has its default, and it shows that nothing was said
        values["dilution"] = dilution
    values["batch"] = cell("batch", str)
    values["visit_number"] = amount("visit_number")
    values["course"] = cell("course", course) or 1
    for column in ("dose_group", "comment", "usubjid", "site", "plate", "well"):
        values[column] = cell(column, str) or ""
    for column in DATES:
        values[column], values[f"{column}_has_time"] = cell(column, lambda text: when(text, sheet.epoch)) or (
            None,
            False,
        )
    return values


def _drafts(rows: list[tuple[SheetRow, dict[str, Any]]], sheet: Sheet, folder: Path) -> list[Tube]:
    """Tubes whose file is known, for a look into it."""
    refused = {one.row for one in sheet.found if one.column == "file"}
    return [
        Tube(
            path=folder / values["file"],
            **values
            | {name: values[name] or "" for name in ("subject", "visit")}
            | {"day": values["day"] or 0.0},
        )
        for row, values in rows
        if values["file"] and row.number not in refused
    ]


def _note_day_numbers(samples: Samples, rows: list[tuple[SheetRow, dict[str, Any]]]) -> None:
    """Say how dates were read that a spreadsheet wrote as numbers."""
    sheet, found = samples.sheet, []
    for row, values in rows:
        for column in DATES:
            text = row.cells.get(column, "")
            if not is_day_number(text):
                continue
            read = when(text, sheet.epoch)[0].isoformat(" ", "minutes").removesuffix(" 00:00")
            found.append((row.number, column, text, read))
            note = f"{column} {text} is read as a spreadsheet's day: {read}"
            samples.notes[values["file"]] = (*samples.notes.get(values["file"], ()), note)
    if found:
        number, column, text, read = found[0]
        more = f" and {len(found) - 1} more" if len(found) > 1 else ""
        where = f"{sheet.name}, row {number}, column {column}"
        samples.warnings.append(f"{where}: {text}{more} read as a spreadsheet's day: {read}")


def _note_guesses(samples: Samples, rows: list[tuple[SheetRow, dict[str, Any]]]) -> None:
    """Say which rows hold guesses that nobody has confirmed."""
    for row, values in rows:
        if guess := row.cells.get("guessed", ""):
            samples.guesses[values["file"]] = guess
    if samples.guesses:
        samples.warnings.append(note_of_guesses(samples.sheet.name, samples.guesses))


def _check_files(sheet: Sheet, folder: Path, allow_outside: bool, depth: int) -> None:
    """One file is one tube, and lies in the study folder, links followed."""
    first: dict[str, int] = {}
    spelt: dict[str, tuple[str, int]] = {}
    study_folder = folder.joinpath(*[".."] * depth)
    remedy = "move it there, or set allow_outside = true in [study]"
    for row in sheet.rows:
        file = relative_path(row.cells.get("file", ""))
        if not file:
            continue
        same = posixpath.normpath(file)
        if same in first:
            what = f"{file!r} is in row {first[same]} already"
            sheet.report(what, "one row per FCS file", row.number, "file")
        first.setdefault(same, row.number)
        other, other_row = spelt.setdefault(unicodedata.normalize("NFC", same).casefold(), (same, row.number))
        if other != same:
            what = f"{file!r} differs from {other!r} in row {other_row} only in capitals or in how accents are stored"
            sheet.report(what, "rename one: many disks take them for one file", row.number, "file")
        if not allow_outside and not inside(file, depth):
            sheet.report(f"{file!r} lies outside the study folder", remedy, row.number, "file")
        elif not allow_outside and leaves(study_folder, folder / file):
            sheet.report(f"{file!r} is a link out of the study folder", remedy, row.number, "file")


def _share_subject_facts(rows: list[tuple[SheetRow, dict[str, Any]]], sheet: Sheet) -> None:
    """Give what was said once of a subject to all its tubes; said twice and differently is a problem."""
    said: dict[tuple[str, str, int], tuple[SheetRow, dict[str, Any]]] = {}

    def key(values: dict[str, Any], column: str) -> tuple[str, str, int]:
        return values["subject"], column, values["course"] if column in PER_COURSE else 0

    for row, values in rows:
        for column in (*PER_SUBJECT, *PER_COURSE):
            if not values["subject"] or values[column] in (None, ""):
                continue
            first_row, first = said.setdefault(key(values, column), (row, values))
            if first[column] != values[column]:
                sheet.report(
                    f"subject {values['subject']} has {row.cells[column]!r} here "
                    f"and {first_row.cells[column]!r} in row {first_row.number}",
                    "a subject has one; a second infusion has `course` 2"
                    if column in PER_COURSE
                    else "a subject has one",
                    row.number,
                    column,
                )
    for row, values in rows:
        for column in (*PER_SUBJECT, *PER_COURSE):
            if key(values, column) in said:
                first = said[key(values, column)][1]
                values.update({name: first[name] for name in (column, f"{column}_has_time") if name in first})
        named = [column for column in DATES if values[column]]
        if len({values[column].tzinfo is None for column in named}) > 1:
            what = (
                f"some of {', '.join(f'`{column}`' for column in named)} have a time zone, and some have none"
            )
            sheet.report(what, "give it for all, or none", row.number)
        if not values["dose_group"] and values["dose_cells_per_kg"] is not None:
            values["dose_group"] = f"{values['dose_cells_per_kg']:.6g} cells/kg".replace("e+0", "e")
