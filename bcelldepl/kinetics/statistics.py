"""Descriptive statistics of a sample, and the exact interval of a share."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import numpy as np

from bcelldepl.counting.intervals import clopper_pearson
from bcelldepl.definitions.columns import round_significant

__all__ = ["STATISTICS", "share", "statistics"]

STATISTICS: Final = (
    "mean",
    "sd",
    "cv_percent",
    "geometric_mean",
    "geometric_cv_percent",
    "median",
    "min",
    "max",
)
LARGEST_SQUARED: Final = 1e150  # beyond it the SD is no number
LARGEST_LOG_VARIANCE: Final = 700.0  # beyond it the CV is no number


def statistics(values: Sequence[float], *, of_ratios: bool = True) -> dict[str, float | None]:
    """Descriptive statistics of a sample.

    Parameters
    ----------
    values : sequence of float
    of_ratios : bool
        Whether the values have a zero of their own, so that a CV and a geometric mean have a meaning; logarithms have
        none.

    Returns
    -------
    dict of str to float or None
        None where not defined: SD and CV of one value, geometric ones where a value is not above zero.
    """
    found: dict[str, float | None] = dict.fromkeys(STATISTICS)
    if not len(values):
        return found
    sample = np.asarray(values, dtype=float)
    found |= {"mean": sample.mean(), "median": np.median(sample), "min": sample.min(), "max": sample.max()}
    several = len(sample) > 1
    if several and np.abs(sample).max() < LARGEST_SQUARED:
        found["sd"] = float(sample.std(ddof=1))
        if sample.mean() > 0 and of_ratios:
            found["cv_percent"] = float(100.0 * sample.std(ddof=1) / sample.mean())
    if (sample > 0).all() and np.isfinite(sample).all() and of_ratios:
        logs = np.log(sample)
        found["geometric_mean"] = float(np.exp(logs.mean()))
        if several and logs.var(ddof=1) < LARGEST_LOG_VARIANCE:
            found["geometric_cv_percent"] = float(100.0 * math.sqrt(math.expm1(logs.var(ddof=1))))
    return {name: None if value is None else round_significant(value) for name, value in found.items()}


def share(part: int, whole: int) -> tuple[float | None, float | None, float | None]:
    """Percentage with its exact 95 % interval.

    Parameters
    ----------
    part, whole : int
        ``0 <= part <= whole``.

    Returns
    -------
    (float, float, float)
        Percent, lower and upper end (Clopper and Pearson); None where `whole` is 0.
    """
    if not whole:
        return None, None, None
    low, high = clopper_pearson(part, whole)
    return 100.0 * part / whole, 100.0 * low, 100.0 * high
