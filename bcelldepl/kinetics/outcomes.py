"""The trial's outcome by visit: who is depleted, and how far B cells fell from the baseline."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
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
from bcelldepl.study.config import EndpointSettings
from bcelldepl.units import CELLS_PER_UL, PERCENT

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["ChangeMeasure", "changes_table", "rates_table", "threshold_words"]

Planned = tuple[float, str]  # nominal day and name of a visit
NO_DRAW: Final = None


class ChangeMeasure(StrEnum):
    """How a change from the baseline is measured."""

    PERCENT_OF_BASELINE = "PERCENT_OF_BASELINE"
    LOG10_CHANGE = "LOG10_CHANGE"

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
    words = threshold_words(kinetics.study.endpoints)
    rows = []
    for cells, visit, group in _visits(kinetics):
        told = Counter(_fate(one, visit) for one in group)
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
    for cells, visit, group in _visits(kinetics):
        drawn = [change for one in group if (change := _draw(one, visit)) is not NO_DRAW]
        seen = [change for change in drawn if change.visit.is_evaluable]
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


def threshold_words(settings: EndpointSettings) -> str:
    """Spell the threshold of depletion with its unit, such as ``< 10 cells/uL``.

    Parameters
    ----------
    settings : EndpointSettings

    Returns
    -------
    str
    """
    if settings.denominator == "blood":
        return f"< {settings.depletion_threshold_per_ul:g} {CELLS_PER_UL}"
    return f"< {settings.depletion_threshold_percent:g} {PERCENT} of {settings.denominator}"


def _visits(kinetics: StudyKinetics) -> Iterator[tuple[dict[str, Any], Planned, list[Depletion]]]:
    """Every group and course at every visit that any of its subjects has, with the subjects."""
    by_key = {one.course.key: one for one in kinetics.depletion}
    groups = {one.course.key: one.course.dose_group for one in kinetics.depletion}
    for name, course, keys in members(groups):
        group = [by_key[key] for key in keys]
        planned = {visit for one in group for visit in one_per_visit(one.course)}
        for day, visit in sorted(planned):
            cells = {"dose_group": name, "course": course, "visit": visit, "day": day}
            yield cells, (day, visit), group


def _draw(one: Depletion, planned: Planned) -> VisitChange | None:
    chosen = one_per_visit(one.course).get(planned)
    return next((change for change in one.changes if change.visit is chosen), NO_DRAW)


def _fate(one: Depletion, planned: Planned) -> str:
    """What a subject has to say at a planned visit."""
    change = _draw(one, planned)
    if change is NO_DRAW:
        return "missed" if _followed_to(one.course.visits, one) > planned[0] else "not reached"
    evidence, day = change.evidence, change.visit.day
    if evidence is ThresholdEvidence.NONE:
        # Judged in percent, a draw may be evaluable without a concentration.
        judged = any(visit.is_evaluable for visit in one.judged.visits if visit.day == day)
        return "no evidence" if change.visit.is_evaluable or judged else "not evaluable"
    return "depleted" if evidence is ThresholdEvidence.DEPLETED else "not depleted"


def _followed_to(visits: Sequence[Any], one: Depletion) -> float:
    """Last nominal day of a subject's follow-up: of its last draw, or the cut-off day."""
    last = max((visit.nominal_day for visit in visits), default=float("-inf"))
    cutoff = one.course.cutoff_day
    return last if cutoff is None else max(last, cutoff)
