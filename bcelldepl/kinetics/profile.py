"""A course of CAR+ T cells as a curve from infusion on: what each visit counts as.

Below-LLOQ results are PKNCA's default: zero before the first quantified result, dropped between quantified
ones, zero after the last. The curve begins at day 0 with the last result before the infusion, or with zero
where there is none, for no CAR+ T cell was given yet.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from bcelldepl.kinetics.visits import Course, Visit

__all__ = ["Point", "PointUse", "Profile", "profile_of"]


class PointUse(StrEnum):
    """What a visit counts as."""

    MEASURED = "measured"
    ZERO_BEFORE_FIRST = "below LLOQ before the first quantified: zero"
    DROPPED = "below LLOQ between quantified: dropped"
    ZERO_AFTER_LAST = "below LLOQ after the last quantified: zero"
    ZERO_ALWAYS = "below LLOQ, none quantified: zero"
    START = "last before infusion: value at day 0"
    BEFORE = "before infusion: not used"
    MISSING = "not evaluable: not used"


@dataclass(frozen=True)
class Point:
    """A visit and its part in the curve.

    Attributes
    ----------
    visit : Visit
    use : PointUse
    per_ul : float or None
        The value that it stands for [cells/uL]; None where it is not part of the curve.
    """

    visit: Visit
    use: PointUse
    per_ul: float | None


@dataclass(frozen=True)
class Profile:
    """The curve.

    Attributes
    ----------
    points : tuple of Point
        Every visit, used or not.
    days, per_ul : tuple of float
        The curve from day 0 on [day, cells/uL].
    last_day : float or None
        Tlast: day of the last quantified point after infusion.
    last_seen_day : float or None
        Day of the last evaluable visit after infusion.
    start_reason : str
        What is to say of the value at day 0; empty where it was below LLOQ.
    """

    points: tuple[Point, ...]
    days: tuple[float, ...]
    per_ul: tuple[float, ...]
    last_day: float | None
    last_seen_day: float | None
    start_reason: str = ""

    @property
    def quantified(self) -> tuple[Point, ...]:
        """Measured points after infusion."""
        return tuple(point for point in self.points if point.use is PointUse.MEASURED)

    @property
    def peak(self) -> Point | None:
        """The highest measured point after infusion, the first of several."""
        return max(self.quantified, key=lambda point: (point.per_ul or 0.0, -point.visit.day), default=None)


def profile_of(course: Course) -> Profile:
    """Decide what each visit of a course counts as.

    Parameters
    ----------
    course : Course

    Returns
    -------
    Profile
    """
    quantified = [visit.day for visit in course.after if visit.is_quantified]
    start = course.before[-1] if course.before else None
    points = [Point(visit, *_use(visit, start, quantified)) for visit in course.visits]
    curve = [(p.visit.day, p.per_ul) for p in points if p.visit.day > 0 and p.per_ul is not None]
    start_per_ul = (start.value or 0.0) if start is not None and start.is_quantified else 0.0
    reason = ""
    if start is None and course.after:
        reason = "no result before infusion; taken as 0 at day 0"
    elif start_per_ul and start is not None:
        reason = (
            f"quantified before infusion ({start_per_ul:.3g} cells/uL at day {start.day:.3g}): background?"
        )
    return Profile(
        points=tuple(points),
        days=(0.0, *(day for day, _ in curve)),
        per_ul=(start_per_ul, *(value for _, value in curve)),
        last_day=quantified[-1] if quantified else None,
        last_seen_day=course.after[-1].day if course.after else None,
        start_reason=reason,
    )


def _use(visit: Visit, start: Visit | None, quantified: list[float]) -> tuple[PointUse, float | None]:
    if not visit.is_evaluable:
        return PointUse.MISSING, None
    if visit.day <= 0:
        if visit is not start:
            return PointUse.BEFORE, None
        return PointUse.START, visit.value if visit.is_quantified else 0.0
    if visit.is_quantified:
        return PointUse.MEASURED, visit.value
    if not quantified:
        return PointUse.ZERO_ALWAYS, 0.0
    if visit.day > quantified[-1]:
        return PointUse.ZERO_AFTER_LAST, 0.0
    # A quantified background at day 0 is no first quantified result: the cells are not there yet.
    return (PointUse.ZERO_BEFORE_FIRST, 0.0) if visit.day < quantified[0] else (PointUse.DROPPED, None)
