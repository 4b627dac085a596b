"""Counts as a table: the columns of ``counts.csv``, their order and how their numbers are rounded."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from bcelldepl.counting.concentration import Concentration
from bcelldepl.study.tubes import Tube

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["COUNT_COLUMNS", "SIGNIFICANT_DIGITS", "CountRow", "counts_table", "round_significant"]

SIGNIFICANT_DIGITS: Final = 6

# Column to pandas type. Events are nullable integers: a tube that was not done has none, which is not 0.
COUNT_COLUMNS: Final[dict[str, str]] = {
    "file": "object",
    "sha256": "object",
    "subject": "object",
    "visit": "object",
    "day": "float64",
    "dose_group": "object",
    "population": "object",
    "events": "Int64",
    "parent": "object",
    "parent_events": "Int64",
    "percent_of_parent": "float64",
    "method": "object",
    "cells_per_ul": "float64",
    "ci_low_per_ul": "float64",
    "ci_high_per_ul": "float64",
    "analysed_volume_ul": "float64",
    "lod_per_ul": "float64",
    "lloq_per_ul": "float64",
    "result": "object",
    "evidence": "object",
    "reason": "object",
    "override": "object",
}


@dataclass(frozen=True)
class CountRow:
    """One row of ``counts.csv``: whose tube, and one of its populations.

    Attributes
    ----------
    tube : Tube
    sha256 : str
        Of the file; empty where it could not be read.
    concentration : Concentration
    override : str
        The gates set by hand that the number stands on; empty where all are the strategy's.
    """

    tube: Tube
    sha256: str
    concentration: Concentration
    override: str = ""

    def values(self) -> dict[str, Any]:
        """Return the cells of the row by column, rounded; None where not known."""
        cells: dict[str, Any] = {}
        for column, kind in COUNT_COLUMNS.items():
            if column in ("sha256", "override"):
                value: Any = getattr(self, column)
            elif column in type(self.tube).model_fields:
                value = getattr(self.tube, column)
            else:
                value = getattr(self.concentration, column)
            if kind == "object":
                value = str(value)
            elif kind == "float64":
                value = None if value is None else round_significant(value)
            cells[column] = value
        return cells


def round_significant(value: float, digits: int = SIGNIFICANT_DIGITS) -> float:
    """Round to significant digits, so that a number is as short in CSV as it is in memory and in Parquet."""
    return float(f"{value:.{digits - 1}e}")


def counts_table(rows: Iterable[CountRow]) -> pd.DataFrame:
    """Return rows as a table with the columns of ``counts.csv``, in order.

    Parameters
    ----------
    rows : iterable of CountRow
        In the order wanted.

    Returns
    -------
    DataFrame
        Numbers rounded to 6 significant digits, a hundredth of any counting error; events are whole. What is
        not known is missing: empty in CSV, null in Parquet. Types do not depend on the rows.
    """
    import pandas as pd

    values = [row.values() for row in rows]
    return pd.DataFrame(
        {
            column: pd.Series([row[column] for row in values], dtype=kind)
            for column, kind in COUNT_COLUMNS.items()
        }
    )
