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

__all__ = [
    "CurveSegment",
    "SegmentRule",
    "choose_rules",
    "extrapolate",
    "segments_to",
    "total_area",
]


NOTHING_LEFT: Final = 650.0  # powers of e: what is left beyond adds nothing to an area


class SegmentRule(StrEnum):
    """How the curve runs between two points."""

    ZERO = "zero"
    LINEAR = "linear"
    LOG = "log"
    EXTRAPOLATED = "extrapolated"
    LEVEL = "level"


@dataclass(frozen=True)
class CurveSegment:
    """The curve between two days.

    Attributes
    ----------
    start_day, end_day : float
        Days since infusion.
    start_per_ul, end_per_ul : float
        Concentrations there [cells/uL].
    rule : SegmentRule
    """

    start_day: float
    end_day: float
    start_per_ul: float
    end_per_ul: float
    rule: SegmentRule

    @property
    def area(self) -> float:
        """Area [cells/uL*day]."""
        width = self.end_day - self.start_day
        if self.rule is SegmentRule.ZERO:
            return 0.0
        if self.rule is SegmentRule.LINEAR or self.end_per_ul in (self.start_per_ul, 0.0):
            return width * (self.start_per_ul + self.end_per_ul) / 2.0
        return width * (self.start_per_ul - self.end_per_ul) / _log_ratio(self.start_per_ul, self.end_per_ul)

    def at(self, day: float) -> float:
        """Concentration on a day inside the segment [cells/uL]."""
        part = (day - self.start_day) / (self.end_day - self.start_day)
        if self.rule is SegmentRule.ZERO:
            return 0.0
        if self.rule is SegmentRule.LINEAR:
            return self.start_per_ul + part * (self.end_per_ul - self.start_per_ul)
        return self.start_per_ul * math.exp(part * _log_ratio(self.end_per_ul, self.start_per_ul))


def _log_ratio(one: float, other: float) -> float:
    """ln(one / other), not 0 for numbers that differ in their last digit, and finite for ones of any size."""
    if 0.5 < one / other < 2.0:
        return math.log1p((one - other) / other)
    return math.log(one) - math.log(other)


def choose_rules(values: Sequence[float]) -> list[SegmentRule]:
    """Choose the rule of each segment between consecutive points.

    Parameters
    ----------
    values : sequence of float, length n
        Concentrations in order of time; 0 stands for below LLOQ.

    Returns
    -------
    list of SegmentRule, length n - 1
    """
    rules = []
    for start, end in pairwise(values):
        if start == 0 and end == 0:
            rules.append(SegmentRule.ZERO)
        else:
            rules.append(SegmentRule.LOG if 0 < end < start else SegmentRule.LINEAR)
    return rules


def segments_to(days: Sequence[float], values: Sequence[float], end_day: float) -> list[CurveSegment]:
    """Return the segments of a curve up to a day; the last one is cut there, by its own rule.

    Parameters
    ----------
    days : sequence of float, length n
        Increasing.
    values : sequence of float, length n
        Concentrations [cells/uL].
    end_day : float
        Where to stop; beyond the last point there are no segments.

    Returns
    -------
    list of CurveSegment
    """
    segments = []
    for (start, end), (low, high), rule in zip(
        pairwise(days), pairwise(values), choose_rules(values), strict=True
    ):
        if start >= end_day:
            break
        whole = CurveSegment(start, end, low, high, rule)
        if end > end_day:
            segments.append(CurveSegment(start, end_day, low, whole.at(end_day), rule))
        else:
            segments.append(whole)
    return segments


def extrapolate(last_day: float, last_per_ul: float, lambda_z_per_day: float, end_day: float) -> CurveSegment:
    """Continue a curve beyond its last quantified point by its terminal slope.

    Parameters
    ----------
    last_day : float
        Of the last quantified point [day].
    last_per_ul : float
        [cells/uL].
    lambda_z_per_day : float
        Terminal slope.
    end_day : float
        Where to stop [day].

    Returns
    -------
    CurveSegment
        As far as there is a number for it.
    """
    end_day = min(end_day, last_day + NOTHING_LEFT / lambda_z_per_day)
    end = last_per_ul * math.exp(-lambda_z_per_day * (end_day - last_day))
    return CurveSegment(last_day, end_day, last_per_ul, end, SegmentRule.EXTRAPOLATED)


def total_area(segments: Sequence[CurveSegment]) -> float:
    """Sum of areas [cells/uL*day].

    Parameters
    ----------
    segments : sequence of CurveSegment

    Returns
    -------
    float
    """
    return math.fsum(segment.area for segment in segments)
