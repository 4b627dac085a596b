"""Whether two methods lead to the same decision: depleted or not, reconstituted or not, and when."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binom, norm

from bcelldepl.comparison.statistics.estimate import Estimate
from bcelldepl.counting.intervals import CONFIDENCE, clopper_pearson

__all__ = ["DayShift", "DecisionTable", "day_shift", "decision_table"]


@dataclass(frozen=True)
class DecisionTable:
    """Decisions of two methods, counted against each other.

    Attributes
    ----------
    categories : tuple of str
    counts : ndarray of int64, shape (k, k)
        Row: the reference's decision; column: the other's.
    agreement : Estimate
        Part of the decisions that are the same, with the exact interval of Clopper and Pearson.
    kappa : Estimate
        Agreement beyond chance; unknown where both always decide the same one thing.
    """

    categories: tuple[str, ...]
    counts: NDArray[np.int64]
    agreement: Estimate
    kappa: Estimate

    def share(self, said: str, of: str, confidence: float = CONFIDENCE) -> Estimate:
        """Part of the reference's `of` that the other method calls `said`, with its exact interval."""
        row = self.counts[self.categories.index(of)]
        hits, total = int(row[self.categories.index(said)]), int(row.sum())
        low, high = clopper_pearson(hits, total, confidence)
        return Estimate(hits / total if total else float("nan"), low, high, total)


def decision_table(
    reference: Sequence[str],
    test: Sequence[str],
    categories: Sequence[str] | None = None,
    *,
    confidence: float = CONFIDENCE,
) -> DecisionTable:
    """Count the decisions of two methods against each other.

    Parameters
    ----------
    reference, test : sequence of str, length n
        Manual and automated decision of each tube.
    categories : sequence of str, optional
        Every decision that there is; default those that occur.
    confidence : float
        Two-sided.

    Returns
    -------
    DecisionTable

    References
    ----------
    Cohen J. (1960) A coefficient of agreement for nominal scales. Educ. Psychol. Meas. 20, 37-46,
    doi:10.1177/001316446002000104; its standard error: Fleiss J. L., Cohen J., Everitt B. S. (1969)
    Psychol. Bull. 72, 323-327, doi:10.1037/h0028106.
    """
    names = tuple(categories or sorted({*reference, *test}))
    place = {name: i for i, name in enumerate(names)}
    counts = np.zeros((len(names), len(names)), dtype=np.int64)
    for one, other in zip(reference, test, strict=True):
        counts[place[one], place[other]] += 1
    n, same = int(counts.sum()), int(np.trace(counts))
    low, high = clopper_pearson(same, n, confidence)
    agreement = Estimate(same / n if n else float("nan"), low, high, n)
    return DecisionTable(names, counts, agreement, _kappa(counts, confidence))


def _kappa(counts: NDArray[np.int64], confidence: float) -> Estimate:
    n = int(counts.sum())
    if n == 0:
        return Estimate.unknown(0)
    p = counts / n
    rows, columns = p.sum(axis=1), p.sum(axis=0)
    seen, chance = float(np.trace(p)), float(rows @ columns)
    if chance >= 1.0:
        return Estimate.unknown(n)
    kappa = (seen - chance) / (1 - chance)
    both = rows[None, :] + columns[:, None]  # of cell (i, j): row margin of j, column margin of i
    same = float(np.sum(np.diag(p) * (1 - (rows + columns) * (1 - kappa)) ** 2))
    apart = float(np.sum((p - np.diag(np.diag(p))) * both**2)) * (1 - kappa) ** 2
    variance = (same + apart - (kappa - chance * (1 - kappa)) ** 2) / (n * (1 - chance) ** 2)
    half = float(norm.ppf(0.5 + 0.5 * confidence)) * math.sqrt(max(variance, 0.0))
    return Estimate(kappa, max(kappa - half, -1.0), min(kappa + half, 1.0), n)


@dataclass(frozen=True)
class DayShift:
    """By how many days an event of each subject moves between two methods.

    Attributes
    ----------
    days : dict
        Test minus reference, of subjects that reach the event by both methods [day].
    only_reference, only_test : tuple
        Subjects that reach it by one method alone.
    shift : Estimate
        Median of `days`, with the interval of its order statistics.
    """

    days: dict[Hashable, float]
    only_reference: tuple[Hashable, ...]
    only_test: tuple[Hashable, ...]
    shift: Estimate


def day_shift(
    reference: Mapping[Any, float | None],
    test: Mapping[Any, float | None],
    *,
    confidence: float = CONFIDENCE,
) -> DayShift:
    """Compare the day of an event, such as depletion, subject by subject.

    Parameters
    ----------
    reference, test : mapping of subject to float or None
        Day of the event; None or NaN where it is not reached.
    confidence : float
        Two-sided, of the median.

    Returns
    -------
    DayShift
    """

    def reached(days: Mapping[Any, float | None]) -> dict[Hashable, float]:
        return {who: float(day) for who, day in days.items() if day is not None and not math.isnan(day)}

    one, other = reached(reference), reached(test)
    both = {who: other[who] - one[who] for who in one if who in other}
    shifts = np.sort(np.array(list(both.values())))
    estimate = Estimate.unknown(len(shifts))
    if len(shifts):
        low, high = _median_ends(len(shifts), confidence)
        ends = (float(shifts[low]), float(shifts[high])) if low >= 0 else (float("nan"), float("nan"))
        estimate = Estimate(float(np.median(shifts)), *ends, len(shifts))
    lost = tuple(who for who in one if who not in other)
    return DayShift(both, lost, tuple(who for who in other if who not in one), estimate)


def _median_ends(n: int, confidence: float) -> tuple[int, int]:
    """Indices of the order statistics around a median; -1 where n is too small for the confidence."""
    below = int(binom.ppf(0.5 * (1 - confidence), n, 0.5)) - 1
    return (below, n - 1 - below) if below >= 0 else (-1, -1)
