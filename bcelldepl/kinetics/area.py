"""Area under the curve: a rule for each segment, chosen first and visible, then added up.

Linear up, logarithmic down: a falling segment that does not end at zero follows an exponential, every other
one a straight line (linear-up log-down trapezoids; Gabrielsson & Weiner, Pharmacokinetic and Pharmacodynamic
Data Analysis, 2.8).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from typing import Final

__all__ = ["Rule", "Segment", "choose_rules", "extrapolate", "interpolate", "segments_to", "total_area"]


NOTHING_LEFT: Final = 650.0  # powers of e: what is left beyond adds nothing to an area


class Rule(StrEnum):
    """How the curve runs between two points."""

    ZERO = "zero"
    LINEAR = "linear"
    LOG = "log"
    EXTRAPOLATED = "extrapolated"


@dataclass(frozen=True)
class Segment:
    """The curve between two days.

    Attributes
    ----------
    start_day, end_day : float
        Days since infusion.
    start_per_ul, end_per_ul : float
        Concentrations there [cells/uL].
    rule : Rule
    """

    start_day: float
    end_day: float
    start_per_ul: float
    end_per_ul: float
    rule: Rule

    @property
    def area(self) -> float:
        """Area [cells/uL*day]."""
        width = self.end_day - self.start_day
        if self.rule is Rule.ZERO:
            return 0.0
        if self.rule is Rule.LINEAR or self.end_per_ul in (self.start_per_ul, 0.0):
            return width * (self.start_per_ul + self.end_per_ul) / 2.0
        return width * (self.start_per_ul - self.end_per_ul) / _log_ratio(self.start_per_ul, self.end_per_ul)

    def at(self, day: float) -> float:
        """Concentration on a day inside the segment [cells/uL]."""
        part = (day - self.start_day) / (self.end_day - self.start_day)
        if self.rule is Rule.ZERO:
            return 0.0
        if self.rule is Rule.LINEAR:
            return self.start_per_ul + part * (self.end_per_ul - self.start_per_ul)
        return self.start_per_ul * math.exp(part * _log_ratio(self.end_per_ul, self.start_per_ul))


def _log_ratio(one: float, other: float) -> float:
    """ln(one / other), not 0 for numbers that differ in their last digit, and finite for ones of any size."""
    if 0.5 < one / other < 2.0:
        return math.log1p((one - other) / other)
    return math.log(one) - math.log(other)


def choose_rules(values: Sequence[float]) -> list[Rule]:
    """Choose the rule of each segment between consecutive points.

    Parameters
    ----------
    values : sequence of float, length n
        Concentrations in order of time; 0 stands for below LLOQ.

    Returns
    -------
    list of Rule, length n - 1
    """
    rules = []
    for start, end in pairwise(values):
        if start == 0 and end == 0:
            rules.append(Rule.ZERO)
        else:
            rules.append(Rule.LOG if 0 < end < start else Rule.LINEAR)
    return rules


def segments_to(days: Sequence[float], values: Sequence[float], end_day: float) -> list[Segment]:
    """Return the segments of a curve up to a day; the last one is cut there, by its own rule.

    Parameters
    ----------
    days : sequence of float, length n
        Increasing.
    values : sequence of float, length n
        Concentrations [cells/uL].
    end_day : float
        Where to stop; beyond the last point there are no segments.
    """
    segments = []
    for (start, end), (low, high), rule in zip(
        pairwise(days), pairwise(values), choose_rules(values), strict=True
    ):
        if start >= end_day:
            break
        whole = Segment(start, end, low, high, rule)
        if end > end_day:
            segments.append(Segment(start, end_day, low, whole.at(end_day), rule))
        else:
            segments.append(whole)
    return segments


def interpolate(days: Sequence[float], values: Sequence[float], day: float) -> float | None:
    """Concentration on a day between the first and the last point; None outside of them."""
    if day in days:
        return values[list(days).index(day)]
    for segment in segments_to(days, values, math.inf):
        if segment.start_day < day < segment.end_day:
            return segment.at(day)
    return None


def extrapolate(last_day: float, last_per_ul: float, lambda_z_per_day: float, end_day: float) -> Segment:
    """Continue a curve beyond its last quantified point by its terminal slope, as far as there is a number for it."""
    end_day = min(end_day, last_day + NOTHING_LEFT / lambda_z_per_day)
    end = last_per_ul * math.exp(-lambda_z_per_day * (end_day - last_day))
    return Segment(last_day, end_day, last_per_ul, end, Rule.EXTRAPOLATED)


def total_area(segments: Sequence[Segment]) -> float:
    """Sum of areas [cells/uL*day]."""
    return math.fsum(segment.area for segment in segments)
