"""The formats of ``bcelldepl export``; one row each."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

__all__ = ["EXPORT_FORMATS", "ExportFormat", "ExportKind", "formats_of"]


class ExportKind(StrEnum):
    """What is exported."""

    TABLES = "tables"
    GATES = "gates"
    EVENTS = "the events of populations"
    LISTINGS = "tables and listings of a study report"
    WORKBOOK = "one workbook for a laboratory"


@dataclass(frozen=True)
class ExportFormat:
    """One format.

    Attributes
    ----------
    name : str
        As ``--to`` takes it.
    kind : ExportKind
    suffix : str
        Of its files.
    """

    name: str
    kind: ExportKind
    suffix: str


_ROWS: Final = (
    ExportFormat("csv", ExportKind.TABLES, ".csv"),
    ExportFormat("parquet", ExportKind.TABLES, ".parquet"),
    ExportFormat("xpt", ExportKind.TABLES, ".xpt"),
    ExportFormat("dataset-json", ExportKind.TABLES, ".json"),
    ExportFormat("gatingml", ExportKind.GATES, ".gating-ml.xml"),
    ExportFormat("flowjo", ExportKind.GATES, ".wsp"),
    ExportFormat("fcs", ExportKind.EVENTS, ".fcs"),
    ExportFormat("define", ExportKind.TABLES, ".xpt"),
    ExportFormat("rtf", ExportKind.LISTINGS, ".rtf"),
    ExportFormat("xlsx", ExportKind.WORKBOOK, ".xlsx"),
)
EXPORT_FORMATS: Final = {row.name: row for row in _ROWS}


def formats_of(kind: ExportKind) -> tuple[str, ...]:
    """Names of the formats of a kind.

    Parameters
    ----------
    kind : ExportKind

    Returns
    -------
    tuple of str
    """
    return tuple(row.name for row in _ROWS if row.kind is kind)
