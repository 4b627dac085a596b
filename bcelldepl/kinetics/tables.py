"""Every table of the kinetics beside ``endpoints.csv``, by the name of its file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bcelldepl.definitions.columns import round_significant
from bcelldepl.definitions.tables import (
    COMPANIONS,
    DEPLETION_VISITS,
    DOSE_PROPORTIONALITY,
    EXPOSURE_RESPONSE,
    POINTS,
    RECONSTITUTION,
    SEGMENTS,
    SUMMARY,
    TERMINAL,
)
from bcelldepl.kinetics.decisions import points_table, segments_table, terminal_table, visits_table
from bcelldepl.kinetics.exposure import exposure_response
from bcelldepl.kinetics.proportionality import dose_proportionality
from bcelldepl.kinetics.summary import summarise
from bcelldepl.kinetics.survival import reconstitution_curves
from bcelldepl.study import Study

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["companions_table", "kinetics_tables"]


def kinetics_tables(counts: pd.DataFrame, endpoints: pd.DataFrame, study: Study) -> dict[str, pd.DataFrame]:
    """Return the tables that go with the endpoints.

    Parameters
    ----------
    counts, endpoints : DataFrame
        Rows of ``counts.csv`` and ``endpoints.csv``.
    study : Study

    Returns
    -------
    dict of str to DataFrame
        File name without suffix to table. The companions are there only where the study has some.
    """
    tables = {
        POINTS.name: points_table(counts, study),
        SEGMENTS.name: segments_table(counts, study),
        TERMINAL.name: terminal_table(counts, study),
        DEPLETION_VISITS.name: visits_table(counts, study),
        SUMMARY.name: summarise(counts, endpoints, study=study),
        DOSE_PROPORTIONALITY.name: dose_proportionality(endpoints, study),
        RECONSTITUTION.name: reconstitution_curves(endpoints),
        EXPOSURE_RESPONSE.name: exposure_response(endpoints),
    }
    if study.companion_results:
        tables[COMPANIONS.name] = companions_table(study)
    return tables


def companions_table(study: Study) -> pd.DataFrame:
    """Other results of the study, on the same days as the kinetics; one row per subject, test and day.

    Parameters
    ----------
    study : Study

    Returns
    -------
    DataFrame
        As ``companions.csv`` holds it.
    """
    groups = {tube.subject: tube.dose_group for tube in study.tubes}
    rows = (
        one.model_dump() | {"dose_group": groups.get(one.subject, ""), "day": round_significant(one.day)}
        for one in study.companion_results
    )
    return COMPANIONS.frame(rows, rounded=False)
