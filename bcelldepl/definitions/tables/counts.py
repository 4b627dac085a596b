"""``counts.csv`` and ``tubes.csv``."""

from __future__ import annotations

from typing import Final

from bcelldepl.definitions.columns import Column, ColumnType, TableDefinition
from bcelldepl.definitions.result_columns import PERCENT_OF_LYMPHOCYTES, PERCENT_OF_PARENT, ResultColumns

__all__ = ["COUNTS", "FLAGS", "TUBES"]

_TEXT, _NUMBER, _INTEGER = ColumnType.TEXT, ColumnType.NUMBER, ColumnType.INTEGER


def _of_a_percentage(columns: ResultColumns, of: str) -> tuple[Column, ...]:
    """Interval and limits of a percentage; with method percent the result code is of it."""
    return (
        Column(
            columns.low,
            _NUMBER,
            f"lower end of the 95 % interval of the percentage of {of}, of counting and gate",
        ),
        Column(columns.high, _NUMBER, "upper end of that interval; empty where it cannot be evaluated"),
        Column(columns.lod, _NUMBER, f"limit of detection of this tube, in percent of {of}; at most 100"),
        Column(
            columns.lloq,
            _NUMBER,
            f"lower limit of quantification of this tube, in percent of {of}; at most 100",
        ),
    )


COUNTS: Final = TableDefinition(
    "counts",
    "sample tube and reported population",
    (
        Column("file", _TEXT, "path of the FCS file, as in the sample sheet"),
        Column("sha256", _TEXT, "of the file; empty where it could not be read"),
        Column("subject", _TEXT, "as in the sample sheet"),
        Column("visit", _TEXT, "as in the sample sheet"),
        Column("day", _NUMBER, "nominal study day, 0 is the infusion"),
        Column("dose_group", _TEXT, "as in the sample sheet"),
        Column("population", _TEXT, "name of the population"),
        Column("events", _INTEGER, "events counted; empty where the tube was not counted"),
        Column("parent", _TEXT, "population that it was gated in"),
        Column("parent_events", _INTEGER, "events of that population"),
        Column("percent_of_parent", _NUMBER, "100 * events / parent_events"),
        Column(
            "method",
            _TEXT,
            "how events became cells/uL: beads, volumetric, dual or none; or percent, which gives none",
        ),
        Column(
            "cells_per_ul",
            _NUMBER,
            "in blood; 0 where none was counted, empty where no result can be given",
        ),
        Column("ci_low_per_ul", _NUMBER, "lower end of its 95 % interval, of counting and gate together"),
        Column("ci_high_per_ul", _NUMBER, "upper end of its 95 % interval"),
        Column("analysed_volume_ul", _NUMBER, "blood that the events come from"),
        Column("lod_per_ul", _NUMBER, "limit of detection of this tube"),
        Column("lloq_per_ul", _NUMBER, "lower limit of quantification of this tube"),
        Column("result", _TEXT, "result code"),
        Column("evidence", _TEXT, "weakest evidence of the gates that lead to the population"),
        Column("reason", _TEXT, "one sentence; empty where there is nothing to report"),
        Column("override", _TEXT, "gates set by hand that the number depends on"),
        Column("actual_day", _NUMBER, "days from infusion to collection; empty where dates are not known"),
        Column("course", _INTEGER, "1 for the first infusion of the subject"),
        Column("review", _TEXT, "accepted, rejected, changed since it was judged, or empty"),
        *_of_a_percentage(PERCENT_OF_PARENT, "the parent"),
        Column(
            PERCENT_OF_LYMPHOCYTES.value,
            _NUMBER,
            "100 * events / events of the lymphocytes of the tube; empty where it cannot be evaluated, and for cells "
            "that are no part of them",
        ),
        *_of_a_percentage(PERCENT_OF_LYMPHOCYTES, "lymphocytes"),
    ),
)
TUBES: Final = TableDefinition(
    "tubes",
    "tube of the study, with failed tubes and controls",
    (
        Column("file", _TEXT, "path of the FCS file, as in the sample sheet"),
        Column("sha256", _TEXT, "of the file; empty where it could not be read"),
        Column("subject", _TEXT, "as in the sample sheet"),
        Column("visit", _TEXT, "as in the sample sheet"),
        Column("day", _NUMBER, "nominal study day, 0 is the infusion"),
        Column("role", _TEXT, "sample, or which control"),
        Column("dose_group", _TEXT, "as in the sample sheet"),
        Column("batch", _TEXT, "as in the sample sheet, else the date of acquisition"),
        Column("status", _TEXT, "ok, review or failed"),
        Column("reason", _TEXT, "why the tube failed or needs review"),
        Column("events", _INTEGER, "events of the file"),
        Column("kept_fraction", _NUMBER, "part of the events that the quality mask kept"),
        Column("kept_time_fraction", _NUMBER, "part of the acquisition time that it kept"),
        Column("dropped", _TEXT, "events left out, by reason"),
        Column("quality_flags", _TEXT, "what the quality mask and the checks of the tube found"),
        Column("acquired_volume_ul", _NUMBER, "volume acquired, from the sample sheet or $VOL"),
        Column("bead_count", _NUMBER, "beads in the tube, as in the sample sheet"),
        Column("blood_volume_ul", _NUMBER, "blood pipetted into it, as in the sample sheet"),
        Column("dilution", _NUMBER, "from blood to the acquired suspension, as in the sample sheet, else 1"),
        Column(
            "beads_seen", _INTEGER, "bead events that the count is based on; empty where beads are not used"
        ),
        Column("recovery", _NUMBER, "beads_seen / bead_count: part of the tube that was acquired"),
        Column("analysed_volume_ul", _NUMBER, "blood that the events come from"),
        Column("cytometer", _TEXT, "as the file names it"),
        Column("warnings", _TEXT, "of reading the file, and of its row of the sample sheet"),
        Column("collected", _TEXT, "when the blood was drawn, ISO 8601"),
        Column("infused", _TEXT, "when the cells were infused, ISO 8601"),
        Column("comment", _TEXT, "as in the sample sheet"),
        Column("review", _TEXT, "accepted, rejected, changed since it was judged, or empty"),
        Column("verdict", _TEXT, "who judged the tube, when, how and why"),
        Column("signatures", _TEXT, "who signed it; valid signatures"),
        Column(
            "broken_signatures", _TEXT, "signatures that are no longer valid: what was signed has changed"
        ),
        Column("site", _TEXT, "as in the sample sheet"),
        Column("plate", _TEXT, "as in the sample sheet"),
        Column("well", _TEXT, "as in the sample sheet"),
        Column("course", _INTEGER, "1 for the first infusion of the subject"),
    ),
)
FLAGS: Final = TableDefinition(
    "flags",
    "tube and source of what is said of it; a sheet of the workbook",
    (
        *(
            column
            for column in TUBES.columns
            if column.name
            in ("file", "subject", "visit", "day", "role", "batch", "status", "site", "plate", "well")
        ),
        Column(
            "source",
            _TEXT,
            "review: why a person has to look; quality: what checks found; file and sheet: how read",
        ),
        Column("flag", _TEXT, "the sentences, as in tubes.csv"),
    ),
)
