"""Endpoints that stand on gates set by hand say so."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from bcelldepl.kinetics.endpoint import Endpoint
from bcelldepl.study import Study

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
    counts : DataFrame
        Rows of ``counts.csv``; the column `override` may be missing.
    study : Study
        Its tubes give actual days.
    """

    def __init__(self, counts: pd.DataFrame, study: Study) -> None:
        days = {tube.file: tube.draw_day for tube in study.tubes}
        self._visits: dict[tuple[str, str], list[tuple[float, str]]] = {}
        for row in counts[stands_on_override(counts)].to_dict("records"):
            visit = (days.get(row["file"], float(row["day"])), str(row["visit"]))
            self._visits.setdefault((row["subject"], row["population"]), []).append(visit)

    def mark(self, subject: str, population: str, endpoint: Endpoint) -> Endpoint:
        """Return an endpoint with the visits of its window, or before it, that were gated by hand in its reason."""
        visits = list(dict.fromkeys(self._within(subject, population, endpoint)))
        if not visits:
            return endpoint
        note = f"gates set by hand at {', '.join(visits)}"
        return replace(endpoint, reason=f"{endpoint.reason}; {note}" if endpoint.reason else note)

    def _within(self, subject: str, population: str, endpoint: Endpoint) -> Iterator[str]:
        end = endpoint.window_end_day
        for day, visit in self._visits.get((subject, population), []):
            # What came before the window may be its baseline; only what came after cannot matter.
            if end is None or day <= end:
                yield visit
