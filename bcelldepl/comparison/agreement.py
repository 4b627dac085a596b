"""Agreement over the whole study: the rows of ``agreement.csv``."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from bcelldepl.comparison.acceptance import Verdict, is_well_counted, least_f1
from bcelldepl.comparison.judged_statistic import Statistic, at_least, judged, tubes_word, within
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
from bcelldepl.definitions.courses import of_course
from bcelldepl.study import AcceptanceLimits

__all__ = ["study_statistics", "study_verdict"]

_RANGES = ((0.0, 5.0), (5.0, 50.0), (50.0, math.inf))  # cells/uL


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
        within(population, "bias_percent", comparison.bias, limits.max_bias_percent),
        within(population, "limit_low_percent", comparison.lower, limits.max_limits_percent),
        within(population, "limit_high_percent", comparison.upper, limits.max_limits_percent),
        at_least(population, "lin_ccc", lin_ccc(manual, auto), limits.min_ccc),
    ]
    for name, line in (("passing_bablok", passing_bablok(manual, auto)), ("deming", deming(manual, auto))):
        rows.append(Statistic(population, f"{name}_slope", line.slope))
        rows.append(Statistic(population, f"{name}_intercept", line.intercept))
    blood = [(of_course(tube.subject, tube.course), tube.visit) for tube in values.tubes]
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
    limit = f"<= {limits.max_cv_percent:g}, or 95 % interval not above manual"
    return [
        judged(population, "replicate_cv_auto_percent", auto, limit, good),
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
            at_least(population, f"median_{name}", middle, least)
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
        rows.append(at_least(population, f"{name}_agreement", table.agreement, limits.min_decision_agreement))
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
                share = f"{100 * false.high:.2g} % are falsely depleted"
                note = f"{false.n} {tubes_word(false.n)} cannot rule out that {share}"
            rows.append(Statistic(population, "false_depleted_share", false, limit, verdict.value, note))
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


def _each(tubes: Sequence[TubeComparison], population: str) -> list[ComparedPopulation]:
    return [one for tube in tubes for one in tube.populations if one.pair.population == population]
