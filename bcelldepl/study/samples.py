"""Rows of the sample sheet to tubes, with every problem of every row."""

from __future__ import annotations

import posixpath
import unicodedata
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from bcelldepl.definitions.tables import SAMPLES
from bcelldepl.input_limits import leaves
from bcelldepl.study.cells import CellError, inside, number, relative_path, role, when
from bcelldepl.study.sheet import Sheet, SheetRow
from bcelldepl.study.toml import did_you_mean
from bcelldepl.study.tubes import Role, Tube

__all__ = ["Samples", "read_samples"]

REQUIRED = ("file", "subject", "visit", "day")
POSITIVE = ("bead_count", "blood_volume_ul", "acquired_volume_ul")
NOT_NEGATIVE = ("dose_cells_per_kg", "wbc_per_ul", "lymphocytes_per_ul")
KNOWN = tuple(SAMPLES.names)
TEXTS = ("file", "subject", "visit", "role", "dose_group", "batch")
PER_SUBJECT = ("dose_group", "dose_cells_per_kg", "infused")
SURELY_MEANT = 0.9  # nearness from which an unknown column is a slip of the pen, not one of the user's own
ODD_DAYS = 7.0  # a sample this far from its nominal day, and by a quarter of it, is worth a sentence
TINY_COUNT_PER_UL = 50.0  # no study's every count lies below; 10^9/L does

T = TypeVar("T")


@dataclass
class Samples:
    """Tubes of a sheet, and what is odd about it; what is wrong is noted in the sheet."""

    sheet: Sheet
    tubes: list[Tube] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


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
    samples = Samples(sheet)
    if not sheet.rows:
        return samples
    _check_columns(samples)
    for row in sheet.rows:
        sheet.check_text(row, TEXTS)
        sheet.check_text(row, ("comment",), lines=True)
    rows = [(row, _read_row(row, sheet)) for row in sheet.rows]
    _check_files(sheet, folder, allow_outside, depth)
    _share_subject_facts(rows, sheet)
    if all(values["role"] is not Role.SAMPLE for _, values in rows):
        sheet.report("no row has the role `sample`", "an empty role means sample")
    if sheet.found:
        return samples
    samples.tubes = [Tube(path=folder / values["file"], **values) for _, values in rows]
    _check_plausibility(samples)
    subjects = list(dict.fromkeys(tube.subject for tube in samples.tubes))
    place = {name: position for position, name in enumerate(subjects)}
    samples.tubes.sort(key=lambda tube: (place[tube.subject], tube.day, list(Role).index(tube.role)))
    return samples


def _check_columns(samples: Samples) -> None:
    sheet = samples.sheet
    unknown = [column for column in sheet.columns if column and column not in KNOWN]
    missing = [column for column in KNOWN if column not in sheet.columns]
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

    values["file"] = cell("file", relative_path)
    for column in ("subject", "visit"):
        values[column] = cell(column, str)
    values["day"] = cell("day", lambda text: number(text, sheet.delimiter))
    values["role"], values["role_marker"] = cell("role", role) or (Role.SAMPLE, None)
    for column in POSITIVE:
        values[column] = cell(column, at_least(0, False, "leave it empty where not known"))
    for column in NOT_NEGATIVE:
        values[column] = cell(column, at_least(0, True, "leave it empty where not known"))
    values["dilution"] = cell("dilution", at_least(1, True, "it is a factor: 10 for one part in ten")) or 1.0
    values["batch"] = cell("batch", str)
    for column in ("dose_group", "comment"):
        values[column] = cell(column, str) or ""
    for column in ("collected", "infused"):
        values[column], values[f"{column}_has_time"] = cell(column, when) or (None, False)
    return values


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
    said: dict[tuple[str, str], tuple[SheetRow, dict[str, Any]]] = {}
    for row, values in rows:
        for column in PER_SUBJECT:
            if not values["subject"] or values[column] in (None, ""):
                continue
            first_row, first = said.setdefault((values["subject"], column), (row, values))
            if first[column] != values[column]:
                sheet.report(
                    f"subject {values['subject']} has {row.cells[column]!r} here "
                    f"and {first_row.cells[column]!r} in row {first_row.number}",
                    "a subject has one; a second infusion is a subject of its own",
                    row.number,
                    column,
                )
    for row, values in rows:
        for column in PER_SUBJECT:
            if (values["subject"], column) in said:
                first = said[values["subject"], column][1]
                values.update({name: first[name] for name in (column, f"{column}_has_time") if name in first})
        times = [values[column] for column in ("collected", "infused") if values[column]]
        if len({time.tzinfo is None for time in times}) > 1:
            what = "only one of `collected` and `infused` has a time zone"
            sheet.report(what, "give both, or none", row.number)
        if not values["dose_group"] and values["dose_cells_per_kg"] is not None:
            values["dose_group"] = f"{values['dose_cells_per_kg']:.6g} cells/kg".replace("e+0", "e")


def _check_plausibility(samples: Samples) -> None:
    name, tubes, warn = samples.sheet.name, samples.tubes, samples.warnings.append
    spellings: dict[str, set[str]] = defaultdict(set)
    for tube in tubes:
        spellings[tube.subject.casefold()].add(tube.subject)
        day = tube.actual_day
        if day is not None and abs(day - tube.day) > max(ODD_DAYS, abs(tube.day) / 4):
            warn(f"{name}: {tube.file} is of day {tube.day:g}, but was collected {day:g} days after infusion")
        if tube.bead_count is not None and tube.dilution != 1:
            warn(f"{name}: {tube.file} has beads and a dilution; counting by beads does not use the dilution")
    for same in spellings.values():
        if len(same) > 1:
            warn(f"{name}: {' and '.join(sorted(same))} are taken as different subjects")
    for column in ("wbc_per_ul", "lymphocytes_per_ul"):
        counts = [count for tube in tubes if (count := getattr(tube, column)) is not None]
        if counts and max(counts) < TINY_COUNT_PER_UL:
            warn(f"{name}: no {column} reaches {TINY_COUNT_PER_UL:g}; is it in 10^9/L? Multiply by 1000")
