"""Endpoints that stand on gates set by hand say so."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from bcelldepl.kinetics.count_rows import CountRecord
from bcelldepl.kinetics.endpoint import Endpoint, joined
from bcelldepl.kinetics.visits import Course

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["OverrideMarks", "stands_on_override"]


def stands_on_override(counts: pd.DataFrame) -> pd.Series[bool]:
    """Tell which rows of ``counts.csv`` stand on a gate set by hand; none where the column is missing.

    Parameters
    ----------
    counts : DataFrame
        Rows of ``counts.csv``.

    Returns
    -------
    Series of bool
    """
    import pandas as pd

    if "override" not in counts:
        return pd.Series(False, index=counts.index)
    return counts["override"].notna() & (counts["override"] != "")


class OverrideMarks:
    """Visits whose counts stand on gates set by hand.

    Parameters
    ----------
    rows : sequence of CountRecord
        Of the study.
    """

    def __init__(self, rows: Sequence[CountRecord]) -> None:
        self._by_hand = {(row["file"], row["population"]) for row in rows if row.get("override")}

    def mark(self, course: Course, endpoint: Endpoint) -> Endpoint:
        """Return an endpoint with the visits of its window, or before it, that were gated by hand in its reason."""
        visits = list(dict.fromkeys(self._within(course, endpoint))) if self._by_hand else []
        if not visits:
            return endpoint
        note = f"gates set by hand at {', '.join(visits)}"
        return replace(endpoint, reason=joined(endpoint.reason, note))

    def _within(self, course: Course, endpoint: Endpoint) -> Iterator[str]:
        end = endpoint.window_end_day
        for visit in course.visits:
            # What came before the window may be its baseline; only what came after cannot matter.
            by_hand = any((file, course.population) in self._by_hand for file in visit.files)
            if by_hand and (end is None or visit.day <= end):
                yield visit.visit
