"""From cells per microlitre by visit to the endpoints of the trial."""

from __future__ import annotations

from bcelldepl.kinetics.decisions import points_table, segments_table, terminal_table, visits_table
from bcelldepl.kinetics.endpoints import endpoints_table
from bcelldepl.kinetics.exposure import exposure_response
from bcelldepl.kinetics.proportionality import dose_proportionality
from bcelldepl.kinetics.summary import summarise
from bcelldepl.kinetics.survival import kaplan_meier, reconstitution_curves
from bcelldepl.kinetics.tables import companions_table, kinetics_tables

__all__ = [
    "companions_table",
    "dose_proportionality",
    "endpoints_table",
    "exposure_response",
    "kaplan_meier",
    "kinetics_tables",
    "points_table",
    "reconstitution_curves",
    "segments_table",
    "summarise",
    "terminal_table",
    "visits_table",
]
