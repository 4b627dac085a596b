"""Straight lines through two methods that both have error: Deming, and Passing and Bablok."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import norm, t

from bcelldepl.comparison.statistics.estimate import Estimate, take_pairs
from bcelldepl.counting.intervals import CONFIDENCE

__all__ = ["Line", "deming", "passing_bablok"]


@dataclass(frozen=True)
class Line:
    """``test = intercept + slope * reference``.

    Attributes
    ----------
    slope, intercept : Estimate
        Agreement means that 1 lies in the interval of the slope and 0 in that of the intercept.
    """

    slope: Estimate
    intercept: Estimate


def deming(
    reference: ArrayLike, test: ArrayLike, *, variance_ratio: float = 1.0, confidence: float = CONFIDENCE
) -> Line:
    """Fit a line to two methods whose errors have a known ratio.

    Parameters
    ----------
    reference, test : array_like of float, shape (n,)
    variance_ratio : float
        Error variance of `test` over that of `reference`.
    confidence : float
        Two-sided, by the jackknife with Student's t of n - 2.

    Returns
    -------
    Line
        Unknown for fewer than three pairs, or where `reference` does not vary.

    References
    ----------
    Linnet K. (1993) Evaluation of regression procedures for methods comparison studies. Clin. Chem. 39,
    424-432, doi:10.1093/clinchem/39.3.424.
    """
    x, y = take_pairs(reference, test)
    n = len(x)
    if n < 3 or np.ptp(x) == 0:
        return Line(Estimate.unknown(n), Estimate.unknown(n))
    whole = _deming(x, y, variance_ratio)
    # Jackknife pseudo-values: what each pair adds to the line.
    parts = np.array([_deming(np.delete(x, i), np.delete(y, i), variance_ratio) for i in range(n)])
    pseudo = n * np.array(whole) - (n - 1) * parts
    half = float(t.ppf(0.5 + 0.5 * confidence, n - 2)) * pseudo.std(axis=0, ddof=1) / math.sqrt(n)
    slope, intercept = (
        Estimate(value, value - float(h), value + float(h), n) for value, h in zip(whole, half, strict=True)
    )
    return Line(slope, intercept)


def _deming(x: NDArray[np.float64], y: NDArray[np.float64], variance_ratio: float) -> tuple[float, float]:
    """Slope and intercept of least squares at the angle that the ratio of errors gives."""
    u, q = x - x.mean(), y - y.mean()
    sxx, syy, sxy = float(u @ u), float(q @ q), float(u @ q)
    if sxy == 0:
        return float("nan"), float("nan")
    difference = syy - variance_ratio * sxx
    slope = (difference + math.sqrt(difference**2 + 4 * variance_ratio * sxy**2)) / (2 * sxy)
    return slope, float(y.mean() - slope * x.mean())


def passing_bablok(reference: ArrayLike, test: ArrayLike, *, confidence: float = CONFIDENCE) -> Line:
    """Fit a line by the median of all slopes between pairs, which no outlier can tilt.

    Parameters
    ----------
    reference, test : array_like of float, shape (n,)
        Methods whose values rise together.
    confidence : float
        Two-sided, from the ranks of the slopes.

    Returns
    -------
    Line
        Unknown for fewer than three pairs, or where too many slopes fall for the methods to rise together.
        An end of an interval whose rank lies beyond the slopes is infinite.

    References
    ----------
    Passing H., Bablok W. (1983) A new biometrical procedure for testing the equality of measurements from two
    different analytical methods. J. Clin. Chem. Clin. Biochem. 21, 709-720, doi:10.1515/cclm.1983.21.11.709.
    """
    x, y = take_pairs(reference, test)
    n = len(x)
    i, j = np.triu_indices(n, 1)
    run, rise = x[j] - x[i], y[j] - y[i]
    different = (run != 0) | (rise != 0)
    run, rise = run[different], rise[different]
    upright = np.where(rise > 0, np.inf, -np.inf)
    slopes = np.divide(rise, run, out=upright, where=run != 0)
    slopes = np.sort(slopes[slopes != -1.0])
    offset = int((slopes < -1.0).sum())  # shifts the median so that either method may be the reference
    n_slopes = len(slopes)
    if n < 3 or n_slopes < 2 or offset + n_slopes // 2 >= n_slopes:
        return Line(Estimate.unknown(n), Estimate.unknown(n))
    half = n_slopes // 2
    slope = slopes[half + offset]
    if n_slopes % 2 == 0:
        slope = _geometric_middle(slopes[half - 1 + offset], slope)
    reach = float(norm.ppf(0.5 + 0.5 * confidence)) * math.sqrt(n * (n - 1) * (2 * n + 5) / 18.0)
    first = round((n_slopes - reach) / 2.0)
    low = slopes[first - 1 + offset] if first >= 1 else -np.inf
    last = n_slopes - first + 1 + offset
    high = slopes[last - 1] if last <= n_slopes else np.inf
    middle, left, right = (
        float(np.median(y - b * x)) if np.isfinite(b) else float("nan") for b in (slope, high, low)
    )
    return Line(Estimate(float(slope), float(low), float(high), n), Estimate(middle, left, right, n))


def _geometric_middle(one: float, other: float) -> float:
    """Middle of two slopes that does not change when the axes are swapped, as the sign allows it."""
    return math.copysign(math.sqrt(one * other), one) if one * other > 0 else 0.5 * (one + other)
