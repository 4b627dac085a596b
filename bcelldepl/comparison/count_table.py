"""Read manual counts from a table: one row per tube and population, or one row per tube."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, NamedTuple

from bcelldepl.comparison.count_cells import Cell, read_cell
from bcelldepl.comparison.count_headings import (
    Measure,
    PopulationColumn,
    column_roles,
    is_summary,
    population_column,
)
from bcelldepl.comparison.table_rows import table_rows
from bcelldepl.errors import ExchangeError, Problem
from bcelldepl.gate_exchange.manual import Manual, ManualCount, ManualTube
from bcelldepl.study.cells import CellError

__all__ = ["read_count_tables"]

_REMEDY: Final = (
    "give columns file, population and events (or per_ul, or percent_of_parent); "
    "or file and one column per population"
)


class _Source(NamedTuple):
    """What tells the tube of a row: by one of its names, or its specimen and tube."""

    file: str
    tube: str = ""
    specimen: str = ""
    reader: str = ""


@dataclass
class _Reading:
    """What was read so far."""

    where: str
    delimiter: str
    counts: dict[_Source, dict[str, ManualCount]] = field(default_factory=dict)
    hashes: dict[_Source, str] = field(default_factory=dict)
    skipped: list[Problem] = field(default_factory=list)
    refused: set[tuple[_Source, str]] = field(default_factory=set)

    def skip(self, place: str, what: str, remedy: str = "") -> None:
        self.skipped.append(Problem(f"{self.where}, {place}", what, remedy))

    def add(self, source: _Source, population: str, count: ManualCount, line: int) -> None:
        own = self.counts.setdefault(source, {})
        if (source, population) in self.refused:
            return
        if own.get(population, ManualCount()) == ManualCount():
            own[population] = count
        elif _contradict(own[population], count):
            own[population] = ManualCount()
            self.refused.add((source, population))
            what = f"a second count of {population!r} in {_name(source)}, and not the same: neither is used"
            self.skip(f"line {line}", what, "keep the right row")


def read_count_tables(path: Path) -> dict[str, Manual]:
    """Read a table of manual counts, whoever made them, each reader's by itself.

    Parameters
    ----------
    path : Path
        CSV, TSV or XLSX. Either long: one row per file and population, with the columns ``file``, ``population`` and
        ``events``, ``per_ul`` or ``percent_of_parent``; or wide: ``file``, then one column per population, whose
        heading says what its numbers are. A column ``reader`` or ``operator`` tells readers apart.

    Returns
    -------
    dict of str to Manual
        Without gates, by the name of the reader; empty for a table without such a column.

    Raises
    ------
    ExchangeError
        For a table without a column of files and one of counts.
    """
    rows, delimiter, heading_line = table_rows(path, _REMEDY)
    headings = rows[0] if rows else []
    roles, measures = column_roles(headings)
    if not {"file", "tube"} & set(roles):
        shown = ", ".join(headings) or "none"
        raise ExchangeError(f"no column names the file; there are {shown}", path.name, _REMEDY)
    reading = _Reading(path.name, delimiter)
    body = list(_tubes(rows[1:], heading_line + 1, roles, reading))
    if {"population", "path"} & set(roles) and set(measures) - {Measure.OTHER}:
        _long(body, roles, measures, reading)
    else:
        taken = {*roles.values()}
        columns = {
            i: population_column(heading)
            for i, heading in enumerate(headings)
            if i not in taken and heading.strip()
        }
        _wide(body, columns, roles, headings, reading)
    readers = dict.fromkeys(source.reader for source in reading.counts) or {"": None}
    return {
        reader: Manual(path, "count table", tuple(_manual_tubes(reading, reader)), tuple(reading.skipped))
        for reader in readers
    }


class _Row(NamedTuple):
    line: int
    source: _Source
    cells: list[str]


def _tubes(
    rows: Sequence[list[str]], first_line: int, roles: dict[str, int], reading: _Reading
) -> Iterator[_Row]:
    """Rows that are of a tube, with what tells it: rows of means and the like are named and left out."""
    left: list[str] = []
    for line, cells in enumerate(rows, start=first_line):
        if not cells:
            continue
        source = _Source(*(cells[roles[role]] if role in roles else "" for role in _Source._fields))
        if not _name(source):
            continue
        if is_summary(_name(source)):
            left.append(_name(source))
            continue
        if "sha256" in roles:
            reading.hashes[source] = cells[roles["sha256"]]
        yield _Row(line, source, cells)
    if left:
        reading.skip(f"rows {', '.join(dict.fromkeys(left))}", "they summarise tubes: left out")


def _long(
    rows: Sequence[_Row], roles: dict[str, int], measures: dict[Measure, int], reading: _Reading
) -> None:
    for line, source, cells in rows:
        named = {role: cells[i] for role, i in roles.items()}
        population = (named.get("path") or named.get("population", "")).removeprefix("root/").strip("/")
        if not population:
            continue
        found: dict[Measure, Cell] = {}
        try:
            for measure, i in measures.items():
                if measure is not Measure.OTHER:
                    found[measure] = read_cell(cells[i], measure, reading.delimiter)
            volume = (
                read_cell(named["volume"], Measure.PER_UL, reading.delimiter) if "volume" in named else None
            )
        except CellError as error:
            reading.skip(f"line {line}", f"{error.what}: row skipped", error.remedy)
            continue
        count = _count(found, named.get("parent", ""), volume.value if volume else None)
        reading.add(source, population, count or ManualCount(), line)  # a row without a number is a row


def _count(found: dict[Measure, Cell], parent: str, volume_ul: float | None) -> ManualCount | None:
    values = {measure: cell.value for measure, cell in found.items() if cell.value is not None}
    if not values:
        return None
    events = values.get(Measure.EVENTS)
    below = any(cell.below for cell in found.values())
    return ManualCount(
        None if events is None else int(events),
        values.get(Measure.PER_UL),
        values.get(Measure.PERCENT),
        parent,
        volume_ul,
        below,
    )


def _contradict(one: ManualCount, other: ManualCount) -> bool:
    """Whether two counts of a population differ; percentages of other parents do not."""
    both = [(one.events, other.events), (one.per_ul, other.per_ul)]
    if one.parent == other.parent:
        both.append((one.percent, other.percent))
    return any(None not in pair and pair[0] != pair[1] for pair in both)


def _wide(
    rows: Sequence[_Row],
    columns: dict[int, PopulationColumn],
    roles: dict[str, int],
    headings: Sequence[str],
    reading: _Reading,
) -> None:
    by_population: dict[str, dict[Measure, dict[int, Cell]]] = {}
    parents: dict[str, str] = {}
    for i, column in columns.items():
        texts = [row.cells[i] for row in rows]
        measure = column.measure or _told_by_cells(texts)
        if measure is Measure.OTHER:
            reading.skip(headings[i], "a statistic that is not compared: left out")
        elif measure in by_population.get(column.population, {}):
            reading.skip(headings[i], f"a second column of {measure} of {column.population!r}: left out")
        elif cells := _column(rows, i, headings[i], measure, reading):
            by_population.setdefault(column.population, {})[measure] = cells
            if measure is Measure.PERCENT:
                parents[column.population] = column.parent
    for line, source, texts in rows:
        volume = _volume(texts, roles, reading, line)
        for population, measured in by_population.items():
            found = {measure: cells[line] for measure, cells in measured.items() if line in cells}
            parent = parents.get(population) or population.rpartition("/")[0].rpartition("/")[2]
            count = _count(found, parent, volume)
            if count is not None:
                reading.add(source, population, count, line)


def _column(
    rows: Sequence[_Row], i: int, heading: str, measure: Measure, reading: _Reading
) -> dict[int, Cell]:
    """Cells of a column by their lines; a column without any number, such as one of dates, is named once."""
    cells: dict[int, Cell] = {}
    faults: dict[int, CellError] = {}
    for line, _, texts in rows:
        try:
            cells[line] = read_cell(texts[i], measure, reading.delimiter)
        except CellError as caught:
            faults[line] = caught
    known = any(cell.value is not None for cell in cells.values())
    if not known and any(texts[i] for _, _, texts in rows):
        digits = any(character.isdigit() for _, _, texts in rows for character in texts[i])
        error = next(iter(faults.values())) if faults and digits else None
        why = f"; for one, {error.what}" if error else ""
        reading.skip(heading, f"the column contains no counts: left out{why}", error.remedy if error else "")
    elif known:
        for line, fault in faults.items():
            reading.skip(f"line {line}, {heading}", f"{fault.what}: skipped", fault.remedy)
    return cells if known else {}


def _volume(cells: Sequence[str], roles: dict[str, int], reading: _Reading, line: int) -> float | None:
    if "volume" not in roles:
        return None
    try:
        return read_cell(cells[roles["volume"]], Measure.PER_UL, reading.delimiter).value
    except CellError as error:
        reading.skip(f"line {line}", f"the volume: {error.what}: not used", error.remedy)
        return None


def _told_by_cells(texts: Sequence[str]) -> Measure:
    """Percent where the cells say so, else events."""
    return Measure.PERCENT if any(text.endswith("%") for text in texts) else Measure.EVENTS


def _manual_tubes(reading: _Reading, reader: str) -> Iterator[ManualTube]:
    for source, stated in reading.counts.items():
        if source.reader != reader:
            continue
        keywords = {"TUBE NAME": source.tube, "$SRC": source.specimen} if not source.file else {}
        names = (source.file,) if source.file else _names_of(source)
        told = {key: value for key, value in keywords.items() if value}
        yield ManualTube(names, reading.hashes.get(source, ""), None, stated, told)


def _names_of(source: _Source) -> tuple[str, ...]:
    """FACSDiva calls the file of a tube by its specimen and its tube."""
    both = f"{source.specimen}_{source.tube}" if source.specimen else ""
    return tuple(filter(None, (both, source.tube)))


def _name(source: _Source) -> str:
    return source.file or " ".join(filter(None, (source.specimen, source.tube)))
