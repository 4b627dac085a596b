"""From cells per microlitre by visit to the endpoints of the trial."""

from __future__ import annotations

from bcelldepl.kinetics.analysis import StudyKinetics, analyse_study, endpoints_table
from bcelldepl.kinetics.decisions import points_table, segments_table, terminal_table, visits_table
from bcelldepl.kinetics.exposure import exposure_response
from bcelldepl.kinetics.outcomes import changes_table, rates_table
from bcelldepl.kinetics.proportionality import dose_proportionality
from bcelldepl.kinetics.summary import subgroup_summary, summarise
from bcelldepl.kinetics.survival import event_curves, event_summary, kaplan_meier
from bcelldepl.kinetics.tables import kinetics_tables

__all__ = [
    "StudyKinetics",
    "analyse_study",
    "changes_table",
    "dose_proportionality",
    "endpoints_table",
    "event_curves",
    "event_summary",
    "exposure_response",
    "kaplan_meier",
    "kinetics_tables",
    "points_table",
    "rates_table",
    "segments_table",
    "subgroup_summary",
    "summarise",
    "terminal_table",
    "visits_table",
]
