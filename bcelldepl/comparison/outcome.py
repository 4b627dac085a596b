"""What a comparison comes to, and its two tables."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bcelldepl.comparison.acceptance import Verdict
from bcelldepl.comparison.agreement import STATISTICS_COLUMNS, Statistic
from bcelldepl.comparison.tube import TubeComparison
from bcelldepl.errors import Problem
from bcelldepl.gate_exchange.manual import Manual
from bcelldepl.study import AcceptanceLimits

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["COMPARISON_COLUMNS", "Comparison"]

COMPARISON_COLUMNS = (
    "file", "subject", "visit", "population", "auto_events", "manual_events", "auto_per_ul", "manual_per_ul", "ratio",
    "precision", "recall", "f1", "jaccard", "first_divergent_gate", "verdict", "reason",
)  # fmt: skip


@dataclass(frozen=True)
class Comparison:
    """Automated against manual gating of a study.

    Attributes
    ----------
    verdict : Verdict
        Of the study: it agrees where no statistic lies beyond its limit.
    tubes : tuple of TubeComparison
    statistics : tuple of Statistic
    problems : tuple of Problem
        What was left out, by either side, and why.
    named : dict of str to str
        Our populations to theirs.
    manual : Manual
    limits : AcceptanceLimits
    files : tuple of Path
        What was written.
    """

    verdict: Verdict
    tubes: tuple[TubeComparison, ...]
    statistics: tuple[Statistic, ...]
    problems: tuple[Problem, ...]
    named: dict[str, str]
    manual: Manual
    limits: AcceptanceLimits
    files: tuple[Path, ...] = ()

    @property
    def rows(self) -> pd.DataFrame:
        """``comparison.csv``: one row per tube and population."""
        import pandas as pd

        table = pd.DataFrame(
            [row for tube in self.tubes for row in _rows(tube)], columns=list(COMPARISON_COLUMNS)
        )
        return table.astype({"auto_events": "Int64", "manual_events": "Int64"})

    @property
    def agreement(self) -> pd.DataFrame:
        """``agreement.csv``: one row per population and statistic."""
        import pandas as pd

        rows = [statistic.cells() for statistic in self.statistics]
        return pd.DataFrame(rows, columns=list(STATISTICS_COLUMNS))


def _rows(tube: TubeComparison) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    for one in tube.populations:
        pair, events = one.pair, one.events
        rows.append(dict(zip(COMPARISON_COLUMNS, (
            tube.file, tube.subject, tube.visit, pair.population, pair.auto_events, pair.manual_events,
            _short(pair.auto_per_ul), _short(pair.manual_per_ul), _short(pair.ratio),
            *(_short(getattr(events, name) if events else None) for name in ("precision", "recall", "f1", "jaccard")),
            one.gate, one.verdict.value, one.reason,
        ), strict=True)))  # fmt: skip
    return rows


def _short(value: float | None) -> float | None:
    return None if value is None or value != value else float(f"{value:.6g}")
