"""Rank correlation of numbers of which some are only bounds: Kendall's tau over the pairs whose order is known.

A pair takes part where both numbers are known to lie one above the other; pairs that a bound leaves open, and ties,
are left out of both counts. With one side censored on the right and no ties tau is 2 C - 1, C being Harrell's index.
The test is Kendall's: over all permutations of one side where subjects are few and the normal curve gives too small
a p, else by Daniels' variance of them (Brown, Hollander & Korwar, Reliability and Biometry, SIAM 1974, 327-354;
Daniels, Biometrika 1944;33:129-135).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import permutations
from statistics import NormalDist
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bcelldepl.definitions.codes import Qualifier

__all__ = ["CensoredTau", "censored_tau"]

LEAST: Final = 3  # subjects
MOST_PERMUTED: Final = 7  # subjects: 5,040 permutations


@dataclass(frozen=True)
class CensoredTau:
    """A rank correlation.

    Attributes
    ----------
    n_pairs : int
        Pairs whose order is known in both, without ties.
    tau : float
        (concordant - discordant pairs) / n_pairs; NaN where there are no such pairs.
    p_value : float
        Two-sided; NaN with fewer than three subjects, or where nothing varies.
    """

    n_pairs: int
    tau: float
    p_value: float


def censored_tau(
    x: Sequence[float], x_qualifiers: Sequence[str], y: Sequence[float], y_qualifiers: Sequence[str]
) -> CensoredTau:
    """Correlate two numbers of each subject by rank.

    Parameters
    ----------
    x, y : sequence of float, length n
        Numbers, or bounds.
    x_qualifiers, y_qualifiers : sequence of str, length n
        ``=``, ``<`` or ``>``.

    Returns
    -------
    CensoredTau
    """
    a, b = _orders(x, x_qualifiers), _orders(y, y_qualifiers)
    product = a * b
    n_pairs, score = int(np.count_nonzero(product)) // 2, float(product.sum())
    tau = score / (2 * n_pairs) if n_pairs else math.nan
    variance = _variance(a, b)
    if len(a) < LEAST or variance <= 0:
        return CensoredTau(n_pairs, tau, math.nan)
    if len(a) <= MOST_PERMUTED:
        return CensoredTau(n_pairs, tau, _permuted(a, b, score))
    return CensoredTau(n_pairs, tau, 2.0 * NormalDist().cdf(-abs(score) / math.sqrt(variance)))


def _orders(values: Sequence[float], qualifiers: Sequence[str]) -> NDArray[np.float64]:
    """For each pair 1 where the first is known to be the greater, -1 the lesser, 0 where it is open or a tie."""
    number = np.asarray(values, dtype=float)
    below = np.array([qualifier == Qualifier.BELOW for qualifier in qualifiers], dtype=bool)
    above = np.array([qualifier == Qualifier.ABOVE for qualifier in qualifiers], dtype=bool)
    low = np.where(below, -np.inf, number)
    high = np.where(above, np.inf, number)
    # A bound itself is not reached: what lies below 5 is less than 5, what lies above 5 is more.
    open_end = below[:, None] | below[None, :] | above[:, None] | above[None, :]
    greater = (low[:, None] > high[None, :]) | (open_end & (low[:, None] >= high[None, :]))
    np.fill_diagonal(greater, val=False)
    orders: NDArray[np.float64] = greater.astype(np.float64) - greater.T.astype(np.float64)
    return orders


def _permuted(a: NDArray[np.float64], b: NDArray[np.float64], score: float) -> float:
    """Share of all permutations of one side whose score is as far from 0."""
    every = np.array(list(permutations(range(len(b)))))
    scores = np.einsum("ij,kij->k", a, b[every[:, :, None], every[:, None, :]])
    return float(np.mean(np.abs(scores) >= abs(score)))  # whole numbers


def _variance(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    """Variance of the sum of products over ordered pairs when one side is permuted (Daniels)."""
    n = len(a)
    if n < LEAST:
        return 0.0
    rows_a, rows_b = float((a.sum(axis=1) ** 2).sum()), float((b.sum(axis=1) ** 2).sum())
    all_a, all_b = float((a**2).sum()), float((b**2).sum())
    threes = 4.0 * (rows_a - all_a) * (rows_b - all_b) / (n * (n - 1) * (n - 2))
    return threes + 2.0 * all_a * all_b / (n * (n - 1))
