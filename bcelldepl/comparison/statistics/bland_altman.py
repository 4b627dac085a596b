"""How far two methods differ, and how wide their differences scatter (Bland and Altman)."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import nct, norm, t

from bcelldepl.comparison.statistics.estimate import Estimate, positive_pairs, take_pairs
from bcelldepl.counting.intervals import CONFIDENCE

__all__ = ["BlandAltman", "bland_altman"]


@dataclass(frozen=True)
class BlandAltman:
    """Bias and limits of agreement.

    Attributes
    ----------
    scale : {"ratio", "difference"}
        ``ratio``: all three are in percent of the reference, ``100 (exp(d) - 1)`` of mean log ratios d.
        ``difference``: in the unit of the values.
    bias, lower, upper : Estimate
        Mean, and the limits between which 95 % of differences are expected.
    middle, offset : ndarray of float64, shape (n,)
        Points of the plot: the (geometric) mean of each pair, and its (percent) difference.
    """

    scale: Literal["ratio", "difference"]
    bias: Estimate
    lower: Estimate
    upper: Estimate
    middle: NDArray[np.float64]
    offset: NDArray[np.float64]


def bland_altman(
    reference: ArrayLike,
    test: ArrayLike,
    *,
    scale: Literal["ratio", "difference"] = "ratio",
    confidence: float = CONFIDENCE,
) -> BlandAltman:
    """Compare two methods by the mean and scatter of their differences.

    Parameters
    ----------
    reference, test : array_like of float, shape (n,)
        Manual and automated values. On the ratio scale, pairs with a value of zero or below have no ratio
        and are left out: `bias.n` tells how many are in.
    scale : {"ratio", "difference"}
        Cell counts scatter in proportion to their size, so their ratio is the default.
    confidence : float
        Two-sided, of the intervals. The limits themselves always hold 95 % of differences.

    Returns
    -------
    BlandAltman
        Limits are ``mean ± 1.96 sd``. Their intervals are exact for normal differences, by the noncentral t
        distribution, and so not symmetric about the limit.

    References
    ----------
    Bland J. M., Altman D. G. (1986) Statistical methods for assessing agreement between two methods of
    clinical measurement. Lancet 327, 307-310, doi:10.1016/S0140-6736(86)90837-8. Intervals: Carkeet A. (2015)
    Exact parametric confidence intervals for Bland-Altman limits of agreement. Optom. Vis. Sci. 92, e71-e80,
    doi:10.1097/OPX.0000000000000513.
    """
    if scale == "ratio":
        x, y = positive_pairs(reference, test)
        difference, middle = np.log(y / x), np.sqrt(x * y)
    else:
        x, y = take_pairs(reference, test)
        difference, middle = y - x, 0.5 * (x + y)
    n = len(x)

    def back(value: float) -> float:
        return 100.0 * math.expm1(value) if scale == "ratio" else value

    offset = 100.0 * np.expm1(difference) if scale == "ratio" else difference
    if n < 2:
        unknown = Estimate.unknown(n)
        bias = replace(unknown, value=back(float(difference[0]))) if n else unknown
        return BlandAltman(scale, bias, unknown, unknown, middle, offset)
    mean, sd = float(difference.mean()), float(difference.std(ddof=1))
    tail = 0.5 * (1.0 - confidence)
    half = float(t.ppf(1 - tail, n - 1)) * sd / math.sqrt(n)
    z = float(norm.ppf(0.975))
    near, far = (float(nct.ppf(p, n - 1, z * math.sqrt(n))) * sd / math.sqrt(n) for p in (tail, 1 - tail))
    return BlandAltman(
        scale,
        Estimate(back(mean), back(mean - half), back(mean + half), n),
        Estimate(back(mean - z * sd), back(mean - far), back(mean - near), n),
        Estimate(back(mean + z * sd), back(mean + near), back(mean + far), n),
        middle,
        offset,
    )
