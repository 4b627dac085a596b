"""Rows of a sample sheet from what files call themselves: each guess with what it is from."""

from __future__ import annotations

import datetime
import os
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from bcelldepl.quality.limits import ODD_DAYS
from bcelldepl.quality.name_checks import NAMING_KEYWORDS
from bcelldepl.setup.fcs_folder import FolderFile
from bcelldepl.setup.name_parts import NameParts, read_name
from bcelldepl.setup.subject_names import guess_subjects, subjects_of_keyword
from bcelldepl.study import Role

__all__ = ["GuessedRow", "guess_rows"]

_PATH: Final = "file name"
_PATIENT: Final = "PATIENT ID"  # says what it is
_SUBJECT_KEYWORDS: Final = ("GROUPNAME", "SAMPLE ID", "SPECIMEN NAME", "$SMNO", "$SRC", "@SAMPLEID1")
_NUMBER_AT_END: Final = re.compile(r"[\s_-]\d{1,3}$")
_SEPARATORS: Final = re.compile(r"[\s_/\x1f-]+")


@dataclass
class GuessedRow:
    """A row of the sheet.

    Attributes
    ----------
    file : str
        Path from the folder.
    cells : dict of str to str
        What is guessed, by column.
    sources : dict of str to str
        What each is guessed from.
    comment : str
        What else was seen.
    """

    file: str
    cells: dict[str, str] = field(default_factory=dict)
    sources: dict[str, str] = field(default_factory=dict)
    comment: str = ""

    @property
    def guessed(self) -> str:
        """The mark of the row: what was guessed, and from what."""
        return ", ".join(f"{column} ({source})" for column, source in self.sources.items())

    def guess(self, column: str, value: str, source: str) -> None:
        """Fill in a cell that is empty yet."""
        if value and not self.cells.get(column):
            self.cells[column] = value
            self.sources[column] = source


def guess_rows(files: Sequence[FolderFile]) -> list[GuessedRow]:
    """Guess subject, visit, day, role and date of every file.

    Parameters
    ----------
    files : sequence of FolderFile

    Returns
    -------
    list of GuessedRow
        In their order; a cell that nothing tells is empty.
    """
    rows = [GuessedRow(one.file) for one in files]
    parts = [_parts(one) for one in files]
    for row, said, one in zip(rows, parts, files, strict=True):
        for source, part in said.items():
            row.guess("role", part.role, source)
            row.guess("visit", part.visit, source)
            row.guess("day", "" if part.day is None else f"{part.day:g}", source)
            row.guess("collected", part.date.isoformat() if part.date else "", source)
        row.guess("role", Role.SAMPLE.value, "not named as a control")
        if one.acquisition is not None:
            row.guess("collected", one.acquisition.date or "", "$DATE, the day of measurement")
        else:
            row.comment = f"cannot be read: {one.refusal}"
    rest = {row.file: said[_PATH].rest for row, said in zip(rows, parts, strict=True)}
    subjects, source = _subjects(files, rest)
    for row in rows:
        row.guess("subject", subjects.get(row.file, ""), source)
    _guess_visits(rows, rest)
    _guess_days(rows)
    _note_replicates(rows, rest)
    return rows


def _parts(one: FolderFile) -> dict[str, NameParts]:
    """What each name of a file says, that of its path first."""
    said = {_PATH: read_name(one.name)}
    keywords = one.acquisition.keywords if one.acquisition else {}
    for key in NAMING_KEYWORDS:
        if keywords.get(key):
            said[key] = read_name(os.path.splitext(keywords[key])[0] if key == "$FIL" else keywords[key])
    return said


def _subjects(files: Sequence[FolderFile], rest: Mapping[str, str]) -> tuple[dict[str, str], str]:
    """Subject by file, and what they are from."""

    def values(key: str) -> dict[str, str]:
        return {one.file: one.acquisition.keywords.get(key, "") if one.acquisition else "" for one in files}

    by_name, patients = guess_subjects(rest), values(_PATIENT)
    one_patient = len(set(patients.values())) == 1
    if all(patients.values()) and not (one_patient and len(set(by_name.values())) > 1):
        return patients, _PATIENT
    for key in _SUBJECT_KEYWORDS:
        if found := subjects_of_keyword(values(key), rest):
            return found, key
    return by_name, _PATH


def _guess_visits(rows: Sequence[GuessedRow], rest: Mapping[str, str]) -> None:
    """Where no word of a visit was found: the first word that not all names have, if it comes again."""
    words = {}
    for row in rows:
        own = _SEPARATORS.split(row.cells.get("subject", ""))
        words[row.file] = [word for word in _SEPARATORS.split(rest[row.file]) if word and word not in own]
    in_files = Counter(word for own in words.values() for word in set(own))
    left = {
        file: next((word for word in own if in_files[word] < len(rows)), "") for file, own in words.items()
    }
    if len(set(left.values())) == len(rows):
        return  # numbers of tubes, not visits
    for row in rows:
        if not row.cells.get("visit") and row.cells.get("subject") and not row.cells.get("day"):
            row.guess("visit", left[row.file], f"{_PATH}, a word that differs")


def _guess_days(rows: Sequence[GuessedRow]) -> None:
    """Days that no name tells, by the dates of the subject's visits whose day is told."""
    told: dict[str, dict[float, datetime.date]] = defaultdict(dict)  # day of infusion by a visit's day
    for row in rows:
        date, day = _date(row), row.cells.get("day")
        if date and day and row.cells.get("subject"):
            told[row.cells["subject"]][float(day)] = date - datetime.timedelta(days=round(float(day)))
    for row in rows:
        date, infusions = _date(row), told.get(row.cells.get("subject", ""), {})
        if date is None or row.cells.get("day") or not infusions:
            continue
        if (max(infusions.values()) - min(infusions.values())).days <= ODD_DAYS:
            nearest = infusions[min(infusions, key=abs)]  # early visits keep to their day best
            row.guess("day", str((date - nearest).days), "dates, beside the days of other visits")


def _date(row: GuessedRow) -> datetime.date | None:
    text = row.cells.get("collected")
    return datetime.date.fromisoformat(text) if text else None


def _note_replicates(rows: Sequence[GuessedRow], rest: Mapping[str, str]) -> None:
    """Samples of one subject and visit; where the visit is not known, of one name but for a number at its end."""
    for alike in _replicates(rows, rest):
        for number, row in enumerate(alike, 1):
            note = f"replicate {number} of {len(alike)}"
            row.comment = f"{row.comment}; {note}" if row.comment else note


def _replicates(rows: Sequence[GuessedRow], rest: Mapping[str, str]) -> Iterator[list[GuessedRow]]:
    groups: dict[tuple[str, str, str], list[GuessedRow]] = defaultdict(list)
    for row in rows:
        subject = row.cells.get("subject", "")
        if row.cells["role"] == Role.SAMPLE and subject:
            visit = row.cells.get("visit") or _NUMBER_AT_END.sub("", rest[row.file])
            groups[subject, visit, row.cells.get("day", "")].append(row)
    return (alike for alike in groups.values() if len(alike) > 1)
