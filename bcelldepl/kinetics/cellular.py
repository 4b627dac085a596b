"""Cellular kinetics of one subject: Cmax, Tmax, AUCs, Clast, Tlast and terminal slope of CAR+ T cells."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from bcelldepl.definitions.codes import Qualifier
from bcelldepl.definitions.endpoints import AUC_LAST, CLAST, CMAX, HALF_LIFE, LAMBDA_Z, TLAST, TMAX, auc_code
from bcelldepl.kinetics.area import CurveSegment, SegmentRule, extrapolate, segments_to, total_area
from bcelldepl.kinetics.endpoint import NOT_FOR_SUMMARIES, NOTHING_AFTER, Endpoint, joined, not_evaluable
from bcelldepl.kinetics.profile import Profile, profile_of
from bcelldepl.kinetics.terminal import MINIMUM_POINTS, TerminalFit, choose_terminal, terminal_fits
from bcelldepl.kinetics.visits import Course, Visit

__all__ = ["Area", "CellularKinetics", "analyse_cellular"]

LARGEST_EXTRAPOLATED_PERCENT: Final = 20.0
NOTHING_QUANTIFIED: Final = "every visit after infusion is below the LLOQ"


@dataclass(frozen=True)
class Area:
    """One AUC and how it came about.

    Attributes
    ----------
    code : str
    segments : tuple of CurveSegment
    endpoint : Endpoint
    """

    code: str
    segments: tuple[CurveSegment, ...]
    endpoint: Endpoint


@dataclass(frozen=True)
class CellularKinetics:
    """Endpoints of one subject with every decision behind them.

    Attributes
    ----------
    course : Course
    profile : Profile
    fits : tuple of TerminalFit
        Candidates for the terminal slope.
    terminal : TerminalFit or None
        The one chosen.
    areas : tuple of Area
    endpoints : tuple of Endpoint
    """

    course: Course
    profile: Profile
    fits: tuple[TerminalFit, ...]
    terminal: TerminalFit | None
    areas: tuple[Area, ...]
    endpoints: tuple[Endpoint, ...]

    def is_in_slope(self, visit: Visit) -> bool:
        """Whether a visit is a point of the terminal slope."""
        return self.terminal is not None and visit.is_quantified and visit.day in self.terminal.days


def analyse_cellular(
    course: Course, auc_days: Sequence[float] = (28.0, 90.0), window_tolerance_days: float = 1.0
) -> CellularKinetics:
    """Compute the kinetics of one course.

    Parameters
    ----------
    course : Course
        CAR+ T cells of one subject.
    auc_days : sequence of float
        Ends of the AUC windows [day].
    window_tolerance_days : float
        How long before the end of a window its last draw may lie and still stand for it [day].

    Returns
    -------
    CellularKinetics
    """
    profile = profile_of(course)
    peak = profile.peak
    declining = [p for p in profile.quantified if peak is not None and p.visit.day > peak.visit.day]
    fits = terminal_fits([p.visit.day for p in declining], [p.per_ul or 0.0 for p in declining])
    terminal = choose_terminal(fits)
    windows = [
        _window(course, profile, day, terminal, window_tolerance_days) for day in sorted(set(auc_days))
    ]
    last = _to_last(profile)
    endpoints = (
        *_extremes(course, profile),
        *(area.endpoint for area in windows),
        last.endpoint,
        *_last_point(course, profile),
        *_slope(profile, terminal, len(declining)),
    )
    return CellularKinetics(course, profile, tuple(fits), terminal, (*windows, last), endpoints)


def _extremes(course: Course, profile: Profile) -> tuple[Endpoint, Endpoint]:
    peak, n = profile.peak, len(course.after)
    if not n:
        return not_evaluable(CMAX, NOTHING_AFTER), not_evaluable(TMAX, NOTHING_AFTER)
    first, last = course.after[0].day, course.after[-1].day
    missing = len(course.missing)
    reason = f"{missing} of {n + missing} visits after infusion not evaluable" if missing else ""
    if peak is None:
        bound = max(visit.at_most for visit in course.after)
        below = Endpoint(CMAX, bound, Qualifier.BELOW, first, last, n, joined(NOTHING_QUANTIFIED, reason))
        if math.isinf(bound):
            below = not_evaluable(CMAX, f"{NOTHING_QUANTIFIED}, which is not known", n)
        return below, not_evaluable(TMAX, NOTHING_QUANTIFIED, n)
    # A visit below a limit above the highest number may lie higher still.
    hidden = [v for v in course.after if not v.is_quantified and v.at_most > (peak.per_ul or 0.0)]
    if hidden:
        words = f"day {hidden[0].day:g} is below a limit that is above Cmax or not known: it may lie higher"
        reason = joined(words, reason)
    return (
        Endpoint(CMAX, peak.per_ul, Qualifier.EQUAL, first, last, n, reason),
        Endpoint(TMAX, peak.visit.day, Qualifier.EQUAL, first, last, n, reason),
    )


def _last_point(course: Course, profile: Profile) -> tuple[Endpoint, Endpoint]:
    if not profile.quantified:
        reason = NOTHING_QUANTIFIED if course.after else NOTHING_AFTER
        return not_evaluable(CLAST, reason, len(course.after)), not_evaluable(
            TLAST, reason, len(course.after)
        )
    last, window = profile.quantified[-1], (course.after[0].day, course.after[-1].day)
    return (
        Endpoint(CLAST, last.per_ul, Qualifier.EQUAL, *window, len(course.after)),
        Endpoint(TLAST, last.visit.day, Qualifier.EQUAL, *window, len(course.after)),
    )


def _to_last(profile: Profile) -> Area:
    """AUC from infusion to Tlast; zero where nothing is quantified."""
    code, seen, last = AUC_LAST, profile.last_seen_day, profile.last_day
    if seen is None:
        return Area(code, (), not_evaluable(code, NOTHING_AFTER))
    reason = f"{NOTHING_QUANTIFIED}, which counts as 0" if last is None else ""
    return _exact(code, profile, seen if last is None else last, reason)


def _window(
    course: Course, profile: Profile, end: float, terminal: TerminalFit | None, tolerance: float
) -> Area:
    """AUC from infusion to a day: inside the visits, or beyond them by the terminal slope, within limits."""
    code, seen = auc_code(end), profile.last_seen_day
    if seen is None:
        return Area(code, (), not_evaluable(code, NOTHING_AFTER))
    if seen >= end:
        reason = f"{NOTHING_QUANTIFIED}, which counts as 0" if profile.last_day is None else ""
        return _exact(code, profile, end, reason)
    followed = f"no evaluable visit from day {end:g} on; the last is day {seen:.4g}"
    cutoff = course.cutoff_day
    if cutoff is not None and cutoff < end:
        followed = f"{followed} (data cut-off at day {cutoff:g})"
    last_per_ul = profile.per_ul[-1]
    if last_per_ul == 0:
        tail = CurveSegment(seen, end, 0.0, 0.0, SegmentRule.ZERO)
        return _exact(code, profile, end, f"{followed}, below the LLOQ, and counts as 0 from there", tail)
    beyond, why = _extrapolated(profile, seen, end, terminal)
    if beyond is not None:
        return _exact(code, profile, end, f"{why}: {followed}", beyond)
    if end - seen <= tolerance * (1 + 1e-9):
        tail = CurveSegment(seen, end, last_per_ul, last_per_ul, SegmentRule.LEVEL)
        return _exact(code, profile, end, f"the draw of day {seen:.4g} is used for day {end:g}", tail)
    return _bound(code, profile, seen, f"{followed}, and {why}")


def _extrapolated(
    profile: Profile, seen: float, end: float, terminal: TerminalFit | None
) -> tuple[CurveSegment | None, str]:
    """Rest of the curve by the terminal slope and its share of the area; None, with the reason, where barred."""
    if terminal is None:
        return None, "there is no terminal slope"
    if terminal.doubts:
        return None, f"of the terminal slope {terminal.doubts}"
    tail = extrapolate(seen, profile.per_ul[-1], terminal.lambda_z_per_day, end)
    inside = total_area(segments_to(profile.days, profile.per_ul, end))
    percent = 100.0 * tail.area / (inside + tail.area)
    if percent > LARGEST_EXTRAPOLATED_PERCENT:
        limit = f"more than {LARGEST_EXTRAPOLATED_PERCENT:g} %"
        return None, f"{percent:.2g} % would be extrapolated, {limit}"
    return tail, f"{percent:.2g} % extrapolated"


def _exact(
    code: str,
    profile: Profile,
    end: float,
    reason: str,
    tail: CurveSegment | None = None,
) -> Area:
    segments = segments_to(profile.days, profile.per_ul, end) + ([tail] if tail else [])
    n, reason = sum(0 < day <= end for day in profile.days), joined(reason, profile.start_reason)
    exact = Endpoint(code, total_area(segments), Qualifier.EQUAL, 0.0, end, n, reason)
    return Area(code, tuple(segments), exact)


def _bound(code: str, profile: Profile, seen: float, why: str) -> Area:
    """What is sure where the rest is not: the area up to the last visit."""
    segments = segments_to(profile.days, profile.per_ul, seen)
    n = sum(0 < day <= seen for day in profile.days)
    reason = joined(f"area to day {seen:.4g} only: {why}", profile.start_reason)
    bound = Endpoint(code, total_area(segments), Qualifier.ABOVE, 0.0, seen, n, reason)
    return Area(code, tuple(segments), bound)


def _slope(profile: Profile, terminal: TerminalFit | None, declining: int) -> tuple[Endpoint, Endpoint]:
    if terminal is None:
        if profile.last_seen_day is None:
            reason = NOTHING_AFTER
        elif declining < MINIMUM_POINTS:
            reason = f"{declining} quantified points after Tmax; {MINIMUM_POINTS} are needed"
        else:
            reason = "no falling slope among the best fits after Tmax"
        return not_evaluable(LAMBDA_Z, reason, declining), not_evaluable(HALF_LIFE, reason, declining)
    window = (terminal.days[0], terminal.days[-1], len(terminal.days))
    reason = f"{NOT_FOR_SUMMARIES}{terminal.doubts}" if terminal.doubts else ""
    return (
        Endpoint(LAMBDA_Z, terminal.lambda_z_per_day, Qualifier.EQUAL, *window, reason),
        Endpoint(HALF_LIFE, terminal.half_life_days, Qualifier.EQUAL, *window, reason),
    )
