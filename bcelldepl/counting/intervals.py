"""Exact 95 % intervals of counts: against beads, in a volume, among other cells."""

from __future__ import annotations

import math
from typing import Final, NamedTuple

from scipy.special import betaincinv, gammaincinv

__all__ = ["CONFIDENCE", "Z_95", "Interval", "clopper_pearson", "garwood", "poisson_ratio", "widen"]

CONFIDENCE: Final = 0.95
Z_95: Final = 1.959963984540054  # standard normal quantile of a two-sided 95 % interval


class Interval(NamedTuple):
    """Lower and upper end, two-sided and equal-tailed."""

    low: float
    high: float


def garwood(count: int, confidence: float = CONFIDENCE) -> Interval:
    """Exact interval of a Poisson mean from one count.

    Parameters
    ----------
    count : int
        Events seen.
    confidence : float
        Two-sided; each tail holds half of the rest.

    Returns
    -------
    Interval
        In events; from 0 where none was seen.

    References
    ----------
    Garwood F. (1936) Fiducial limits for the Poisson distribution. Biometrika 28, 437-442.
    """
    tail = (1 - confidence) / 2
    low = float(gammaincinv(count, tail)) if count else 0.0
    return Interval(low, float(gammaincinv(count + 1, 1 - tail)))


def clopper_pearson(count: int, total: int, confidence: float = CONFIDENCE) -> Interval:
    """Exact interval of a binomial fraction.

    Parameters
    ----------
    count, total : int
        Events inside, and all; ``0 <= count <= total``.
    confidence : float
        Two-sided.

    Returns
    -------
    Interval
        Between 0 and 1; all of it where `total` is 0.

    References
    ----------
    Clopper C. J., Pearson E. S. (1934) The use of confidence or fiducial limits illustrated in the case of
    the binomial. Biometrika 26, 404-413.
    """
    tail = (1 - confidence) / 2
    others = total - count
    low = float(betaincinv(count, others + 1, tail)) if count else 0.0
    high = float(betaincinv(count + 1, others, 1 - tail)) if others else 1.0
    return Interval(low, high)


def poisson_ratio(count: int, reference: int, confidence: float = CONFIDENCE) -> Interval:
    """Exact interval of the ratio of two independent Poisson means, such as cells to beads.

    Given their sum, the first of two Poisson counts is binomial with p = r / (1 + r), so that the ends of an
    interval of p turn into those of the ratio, r = p / (1 - p).

    Parameters
    ----------
    count, reference : int
        Events counted, and events of the reference.
    confidence : float
        Two-sided.

    Returns
    -------
    Interval
        Of count to reference; the upper end is infinite where the reference was not seen.

    References
    ----------
    Przyborowski J., Wilenski H. (1940) Homogeneity of results in testing samples from Poisson series.
    Biometrika 31, 313-323.
    """
    low, high = clopper_pearson(count, count + reference, confidence)
    return Interval(low / (1 - low), high / (1 - high) if high < 1 else math.inf)


def widen(estimate: float, exact: Interval, gate: Interval) -> Interval:
    """Join the interval of a count with that of the gate it was counted in.

    The two errors are independent, so their distances from the estimate add as squares. They are measured on
    the scale of the square root, on which the spread of a count hardly depends on the count, and which knows
    zero. A sure gate leaves the exact interval as it is.

    Parameters
    ----------
    estimate : float
        The value itself; any unit, the same for all.
    exact : Interval
        From counting alone, around `estimate`.
    gate : Interval
        The value with the gate at the ends of its own 95 % interval; an end on the wrong side of the estimate
        counts as no change.

    Returns
    -------
    Interval
        Never narrower than `exact`.
    """
    centre = math.sqrt(estimate)
    if gate.low < estimate:
        below = math.hypot(centre - math.sqrt(exact.low), centre - math.sqrt(gate.low))
        low = max(centre - below, 0.0) ** 2
    else:
        low = exact.low
    if gate.high > estimate:
        above = math.hypot(math.sqrt(exact.high) - centre, math.sqrt(gate.high) - centre)
        high = (centre + above) ** 2
    else:
        high = exact.high
    return Interval(low, high)
