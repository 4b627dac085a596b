"""Checks of dates: of the files beside the draws, of a subject's visits beside each other and beside the infusion."""

from __future__ import annotations

import datetime
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Final, Protocol

import numpy as np

from bcelldepl.definitions.courses import of_course
from bcelldepl.quality.checks import CHECKS, Outcome
from bcelldepl.quality.limits import ANY_WAIT_DAYS, SPREADS, USUAL_WAIT_DAYS
from bcelldepl.study import Role, Tube

__all__ = ["DatedTube", "check_dates", "check_order"]

FRESH_PART: Final = 0.5  # of the files that must be of some draw's date, for dates to tell visits
OTHERS: Final = 3  # tubes that tell how long blood waits in this study


class DatedTube(Protocol):
    """What is known of a tube once its file was opened."""

    @property
    def file(self) -> str:
        """As in the sheet."""

    @property
    def measured(self) -> str:
        """Day of acquisition, ISO; empty where not known."""


def check_dates(tubes: Sequence[Tube], opened: Sequence[DatedTube]) -> dict[str, list[Outcome]]:
    """Compare how long the blood of each tube waited for the cytometer with the study's other tubes.

    Parameters
    ----------
    tubes : sequence of Tube
    opened : sequence of DatedTube
        The same tubes, opened.

    Returns
    -------
    dict of str to list of Outcome
        By file, the checks that failed: ``measured_late``, ``other_visit_by_date``.
    """
    measured = {one.file: datetime.date.fromisoformat(one.measured) for one in opened if one.measured}
    waits = {
        tube.file: (measured[tube.file] - tube.collected.date()).days
        for tube in tubes
        if tube.file in measured and tube.collected is not None
    }
    failed: dict[str, list[Outcome]] = defaultdict(list)
    told = sum(bool(_fresh_visits(tube, tubes, measured[tube.file])) for tube in tubes if tube.file in waits)
    fresh_study = told >= FRESH_PART * len(waits)
    for tube, one in zip(tubes, opened, strict=True):
        if tube.file not in waits or tube.collected is None:
            continue
        others = np.array([days for file, days in waits.items() if file != tube.file])
        allowed = ANY_WAIT_DAYS
        if len(others) >= OTHERS:
            usual = float(np.median(others))
            spread = 1.4826 * float(np.median(np.abs(others - usual)))
            allowed = usual + max(USUAL_WAIT_DAYS, SPREADS * spread)
        found = CHECKS["measured_late"].judge(
            waits[tube.file], limits=(None, allowed), measured=one.measured, drawn=tube.collected.date()
        )
        failed[tube.file] += [] if found.passed else [found]
        other = _visit_of_date(tube, tubes, measured) if fresh_study else None
        if other is not None:
            failed[tube.file].append(
                CHECKS["other_visit_by_date"].judge(
                    waits[tube.file],
                    passed=False,
                    measured=one.measured,
                    visit=of_course(tube.visit, tube.course),
                    other=of_course(other.visit, other.course),
                )
            )
    return {file: found for file, found in failed.items() if found}


def _visit_of_date(tube: Tube, tubes: Sequence[Tube], measured: Mapping[str, datetime.date]) -> Tube | None:
    """Another visit whose blood was drawn when the file was measured, while that of the tube's own was not.

    Tubes that were kept and measured together share a date, which then tells no visit.
    """
    date = measured[tube.file]
    if any(
        one.subject == tube.subject and _visit(one) != _visit(tube) and measured.get(one.file) == date
        for one in tubes
    ):
        return None
    fresh = _fresh_visits(tube, tubes, date)
    return None if any(_visit(one) == _visit(tube) for one in fresh) else next(iter(fresh), None)


def _visit(tube: Tube) -> tuple[int, str]:
    """Course and visit: names of visits may come back in a later course."""
    return tube.course, tube.visit


def _fresh_visits(tube: Tube, tubes: Sequence[Tube], date: datetime.date) -> list[Tube]:
    """Tubes of the subject whose blood was drawn on a date, or some days before."""
    return [
        one
        for one in tubes
        if one.subject == tube.subject
        and one.collected is not None
        and 0 <= (date - one.collected.date()).days <= USUAL_WAIT_DAYS
    ]


def check_order(tubes: Sequence[Tube]) -> dict[str, list[Outcome]]:
    """Compare days and dates of each sample with the infusion and with the other visits of the subject's course.

    Parameters
    ----------
    tubes : sequence of Tube
        The whole study.

    Returns
    -------
    dict of str to list of Outcome
        By file, the checks that failed: ``side_of_infusion``, ``visit_order``.
    """
    failed: dict[str, list[Outcome]] = defaultdict(list)
    courses: dict[tuple[str, int], list[Tube]] = defaultdict(list)
    for tube in tubes:
        actual = tube.actual_day
        # Day 0 is on either side: before the infusion or after it.
        if actual is not None and ((tube.day > 0) != (actual > 0) and tube.day != 0):
            failed[tube.file].append(
                CHECKS["side_of_infusion"].judge(actual, passed=False, nominal=tube.day, actual=actual)
            )
        if tube.role is Role.SAMPLE and tube.collected is not None:
            courses[tube.course_key].append(tube)
    wrong_side = frozenset(failed)
    for own in courses.values():
        # One on the wrong side of the infusion is wrong itself, whichever visits it stands against.
        against = {
            tube.file: [
                one
                for one in own
                if _out_of_order(tube, one) and (tube.file in wrong_side or one.file not in wrong_side)
            ]
            for tube in own
        }
        for tube in own:
            partners = against[tube.file]
            # The one that is wrong stands against several, those that are right against it alone.
            if partners and len(partners) >= max(len(against[one.file]) for one in partners):
                failed[tube.file].append(
                    CHECKS["visit_order"].judge(
                        len(partners), passed=False, visit=tube.visit, other=partners[0].visit
                    )
                )
    return dict(failed)


def _out_of_order(one: Tube, other: Tube) -> bool:
    """Whether of two visits the later by its nominal day was drawn on an earlier date."""
    if one.collected is None or other.collected is None:
        return False
    days = (one.collected.date() - other.collected.date()).days
    return (one.day < other.day and days > 0) or (one.day > other.day and days < 0)
