"""The tables of ``compare`` and of the export of gates."""

from __future__ import annotations

from typing import Final

from bcelldepl.definitions.columns import Column, ColumnType, TableDefinition

__all__ = ["AGREEMENT", "COMPARISON", "EXPORTED_GATES"]

_TEXT, _NUMBER, _INTEGER = ColumnType.TEXT, ColumnType.NUMBER, ColumnType.INTEGER

COMPARISON: Final = TableDefinition(
    "comparison",
    "tube and population",
    (
        Column("file", _TEXT, "path of the FCS file, as in the sample sheet"),
        Column("subject", _TEXT, "as in the sample sheet"),
        Column("visit", _TEXT, "as in the sample sheet"),
        Column("population", _TEXT, "name of the population"),
        Column("auto_events", _INTEGER, "events of the automated gate"),
        Column("manual_events", _INTEGER, "events of the manual gate"),
        Column("auto_per_ul", _NUMBER, "cells/uL by the automated gate"),
        Column("manual_per_ul", _NUMBER, "cells/uL by the manual gate"),
        Column("ratio", _NUMBER, "automated over manual"),
        Column("precision", _NUMBER, "share of the automated events that are in the manual gate, too"),
        Column("recall", _NUMBER, "share of the manual events that are in the automated gate, too"),
        Column("f1", _NUMBER, "harmonic mean of the two"),
        Column("jaccard", _NUMBER, "events in both gates, as a share of events in either"),
        Column("first_divergent_gate", _TEXT, "first gate at which the two differ"),
        Column("verdict", _TEXT, "agree, disagree or not comparable"),
        Column("reason", _TEXT, "why, and what explains a difference"),
        Column("auto_percent", _NUMBER, "percent of the parent by the automated gate"),
        Column("manual_percent", _NUMBER, "percent of the parent, where the manual source states it"),
        Column(
            "auto_volume", _NUMBER, "uL that the automated events are of; without a volume, part of the file"
        ),
        Column(
            "manual_volume", _NUMBER, "uL that the manual events are of; without a volume, part of the file"
        ),
    ),
)
AGREEMENT: Final = TableDefinition(
    "agreement",
    "population and statistic",
    (
        Column("population", _TEXT, "name of the population"),
        Column(
            "statistic", _TEXT, "name of the statistic; after a colon the part of the study that it is of"
        ),
        Column("value", _NUMBER, "of the statistic"),
        Column("ci_low", _NUMBER, "lower end of its 95 % interval"),
        Column("ci_high", _NUMBER, "upper end of its 95 % interval"),
        Column("n", _INTEGER, "tubes, pairs or subjects that it is based on"),
        Column("limit", _TEXT, "limit of acceptance"),
        Column("verdict", _TEXT, "agree, disagree or not comparable; empty without a limit"),
        Column("note", _TEXT, "what so few tubes cannot rule out"),
    ),
)
EXPORTED_GATES: Final = TableDefinition(
    "export",
    "tube and population, as written for another program and read back",
    (
        Column("file", _TEXT, "path of the FCS file, as in the sample sheet"),
        Column("population", _TEXT, "name of the population"),
        Column("path", _TEXT, "path of the gate in the exported file"),
        Column("events", _INTEGER, "events of the automated gate"),
        Column("exported_events", _INTEGER, "events of the exported gate, read back"),
        Column("only_automated", _INTEGER, "events in the automated gate only"),
        Column("only_exported", _INTEGER, "events in the exported gate only"),
        Column(
            "note", _TEXT, "what the format cannot express, and what replaces it; or why the tube was skipped"
        ),
    ),
)
