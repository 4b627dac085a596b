"""The counting and gating error of visits, carried on to the endpoints that they make."""

from __future__ import annotations

import math
import sys
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import NormalDist
from typing import Final

from bcelldepl.counting.intervals import Z_95
from bcelldepl.definitions.codes import Qualifier
from bcelldepl.definitions.endpoints import LOG10_REDUCTION, NADIR_PERCENT_OF_BASELINE, endpoint_definition
from bcelldepl.kinetics.endpoint import Endpoint
from bcelldepl.kinetics.lloq_uncertainty import plausible_courses
from bcelldepl.kinetics.visits import Course

__all__ = ["with_intervals"]

NORMAL: Final = NormalDist()
TAIL: Final = NORMAL.cdf(-Z_95)
REACH: Final = 6.0  # standard errors around an amount within which a quantile is looked for
HALVINGS: Final = 50
LARGEST_LOG: Final = math.log(sys.float_info.max)


@dataclass(frozen=True)
class _Part:
    """An amount with visits on one choice of sides of the LLOQ: lognormal around its value.

    Attributes
    ----------
    chance : float
        Of that choice; those of an amount add up to 1.
    low, high : float
        The value; 0 to a limit that the amount lies below, a bound to infinity where it lies above.
    log_error : float
        Standard error of the logarithm.
    """

    chance: float
    low: float
    high: float
    log_error: float


def with_intervals(
    course: Course, endpoints: Sequence[Endpoint], analyse: Callable[[Course], Sequence[Endpoint]]
) -> list[Endpoint]:
    """Give endpoints the 95 % interval that the error of their visits makes.

    Each quantified visit is moved up and down by its standard error, on the log scale on which that of a count is
    nearly normal; the moves of the endpoint add up in squares (the delta method, by central differences). Where a
    visit may truly be on the other side of its LLOQ this is done for both sides, by the same rules, and the interval
    is the middle 95 % of all of them, each with its chance.

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
        In the same order. Censored values, days and slopes have no interval, nor has an endpoint of exact visits. The
        lower end is 0 where the truth may lie below the LLOQ; there is no upper end where it may be beyond what the
        visits tell.
    """
    parts: dict[str, list[_Part]] = defaultdict(list)
    for chance, possible in plausible_courses(course):
        errors = _log_errors(possible, analyse)
        for one in analyse(possible):
            if _is_amount(one) and one.value is not None:
                low = 0.0 if one.qualifier is Qualifier.BELOW else one.value
                high = math.inf if one.qualifier is Qualifier.ABOVE else one.value
                parts[one.parameter].append(_Part(chance, low, high, errors.get(one.parameter, 0.0)))
    intervals = {
        one.parameter: _interval(one.value, parts[one.parameter])
        for one in endpoints
        if _is_amount(one) and one.qualifier is Qualifier.EQUAL and one.value is not None
    }
    return [_with_interval(one, intervals) for one in endpoints]


def _log_errors(course: Course, analyse: Callable[[Course], Sequence[Endpoint]]) -> dict[str, float]:
    """Standard error of the logarithm of each amount, visits keeping their sides."""
    squares: dict[str, float] = defaultdict(float)
    for index, visit in enumerate(course.visits):
        if not (visit.is_quantified and visit.value and visit.log_error):
            continue
        up, down = (_amounts(analyse(_moved(course, index, sign))) for sign in (1.0, -1.0))
        for code in up.keys() & down.keys():
            squares[code] += (0.5 * (math.log(up[code]) - math.log(down[code]))) ** 2
    return {code: math.sqrt(square) for code, square in squares.items()}


def _moved(course: Course, index: int, sign: float) -> Course:
    visits = list(course.visits)
    visit = visits[index]
    visits[index] = replace(visit, value=(visit.value or 0.0) * math.exp(sign * visit.log_error))
    return replace(course, visits=tuple(visits))


def _amounts(endpoints: Sequence[Endpoint]) -> dict[str, float]:
    return {one.parameter: one.value for one in endpoints if _is_amount(one) and one.value}


def _is_amount(one: Endpoint) -> bool:
    definition = endpoint_definition(one.parameter)
    return definition is not None and definition.has_interval


def _interval(value: float, parts: Sequence[_Part]) -> tuple[float, float] | None:
    """Middle 95 % of the parts together, and the value in any case; None where nothing moves it."""
    # Where the amount does not exist on some sides, it is the interval given that it does.
    total = math.fsum(part.chance for part in parts)
    low = _quantile([(part.chance / total, part.low, part.log_error) for part in parts], TAIL)
    high = _quantile([(part.chance / total, part.high, part.log_error) for part in parts], 1.0 - TAIL)
    return None if low == high else (min(low, value), max(high, value))


def _quantile(parts: Sequence[tuple[float, float, float]], level: float) -> float:
    """Quantile of a mixture of lognormal amounts (chance, median, error); a median may be 0 or infinite."""
    zero = math.fsum(chance for chance, median, _ in parts if median == 0)
    infinite = math.fsum(chance for chance, median, _ in parts if math.isinf(median))
    logs = [(chance, math.log(median), error) for chance, median, error in parts if 0.0 < median < math.inf]
    if zero >= level:
        return 0.0
    if not logs or level > 1.0 - infinite:
        return math.inf
    low = min(mean - REACH * error for _, mean, error in logs)
    high = max(mean + REACH * error for _, mean, error in logs)
    for _ in range(HALVINGS):
        middle = 0.5 * (low + high)
        below = zero + math.fsum(chance * _share_below(middle, mean, error) for chance, mean, error in logs)
        low, high = (middle, high) if below < level else (low, middle)
    return math.exp(high) if high < LARGEST_LOG else math.inf


def _share_below(value: float, mean: float, error: float) -> float:
    return NORMAL.cdf((value - mean) / error) if error else float(mean <= value)


def _with_interval(one: Endpoint, intervals: Mapping[str, tuple[float, float] | None]) -> Endpoint:
    if one.parameter == LOG10_REDUCTION and one.qualifier is Qualifier.EQUAL:
        percent = intervals.get(NADIR_PERCENT_OF_BASELINE)
        if percent is None:
            return one
        value = one.value or 0.0
        most = max(2.0 - math.log10(percent[0]), value) if percent[0] else None
        least = min(2.0 - math.log10(percent[1]), value) if math.isfinite(percent[1]) else None
        return replace(one, ci_low=least, ci_high=most)
    ends = intervals.get(one.parameter)
    if ends is None:
        return one
    return replace(one, ci_low=ends[0], ci_high=ends[1] if math.isfinite(ends[1]) else None)
