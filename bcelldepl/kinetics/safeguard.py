"""No course ends a run: one that the program itself stumbles over is not evaluable, and says so."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Protocol, TypeVar

from bcelldepl.definitions.codes import ResultCode
from bcelldepl.definitions.reasons import Reason
from bcelldepl.kinetics.endpoint import Endpoint
from bcelldepl.kinetics.visits import Course

__all__ = ["safely"]


class Analysed(Protocol):
    """What an analysis of a course gives."""

    @property
    def endpoints(self) -> tuple[Endpoint, ...]:
        """Every endpoint of the course."""


Found = TypeVar("Found", bound=Analysed)


def safely(analyse: Callable[..., Found], *courses: Course) -> Found:
    """Analyse the courses of one subject, or the same courses without a result where that fails.

    Parameters
    ----------
    analyse : callable
        Takes the courses; gives a dataclass with `endpoints`.
    courses : Course

    Returns
    -------
    Found
        Of `analyse`. After an error every endpoint is not evaluable and gives the error as its reason.
    """
    try:
        return analyse(*courses)
    except Exception as error:
        why = Reason.PROGRAM_ERROR.format(error=f"{type(error).__name__}: {error}")
        found = analyse(*map(_without_results, courses))
        endpoints = tuple(replace(one, reason=why) for one in found.endpoints)
        return replace(found, endpoints=endpoints)  # type: ignore[type-var]


def _without_results(course: Course) -> Course:
    return replace(
        course,
        visits=tuple(replace(visit, result=ResultCode.NOT_EVALUABLE, value=None) for visit in course.visits),
    )
