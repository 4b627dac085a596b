"""The terminal slope: which of the last points lie on one exponential.

All windows that end at the last quantified point and hold three points or more after Tmax are fitted by least
squares of ln(concentration) on day. Windows with a falling slope whose adjusted R2 lies within 1e-4 of the
best window's qualify; the longest of them is taken (as `pk.calc.half.life` of PKNCA computes it; the text of
its option multiplies the allowance by the number of points, its code does not, and neither do we).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

__all__ = ["MINIMUM_POINTS", "TerminalFit", "choose_terminal", "terminal_fits"]

MINIMUM_POINTS: Final = 3
ADJUSTED_R2_ALLOWANCE: Final = 1e-4
MINIMUM_R2: Final = 0.9
MINIMUM_SPAN_RATIO: Final = 2.0


@dataclass(frozen=True)
class TerminalFit:
    """One window of points with its line.

    Attributes
    ----------
    days : tuple of float
        Days of the points, the last quantified one last.
    lambda_z_per_day : float
        Minus the slope of ln(concentration) on day; negative where the window rises.
    intercept : float
        ln(concentration) of the line at day 0.
    r2, adjusted_r2 : float
    """

    days: tuple[float, ...]
    lambda_z_per_day: float
    intercept: float
    r2: float
    adjusted_r2: float

    @property
    def half_life_days(self) -> float:
        """ln(2) / lambda_z [day]; infinite for a level window."""
        return math.log(2.0) / self.lambda_z_per_day if self.lambda_z_per_day else math.inf

    @property
    def span_ratio(self) -> float:
        """Length of the window in half-lives."""
        return (self.days[-1] - self.days[0]) * self.lambda_z_per_day / math.log(2.0)

    @property
    def doubts(self) -> str:
        """What makes the slope unfit for extrapolation and summaries; empty where nothing does."""
        doubts = []
        if self.r2 < MINIMUM_R2:
            doubts.append(f"R2 {self.r2:.3g} is below {MINIMUM_R2:g}")
        if self.span_ratio < MINIMUM_SPAN_RATIO:
            doubts.append(
                f"the points span {self.span_ratio:.2g} half-lives, fewer than {MINIMUM_SPAN_RATIO:g}"
            )
        return "; ".join(doubts)


def terminal_fits(days: Sequence[float], values: Sequence[float]) -> list[TerminalFit]:
    """Fit every window.

    Parameters
    ----------
    days, values : sequence of float, length n
        Quantified points after Tmax, by day [day, cells/uL].

    Returns
    -------
    list of TerminalFit
        Shortest window first; empty with fewer than three points.
    """
    return [_fit(days[-n:], values[-n:]) for n in range(MINIMUM_POINTS, len(days) + 1)]


def choose_terminal(fits: Sequence[TerminalFit]) -> TerminalFit | None:
    """Choose the window; None where none falls among the best.

    Parameters
    ----------
    fits : sequence of TerminalFit
        From `terminal_fits`.

    Returns
    -------
    TerminalFit or None
    """
    if not fits:
        return None
    best = max(fit.adjusted_r2 for fit in fits)
    good = [f for f in fits if f.lambda_z_per_day > 0 and f.adjusted_r2 > best - ADJUSTED_R2_ALLOWANCE]
    return max(good, key=lambda fit: len(fit.days)) if good else None


def _fit(days: Sequence[float], values: Sequence[float]) -> TerminalFit:
    n = len(days)
    logs = [math.log(value) for value in values]
    day_mean, log_mean = math.fsum(days) / n, math.fsum(logs) / n
    sxx = math.fsum((day - day_mean) ** 2 for day in days)
    sxy = math.fsum((day - day_mean) * (log - log_mean) for day, log in zip(days, logs, strict=True))
    syy = math.fsum((log - log_mean) ** 2 for log in logs)
    slope = sxy / sxx
    r2 = sxy * sxy / (sxx * syy) if syy > 0 else 0.0  # a level line explains nothing
    return TerminalFit(
        days=tuple(days),
        lambda_z_per_day=-slope,
        intercept=log_mean - slope * day_mean,
        r2=r2,
        adjusted_r2=1.0 - (1.0 - r2) * (n - 1) / (n - 2),
    )
