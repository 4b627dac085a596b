"""What a study gives beside its FCS files, and the truth of a simulated one."""

from __future__ import annotations

from typing import Final

from bcelldepl.definitions.columns import Column, ColumnType, TableDefinition

__all__ = ["COMPANION_SHEET", "SAMPLES", "TRUTH"]

_TEXT, _NUMBER, _INTEGER = ColumnType.TEXT, ColumnType.NUMBER, ColumnType.INTEGER

SAMPLES: Final = TableDefinition(
    "samples",
    "FCS file",
    (
        Column("file", _TEXT, "path of the FCS file from the sheet; required"),
        Column("subject", _TEXT, "subject; required"),
        Column("visit", _TEXT, "name of the visit; required"),
        Column("day", _NUMBER, "nominal study day, 0 is the infusion; required"),
        Column("role", _TEXT, "sample where empty, else which control"),
        Column("dose_group", _TEXT, "for summaries"),
        Column("collected", _TEXT, "when the blood was drawn, ISO 8601"),
        Column("infused", _TEXT, "when the cells were given, ISO 8601: actual days follow"),
        Column(
            "batch",
            _TEXT,
            "tubes stained and measured together, among which gates may be borrowed; else by date",
        ),
        Column("dilution", _NUMBER, "from blood to the acquired suspension, for counting by volume; else 1"),
        Column("comment", _TEXT, "carried through"),
        Column("bead_count", _NUMBER, "beads in the tube: counting by beads"),
        Column("blood_volume_ul", _NUMBER, "blood pipetted into it: counting by beads"),
        Column("acquired_volume_ul", _NUMBER, "counting by volume; else $VOL"),
        Column("dose_cells_per_kg", _NUMBER, "for summaries and dose proportionality"),
        Column("wbc_per_ul", _NUMBER, "leukocytes by haematology of the same blood: dual platform"),
        Column("lymphocytes_per_ul", _NUMBER, "lymphocytes by haematology of the same blood: dual platform"),
        Column("lymphodepletion", _TEXT, "when lymphodepletion began, ISO 8601: for the baseline"),
        Column("course", _INTEGER, "1 for the first infusion of a subject, 2 for the second; else 1"),
        Column("usubjid", _TEXT, "USUBJID of exports; else study, hyphen, subject"),
        Column("site", _TEXT, "where the subject is treated; SITEID of exports, carried through"),
        Column("visit_number", _NUMBER, "VISITNUM of exports; else rank of the visit by its nominal day"),
        Column("plate", _TEXT, "plate or rack that the tube was stained or measured in; carried through"),
        Column("well", _TEXT, "its place there, such as A01; carried through"),
        Column(
            "guessed",
            _TEXT,
            "what `bcelldepl init` guessed of the row, and from what; emptied by whoever confirms it",
        ),
    ),
)
COMPANION_SHEET: Final = TableDefinition(
    "companion_sheet",
    "result of another assay, as the study gives it",
    (
        Column("subject", _TEXT, "as in the sample sheet; required"),
        Column("visit", _TEXT, "as in the sample sheet, or another; required"),
        Column("test", _TEXT, "name of the test; required"),
        Column(
            "value", _TEXT, "a number, < or > and a number, a titre (1:160), or text (POSITIVE, Y); required"
        ),
        Column("unit", _TEXT, "of `value`; one for each test"),
        Column("day", _NUMBER, "days since infusion; else of the samples of the visit"),
        Column("collected", _TEXT, "when it was drawn: takes precedence over `day`"),
        Column("comment", _TEXT, "carried through"),
        Column("course", _INTEGER, "which infusion of the subject; else 1"),
    ),
)
TRUTH: Final = TableDefinition(
    "truth",
    "tube of a simulated study and population",
    (
        Column("file", _TEXT, "path of the FCS file, as in the sample sheet"),
        Column("population", _TEXT, "name of the population"),
        Column("true_per_ul", _NUMBER, "concentration in the blood"),
        Column("true_events", _INTEGER, "events of it in the file"),
    ),
)
