"""The tubes as the page shows them: those that need review, the contact sheet, the details."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from bcelldepl.definitions.codes import TubeStatus
from bcelldepl.report.images import data_uri
from bcelldepl.report.number_format import DASH, limit, percent, whole
from bcelldepl.report.palette import natural_key
from bcelldepl.report.pictures import GateNote, TubePicture
from bcelldepl.report.table import CountCell, count_cell, course_number, in_order, number, plain
from bcelldepl.study import Role

__all__ = ["ContactSheetRow", "TubeEntry", "contact_sheet", "tube_entries"]


@dataclass(frozen=True)
class GateRow:
    """One gate in the table of a tube."""

    note: GateNote
    share: str


@dataclass(frozen=True)
class TubeEntry:
    """One tube with everything that the page says about it."""

    anchor: str
    file: str
    subject: str
    course: int
    visit: str
    day: float
    role: str
    status: TubeStatus
    reason: str
    facts: tuple[tuple[str, str], ...]
    gates: tuple[GateRow, ...]
    counts: tuple[CountCell, ...]
    thumbnail: str
    path: str
    panels: tuple[str, ...] = ()

    @property
    def is_sample(self) -> bool:
        """Whether the tube is a subject's sample and not a control."""
        return self.role in ("", Role.SAMPLE)

    @property
    def overview(self) -> list[CountCell]:
        """Its results of the populations whose gates the contact sheet shows."""
        by_name = {cell.population: cell for cell in self.counts}
        return [by_name[name] for name in self.panels if name in by_name]


@dataclass(frozen=True)
class ContactSheetRow:
    """The tubes of one course of a subject, one list per visit."""

    subject: str
    course: int
    cells: tuple[tuple[TubeEntry, ...], ...]


def tube_entries(
    tubes: pd.DataFrame,
    counts: pd.DataFrame,
    pictures: Sequence[TubePicture],
    addresses: Mapping[str, str] | None = None,
) -> list[TubeEntry]:
    """Join what is known of each tube, by subject, course, day, role and file.

    Parameters
    ----------
    tubes, counts : pandas.DataFrame
        Rows of ``tubes.csv`` and ``counts.csv``.
    pictures : sequence of TubePicture
        Pictures by file; a tube without one is listed all the same.
    addresses : mapping of str to str, optional
        Where the gating paths of some files lie; the others are held by the page.

    Returns
    -------
    list of TubeEntry
    """
    by_file = {picture.file: picture for picture in pictures}
    results: dict[str, list[CountCell]] = {}
    for record in counts.to_dict("records"):
        results.setdefault(str(record["file"]), []).append(count_cell(record))
    records = tubes.to_dict("records")
    records.sort(
        key=lambda row: (
            natural_key(plain(row.get("subject"))),
            course_number(row),
            in_order(number(row, "day")),
            plain(row.get("role")) not in ("", Role.SAMPLE),
            plain(row.get("file")),
        )
    )
    entries = []
    for index, row in enumerate(records, start=1):
        file = plain(row.get("file"))
        picture = by_file.get(file)
        entries.append(
            TubeEntry(
                anchor=f"tube-{index}",
                file=file,
                subject=plain(row.get("subject")),
                course=course_number(row),
                visit=plain(row.get("visit")),
                day=number(row, "day"),
                role=plain(row.get("role")),
                status=TubeStatus(plain(row.get("status")) or TubeStatus.OK),
                reason=plain(row.get("reason")),
                facts=_facts(row),
                gates=tuple(_gate_row(note) for note in picture.gates) if picture else (),
                counts=tuple(results.get(file, ())),
                thumbnail=data_uri(picture.thumbnail_png, "image/png")
                if picture and picture.thumbnail_png
                else "",
                path=_address(picture, addresses or {}) if picture and picture.path_png else "",
                panels=picture.panels if picture else (),
            )
        )
    return entries


def _address(picture: TubePicture, addresses: Mapping[str, str]) -> str:
    return addresses.get(picture.file) or data_uri(picture.path_png, "image/png")


def needing_a_look(tubes: Sequence[TubeEntry]) -> list[TubeEntry]:
    """Return the tubes that failed or need review, failed ones first."""
    asked = [tube for tube in tubes if tube.status is not TubeStatus.OK]
    return sorted(asked, key=lambda tube: list(TubeStatus).index(tube.status))


def contact_sheet(tubes: Sequence[TubeEntry]) -> tuple[list[tuple[str, str]], list[ContactSheetRow]]:
    """Arrange tubes as courses of subjects by visits.

    Parameters
    ----------
    tubes : sequence of TubeEntry
        In the order of `tube_entries`.

    Returns
    -------
    visits : list of (str, str)
        Name and day of each column, by day.
    rows : list of ContactSheetRow
        One per subject and course.
    """
    days: dict[str, list[float]] = {}
    for tube in tubes:
        days.setdefault(tube.visit, []).append(tube.day)
    middle = {visit: float(np.median(found)) for visit, found in days.items()}
    visits = sorted(middle, key=lambda visit: (in_order(middle[visit]), natural_key(visit)))
    rows: dict[tuple[str, int], dict[str, list[TubeEntry]]] = {}
    for tube in tubes:
        rows.setdefault((tube.subject, tube.course), {}).setdefault(tube.visit, []).append(tube)
    return (
        [(visit, "" if math.isnan(middle[visit]) else f"day {middle[visit]:g}") for visit in visits],
        [
            ContactSheetRow(*key, tuple(tuple(by_visit.get(visit, ())) for visit in visits))
            for key, by_visit in rows.items()
        ],
    )


def _facts(row: Mapping[Any, Any]) -> tuple[tuple[str, str], ...]:
    """Return what the record says about acquisition and quality, as label and text."""
    facts = {
        "Events": whole(number(row, "events")),
        "Events kept": percent(number(row, "kept_fraction"), 1.0),
        "Acquisition time kept": percent(number(row, "kept_time_fraction"), 1.0),
        "Quality": plain(row.get("quality_flags")).replace(";", ", ") or "no remark",
        "Acquired volume": _unless_missing(number(row, "acquired_volume_ul"), "µL"),
        "Analysed volume": _unless_missing(number(row, "analysed_volume_ul"), "µL of blood"),
        "Beads in the tube": whole(number(row, "bead_count")),
        "Beads seen": _beads(row),
        "Blood in the tube": _unless_missing(number(row, "blood_volume_ul"), "µL"),
        "Dilution": _unless_missing(number(row, "dilution"), "fold"),
        "Cytometer": plain(row.get("cytometer")),
        "Batch": plain(row.get("batch")),
        "Dose group": plain(row.get("dose_group")),
        "Warnings": plain(row.get("warnings")),
        "Review": plain(row.get("verdict")),
        "Signed": plain(row.get("signatures")),
        "Signatures of what has changed since": plain(row.get("broken_signatures")),
        "SHA-256": plain(row.get("sha256")),
    }
    return tuple((label, text) for label, text in facts.items() if text not in ("", DASH))


def _unless_missing(value: float, unit: str) -> str:
    return "" if math.isnan(value) else f"{limit(value)} {unit}"


def _beads(row: Mapping[Any, Any]) -> str:
    """Beads seen, and the part of the tube that they are."""
    seen, recovery = number(row, "beads_seen"), number(row, "recovery")
    return "" if math.isnan(seen) else f"{whole(seen)} ({percent(recovery, 1.0)} of the tube)"


def _gate_row(note: GateNote) -> GateRow:
    """Return a gate with its share as text."""
    return GateRow(note, percent(note.events, note.parent_events))
