"""Several manual readers of the same tubes: how they agree with one another, and the automated gating with each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bcelldepl.comparison.judged_statistic import Statistic
from bcelldepl.comparison.outcome import Comparison
from bcelldepl.comparison.paired_values import FEWEST_EVENTS
from bcelldepl.comparison.statistics import Estimate, bland_altman, lin_ccc, replicate_cv
from bcelldepl.comparison.tube_pair import Quantity
from bcelldepl.definitions.courses import of_course

__all__ = ["AUTOMATED", "MEDIAN", "ReaderValues", "reader_statistics", "reader_values"]

AUTOMATED: Final = "automated"
MEDIAN: Final = "median of readers"
_FEWEST_FOR_A_MEDIAN: Final = 2


class ReaderValues(NamedTuple):
    """One population by every reader, tube by tube.

    Attributes
    ----------
    population : str
    quantity : Quantity
    blood : tuple of (str, str), length n
        Subject and visit of each tube: tubes of the same are replicates.
    values : dict of str to ndarray of float64, shape (n,)
        By reader, `AUTOMATED` and `MEDIAN` too; NaN where there is none.
    quantified : ndarray of bool, shape (n,)
        Tubes whose ratios mean anything.
    """

    population: str
    quantity: Quantity
    blood: tuple[tuple[str, str], ...]
    values: dict[str, NDArray[np.float64]]
    quantified: NDArray[np.bool_]


def reader_values(comparisons: Mapping[str, Comparison], population: str) -> ReaderValues:
    """Gather a population of all tubes by every reader.

    Parameters
    ----------
    comparisons : mapping of str to Comparison
        By reader.
    population : str

    Returns
    -------
    ReaderValues
        In the best quantity that every reader gives. The median is of the readers of a tube, of two at least.
    """
    pairs = {
        reader: {
            tube.file: one.pair
            for tube in comparison.tubes
            for one in tube.populations
            if one.pair.population == population and not one.pair.below
        }
        for reader, comparison in comparisons.items()
    }
    tubes = {tube.file: tube for comparison in comparisons.values() for tube in comparison.tubes}
    shared = [
        quantity
        for quantity in Quantity
        if all(any(pair.values(quantity) for pair in own.values()) for own in pairs.values())
    ]
    quantity = shared[0] if shared else Quantity.PER_UL
    both = {
        reader: {file: found for file, pair in own.items() if (found := pair.values(quantity)) is not None}
        for reader, own in pairs.items()
    }
    files = [file for file in tubes if any(file in own for own in both.values())]
    values = {
        reader: np.array([own[file][1] if file in own else np.nan for file in files])
        for reader, own in both.items()
    }
    auto = [next(own[file][0] for own in both.values() if file in own) for file in files]
    stacked = np.array([values[reader] for reader in comparisons]).reshape(len(comparisons), len(files))
    read = np.isfinite(stacked)
    middle = np.full(len(files), np.nan)
    enough = read.sum(axis=0) >= _FEWEST_FOR_A_MEDIAN
    if enough.any():
        middle[enough] = np.nanmedian(stacked[:, enough], axis=0)
    events = [
        [counted.events for own in pairs.values() if file in own and (counted := own[file].manual_counted)]
        for file in files
    ]
    quantified = np.array([not some or min(some) >= FEWEST_EVENTS for some in events], dtype=np.bool_)
    blood = tuple(
        (of_course(tube.subject, tube.course), tube.visit) for tube in (tubes[file] for file in files)
    )
    every = {AUTOMATED: np.array(auto, dtype=np.float64), **values, MEDIAN: middle}
    return ReaderValues(population, quantity, blood, every, quantified)


def reader_statistics(found: ReaderValues, readers: Sequence[str]) -> list[Statistic]:
    """Compute how readers agree with one another, and the automated gating with each and with their median.

    Parameters
    ----------
    found : ReaderValues
    readers : sequence of str

    Returns
    -------
    list of Statistic
        ``bias_percent:A against B``, limits of agreement and ``lin_ccc`` of each two;
        ``between_readers_cv_percent``, of readers of the same tube; ``replicate_cv_percent:A``, of one reader's tubes
        of the same blood.
    """
    rows = []
    compared = [
        *((AUTOMATED, reader) for reader in (*readers, MEDIAN)),
        *((one, other) for other, one in combinations(readers, 2)),
    ]
    for test, reference in compared:
        rows += _two(found, test, reference)
    of_tube = [
        (tube, found.values[reader][tube])
        for tube in np.flatnonzero(found.quantified)
        for reader in readers
        if np.isfinite(found.values[reader][tube])
    ]
    between = replicate_cv([value for _, value in of_tube], [int(tube) for tube, _ in of_tube])
    rows.append(Statistic(found.population, "between_readers_cv_percent", between))
    for reader in (AUTOMATED, *readers, MEDIAN):
        cv = replicate_cv(found.values[reader][found.quantified], _chosen(found.blood, found.quantified))
        rows.append(Statistic(found.population, f"replicate_cv_percent:{reader}", cv))
    return rows


def _two(found: ReaderValues, test: str, reference: str) -> list[Statistic]:
    one, other = found.values[reference], found.values[test]
    both = np.isfinite(one) & np.isfinite(other)
    counted = both & found.quantified
    name = f"{test} against {reference}"
    ratios = bland_altman(one[counted], other[counted])
    concordance = lin_ccc(one[both], other[both]) if both.any() else Estimate.unknown(0)
    measured = {
        "bias_percent": ratios.bias,
        "limit_low_percent": ratios.lower,
        "limit_high_percent": ratios.upper,
        "lin_ccc": concordance,
    }
    return [Statistic(found.population, f"{key}:{name}", estimate) for key, estimate in measured.items()]


def _chosen(blood: Sequence[tuple[str, str]], chosen: NDArray[np.bool_]) -> list[tuple[str, str]]:
    return [one for one, there in zip(blood, chosen, strict=True) if there]
