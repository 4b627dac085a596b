"""How a later course of a subject is written: a second infusion has days, visits and endpoints of its own."""

from __future__ import annotations

__all__ = ["of_course"]


def of_course(name: str, course: int) -> str:
    """Name what belongs to a course: a subject, a dose group or a visit.

    Parameters
    ----------
    name : str
    course : int
        1 for the first infusion.

    Returns
    -------
    str
        The name as it is in the first course, else with its course: ``S01 (course 2)``.
    """
    return name if course == 1 else f"{name} (course {course})".strip()
