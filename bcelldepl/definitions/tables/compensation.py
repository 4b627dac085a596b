"""Matrices that a run makes of single-stain controls, beside those in the files."""

from __future__ import annotations

from typing import Final

from bcelldepl.definitions.columns import Column, ColumnType, TableDefinition
from bcelldepl.definitions.files import COMPENSATION

__all__ = ["CONTROL_MATRICES"]

_TEXT, _NUMBER = ColumnType.TEXT, ColumnType.NUMBER

CONTROL_MATRICES: Final = TableDefinition(
    f"{COMPENSATION}/comparison",
    "batch, dye and other detector",
    (
        Column("batch", _TEXT, "that the controls are of"),
        Column("source", _TEXT, "the dye, by its own detector"),
        Column("detector", _TEXT, "that its light reaches too"),
        Column("controls_percent", _NUMBER, "part of its signal there, by the controls"),
        Column("error_percent", _NUMBER, "standard error of that part"),
        Column(
            "file_percent", _NUMBER, "the same part by the matrix in the files; empty where they have none"
        ),
        Column("difference_percent", _NUMBER, "between the two"),
    ),
)
