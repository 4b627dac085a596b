"""Groups that subjects are summarised by: dose groups with all subjects beside them, and answers of companions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Final

from bcelldepl.study import Study
from bcelldepl.study.config import SubgroupSettings

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "ALL_SUBJECTS",
    "ANY_VISIT",
    "NO",
    "UNKNOWN",
    "YES",
    "Key",
    "courses_in",
    "each_group",
    "members",
    "status_of",
]

ALL_SUBJECTS: Final = "all subjects"
ANY_VISIT: Final = "any"
YES: Final = "yes"
NO: Final = "no"
UNKNOWN: Final = "unknown"
Key = tuple[str, int]  # subject and course


def members(groups: Mapping[Key, str]) -> Iterator[tuple[str, int, list[Key]]]:
    """Every group of every course with its members; all subjects last where there are several groups.

    Parameters
    ----------
    groups : mapping of (str, int) to str
        Group by subject and course.

    Yields
    ------
    (str, int, list of (str, int))
        Group, course and members.
    """
    for course in courses_in(groups):
        own = {key: group for key, group in groups.items() if key[1] == course}
        names = list(dict.fromkeys(own.values()))
        for name in names:
            yield name, course, [key for key, group in own.items() if group == name]
        if len(names) > 1:
            yield ALL_SUBJECTS, course, list(own)


def courses_in(groups: Mapping[Key, str]) -> list[int]:
    """Numbers of the courses that there are, in order.

    Parameters
    ----------
    groups : mapping of (str, int) to str
        Group by subject and course.

    Returns
    -------
    list of int
    """
    return sorted({course for _, course in groups})


def each_group(endpoints: pd.DataFrame) -> Iterator[tuple[str, int, pd.DataFrame]]:
    """Rows of endpoints by dose group and course; all subjects last where there are several groups.

    Parameters
    ----------
    endpoints : DataFrame
        Rows of ``endpoints.csv``.

    Yields
    ------
    (str, int, DataFrame)
        Group, course and rows.
    """
    for course, of_course in endpoints.groupby("course", sort=True):
        names = list(dict.fromkeys(of_course["dose_group"].fillna("")))
        for name in names:
            yield str(name), int(str(course)), of_course[of_course["dose_group"].fillna("") == name]
        if len(names) > 1:
            yield ALL_SUBJECTS, int(str(course)), of_course


def status_of(study: Study, subgroup: SubgroupSettings, keys: Iterator[Key] | list[Key]) -> dict[Key, str]:
    """Tell subjects apart by a companion that says yes or no.

    Parameters
    ----------
    study : Study
        Its companions.
    subgroup : SubgroupSettings
        Test, and the visit whose result counts. Without a visit: yes where any result after the infusion says yes, no
        where all say no.
    keys : iterable of (str, int)
        Subjects and courses.

    Returns
    -------
    dict of (str, int) to str
        ``yes``, ``no`` or ``unknown``.
    """
    answers: dict[Key, list[bool]] = {}
    for one in study.companion_results:
        counts = one.visit == subgroup.visit if subgroup.visit is not None else one.day > 0
        if one.test == subgroup.test and counts and one.answer is not None:
            answers.setdefault((one.subject, one.course), []).append(one.answer)
    return {key: UNKNOWN if key not in answers else YES if any(answers[key]) else NO for key in keys}
