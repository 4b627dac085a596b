"""SAS transport files, version 5, within their limits: what does not fit is an error, never a silent cut."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Final

from bcelldepl.cdisc.dataset import CdiscDataset
from bcelldepl.errors import ExchangeError, Problem
from bcelldepl.store.files import write_beside

__all__ = ["transport_problems", "write_transport"]

LONGEST_NAME, LONGEST_LABEL, LONGEST_TEXT = 8, 40, 200
NAME: Final = re.compile(r"[A-Z_][A-Z0-9_]*")
MONTHS: Final = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
EPOCH: Final = date(1960, 1, 1)
EPOCH_TIME: Final = datetime(1960, 1, 1)
HEADER_BYTES: Final = 8 * 80  # records that tell when a file and its data set were made
STAMP: Final = re.compile(rb"\d\d[A-Z]{3}\d\d:\d\d:\d\d:\d\d")


def transport_problems(tables: Sequence[CdiscDataset]) -> list[Problem]:
    """List everything in the tables that a transport file cannot hold.

    Parameters
    ----------
    tables : sequence of CdiscDataset

    Returns
    -------
    list of Problem
        Names of more than 8 characters, labels of more than 40, texts of more than 200 bytes, characters that
        are not ASCII; each with its place.
    """
    problems = []
    for table in tables:
        problems += _check_name(table.name, table.name, "data set")
        problems += _check_label(table.label, table.name)
        for variable in table.variables:
            where = f"{table.name}.{variable.name}"
            problems += _check_name(variable.name, where, "variable")
            problems += _check_label(variable.label, where)
            if variable.kind in ("text", "date"):
                problems += _check_values(table, variable.name)
    return problems


def write_transport(table: CdiscDataset, path: Path, created: datetime = EPOCH_TIME) -> None:
    """Write one data set.

    Parameters
    ----------
    table : CdiscDataset
        Dates become SAS dates with the format DATE9.
    path : Path
        Such as ``cp.xpt``; written beside it first, then renamed.
    created : datetime
        Written as the time of creation; that of the run, so that the same results give the same bytes.

    Raises
    ------
    ExchangeError
        With everything that does not fit.
    """
    import pandas as pd
    import pyreadstat

    problems = transport_problems([table])
    if problems:
        raise ExchangeError("; ".join(str(problem) for problem in problems), path.name)
    frame = table.frame()
    formats = {}
    for variable in table.variables:
        if variable.kind == "date":
            days = [
                None if not text else (date.fromisoformat(text[:10]) - EPOCH).days
                for text in frame[variable.name]
            ]
            frame[variable.name] = pd.Series(days, dtype="float64")
            formats[variable.name] = "DATE9."
        elif variable.kind == "integer":
            frame[variable.name] = frame[variable.name].astype("float64")

    def stamped(part: Path) -> None:
        pyreadstat.write_xport(
            frame,
            part,
            file_label=table.label,
            column_labels={one.name: one.label for one in table.variables},
            table_name=table.name,
            file_format_version=5,
            variable_format=formats,
        )
        content = part.read_bytes()
        month = MONTHS[created.month - 1]  # in English whatever the locale
        stamp = f"{created:%d}{month}{created:%y:%H:%M:%S}".encode()
        part.write_bytes(STAMP.sub(stamp, content[:HEADER_BYTES]) + content[HEADER_BYTES:])

    write_beside(path, stamped)


def _check_name(name: str, where: str, what: str) -> list[Problem]:
    if len(name) > LONGEST_NAME or not NAME.fullmatch(name):
        return [
            Problem(where, f"the name of a {what} has up to {LONGEST_NAME} letters, digits and underscores")
        ]
    return []


def _check_label(label: str, where: str) -> list[Problem]:
    if len(label.encode()) > LONGEST_LABEL:
        return [Problem(where, f"the label has {len(label.encode())} bytes, more than {LONGEST_LABEL}")]
    return [] if label.isascii() else [Problem(where, f"the label {label!r} is not ASCII")]


def _check_values(table: CdiscDataset, name: str) -> list[Problem]:
    for number, text in enumerate(table.column(name), 1):
        where = f"{table.name}.{name}, row {number}"
        if not text.isascii():
            strange = "".join(sorted({character for character in text if not character.isascii()}))
            remedy = "spell it in ASCII in the sample sheet, or export to csv, parquet or dataset-json"
            return [Problem(where, f"{text!r} contains {strange!r}, which is not ASCII", remedy)]
        if len(text) > LONGEST_TEXT:
            return [Problem(where, f"the text has {len(text)} bytes, more than {LONGEST_TEXT}")]
    return []
