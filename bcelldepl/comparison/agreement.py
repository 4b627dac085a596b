"""Agreement over the whole study: the rows of ``agreement.csv``."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from bcelldepl.comparison.acceptance import Verdict, is_well_counted, least_f1
from bcelldepl.comparison.paired_values import PairedValues, paired_values
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
from bcelldepl.comparison.tube_pair import Quantity
from bcelldepl.definitions.populations import B
from bcelldepl.definitions.tables import AGREEMENT
from bcelldepl.study import AcceptanceLimits

__all__ = ["Statistic", "day_statistics", "study_statistics", "study_verdict"]

_RANGES = ((0.0, 5.0), (5.0, 50.0), (50.0, math.inf))  # cells/uL
_FEWEST = 3  # pairs for a verdict on a statistic
_CALLED = {
    "bias_percent": "a bias",
    "limit_low_percent": "a lower limit of agreement",
    "limit_high_percent": "an upper limit of agreement",
    "lin_ccc": "a concordance",
    "median_f1": "a median F1",
}


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
    note : str
        What so few tubes cannot rule out; empty where the whole interval lies within the limit.
    """

    population: str
    statistic: str
    estimate: Estimate
    limit: str = ""
    verdict: str = ""
    note: str = ""

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
            self.note,
        )
        return dict(zip(AGREEMENT.names, cells, strict=True))


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
    values = paired_values(tubes, population)
    manual, auto, counted = values.manual, values.auto, values.quantified
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
    blood = [(tube.subject, tube.visit) for tube in values.tubes]
    rows += _of_replicates(population, replicate_cv(auto, blood), replicate_cv(manual, blood), limits)
    rows += _by_part(values)
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


def _by_part(values: PairedValues) -> list[Statistic]:
    """Bias by visit, in the order of days, and by range of concentration."""
    parts: dict[str, Callable[[TubeComparison, float], bool]] = {}
    for visit in dict.fromkeys(tube.visit for tube in sorted(values.tubes, key=lambda tube: tube.day)):
        parts[f"visit={visit}"] = lambda tube, _, visit=visit: tube.visit == visit  # type: ignore[misc]
    for low, high in _RANGES if values.quantity is Quantity.PER_UL else ():
        name = f"range={low:g}-{high:g}/uL" if math.isfinite(high) else f"range>={low:g}/uL"
        parts[name] = lambda _, value, low=low, high=high: low <= value < high  # type: ignore[misc]
    rows = []
    for name, belongs in parts.items():
        among = [belongs(tube, value) for tube, value in zip(values.tubes, values.manual, strict=True)]
        chosen = values.quantified & np.array(among, dtype=bool)
        if chosen.any():
            bias = bland_altman(values.manual[chosen], values.auto[chosen]).bias
            rows.append(Statistic(values.population, f"bias_percent:{name}", bias))
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
            if not false.n:
                verdict = Verdict.NOT_COMPARABLE
            note = ""
            if verdict is Verdict.AGREE:
                note = f"{false.n} {_tubes(false.n)} cannot rule out that {100 * false.high:.2g} % are falsely depleted"
            rows.append(Statistic(population, "false_depleted_share", false, limit, verdict.value, note))
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


def study_verdict(tubes: Sequence[TubeComparison], statistics: Sequence[Statistic]) -> Verdict:
    """Say what the comparison comes to.

    Parameters
    ----------
    tubes : sequence of TubeComparison
    statistics : sequence of Statistic

    Returns
    -------
    Verdict
        They disagree where a statistic lies beyond its limit. Where no tube could be compared, nothing is said. Where
        the tubes are too few for any statistic, the tubes speak.
    """
    said = {statistic.verdict for statistic in statistics}
    found = {one.verdict for tube in tubes for one in tube.populations}
    if Verdict.DISAGREE in said:
        return Verdict.DISAGREE
    if Verdict.AGREE not in found:
        return Verdict.DISAGREE if Verdict.DISAGREE in found else Verdict.NOT_COMPARABLE
    return Verdict.AGREE if Verdict.AGREE in said or Verdict.DISAGREE not in found else Verdict.DISAGREE


def _plain(value: float, n: int) -> Estimate:
    return Estimate(value, math.nan, math.nan, n)


def _each(tubes: Sequence[TubeComparison], population: str) -> list[ComparedPopulation]:
    return [one for tube in tubes for one in tube.populations if one.pair.population == population]


def _within(population: str, name: str, estimate: Estimate, limit: float) -> Statistic:
    far = max((estimate.low, estimate.high), key=lambda end: -1.0 if math.isnan(end) else abs(end))
    beyond = f"{far:+.3g} %" if abs(far) > limit else ""
    return _judged(population, name, estimate, f"within +/-{limit:g}", abs(estimate.value) <= limit, beyond)


def _at_least(population: str, name: str, estimate: Estimate, limit: float) -> Statistic:
    beyond = f"{estimate.low:.3g}" if estimate.low < limit else ""
    return _judged(population, name, estimate, f">= {limit:g}", estimate.value >= limit, beyond)


def _judged(
    population: str, name: str, estimate: Estimate, limit: str, good: bool, beyond: str = ""
) -> Statistic:
    """Hold a statistic to its limit; what lies beyond it within the interval is not ruled out."""
    if math.isnan(estimate.value) or estimate.n < (1 if "cv" in name or "f1" in name else _FEWEST):
        note = f"{estimate.n} {_tubes(estimate.n)}: too few for a verdict"
        return Statistic(population, name, estimate, limit, Verdict.NOT_COMPARABLE.value, note)
    verdict = Verdict.AGREE if good else Verdict.DISAGREE
    unknown = math.isnan(estimate.low) or math.isnan(estimate.high)
    called = _CALLED.get(name, name.replace("_", " "))
    note = (
        f"{estimate.n} {_tubes(estimate.n)} cannot rule out {called} of {beyond}" if good and beyond else ""
    )
    if good and unknown:
        note = f"{estimate.n} {_tubes(estimate.n)} give no interval"
    return Statistic(population, name, estimate, limit, verdict.value, note)


def _tubes(n: int) -> str:
    return "tube" if n == 1 else "tubes"
