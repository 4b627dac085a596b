"""What gates that are being moved would change: the numbers of their tube, and the endpoints of its subject."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from bcelldepl.counting import Concentration, without_result
from bcelldepl.definitions.endpoints import endpoint_definition
from bcelldepl.definitions.populations import label_of
from bcelldepl.definitions.result_columns import CONCENTRATION, PERCENT_OF_LYMPHOCYTES, PERCENT_OF_PARENT
from bcelldepl.review.opened import Gated, TubeUnderReview
from bcelldepl.review.state import Snapshot
from bcelldepl.study import Role

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["changed_endpoints", "live_content"]

# Columns of counts.csv that gates decide on.
_OF_GATES: Final = (
    *("events", "parent_events", "result"),
    *CONCENTRATION.names,
    *PERCENT_OF_PARENT.names,
    *PERCENT_OF_LYMPHOCYTES.names,
)


def live_content(snapshot: Snapshot, opened: TubeUnderReview, gated: Gated) -> dict[str, Any]:
    """Numbers of a tube with gates that are being moved.

    Parameters
    ----------
    snapshot : Snapshot
    opened : TubeUnderReview
    gated : Gated

    Returns
    -------
    dict of str to object
    """
    return {
        "gates": {
            name: {"events": found.events, "parent_events": found.parent_events}
            for name, found in gated.members.items()
        },
        "counts": [_count(one) for one in _as_judged(snapshot, opened, gated)],
    }


def changed_endpoints(snapshot: Snapshot, opened: TubeUnderReview, gated: Gated) -> list[dict[str, Any]]:
    """Endpoints of a subject that moved gates of one tube would change.

    Parameters
    ----------
    snapshot : Snapshot
    opened : TubeUnderReview
    gated : Gated
        The tube with the gates that are being moved.

    Returns
    -------
    list of dict of str to object
        Analyte, parameter and course, what these are called, value before and after.
    """
    from bcelldepl.kinetics import endpoints_table

    tube = opened.tube
    if tube.role is not Role.SAMPLE:
        return []
    table = snapshot.results.counts
    subject = table[table["subject"] == tube.subject]
    study = snapshot.study.model_copy(
        update={"tubes": tuple(t for t in snapshot.study.tubes if t.subject == tube.subject)}
    )
    # Both from the tube as it is open, or the digits that a table rounds would count as a change.
    old, new = (
        endpoints_table(_counted_as(subject, snapshot, opened, one), study).set_index(
            ["analyte", "parameter", "course"]
        )
        for one in (opened.as_counted, gated)
    )
    changed = []
    for key in new.index:
        before, after = (_endpoint(one.loc[key]) if key in one.index else "" for one in (old, new))
        if before != after:
            analyte, parameter, course = key
            changed.append(
                {
                    "analyte": analyte,
                    "parameter": parameter,
                    "label": _label(analyte, parameter),
                    "course": int(course),
                    "before": before,
                    "after": after,
                    "unit": str(new.loc[key]["unit"]),
                }
            )
    return changed


def _counted_as(
    subject: pd.DataFrame, snapshot: Snapshot, opened: TubeUnderReview, gated: Gated
) -> pd.DataFrame:
    """Rows of a subject's counts, those of one tube as it is gated."""
    from bcelldepl.counting import CountRow, counts_table

    tube, rows = opened.tube, subject.copy()
    counted = _as_judged(snapshot, opened, gated)
    own = counts_table(CountRow(tube, opened.gated.acquisition.sha256, one) for one in counted)
    cells = own.set_index("population")
    for index, row in rows[rows["file"] == tube.file].iterrows():
        if row["population"] in cells.index:
            for column in _OF_GATES:
                rows.loc[index, column] = cells.loc[row["population"], column]
    return rows


def _as_judged(snapshot: Snapshot, opened: TubeUnderReview, gated: Gated) -> tuple[Concentration, ...]:
    """Results as the tables would have them: those of a rejected tube stay away, whatever its gates."""
    counted = opened.concentrations(gated)
    rejection = snapshot.review_of(opened.tube.file).rejection(opened.gated.acquisition.sha256)
    if rejection is None:
        return counted
    return tuple(without_result(one, rejection.verdict, rejection.sentence) for one in counted)


def _label(analyte: str, parameter: str) -> str:
    definition = endpoint_definition(parameter)
    return f"{label_of(analyte)}: {definition.heading if definition else parameter}"


def _endpoint(row: Any) -> str:
    value = row["value"]
    number = "" if value != value or value is None else f"{float(value):.6g}"
    return f"{row['qualifier']} {number}".strip() if row["qualifier"] != "=" else number


def _count(one: Concentration) -> dict[str, Any]:
    of_parent = one.of_parent
    return {
        "population": one.population,
        "events": one.events,
        "cells_per_ul": one.cells_per_ul,
        "ci_low_per_ul": one.ci_low_per_ul,
        "ci_high_per_ul": one.ci_high_per_ul,
        PERCENT_OF_PARENT.value: one.percent_of_parent,
        PERCENT_OF_PARENT.low: of_parent.low if of_parent else None,
        PERCENT_OF_PARENT.high: of_parent.high if of_parent else None,
        "method": one.method.value,
        "result": one.result.value,
        "reason": one.reason,
    }
