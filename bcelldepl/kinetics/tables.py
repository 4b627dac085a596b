"""Every table of the kinetics beside ``endpoints.csv``, by the name of its file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bcelldepl.definitions.tables import (
    B_CELL_CHANGES,
    COMPANION_SUMMARY,
    COMPANIONS,
    DEPLETION_RATES,
    DEPLETION_VISITS,
    DOSE_PROPORTIONALITY,
    EXPOSURE_RESPONSE,
    POINTS,
    SEGMENTS,
    SUBGROUP_SUMMARY,
    SUMMARY,
    TERMINAL,
    TIME_TO_EVENT,
    TIME_TO_EVENT_SUMMARY,
)
from bcelldepl.kinetics.analysis import StudyKinetics
from bcelldepl.kinetics.companion_summary import companion_summary, companions_table
from bcelldepl.kinetics.decisions import points_table, segments_table, terminal_table, visits_table
from bcelldepl.kinetics.exposure import exposure_response
from bcelldepl.kinetics.outcomes import changes_table, rates_table
from bcelldepl.kinetics.proportionality import dose_proportionality
from bcelldepl.kinetics.summary import subgroup_summary, summarise
from bcelldepl.kinetics.survival import event_curves, event_summary

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["kinetics_tables"]


def kinetics_tables(kinetics: StudyKinetics) -> dict[str, pd.DataFrame]:
    """Return the tables that go with the endpoints.

    Parameters
    ----------
    kinetics : StudyKinetics

    Returns
    -------
    dict of str to DataFrame
        File name without suffix to table. Those of companions and subgroups are there only where the study has some.
    """
    study, endpoints = kinetics.study, kinetics.endpoints
    tables = {
        POINTS.name: points_table(kinetics),
        SEGMENTS.name: segments_table(kinetics),
        TERMINAL.name: terminal_table(kinetics),
        DEPLETION_VISITS.name: visits_table(kinetics),
        SUMMARY.name: summarise(kinetics),
        DEPLETION_RATES.name: rates_table(kinetics),
        B_CELL_CHANGES.name: changes_table(kinetics),
        TIME_TO_EVENT.name: event_curves(endpoints),
        TIME_TO_EVENT_SUMMARY.name: event_summary(endpoints),
        DOSE_PROPORTIONALITY.name: dose_proportionality(endpoints, study),
        EXPOSURE_RESPONSE.name: exposure_response(endpoints),
    }
    if study.endpoints.subgroups:
        tables[SUBGROUP_SUMMARY.name] = subgroup_summary(kinetics)
    if study.companion_results:
        tables[COMPANIONS.name] = companions_table(study)
        tables[COMPANION_SUMMARY.name] = companion_summary(study)
    return tables
