"""Counts as a table: the rows of ``counts.csv``."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bcelldepl.counting.concentration import Concentration
from bcelldepl.definitions.columns import ColumnType
from bcelldepl.definitions.result_columns import PERCENT_OF_LYMPHOCYTES, PERCENT_OF_PARENT
from bcelldepl.definitions.tables import COUNTS
from bcelldepl.study.tubes import Tube

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["CountRow", "counts_table"]


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
        The gates set by hand that the number depends on; empty where all are the strategy's.
    review : str
        How the review of the tube stands; empty where nobody has judged it.
    """

    tube: Tube
    sha256: str
    concentration: Concentration
    override: str = ""
    review: str = ""

    def values(self) -> dict[str, Any]:
        """Return the cells of the row by column; None where not known."""
        cells: dict[str, Any] = {}
        percentages = self._percentages()
        for column in COUNTS.columns:
            if column.name in ("sha256", "override", "review"):
                value: Any = getattr(self, column.name)
            elif column.name in percentages:
                value = percentages[column.name]
            elif column.name in (*type(self.tube).model_fields, "actual_day"):
                value = getattr(self.tube, column.name)
            else:
                value = getattr(self.concentration, column.name)
            cells[column.name] = str(value) if column.type is ColumnType.TEXT else value
        return cells

    def _percentages(self) -> dict[str, float | None]:
        """Cells of both percentages; that of the parent is given wherever there are events."""
        one, cells = self.concentration, dict[str, float | None]()
        for columns, found in (
            (PERCENT_OF_PARENT, one.of_parent),
            (PERCENT_OF_LYMPHOCYTES, one.of_lymphocytes),
        ):
            known = (found.value, found.low, found.high, found.lod, found.lloq) if found else (None,) * 5
            cells |= dict(zip(columns.names, known, strict=True))
        return cells | {PERCENT_OF_PARENT.value: one.percent_of_parent}


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
    return COUNTS.frame(row.values() for row in rows)
