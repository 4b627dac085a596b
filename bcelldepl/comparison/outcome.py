"""What a comparison comes to, and its two tables."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bcelldepl.comparison.acceptance import Verdict
from bcelldepl.comparison.judged_statistic import Statistic
from bcelldepl.comparison.tube import TubeComparison
from bcelldepl.definitions.tables import AGREEMENT, COMPARISON
from bcelldepl.errors import Problem
from bcelldepl.gate_exchange.manual import Manual
from bcelldepl.html_pages import titled_table
from bcelldepl.study import AcceptanceLimits

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Comparison"]


@dataclass(frozen=True, repr=False)
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
    samples : int
        Samples of the study, compared or not.
    unrecorded : str
        Why the comparison is not in the audit record of the results; empty where it is, or nothing was written.
    """

    verdict: Verdict
    tubes: tuple[TubeComparison, ...]
    statistics: tuple[Statistic, ...]
    problems: tuple[Problem, ...]
    named: dict[str, str]
    manual: Manual
    limits: AcceptanceLimits
    files: tuple[Path, ...] = ()
    samples: int = 0
    unrecorded: str = ""

    def __repr__(self) -> str:
        return f"Comparison({self.verdict}: {len(self.tubes)} of {self.samples} samples, {', '.join(self.named)})"

    def _repr_html_(self) -> str:
        return titled_table(repr(self), self.agreement)

    @property
    def rows(self) -> pd.DataFrame:
        """``comparison.csv``: one row per tube and population."""
        return COMPARISON.frame(row for tube in self.tubes for row in _rows(tube))

    @property
    def n_compared(self) -> int:
        """Tubes of which at least one population could be compared."""
        return sum(tube.verdict is not Verdict.NOT_COMPARABLE for tube in self.tubes)

    @property
    def not_compared(self) -> list[Problem]:
        """Populations of tubes that could not be compared, by their reason."""
        found: dict[str, dict[str, set[str]]] = {}
        for tube in self.tubes:
            for one in tube.populations:
                if one.verdict is Verdict.NOT_COMPARABLE:
                    files = found.setdefault(one.reason, {}).setdefault(one.pair.population, set())
                    files.add(tube.file)
        return [
            Problem(", ".join(labels), f"not compared in {_tubes(set().union(*labels.values()))}: {reason}")
            for reason, labels in found.items()
        ]

    @property
    def agreement(self) -> pd.DataFrame:
        """``agreement.csv``: one row per population and statistic."""
        return AGREEMENT.frame(statistic.cells() for statistic in self.statistics)


def _tubes(files: set[str]) -> str:
    return next(iter(files)) if len(files) == 1 else f"{len(files)} tubes"


def _rows(tube: TubeComparison) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    for one in tube.populations:
        pair, events = one.pair, one.events
        rows.append(dict(zip(COMPARISON.names, (
            tube.file, tube.subject, tube.visit, pair.population, pair.auto_events, pair.manual_events,
            pair.auto_per_ul, pair.manual_per_ul, pair.ratio,
            *(getattr(events, name) if events else None for name in ("precision", "recall", "f1", "jaccard")),
            one.gate, one.verdict, one.reason, pair.auto_percent, pair.manual_percent, pair.auto_volume,
            pair.manual_volume,
        ), strict=True)))  # fmt: skip
    return rows
