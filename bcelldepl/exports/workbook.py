"""One workbook of a study: what it is about, its counts, endpoints and tubes, and what was flagged."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from openpyxl import Workbook
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter

from bcelldepl.definitions.codes import EVIDENCE_MEANINGS, ResultCode
from bcelldepl.definitions.columns import Column, ColumnType
from bcelldepl.definitions.endpoints import endpoint_definition
from bcelldepl.definitions.export_formats import EXPORT_FORMATS
from bcelldepl.definitions.tables import COUNTS, ENDPOINTS, FLAGS, TUBES
from bcelldepl.names import file_stem
from bcelldepl.results.finished import FinishedRun, read_finished_run
from bcelldepl.spreadsheet import disarmed
from bcelldepl.store.files import write_bytes

if TYPE_CHECKING:
    import pandas as pd
    from openpyxl.cell.cell import Cell
    from openpyxl.worksheet.worksheet import Worksheet

__all__ = ["export_workbook"]

READ_ME: Final = "read me"
LONGEST_CELL: Final = 32_767  # characters, of the format
WIDEST, NARROWEST, HASH = 60, 8, 12  # characters of a column
PLACES: Final = tuple(column for column in TUBES.columns if column.name in ("site", "plate", "well"))
# What flags are made of: column of tubes.csv, and what the column `source` calls it.
SOURCES: Final = {"reason": "review", "quality_flags": "quality", "warnings": "file and sheet"}
WHOLE, AMOUNT, DAY, SHARE, AS_IT_IS = "#,##0", "#,##0.000", "0.0#", "0.0000", "General"
_HEAD: Final = Font(bold=True)
_TITLE: Final = Font(bold=True, size=14)
_SHADE: Final = PatternFill("solid", fgColor="DFE7F1")
_TOP: Final = Alignment(vertical="top")
_WRAPPED: Final = Alignment(vertical="top", wrap_text=True)
_MODIFIED: Final = re.compile(rb"(<dcterms:modified[^>]*>)[^<]*")
_FIRST_DATE: Final = (1980, 1, 1, 0, 0, 0)  # of a ZIP archive


def export_workbook(results_folder: Path, out: Path) -> list[Path]:
    """Write a finished run as one workbook.

    Parameters
    ----------
    results_folder : Path
        As ``bcelldepl run`` wrote it.
    out : Path
        Folder to write to; made if not there.

    Returns
    -------
    list of Path
        The workbook, named after the study. The same results give the same bytes.

    Raises
    ------
    ExchangeError
        The folder is no finished run.
    """
    run = read_finished_run(results_folder)
    sheets = (
        (COUNTS.name, COUNTS.row, (*COUNTS.columns, *PLACES), _with_places(run.counts, run.tubes)),
        (ENDPOINTS.name, ENDPOINTS.row, ENDPOINTS.columns, run.endpoints),
        (TUBES.name, TUBES.row, TUBES.columns, run.tubes),
        (FLAGS.name, FLAGS.row, FLAGS.columns, FLAGS.frame(_flags(run.tubes))),
    )
    book = Workbook()
    front = book.active
    assert front is not None
    front.title = READ_ME
    _front_page(front, run, [(name, row, columns) for name, row, columns, _ in sheets])
    for name, _, columns, table in sheets:
        _table(book.create_sheet(name), columns, table)
    finished = datetime.fromisoformat(str(run.record["finished"])).replace(tzinfo=None)
    book.properties.creator = "bcelldepl"
    book.properties.title = run.study.id
    book.properties.created = finished
    path = Path(out) / f"{file_stem(run.study.id)}{EXPORT_FORMATS['xlsx'].suffix}"
    path.parent.mkdir(parents=True, exist_ok=True)
    write_bytes(path, _bytes(book, finished))
    return [path]


def _with_places(counts: pd.DataFrame, tubes: pd.DataFrame) -> pd.DataFrame:
    """Counts with site, plate and well of their tube."""
    names = ["file", *(column.name for column in PLACES if column.name in tubes)]
    return counts.merge(tubes[names], on="file", how="left")


def _flags(tubes: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """What was said of each tube, a row for each source."""
    known = [name for name in FLAGS.names if name in tubes]
    for row in tubes.to_dict("records"):
        for column, source in SOURCES.items():
            if isinstance(row.get(column), str) and row[column]:
                yield {**{name: row[name] for name in known}, "source": source, "flag": row[column]}


def _table(sheet: Worksheet, columns: Sequence[Column], table: pd.DataFrame) -> None:
    """Write a table with a frozen heading, filters, number formats and widths."""
    there = [column for column in columns if column.name in table]
    for place, column in enumerate(there, 1):
        head = _text(sheet.cell(1, place), column.name)
        head.font, head.fill = _HEAD, _SHADE
        form = _number_format(column)
        widest = len(column.name) + 3  # the button of the filter
        for row, value in enumerate(table[column.name].tolist(), 2):
            cell = sheet.cell(row, place)
            if value is None or value != value or value == "":
                continue
            if column.type is ColumnType.TEXT:
                _text(cell, str(value))
                widest = max(widest, *(len(line) for line in str(value).split("\n")))
            else:
                cell.value = int(value) if column.type is ColumnType.INTEGER else value
                cell.number_format = form
                widest = max(widest, len(f"{float(value):,.3f}"))
        width = min(max(widest, NARROWEST), WIDEST)
        sheet.column_dimensions[get_column_letter(place)].width = width if column.name != "sha256" else HASH
    named = [column.name for column in there]
    held = named.index("visit") + 1 if "visit" in named else 1  # whose tube a row is of stays in sight
    sheet.freeze_panes = f"{get_column_letter(held + 1)}2"
    sheet.auto_filter.ref = f"A1:{get_column_letter(max(len(there), 1))}{len(table) + 1}"


def _number_format(column: Column) -> str:
    if column.type is ColumnType.INTEGER:
        return WHOLE
    name = column.name
    if name in ("day", "actual_day") or name.endswith("_day"):
        return DAY
    if "fraction" in name or name == "recovery":
        return SHARE
    return AMOUNT if "per_ul" in name or "percent" in name or name.endswith("_ul") else AS_IT_IS


def _front_page(
    sheet: Worksheet, run: FinishedRun, sheets: Sequence[tuple[str, str, Sequence[Column]]]
) -> None:
    """Say what the workbook is of, and what every column means."""
    record = run.record
    lines: list[tuple[str, ...]] = [
        ("study", run.study.id),
        ("computed", str(record["finished"])),
        ("strategy", ", ".join(run.strategies.all)),
        ("counting", f'method = "{run.study.counting.method}"'),
        ("limits", f"LOD {run.study.limits.lod_events} events, LLOQ {run.study.limits.lloq_events} events"),
        *((f"version of {name}", str(version)) for name, version in record.get("versions", {}).items()),
        ("digest of the run", str(record.get("digest", ""))),
        *(("note", str(note)) for note in (*record.get("warnings", ()), *record.get("questions", ()))),
    ]
    parameters = dict.fromkeys(run.endpoints["parameter"])
    known = [(code, one) for code in parameters if (one := endpoint_definition(str(code))) is not None]
    parts: list[tuple[str, Iterable[tuple[str, ...]]]] = [
        ("sheets", ((name, f"one row per {row}") for name, row, _ in sheets)),
        ("result codes", ((str(code), code.meaning) for code in ResultCode)),
        ("evidence of gates", EVIDENCE_MEANINGS.items()),
        ("endpoints", ((code, f"{one.label} [{one.unit}]") for code, one in known)),
        *(
            (f"columns of {name}", ((column.name, column.meaning) for column in columns))
            for name, _, columns in sheets
        ),
    ]
    _text(sheet.cell(1, 1), f"{run.study.id}: B cells and CAR+ T cells").font = _TITLE
    place = 3
    for line in lines:
        place = _line(sheet, place, line)
    for title, rows in parts:
        place += 1
        head = _text(sheet.cell(place, 1), title)
        head.font, head.fill = _HEAD, _SHADE
        place += 1
        for line in rows:
            place = _line(sheet, place, line)
    sheet.column_dimensions["A"].width = 34
    sheet.column_dimensions["B"].width = 110
    sheet.freeze_panes = "A2"


def _line(sheet: Worksheet, place: int, texts: Sequence[str]) -> int:
    """Write a line of the first sheet, and return the number of the next."""
    for column, text in enumerate(texts, 1):
        _text(sheet.cell(place, column), text).alignment = _WRAPPED
    return place + 1


def _text(cell: Cell, text: str) -> Cell:
    """Write a text that no spreadsheet takes for a formula or a number, whatever it begins with."""
    safe = disarmed(text)
    if len(safe) > LONGEST_CELL:
        rest = " ... (longer than a cell can hold: the rest is in the CSV file)"
        safe = safe[: LONGEST_CELL - len(rest)] + rest
    cell.value = safe
    cell.data_type = "s"
    cell.number_format = "@"
    cell.alignment = _TOP
    return cell


def _bytes(book: Workbook, finished: datetime) -> bytes:
    """Content of the file, without the time at which it was written."""
    written, steady = io.BytesIO(), io.BytesIO()
    book.save(written)
    moment = finished.isoformat(timespec="seconds").encode() + b"Z"
    with zipfile.ZipFile(written) as source, zipfile.ZipFile(steady, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            content = source.read(name)
            if name == "docProps/core.xml":
                content = _MODIFIED.sub(rb"\g<1>" + moment, content)
            entry = zipfile.ZipInfo(name, _FIRST_DATE)
            entry.compress_type = zipfile.ZIP_DEFLATED
            target.writestr(entry, content)
    return steady.getvalue()
