"""Checks of a subject's B cells over the visits of a course: they are depleted once, and come back once."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Collection, Sequence

from bcelldepl.counting import Concentration
from bcelldepl.definitions.codes import ResultCode
from bcelldepl.definitions.populations import B
from bcelldepl.quality.checks import CHECKS, Outcome
from bcelldepl.quality.course_checks import CountedResults
from bcelldepl.quality.limits import DOUBLING_DAYS, EARLY_DAYS
from bcelldepl.study import Role, Tube

__all__ = ["check_depletion"]


def check_depletion(
    tubes: Sequence[Tube], counted: Sequence[CountedResults], in_doubt: Collection[str]
) -> dict[str, list[Outcome]]:
    """Check that B cells are there before the infusion, and do not vanish for a visit.

    They should not be far fewer before the infusion than soon after it, nor be gone again once they came back, nor be
    gone for a few days alone.

    A stain that was left out, or an antibody that masks CD19, hides them in one tube; so does another tube's file.

    Parameters
    ----------
    tubes : sequence of Tube
    counted : sequence of CountedResults
        The same tubes, counted.
    in_doubt : collection of str
        Files whose concentrations are in doubt altogether: no other tube is held against them.

    Returns
    -------
    dict of str to list of Outcome
        By file, the checks that failed: ``none_before_infusion``, ``lost_b_cells``.
    """
    courses: dict[tuple[str, int], list[tuple[Tube, Concentration]]] = defaultdict(list)
    for tube, one in zip(tubes, counted, strict=True):
        cells = next((row for row in one.concentrations if row.population == B), None)
        if tube.role is Role.SAMPLE and cells is not None and cells.stated.high is not None:
            courses[tube.course_key].append((tube, cells))
    failed: dict[str, list[Outcome]] = {}
    for visits in courses.values():
        for tube, cells in visits:
            if (
                tube.before_first_infusion
                and cells.result is ResultCode.NOT_DETECTED
                and not _lymphodepleted(tube)
            ):
                failed[tube.file] = [CHECKS["none_before_infusion"].judge(0.0, passed=False)]
            most = cells.stated.high or 0.0
            many = [
                (other, its)
                for other, its in visits
                if other.file not in in_doubt and _stands_against(tube, most, other, its, visits)
            ]
            if many:
                other, its = max(many, key=lambda one: one[1].stated.value or 0.0)
                there = its.stated.value
                found = CHECKS["lost_b_cells"].judge(
                    most / (there or 1.0), most=most, other=other.visit, there=there, unit=its.stated.unit
                )
                if not found.passed:
                    failed.setdefault(tube.file, []).append(found)
    return failed


def _lymphodepleted(tube: Tube) -> bool:
    """Whether the blood is known to have been drawn after lymphodepletion."""
    day = tube.lymphodepletion_day
    return day is not None and tube.draw_day > day


def _stands_against(
    tube: Tube, most: float, other: Tube, its: Concentration, visits: Sequence[tuple[Tube, Concentration]]
) -> bool:
    """Whether a tube, which holds so many B cells at most, should hold about as many as another visit, or more."""
    if its.result is not ResultCode.QUANTIFIED or not its.stated.value:
        return False
    if tube.before_infusion:
        return 0 < other.draw_day <= EARLY_DAYS
    if 0 < tube.draw_day < other.draw_day:
        doublings = (other.draw_day - tube.draw_day) / DOUBLING_DAYS
        return most > 0 and math.log2(its.stated.value / most) > doublings
    if not 0 < other.draw_day < tube.draw_day:
        return False
    back = CHECKS["lost_b_cells"].limits[0] or 0.0
    return any(
        0 < one.draw_day < other.draw_day and (few.stated.high or 0.0) < back * its.stated.value
        for one, few in visits
    )
