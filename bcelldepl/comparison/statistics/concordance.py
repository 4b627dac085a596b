"""How near pairs lie to the line of identity (Lin), and how well replicates repeat."""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import chi2, norm

from bcelldepl.comparison.statistics.estimate import Estimate, take_pairs
from bcelldepl.counting.intervals import CONFIDENCE

__all__ = ["lin_ccc", "replicate_cv"]


def lin_ccc(reference: ArrayLike, test: ArrayLike, *, confidence: float = CONFIDENCE) -> Estimate:
    """Concordance correlation: 1 where every pair agrees, less for scatter and for bias alike.

    Parameters
    ----------
    reference, test : array_like of float, shape (n,)
    confidence : float
        Two-sided, by Fisher's z.

    Returns
    -------
    Estimate
        Moments are divided by n. Unknown for fewer than three pairs or values that do not vary.

    References
    ----------
    Lin L. I. (1989) A concordance correlation coefficient to evaluate reproducibility. Biometrics 45,
    255-268, doi:10.2307/2532051; the variance as corrected in Biometrics 56, 324-325 (2000).
    """
    x, y = take_pairs(reference, test)
    n = len(x)
    if n < 3 or np.ptp(x) == 0 or np.ptp(y) == 0:
        return Estimate.unknown(n)
    sx, sy = float(x.std()), float(y.std())
    covariance = float(np.mean((x - x.mean()) * (y - y.mean())))
    shift = float(x.mean() - y.mean())
    value = 2 * covariance / (sx**2 + sy**2 + shift**2)
    r, u2 = covariance / (sx * sy), shift**2 / (sx * sy)
    if abs(value) >= 1 - 1e-12 or r == 0:
        return Estimate(value, value, value, n)
    rest = 1 - value**2
    spread = (
        (1 - r**2) * value**2 / (rest * r**2)
        + 2 * value**3 * (1 - value) * u2 / (r * rest**2)
        - value**4 * u2**2 / (2 * r**2 * rest**2)
    ) / (n - 2)
    half = float(norm.ppf(0.5 + 0.5 * confidence)) * math.sqrt(max(spread, 0.0))
    z = math.atanh(value)
    return Estimate(value, math.tanh(z - half), math.tanh(z + half), n)


def replicate_cv(
    values: ArrayLike, groups: Sequence[Hashable], *, confidence: float = CONFIDENCE
) -> Estimate:
    """Coefficient of variation between replicates of the same blood, in percent.

    Parameters
    ----------
    values : array_like of float, shape (n,)
        Concentrations; those of zero or below are left out.
    groups : sequence, length n
        What each value replicates (subject and visit, say); a group of one adds nothing.
    confidence : float
        Two-sided, by chi-squared.

    Returns
    -------
    Estimate
        ``100 sqrt(exp(s²) - 1)`` of the pooled variance s² of logs within groups; `n` counts the groups.

    References
    ----------
    Pooled variance of logs: Bland J. M., Altman D. G. (1996) Measurement error proportional to the mean.
    BMJ 313, 106, doi:10.1136/bmj.313.7049.106.
    """
    logs: dict[Hashable, list[float]] = {}
    for value, group in zip(np.asarray(values, dtype=np.float64), groups, strict=True):
        if np.isfinite(value) and value > 0:
            logs.setdefault(group, []).append(math.log(value))
    repeated = [np.array(group) for group in logs.values() if len(group) > 1]
    freedom = sum(len(group) - 1 for group in repeated)
    if not freedom:
        return Estimate.unknown(0)
    squares = sum(float(((group - group.mean()) ** 2).sum()) for group in repeated)
    tail = 0.5 * (1 - confidence)

    def percent(variance: float) -> float:
        return 100 * math.sqrt(math.expm1(variance))

    return Estimate(
        percent(squares / freedom),
        percent(squares / float(chi2.ppf(1 - tail, freedom))),
        percent(min(squares / float(chi2.ppf(tail, freedom)), 50.0)),  # one pair of replicates bounds nothing
        len(repeated),
    )
