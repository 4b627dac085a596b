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
        Column("batch", _TEXT, "batch of the controls"),
        Column("source", _TEXT, "the dye, by its own detector"),
        Column("detector", _TEXT, "detector that its light also reaches"),
        Column("controls_percent", _NUMBER, "share of its signal in that detector, by the controls"),
        Column("error_percent", _NUMBER, "standard error of that share"),
        Column(
            "file_percent", _NUMBER, "the same share by the matrix in the files; empty where they have none"
        ),
        Column("difference_percent", _NUMBER, "between the two"),
    ),
)
