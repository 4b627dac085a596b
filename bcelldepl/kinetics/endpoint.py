"""One endpoint of one subject, and how it is spelt in ``endpoints.csv``."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from bcelldepl.definitions.codes import Qualifier
from bcelldepl.definitions.tables import ENDPOINTS
from bcelldepl.kinetics.visits import Course

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "NOTHING_AFTER",
    "NOT_FOR_SUMMARIES",
    "Endpoint",
    "is_reliable",
    "joined",
    "not_evaluable",
    "table_of",
]

# Begins the reason of a value that is given but should not be averaged or extrapolated with.
NOT_FOR_SUMMARIES: Final = "not for summaries: "
NOTHING_AFTER: Final = "no evaluable visit after infusion"


@dataclass(frozen=True)
class Endpoint:
    """One value.

    Attributes
    ----------
    parameter : str
        Code, as in `bcelldepl.definitions.endpoints`.
    value : float or None
        In the parameter's unit; for ``<`` and ``>`` the bound that is known. None where not evaluable.
    qualifier : Qualifier
    window_start_day, window_end_day : float or None
        Days that the value speaks of.
    n_points : int
        Visits that it rests on.
    reason : str
        One sentence, empty where nothing is to say.
    ci_low, ci_high : float or None
        95 % interval that the counting and gating error of its visits makes; None where there is none.
    """

    parameter: str
    value: float | None
    qualifier: Qualifier = Qualifier.EQUAL
    window_start_day: float | None = None
    window_end_day: float | None = None
    n_points: int = 0
    reason: str = ""
    ci_low: float | None = None
    ci_high: float | None = None


def not_evaluable(parameter: str, reason: str, n_points: int = 0) -> Endpoint:
    """Return an endpoint without value; the reason is required.

    Parameters
    ----------
    parameter : str
        Code of the endpoint.
    reason : str
        One sentence.
    n_points : int
        Visits that were looked at.

    Returns
    -------
    Endpoint
    """
    return Endpoint(parameter, None, Qualifier.NOT_EVALUABLE, n_points=n_points, reason=reason)


def is_reliable(qualifier: str, reason: str) -> bool:
    """Tell whether a value may be averaged: neither censored nor doubted.

    Parameters
    ----------
    qualifier : str
        As in ``endpoints.csv``.
    reason : str
        As in ``endpoints.csv``.

    Returns
    -------
    bool
    """
    return qualifier == Qualifier.EQUAL and not str(reason).startswith(NOT_FOR_SUMMARIES)


def joined(*sentences: str) -> str:
    """Join the sentences of a reason; empty ones are left out.

    Parameters
    ----------
    *sentences : str

    Returns
    -------
    str
    """
    return "; ".join(filter(None, sentences))


def table_of(rows: Iterable[tuple[Course, str, str, Endpoint]]) -> pd.DataFrame:
    """Arrange endpoints as ``endpoints.csv`` does.

    Parameters
    ----------
    rows : iterable of (Course, str, str, Endpoint)
        Course, unit, rule of the baseline and endpoint, in the order wanted.

    Returns
    -------
    DataFrame
        As ``endpoints.csv`` holds it.
    """
    return ENDPOINTS.frame(
        {
            "subject": course.subject,
            "dose_group": course.dose_group,
            "analyte": course.population,
            "unit": unit,
            "course": course.number,
            "baseline": rule,
            **vars(one),
        }
        for course, unit, rule, one in rows
    )
