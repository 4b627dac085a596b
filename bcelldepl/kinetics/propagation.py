"""The counting and gating error of visits, carried on to the endpoints that they make."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from bcelldepl.kinetics.endpoint import Endpoint, Qualifier
from bcelldepl.kinetics.visits import Course

__all__ = ["Z_95", "with_intervals"]

Z_95: Final = 1.959964

# Amounts: their error is a factor. Days have none that a count tells, and a slope's is that of its fit.
_AMOUNTS: Final = ("CMAX", "CLAST", "AUC_", "BASELINE", "NADIR", "NADIR_PERCENT_OF_BASELINE")


def with_intervals(
    course: Course, endpoints: Sequence[Endpoint], analyse: Callable[[Course], Sequence[Endpoint]]
) -> list[Endpoint]:
    """Give endpoints the 95 % interval that the error of their visits makes.

    Each quantified visit is moved up and down by its standard error, on the log scale on which that of a count is
    nearly normal; the moves of the endpoint add up in squares (the delta method, by central differences). Visits keep
    their side of the LLOQ: what a visit that crossed it would do is the rule's affair and in no interval.

    Parameters
    ----------
    course : Course
        Visits with `log_error`.
    endpoints : sequence of Endpoint
        Of this course.
    analyse : callable
        From a course to its endpoints.

    Returns
    -------
    list of Endpoint
        In the same order. Censored values, days and slopes have no interval, nor has an endpoint of exact visits.
    """
    squares: dict[str, float] = {}
    for index, visit in enumerate(course.visits):
        if not (visit.is_quantified and visit.value and visit.log_error):
            continue
        up, down = (
            _amounts(analyse(_moved(course, index, math.exp(sign * visit.log_error)))) for sign in (1.0, -1.0)
        )
        for code in up.keys() & down.keys():
            squares[code] = squares.get(code, 0.0) + (0.5 * math.log(up[code] / down[code])) ** 2
    known = _amounts(endpoints)
    factors = {code: math.exp(Z_95 * math.sqrt(square)) for code, square in squares.items() if square > 0}
    return [_with_interval(one, known, factors) for one in endpoints]


def _moved(course: Course, index: int, factor: float) -> Course:
    visits = list(course.visits)
    visits[index] = replace(visits[index], value=(visits[index].value or 0.0) * factor)
    return replace(course, visits=tuple(visits))


def _amounts(endpoints: Sequence[Endpoint]) -> dict[str, float]:
    return {
        one.parameter: one.value
        for one in endpoints
        if one.parameter.startswith(_AMOUNTS) and one.parameter != "NADIR_DAY"
        if one.qualifier is Qualifier.EQUAL and one.value
    }


def _with_interval(one: Endpoint, known: Mapping[str, float], factors: Mapping[str, float]) -> Endpoint:
    if one.parameter == "LOG10_REDUCTION":
        factor = factors.get("NADIR_PERCENT_OF_BASELINE")
        if factor is None or one.value is None or one.qualifier is not Qualifier.EQUAL:
            return one
        return replace(one, ci_low=one.value - math.log10(factor), ci_high=one.value + math.log10(factor))
    factor, value = factors.get(one.parameter), known.get(one.parameter)
    if factor is None or value is None:
        return one
    return replace(one, ci_low=value / factor, ci_high=value * factor)
