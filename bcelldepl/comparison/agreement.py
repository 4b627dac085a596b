"""Agreement over the whole study: the rows of ``agreement.csv``."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from bcelldepl.comparison.acceptance import Verdict, is_well_counted, least_f1
from bcelldepl.comparison.statistics import (
    Estimate,
    bland_altman,
    day_shift,
    decision_table,
    deming,
    lin_ccc,
    passing_bablok,
    replicate_cv,
)
from bcelldepl.comparison.tube import ComparedPopulation, TubeComparison
from bcelldepl.definitions.populations import B
from bcelldepl.definitions.tables import AGREEMENT
from bcelldepl.study import AcceptanceLimits

__all__ = [
    "Statistic",
    "concentration_pairs",
    "day_statistics",
    "is_quantified",
    "study_statistics",
]

_RANGES = ((0.0, 5.0), (5.0, 50.0), (50.0, math.inf))  # cells/uL
_FEWEST_EVENTS = 50  # of the manual side, for a ratio to be taken
_FEWEST = 3  # pairs for a verdict on a statistic


@dataclass(frozen=True)
class Statistic:
    """One row of ``agreement.csv``.

    Attributes
    ----------
    population, statistic : str
        Such as ``B`` and ``bias_percent``, ``bias_percent:visit=D28``.
    estimate : Estimate
    limit : str
        What it is held to; empty for nothing.
    verdict : str
        Empty without a limit.
    """

    population: str
    statistic: str
    estimate: Estimate
    limit: str = ""
    verdict: str = ""

    def cells(self) -> dict[str, object]:
        """Return the row by column."""
        one = self.estimate
        cells = (
            self.population,
            self.statistic,
            one.value,
            one.low,
            one.high,
            one.n,
            self.limit,
            self.verdict,
        )
        return dict(zip(AGREEMENT.names, cells, strict=True))


def concentration_pairs(
    tubes: Iterable[TubeComparison], population: str
) -> list[tuple[TubeComparison, float, float]]:
    """List tubes with the manual and automated value of a population, cells/uL where known, else events.

    Parameters
    ----------
    tubes : iterable of TubeComparison
    population : str
        Name of the population.

    Returns
    -------
    list of (TubeComparison, float, float)
        Tube, manual value, automated value.
    """
    found = []
    for tube in tubes:
        for one in tube.populations:
            pair = one.pair
            if pair.population != population:
                continue
            if pair.manual_per_ul is not None and pair.auto_per_ul is not None:
                found.append((tube, pair.manual_per_ul, pair.auto_per_ul))
            elif pair.manual_events is not None and pair.auto_events is not None:
                found.append((tube, float(pair.manual_events), float(pair.auto_events)))
    return found


def study_statistics(
    tubes: Sequence[TubeComparison], populations: Sequence[str], limits: AcceptanceLimits
) -> list[Statistic]:
    """Compute every statistic of every population.

    Parameters
    ----------
    tubes : sequence of TubeComparison
    populations : sequence of str
    limits : AcceptanceLimits

    Returns
    -------
    list of Statistic
    """
    return [row for population in populations for row in _of_population(tubes, population, limits)]


def _of_population(
    tubes: Sequence[TubeComparison], population: str, limits: AcceptanceLimits
) -> list[Statistic]:
    pairs = concentration_pairs(tubes, population)
    manual, auto = np.array([m for _, m, _ in pairs]), np.array([a for _, _, a in pairs])
    counted = np.array([is_quantified(tube, population) for tube, _, _ in pairs], dtype=bool)
    comparison = bland_altman(manual[counted], auto[counted])
    rows = [
        _within(population, "bias_percent", comparison.bias, limits.max_bias_percent),
        _within(population, "limit_low_percent", comparison.lower, limits.max_limits_percent),
        _within(population, "limit_high_percent", comparison.upper, limits.max_limits_percent),
        _at_least(population, "lin_ccc", lin_ccc(manual, auto), limits.min_ccc),
    ]
    for name, line in (("passing_bablok", passing_bablok(manual, auto)), ("deming", deming(manual, auto))):
        rows.append(Statistic(population, f"{name}_slope", line.slope))
        rows.append(Statistic(population, f"{name}_intercept", line.intercept))
    blood = [(tube.subject, tube.visit) for tube, _, _ in pairs]
    rows += _of_replicates(population, replicate_cv(auto, blood), replicate_cv(manual, blood), limits)
    rows += _by_part(population, pairs)
    rows += _of_events(tubes, population, limits)
    rows += _of_decisions(tubes, population, limits)
    return rows


def _of_replicates(
    population: str, auto: Estimate, manual: Estimate, limits: AcceptanceLimits
) -> list[Statistic]:
    """Replicate tubes differ by pipetting too: only what is surely worse than the manual gating is beyond."""
    good = auto.value <= limits.max_cv_percent or auto.low <= manual.value
    limit = f"<= {limits.max_cv_percent:g}, or not surely above manual"
    return [
        _judged(population, "replicate_cv_auto_percent", auto, limit, good),
        Statistic(population, "replicate_cv_manual_percent", manual),
    ]


def _by_part(population: str, pairs: Sequence[tuple[TubeComparison, float, float]]) -> list[Statistic]:
    """Bias by visit, in the order of days, and by range of concentration."""
    visits = dict.fromkeys(tube.visit for tube, _, _ in sorted(pairs, key=lambda pair: pair[0].day))
    parts: dict[str, Callable[[TubeComparison, float], bool]] = {}
    for visit in visits:
        parts[f"visit={visit}"] = lambda tube, _, visit=visit: tube.visit == visit  # type: ignore[misc]
    for low, high in _RANGES:
        name = f"range={low:g}-{high:g}/uL" if math.isfinite(high) else f"range>={low:g}/uL"
        parts[name] = lambda _, value, low=low, high=high: low <= value < high  # type: ignore[misc]
    rows = []
    for name, belongs in parts.items():
        chosen = [(m, a) for tube, m, a in pairs if belongs(tube, m) and is_quantified(tube, population)]
        if chosen:
            bias = bland_altman([m for m, _ in chosen], [a for _, a in chosen]).bias
            rows.append(Statistic(population, f"bias_percent:{name}", bias))
    return rows


def _of_events(tubes: Sequence[TubeComparison], population: str, limits: AcceptanceLimits) -> list[Statistic]:
    """Median over tubes of the event-level measures, of tubes that are well counted."""
    chosen = [
        one
        for one in _each(tubes, population)
        if one.events is not None and is_well_counted(one.pair, limits)
    ]
    if not chosen:
        return []
    least = least_f1(population, limits)
    rows = []
    for name in ("precision", "recall", "f1", "jaccard"):
        values = np.array([getattr(one.events, name) for one in chosen])
        values = values[np.isfinite(values)]
        middle = _median(values)
        rows.append(
            _at_least(population, f"median_{name}", middle, least)
            if name == "f1"
            else Statistic(population, f"median_{name}", middle)
        )
    return rows


def _median(values: np.ndarray[tuple[int], np.dtype[np.float64]]) -> Estimate:
    """Median with the interval of its order statistics."""
    zero = dict.fromkeys(range(len(values)), 0.0)
    return day_shift(zero, {i: float(value) for i, value in enumerate(values)}).shift


def _of_decisions(
    tubes: Sequence[TubeComparison], population: str, limits: AcceptanceLimits
) -> list[Statistic]:
    decided = [one for one in _each(tubes, population) if one.pair.manual_decision]
    if not decided:
        return []
    rows = []
    for name, sides in (
        ("depleted", [(one.pair.manual_decision, one.pair.auto_decision) for one in decided]),
        ("reconstituted", [(one.reconstituted[1], one.reconstituted[0]) for one in decided]),
    ):
        categories = (name, f"not {name}", "not evaluable")
        table = decision_table([m for m, _ in sides], [a for _, a in sides], categories)
        rows.append(
            _at_least(population, f"{name}_agreement", table.agreement, limits.min_decision_agreement)
        )
        rows.append(Statistic(population, f"{name}_kappa", table.kappa))
        false = table.share(name, of=f"not {name}")
        if name == "depleted":
            count = int(table.counts[1, 0])
            verdict = Verdict.AGREE if count <= limits.max_false_depleted else Verdict.DISAGREE
            limit = f"<= {limits.max_false_depleted} tubes"
            rows.append(Statistic(population, "false_depleted_share", false, limit, verdict.value))
    return rows


def day_statistics(
    auto: Mapping[str, Mapping[str, float | None]], manual: Mapping[str, Mapping[str, float | None]]
) -> list[Statistic]:
    """Compare the days of events, such as depletion, subject by subject.

    Parameters
    ----------
    auto, manual : mapping of str to mapping of str to float or None
        Parameter to subject to day.

    Returns
    -------
    list of Statistic
    """
    rows = []
    for parameter in auto:
        moved = day_shift(manual.get(parameter, {}), auto[parameter])
        name = parameter.lower()
        rows.append(Statistic(B, f"{name}_shift_days", moved.shift))
        largest = max((abs(days) for days in moved.days.values()), default=math.nan)
        rows.append(Statistic(B, f"{name}_largest_shift_days", _plain(largest, len(moved.days))))
        alone = len(moved.only_reference) + len(moved.only_test)
        rows.append(Statistic(B, f"{name}_by_one_method_only", _plain(alone, len(auto[parameter]))))
    return rows


def is_quantified(tube: TubeComparison, population: str) -> bool:
    """Whether a ratio means anything: of a few events it is chance.

    Parameters
    ----------
    tube : TubeComparison
    population : str
        Name of the population.

    Returns
    -------
    bool
    """
    events = [one.pair.manual_events for one in tube.populations if one.pair.population == population]
    return all(count is None or count >= _FEWEST_EVENTS for count in events)


def _plain(value: float, n: int) -> Estimate:
    return Estimate(value, math.nan, math.nan, n)


def _each(tubes: Sequence[TubeComparison], population: str) -> list[ComparedPopulation]:
    return [one for tube in tubes for one in tube.populations if one.pair.population == population]


def _within(population: str, name: str, estimate: Estimate, limit: float) -> Statistic:
    return _judged(population, name, estimate, f"within +/-{limit:g}", abs(estimate.value) <= limit)


def _at_least(population: str, name: str, estimate: Estimate, limit: float) -> Statistic:
    return _judged(population, name, estimate, f">= {limit:g}", estimate.value >= limit)


def _judged(population: str, name: str, estimate: Estimate, limit: str, good: bool) -> Statistic:
    if math.isnan(estimate.value) or estimate.n < (1 if "cv" in name or "f1" in name else _FEWEST):
        return Statistic(population, name, estimate, limit, Verdict.NOT_COMPARABLE.value)
    verdict = Verdict.AGREE if good else Verdict.DISAGREE
    return Statistic(population, name, estimate, limit, verdict.value)
