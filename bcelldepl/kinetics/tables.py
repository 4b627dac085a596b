"""Every table of the kinetics beside ``endpoints.csv``, by the name of its file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bcelldepl.counting.table import round_significant
from bcelldepl.kinetics.decisions import points_table, segments_table, terminal_table, visits_table
from bcelldepl.kinetics.exposure import exposure_response
from bcelldepl.kinetics.proportionality import dose_proportionality
from bcelldepl.kinetics.summary import summarise
from bcelldepl.kinetics.survival import reconstitution_curves
from bcelldepl.study import Study

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["companions_table", "kinetics_tables"]

COMPANION_COLUMNS: Final = {
    "subject": "object", "dose_group": "object", "visit": "object", "day": "float64", "test": "object",
    "value": "float64", "unit": "object", "qualifier": "object", "comment": "object",
}  # fmt: skip


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
        "kinetics_points": points_table(counts, study),
        "kinetics_segments": segments_table(counts, study),
        "kinetics_terminal": terminal_table(counts, study),
        "depletion_visits": visits_table(counts, study),
        "summary": summarise(counts, endpoints, study=study),
        "dose_proportionality": dose_proportionality(endpoints, study),
        "reconstitution": reconstitution_curves(endpoints),
        "exposure_response": exposure_response(endpoints),
    }
    if study.companion_results:
        tables["companions"] = companions_table(study)
    return tables


def companions_table(study: Study) -> pd.DataFrame:
    """Other results of the study, on the same days as the kinetics; one row per subject, test and day."""
    import pandas as pd

    groups = {tube.subject: tube.dose_group for tube in study.tubes}
    rows = [
        one.model_dump() | {"dose_group": groups.get(one.subject, ""), "day": round_significant(one.day)}
        for one in study.companion_results
    ]
    return pd.DataFrame(
        {name: pd.Series([row[name] for row in rows], dtype=kind) for name, kind in COMPANION_COLUMNS.items()}
    )
