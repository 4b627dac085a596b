"""What the page of a comparison shows of populations, tubes and decisions, in the order in which it is to be read."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from bcelldepl.comparison.acceptance import Verdict
from bcelldepl.comparison.judged_statistic import Statistic
from bcelldepl.comparison.outcome import Comparison
from bcelldepl.comparison.tube import ComparedPopulation, TubeComparison
from bcelldepl.comparison.tube_pair import Quantity
from bcelldepl.definitions.populations import label_of
from bcelldepl.report.number_format import DASH

__all__ = [
    "SUMMARY_COLUMNS",
    "PageRow",
    "decisions_that_differ",
    "page_rows",
    "statistic_line",
    "summary_line",
]

_LIMITS: Final = "limits"
_SUMMARY: Final = (
    ("bias_percent", "bias", " %"),
    (_LIMITS, "limits of agreement", " %"),
    ("lin_ccc", "Lin's CCC", ""),
    ("median_f1", "median F1", ""),
    ("replicate_cv_auto_percent", "replicate CV", " %"),
    ("depleted_agreement", "same decision", " %"),
    ("false_depleted_share", "falsely depleted", " %"),
)
_GREAT: Final = 1e9
SUMMARY_COLUMNS: Final = tuple(title for _, title, _ in _SUMMARY)


@dataclass(frozen=True)
class PageRow:
    """One population of one tube.

    Attributes
    ----------
    tube : TubeComparison
    one : ComparedPopulation
    anchor : str
        Of its tube on the page.
    """

    tube: TubeComparison
    one: ComparedPopulation
    anchor: str

    @property
    def differs_in_decision(self) -> bool:
        """Whether one side alone sees a depletion, or a recovery."""
        pair = self.one.pair
        told = bool(pair.auto_decision and pair.manual_decision) and self.one.verdict is Verdict.DISAGREE
        return told and (pair.auto_decision != pair.manual_decision or len(set(self.one.reconstituted)) > 1)

    @property
    def in_percent(self) -> bool:
        """Whether the two are compared as percentages of the parent."""
        return self.one.pair.quantity is Quantity.PERCENT

    @property
    def difference_percent(self) -> float | None:
        """Automated minus manual, in percent of the manual value; infinite where only one of the two is zero."""
        values = self.one.pair.values()
        if values is None or self.one.pair.below:
            return None
        auto, manual = values
        if manual <= 0:
            return 0.0 if auto <= 0 else math.inf
        return 100 * (auto / manual - 1)

    @property
    def size(self) -> float:
        """How far the two differ, as many times more as less; 0 where it is not known."""
        percent = self.difference_percent
        if percent is None:
            return 0.0
        return math.inf if percent <= -100 or percent == math.inf else abs(math.log1p(percent / 100))

    @property
    def shown_size(self) -> float:
        """The difference without its sign, in percent, for sorting and filtering; a great number for infinite."""
        percent = self.difference_percent
        return -1.0 if percent is None else round(min(abs(percent), _GREAT), 3)

    @property
    def weight(self) -> tuple[int, float]:
        """Place in the order of reading: decisions, then what disagrees by size, then the rest."""
        order = (Verdict.DISAGREE, Verdict.NOT_COMPARABLE, Verdict.AGREE)
        return (0 if self.differs_in_decision else 1 + order.index(self.one.verdict), -self.size)


def page_rows(tubes: Sequence[TubeComparison]) -> list[PageRow]:
    """List populations of tubes in the order in which they are to be read.

    Parameters
    ----------
    tubes : sequence of TubeComparison

    Returns
    -------
    list of PageRow
        Decisions that differ come first, then what else disagrees by the size of the difference.
    """
    rows = [
        PageRow(tube, one, f"tube-{i}") for i, tube in enumerate(tubes, start=1) for one in tube.populations
    ]
    return sorted(rows, key=lambda row: row.weight)


def decisions_that_differ(rows: Iterable[PageRow]) -> list[dict[str, Any]]:
    """Say what each side decides where they differ.

    Parameters
    ----------
    rows : iterable of PageRow

    Returns
    -------
    list of dict
        ``row``, ``automated`` and ``manual``.
    """
    found = []
    for row in rows:
        if row.differs_in_decision:
            pair, (auto_back, manual_back) = row.one.pair, row.one.reconstituted
            auto, manual = pair.auto_decision, pair.manual_decision
            if auto_back != manual_back and auto == manual:
                auto, manual = auto_back, manual_back
            found.append({"row": row, "automated": auto, "manual": manual})
    return found


def summary_line(population: str, comparison: Comparison) -> dict[str, Any]:
    """Sum up a population: its verdict, and the statistics that it rests on.

    Parameters
    ----------
    population : str
    comparison : Comparison

    Returns
    -------
    dict of str to object
    """
    own = {one.statistic: one for one in comparison.statistics if one.population == population}
    tubes = [
        one.verdict
        for tube in comparison.tubes
        for one in tube.populations
        if one.pair.population == population
    ]
    verdicts = {one.verdict for one in own.values()} - {""}
    verdict = Verdict.NOT_COMPARABLE
    if Verdict.DISAGREE in verdicts or (Verdict.AGREE not in verdicts and Verdict.DISAGREE in tubes):
        verdict = Verdict.DISAGREE
    elif Verdict.AGREE in verdicts or Verdict.AGREE in tubes:
        verdict = Verdict.AGREE
    return {
        "name": label_of(population),
        "theirs": comparison.named.get(population, ""),
        "their_name": comparison.named.get(population, "").rpartition("/")[2],
        "n": sum(one is not Verdict.NOT_COMPARABLE for one in tubes),
        "n_disagree": sum(one is Verdict.DISAGREE for one in tubes),
        "verdict": verdict,
        "notes": _notes(own.values(), tubes),
        "cells": [
            _limits(own) if name == _LIMITS else _cell(own.get(name), unit) for name, _, unit in _SUMMARY
        ],
    }


def _notes(own: Iterable[Statistic], tubes: Sequence[Verdict]) -> list[str]:
    """What a verdict rests on: what lies beyond its limit, and what so few tubes cannot rule out."""
    own = list(own)
    beyond = [one.sentence for one in own if one.verdict == Verdict.DISAGREE]
    notes = [f"Beyond its limit: {'; '.join(beyond)}"] if beyond else []
    if not {Verdict.AGREE.value, Verdict.DISAGREE.value} & {one.verdict for one in own} and any(
        one is not Verdict.NOT_COMPARABLE for one in tubes
    ):
        notes.append("Too few tubes with cells for any statistic: the verdict is that of the single tubes")
    elif not beyond and (parted := sum(one is Verdict.DISAGREE for one in tubes)):
        who = "1 tube disagrees" if parted == 1 else f"{parted} tubes disagree"
        notes.append(f"{who}, but no statistic lies beyond its limit")
    doubts = [one.note for one in own if one.verdict == Verdict.AGREE or "not ruled out" in one.note]
    doubts = list(dict.fromkeys(filter(None, doubts)))
    return notes + (["; ".join(doubts)] if doubts else [])


def statistic_line(statistic: Statistic) -> dict[str, str]:
    """Write one row of ``agreement.csv`` for people.

    Parameters
    ----------
    statistic : Statistic

    Returns
    -------
    dict of str to str
    """
    return {
        "population": statistic.population,
        "statistic": statistic.statistic.replace("_", " "),
        "n": str(statistic.estimate.n),
        "note": statistic.note,
        **_cell(statistic, ""),
    }


def _limits(own: Mapping[str, Statistic]) -> dict[str, str]:
    """Both limits of agreement in one cell, the intervals of each below."""
    low, high = (_cell(own.get(f"limit_{end}_percent"), "") for end in ("low", "high"))
    beyond = Verdict.DISAGREE.value if Verdict.DISAGREE.value in (low["verdict"], high["verdict"]) else ""
    known = low["value"] != DASH
    return {
        "value": f"{low['value']} to {high['value']} %" if known else DASH,
        "interval": f"{low['interval']}; {high['interval']}" if known else "",
        "verdict": beyond,
        "limit": low["limit"],
    }


def _cell(statistic: Statistic | None, unit: str) -> dict[str, str]:
    if statistic is None or math.isnan(statistic.estimate.value):
        return {"value": DASH, "interval": "", "verdict": "", "limit": ""}
    one = statistic.estimate
    known = not math.isnan(one.low)
    as_count = bool(unit) and statistic.is_share
    low, high = (100 * end if as_count else end for end in (one.low, one.high))
    return {
        "value": statistic.tubes_of if as_count else f"{_figure(one.value)}{unit}",
        "interval": f"{_figure(low)} to {_figure(high)}{unit if as_count else ''}" if known else "",
        "verdict": statistic.verdict,
        "limit": statistic.limit,
    }


def _figure(value: float) -> str:
    """Three figures, three decimals at most, a plain minus sign, no exponent."""
    if value == 0 or not math.isfinite(value):
        return "0" if value == 0 else str(value)
    digits = max(0, 2 - math.floor(math.log10(abs(value))))
    shown = f"{value:.{min(digits, 3)}f}"
    return shown.replace("-", "\u2212") if float(shown) else "0"
