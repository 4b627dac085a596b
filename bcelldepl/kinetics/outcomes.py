"""The trial's outcome by visit: who is depleted, and how far B cells fell from the baseline."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from bcelldepl.definitions.tables import B_CELL_CHANGES, DEPLETION_RATES
from bcelldepl.kinetics.analysis import StudyKinetics
from bcelldepl.kinetics.courses import one_per_visit
from bcelldepl.kinetics.depletion import Depletion
from bcelldepl.kinetics.depth import VisitChange
from bcelldepl.kinetics.groups import members
from bcelldepl.kinetics.statistics import share, statistics
from bcelldepl.kinetics.thresholds import ThresholdEvidence
from bcelldepl.units import PERCENT

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["ChangeMeasure", "changes_table", "rates_table"]

Planned = tuple[float, str]  # nominal day and name of a visit
NO_DRAW: Final = None
Member = tuple[Depletion, VisitChange | None]  # a subject, and its draw at the visit


class ChangeMeasure(StrEnum):
    """How a change from the baseline is measured."""

    PERCENT_OF_BASELINE = "PERCENT_OF_BASELINE"
    LOG10_CHANGE = "LOG10_CHANGE"

    @property
    def words(self) -> str:
        """As titles write it."""
        percent = self is ChangeMeasure.PERCENT_OF_BASELINE
        return "Percent of Baseline" if percent else "Log10 Change from Baseline"

    @property
    def unit(self) -> str:
        """Of its statistics."""
        return PERCENT if self is ChangeMeasure.PERCENT_OF_BASELINE else "log10"

    def of(self, change: VisitChange) -> float | None:
        """Number of a visit; below a limit that of half the limit."""
        percent = self is ChangeMeasure.PERCENT_OF_BASELINE
        return change.imputed_percent if percent else change.imputed_log10_change


def rates_table(kinetics: StudyKinetics) -> pd.DataFrame:
    """Subjects depleted at each planned visit, by dose group, with the exact interval of their share.

    Parameters
    ----------
    kinetics : StudyKinetics

    Returns
    -------
    DataFrame
        As ``depletion_rates.csv`` holds it. The share is of those whose draw is evidence; who is not among them is
        counted by its reason. A subject without a draw has missed the visit where there is a later one, or the data
        cut-off date lies behind it; else the visit is not reached.
    """
    words = kinetics.study.endpoints.threshold_words
    rows = []
    for cells, group in _visits(kinetics):
        told = Counter(_fate(one, change, cells["day"]) for one, change in group)
        depleted = told["depleted"]
        evaluable = depleted + told["not depleted"]
        percent, low, high = share(depleted, evaluable)
        rows.append(
            cells
            | {
                "n_subjects": len(group),
                "n_evaluable": evaluable,
                "n_depleted": depleted,
                "percent_depleted": percent,
                "ci_low_percent": low,
                "ci_high_percent": high,
                "n_no_evidence": told["no evidence"],
                "n_not_evaluable": told["not evaluable"],
                "n_missed": told["missed"],
                "n_not_reached": told["not reached"],
                "threshold": words,
            }
        )
    return DEPLETION_RATES.frame(rows)


def changes_table(kinetics: StudyKinetics) -> pd.DataFrame:
    """Change of B cells from the baseline at each planned visit, by dose group.

    Parameters
    ----------
    kinetics : StudyKinetics

    Returns
    -------
    DataFrame
        As ``b_cell_changes.csv`` holds it. A result below the LLOQ takes part with half of the limit that it lies
        below, and is counted.
    """
    rule = kinetics.study.endpoints.baseline_words
    rows = []
    for cells, group in _visits(kinetics):
        seen = [change for _, change in group if change is not NO_DRAW and change.visit.is_evaluable]
        for measure in ChangeMeasure:
            known = [change for change in seen if measure.of(change) is not None]
            values = [value for change in known if (value := measure.of(change)) is not None]
            ratios = measure is ChangeMeasure.PERCENT_OF_BASELINE
            rows.append(
                cells
                | {
                    "measure": measure,
                    "unit": measure.unit,
                    "baseline": rule,
                    "n": len(known),
                    "n_below_limit": sum(not change.visit.is_quantified for change in known),
                    "n_no_baseline": len(seen) - len(known),
                    **statistics(values, of_ratios=ratios),
                }
            )
    return B_CELL_CHANGES.frame(rows, rounded=False)


def _visits(kinetics: StudyKinetics) -> Iterator[tuple[dict[str, Any], list[Member]]]:
    """Every group and course at every visit that any of its subjects has, with each subject and its draw there."""
    by_key = {one.course.key: (one, _by_visit(one)) for one in kinetics.depletion}
    groups = {one.course.key: one.course.dose_group for one in kinetics.depletion}
    for name, course, keys in members(groups):
        group = [by_key[key] for key in keys]
        for day, visit in sorted({planned for _, drawn in group for planned in drawn}):
            cells = {"dose_group": name, "course": course, "visit": visit, "day": day}
            yield cells, [(one, drawn.get((day, visit), NO_DRAW)) for one, drawn in group]


def _by_visit(one: Depletion) -> dict[Planned, VisitChange]:
    """The draw that stands for each planned visit of a subject."""
    changes = {id(change.visit): change for change in one.changes}
    return {planned: changes[id(visit)] for planned, visit in one_per_visit(one.course).items()}


def _fate(one: Depletion, change: VisitChange | None, day: float) -> str:
    """What a subject has to say at a visit planned for a day."""
    if change is NO_DRAW:
        return "missed" if _followed_to(one) > day else "not reached"
    if change.evidence is ThresholdEvidence.NONE:
        # Judged in percent, a draw may be evaluable without a concentration.
        judged = any(visit.is_evaluable for visit in one.judged.visits if visit.day == change.visit.day)
        return "no evidence" if change.visit.is_evaluable or judged else "not evaluable"
    return "depleted" if change.evidence is ThresholdEvidence.DEPLETED else "not depleted"


def _followed_to(one: Depletion) -> float:
    """Last nominal day of a subject's follow-up: of its last draw, or the cut-off day."""
    last = max((visit.nominal_day for visit in one.course.visits), default=float("-inf"))
    cutoff = one.course.cutoff_day
    return last if cutoff is None else max(last, cutoff)
