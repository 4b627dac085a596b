"""``quality_over_time.csv``."""

from __future__ import annotations

from typing import Final

from bcelldepl.definitions.columns import Column, ColumnType, TableDefinition

__all__ = ["QUALITY_OVER_TIME"]

_TEXT, _NUMBER, _INTEGER = ColumnType.TEXT, ColumnType.NUMBER, ColumnType.INTEGER

QUALITY_OVER_TIME: Final = TableDefinition(
    "quality_over_time",
    "measure of quality and sample tube, by cytometer and in the order of acquisition",
    (
        Column("measure", _TEXT, "BEADS_SEEN, BEAD_RECOVERY, CD3_OF_T, CD45_OF_LEUKOCYTES or LYMPHOCYTE_SUM"),
        Column("unit", _TEXT, "of the value"),
        Column("cytometer", _TEXT, "as the file names it; each has its own mean and SD"),
        Column("batch", _TEXT, "as in the sample sheet, else the date of acquisition"),
        Column(
            "acquired", _TEXT, "start of the acquisition by the file, ISO 8601; empty where it does not say"
        ),
        Column("file", _TEXT, "path of the FCS file, as in the sample sheet"),
        Column("subject", _TEXT, "as in the sample sheet"),
        Column("visit", _TEXT, "as in the sample sheet"),
        Column("value", _NUMBER, "of this tube"),
        Column("n", _INTEGER, "tubes of this cytometer with such a value"),
        Column(
            "mean", _NUMBER, "robust mean of these (ISO 13528, Algorithm A); empty for fewer than 10 tubes"
        ),
        Column("sd", _NUMBER, "their robust standard deviation, by the same algorithm"),
        Column("deviation_sd", _NUMBER, "(value - mean) / sd"),
        Column("rule", _TEXT, "Westgard rule that the value breaks: 1-3s, 2-2s, or empty"),
    ),
)
