"""Read manual counts from a table."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from bcelldepl.errors import ExchangeError, Problem
from bcelldepl.gate_exchange.manual import Manual, ManualCount, ManualTube
from bcelldepl.input_limits import MEGABYTE, read_limited
from bcelldepl.study.cells import GROUPED, CellError, number
from bcelldepl.study.workbook import read_workbook

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["read_count_table"]

_MOST_BYTES: Final = 50 * MEGABYTE
# Headings by which a column goes, the name that it has here first; compared without case, blanks and underscores.
_HEADINGS = {
    "file": ("file", "filename", "fcs", "fcsfile", "sample", "name", "tube"),
    "population": ("population", "gate", "gatename", "subset", "cell"),
    "events": ("events", "count", "manualevents", "n", "#cells", "cells"),
    "per_ul": ("perul", "cellsperul", "cells/ul", "cells/µl", "manualperul", "concentration"),
    "sha256": ("sha256",),
    "path": ("gatepath", "path"),
}
_REMEDY = "give columns file, population and events (and per_ul where known); or one column per population"


def read_count_table(path: Path) -> Manual:
    """Read a table of manual counts.

    Parameters
    ----------
    path : Path
        CSV, TSV or XLSX. Either long: one row per file and population, with the columns ``file``, ``population`` and
        ``events`` or ``per_ul``; or wide: ``file``, then one column of events per population.

    Returns
    -------
    Manual
        Without gates.

    Raises
    ------
    ExchangeError
        For a table without such columns.
    """
    import pandas as pd

    delimiter = ","
    try:
        if path.suffix.lower() == ".xlsx":
            table = _workbook(path)
        else:
            text = read_limited(path, _MOST_BYTES).decode("utf-8-sig")
            delimiter = max("\t;,", key=text.partition("\n")[0].count)
            table = pd.read_csv(io.StringIO(text, newline=""), dtype=str, sep=delimiter)
    except (OSError, ValueError, KeyError) as error:
        raise ExchangeError(f"the table cannot be read: {error}", path.name, _REMEDY) from error
    columns = _recognise([str(column) for column in table.columns])
    if "file" not in columns:
        raise ExchangeError(
            f"no column names the file; there are {', '.join(map(str, table.columns))}", path.name, _REMEDY
        )
    rows = table.fillna("").to_dict("records")
    skipped: list[Problem] = []
    if "population" in columns and ("events" in columns or "per_ul" in columns):
        stated = _long(rows, columns, delimiter, path.name, skipped)
    else:
        others = [str(c) for c in table.columns if c not in columns.values()]
        stated = _wide(rows, columns["file"], others, delimiter, path.name, skipped)
    hashes = (
        {str(row[columns["file"]]): str(row[columns["sha256"]]) for row in rows}
        if "sha256" in columns
        else {}
    )
    tubes = tuple(ManualTube((file,), hashes.get(file, ""), None, counts) for file, counts in stated.items())
    return Manual(path, "count table", tubes, tuple(skipped))


def _workbook(path: Path) -> pd.DataFrame:
    """Read the first sheet; a formula is refused, since only the program that wrote it knows its value."""
    import pandas as pd

    rows = [row for row in read_workbook(path, "").rows if any(row.cells) or row.problems]
    problems = [problem for row in rows for problem in row.problems]
    if problems:
        raise ExchangeError(problems[0].what, path.name, problems[0].remedy)
    if not rows:
        raise ExchangeError("the workbook is empty", path.name, _REMEDY)
    heading, width = rows[0].cells, len(rows[0].cells)
    body = [(row.cells + [""] * width)[:width] for row in rows[1:]]
    return pd.DataFrame(body, columns=[name or f"column {i}" for i, name in enumerate(heading, 1)], dtype=str)


def _recognise(headings: list[str]) -> dict[str, str]:
    plain = {heading.casefold().replace(" ", "").replace("_", ""): heading for heading in reversed(headings)}
    found: dict[str, str] = {}
    for column, spellings in _HEADINGS.items():
        for spelling in spellings:
            if spelling in plain and plain[spelling] not in found.values():
                found[column] = plain[spelling]
                break
    return found


def _long(
    rows: list[dict[Any, Any]], columns: dict[str, str], delimiter: str, where: str, skipped: list[Problem]
) -> dict[str, dict[str, ManualCount]]:
    stated: dict[str, dict[str, ManualCount]] = {}
    for line, row in enumerate(rows, start=2):
        cells = {name: str(row[heading]).strip() for name, heading in columns.items()}
        population = cells.get("path", "").removeprefix("root/") or cells["population"]
        if not cells["file"] or not population:
            continue
        try:
            count = ManualCount(
                _whole(cells.get("events", ""), delimiter), _number(cells.get("per_ul", ""), delimiter)
            )
        except CellError as error:
            skipped.append(Problem(f"{where}, line {line}", f"{error.what}: row skipped", error.remedy))
            continue
        of_file = stated.setdefault(cells["file"], {})
        if population in of_file:
            skipped.append(
                Problem(
                    f"{where}, line {line}", f"a second count of {population!r} in {cells['file']}: skipped"
                )
            )
            continue
        of_file[population] = count
    return stated


def _wide(
    rows: list[dict[Any, Any]],
    file: str,
    populations: list[str],
    delimiter: str,
    where: str,
    skipped: list[Problem],
) -> dict[str, dict[str, ManualCount]]:
    stated: dict[str, dict[str, ManualCount]] = {}
    for line, row in enumerate(rows, start=2):
        of_file = str(row[file]).strip()
        for population in populations:
            place = f"{where}, line {line}, {population}"
            try:
                events = _whole(str(row[population]).strip(), delimiter)
            except CellError as error:
                skipped.append(Problem(place, f"{error.what}: skipped", error.remedy))
                continue
            if events is None or not of_file:
                continue
            if population in stated.setdefault(of_file, {}):
                skipped.append(Problem(place, f"a second count in {of_file}: skipped"))
                continue
            stated[of_file][population] = ManualCount(events)
    return stated


def _number(text: str, delimiter: str) -> float | None:
    if not text or text.casefold() in ("na", "n/a", "nan", "-"):
        return None
    value = number(text, delimiter)
    if value < 0:
        raise CellError(f"{text!r} is no count")
    return value


def _whole(text: str, delimiter: str) -> int | None:
    """Read a number of events; 46.000 may be forty-six, or forty-six thousand."""
    value = _number(text, delimiter)
    if value is None:
        return None
    if GROUPED.fullmatch(text):
        raise CellError(f"{text!r} can be read in two ways", remedy="write no thousands separators")
    if value != int(value):
        raise CellError(f"{text!r} is no whole number of events")
    return int(value)
