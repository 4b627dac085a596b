"""The sides of the LLOQ on which visits may truly lie.

A visit counted near the LLOQ may truly be on its other side, and the rules for results below it then make another
curve of the course. Each side has the chance that the visit's own error gives it, and within a side the visit
keeps the part of its error that lies there (a truncated normal distribution of the logarithm).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from statistics import NormalDist
from typing import Final

from bcelldepl.definitions.codes import ResultCode
from bcelldepl.kinetics.visits import Course, Visit

__all__ = ["plausible_courses"]

SMALLEST_CHANCE: Final = 0.005  # what is less likely hardly moves an end of a 95 % interval
MOST_COURSES: Final = 32  # the likeliest are kept
NORMAL: Final = NormalDist()


def plausible_courses(course: Course) -> list[tuple[float, Course]]:
    """Put every visit that may truly lie on either side of its LLOQ on the one and on the other.

    Parameters
    ----------
    course : Course
        Visits with `log_error`.

    Returns
    -------
    list of (float, Course)
        Chance and course; chances add up to 1. A course whose visits are all sure is returned as it is, alone.
    """
    found: list[tuple[float, tuple[Visit, ...]]] = [(1.0, ())]
    for visit in course.visits:
        sides = _sides(visit)
        grown = [(chance * share, (*visits, there)) for chance, visits in found for share, there in sides]
        grown.sort(key=lambda one: one[0], reverse=True)
        found = [one for one in grown[:MOST_COURSES] if one[0] >= SMALLEST_CHANCE * grown[0][0]]
    total = math.fsum(chance for chance, _ in found)
    return [(chance / total, replace(course, visits=visits)) for chance, visits in found]


def _sides(visit: Visit) -> Sequence[tuple[float, Visit]]:
    if not (visit.is_evaluable and visit.value and visit.lloq and visit.log_error):
        return [(1.0, visit)]
    limit = (
        math.log(visit.lloq) - math.log(visit.value)
    ) / visit.log_error  # in standard errors from the value
    above, below = NORMAL.cdf(-limit), NORMAL.cdf(limit)
    if min(above, below) < SMALLEST_CHANCE:
        return [(1.0, visit)]
    density = NORMAL.pdf(limit)
    return [
        (above, _within(visit, ResultCode.QUANTIFIED, density / above, limit)),
        (below, _within(visit, ResultCode.DETECTED_BELOW_LLOQ, -density / below, limit)),
    ]


def _within(visit: Visit, result: ResultCode, mean: float, limit: float) -> Visit:
    """Return a visit on one side: mean and standard deviation of a normal distribution cut off at the limit."""
    spread = math.sqrt(max(1.0 + limit * mean - mean * mean, 0.0))
    value = (visit.value or 0.0) * math.exp(mean * visit.log_error)
    return replace(visit, result=result, value=value, log_error=spread * visit.log_error)
