"""Checks of a tube's concentrations beside the course of its subject and the courses of others."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from statistics import median
from typing import Final, Protocol

from bcelldepl.counting import Concentration
from bcelldepl.definitions.populations import LEUKOCYTES, LYMPHOCYTES, NK, T
from bcelldepl.quality.checks import CHECKS, Outcome
from bcelldepl.quality.limits import SPREADS
from bcelldepl.study import Role, Tube

__all__ = ["CountedResults", "check_courses", "course_shifts"]

COMMON: Final = (LEUKOCYTES, LYMPHOCYTES, T, NK)  # what an error of beads or volume changes alike
FEWEST_EVENTS: Final = 20  # of a population that tells by how much
FEWEST_POPULATIONS: Final = 2
OTHERS: Final = 2  # subjects that show how blood fares
ALIKE_PART: Final = 0.25  # of the courses that a tube must be unlike more than
ALONE: Final = math.log(2)  # by which two courses may differ: lymphodepletion takes more of some
LEAST_TUBES: Final = 5  # that such a spread is learned from

Key = tuple[str, int]  # subject and course
Logs = Mapping[str, float]  # natural logarithm of cells/uL by population


class CountedResults(Protocol):
    """What is known of a tube once it was counted."""

    @property
    def file(self) -> str:
        """As in the sheet."""

    @property
    def concentrations(self) -> Sequence[Concentration]:
        """One per population that its strategy reports."""


def course_shifts(
    tubes: Sequence[Tube], counted: Sequence[CountedResults], in_doubt: Collection[str] = ()
) -> dict[str, float]:
    """By how much each sample's blood is off what its subject's other visits let expect, as other subjects fared.

    An error of a bead count, of a volume or of a dilution moves all cells alike. What a treatment does to the blood
    differs by kind of cell, and befalls other subjects on the same day, or lasts until a neighbouring visit.

    Parameters
    ----------
    tubes : sequence of Tube
    counted : sequence of CountedResults
        The same tubes, counted.
    in_doubt : collection of str, optional
        Files whose concentrations are in doubt: no other tube is held against them, for where few subjects tell, the
        error of one would seem to be that of another.

    Returns
    -------
    dict of str to float
        By file, the natural logarithm of what leukocytes, T and NK cells are off alike; 0 where they are not, nothing
        where no other visit or subject says anything.
    """
    logs = {
        tube.file: found
        for tube, one in zip(tubes, counted, strict=True)
        if tube.role is Role.SAMPLE and (found := _logs(one.concentrations))
    }
    courses: dict[Key, dict[float, Logs]] = defaultdict(dict)
    for tube in tubes:
        if tube.file in logs and tube.file not in in_doubt:
            courses[tube.course_key].setdefault(tube.day, logs[tube.file])
    shifts = {}
    for tube in tubes:
        if tube.file in logs:
            away = sorted((_common(one) for one in _compared(tube, logs[tube.file], courses)), key=abs)
            if away:
                shift = away[math.ceil(ALIKE_PART * len(away)) - 1]
                own = ALONE if len(away) == 1 else 0.0
                shifts[tube.file] = math.copysign(max(abs(shift) - own, 0.0), shift)
    return shifts


def check_courses(
    tubes: Sequence[Tube], counted: Sequence[CountedResults], shifts: Mapping[str, float]
) -> dict[str, list[Outcome]]:
    """Check that the blood of each sample is possible, and likely beside the other visits and subjects.

    Parameters
    ----------
    tubes : sequence of Tube
    counted : sequence of CountedResults
        The same tubes, counted.
    shifts : mapping of str to float
        From `course_shifts`.

    Returns
    -------
    dict of str to list of Outcome
        By file, the checks that failed: ``leukocyte_count``, ``course``.
    """
    check = CHECKS["course"]
    low, high = check.limits
    assert low is not None and high is not None  # noqa: PT018 - both stand in its row
    failed: dict[str, list[Outcome]] = defaultdict(list)
    for tube, one in zip(tubes, counted, strict=True):
        found = [
            CHECKS["leukocyte_count"].judge(row.cells_per_ul)
            for row in one.concentrations
            if row.population == LEUKOCYTES and row.cells_per_ul and tube.role is Role.SAMPLE
        ]
        if tube.file in shifts:
            spread = _spread([other for file, other in shifts.items() if file != tube.file])
            wide = max(math.log(high), SPREADS * spread)
            fold = math.exp(shifts[tube.file])
            found.append(check.judge(fold, limits=(math.exp(-wide), math.exp(wide)), fold=fold))
        failed[tube.file] += [outcome for outcome in found if not outcome.passed]
    return {file: found for file, found in failed.items() if found}


def _logs(concentrations: Sequence[Concentration]) -> dict[str, float]:
    return {
        one.population: math.log(one.cells_per_ul)
        for one in concentrations
        if one.population in COMMON and one.cells_per_ul and (one.events or 0) >= FEWEST_EVENTS
    }


def _spread(shifts: Sequence[float]) -> float:
    """Standard deviation between tubes, by the median absolute deviation; 0 where few tell."""
    if len(shifts) < LEAST_TUBES:
        return 0.0
    middle = median(shifts)
    return 1.4826 * median(abs(one - middle) for one in shifts)


def _common(differences: Sequence[float]) -> float:
    """What differences of several populations have in common: the smallest, and nothing where their signs differ."""
    if min(differences) <= 0 <= max(differences):
        return 0.0
    return min(differences, key=abs)


def _compared(tube: Tube, logs: Logs, courses: Mapping[Key, Mapping[float, Logs]]) -> Iterator[list[float]]:
    """Differences by population from what each other subject's course says; of few subjects, from own neighbours too.

    Between neighbouring visits blood may fall and rise tenfold: where others show how it does, they alone are asked.
    """
    own = {day: its for day, its in courses.get(tube.course_key, {}).items() if day != tube.day}
    courses_told = 0
    for key, course in courses.items():
        there = course.get(tube.day)
        if key == tube.course_key or there is None:
            continue
        away = [
            [
                (logs[name] - own[day][name]) - (there[name] - course[day][name])
                for day in own.keys() & course.keys()
                if name in own[day] and name in course[day]
            ]
            for name in COMMON
            if name in logs and name in there
        ]
        known = [median(values) for values in away if values]
        if len(known) >= FEWEST_POPULATIONS:
            courses_told += 1
            yield known
    if courses_told >= OTHERS:
        return
    before = max((day for day in own if day < tube.day), default=None)
    after = min((day for day in own if day > tube.day), default=None)
    if before is not None and after is not None:
        share = (tube.day - before) / (after - before)
        between = [
            logs[name] - (1 - share) * own[before][name] - share * own[after][name]
            for name in COMMON
            if name in logs and name in own[before] and name in own[after]
        ]
        if len(between) >= FEWEST_POPULATIONS:
            yield between
