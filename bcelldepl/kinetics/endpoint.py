"""One endpoint of one subject, and how it is spelt in ``endpoints.csv``."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from bcelldepl.counting.table import round_significant

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["ENDPOINT_COLUMNS", "NOT_FOR_SUMMARIES", "Endpoint", "Qualifier", "is_reliable", "table_of"]

# Begins the reason of a value that is given but should not be averaged or extrapolated with.
NOT_FOR_SUMMARIES: Final = "not for summaries: "

ENDPOINT_COLUMNS: Final[dict[str, str]] = {
    "subject": "object",
    "dose_group": "object",
    "analyte": "object",
    "parameter": "object",
    "value": "float64",
    "unit": "object",
    "qualifier": "object",
    "window_start_day": "float64",
    "window_end_day": "float64",
    "n_points": "Int64",
    "reason": "object",
    "ci_low": "float64",
    "ci_high": "float64",
}


class Qualifier(StrEnum):
    """What the value says of the truth."""

    EQUAL = "="
    BELOW = "<"
    ABOVE = ">"
    NOT_EVALUABLE = "NE"


@dataclass(frozen=True)
class Endpoint:
    """One value.

    Attributes
    ----------
    parameter : str
        Code, as in `bcelldepl.kinetics.parameters`.
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
    """Return an endpoint without value; the reason is required."""
    return Endpoint(parameter, None, Qualifier.NOT_EVALUABLE, n_points=n_points, reason=reason)


def is_reliable(qualifier: str, reason: str) -> bool:
    """Tell whether a value may be averaged: neither censored nor doubted."""
    return qualifier == Qualifier.EQUAL and not str(reason).startswith(NOT_FOR_SUMMARIES)


def table_of(rows: Iterable[tuple[str, str, str, str, Endpoint]]) -> pd.DataFrame:
    """Arrange endpoints as ``endpoints.csv`` does.

    Parameters
    ----------
    rows : iterable of (subject, dose_group, analyte, unit, Endpoint)
        In the order wanted.

    Returns
    -------
    DataFrame
        With the columns of `ENDPOINT_COLUMNS`; numbers have 6 significant digits, as in ``counts.csv``.
    """
    import pandas as pd

    def number(value: float | None) -> float | None:
        return None if value is None else round_significant(value)

    cells = [
        (subject, group, analyte, one.parameter, number(one.value), unit, str(one.qualifier),
         number(one.window_start_day), number(one.window_end_day), one.n_points, one.reason,
         number(one.ci_low), number(one.ci_high))
        for subject, group, analyte, unit, one in rows
    ]  # fmt: skip
    columns = list(zip(*cells, strict=True)) or [()] * len(ENDPOINT_COLUMNS)
    return pd.DataFrame(
        {
            name: pd.Series(list(column), dtype=kind)
            for (name, kind), column in zip(ENDPOINT_COLUMNS.items(), columns, strict=True)
        }
    )
