"""The columns of ``counts.csv`` that a result stands in: value, interval and limits, in one unit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from bcelldepl.definitions.codes import Method
from bcelldepl.units import CELLS_PER_UL, PERCENT

__all__ = ["CONCENTRATION", "PERCENT_OF_LYMPHOCYTES", "PERCENT_OF_PARENT", "ResultColumns", "result_columns"]


@dataclass(frozen=True)
class ResultColumns:
    """Names of columns.

    Attributes
    ----------
    value, low, high : str
        The number, and the ends of its 95 % interval.
    lod, lloq : str
        Limits of the tube.
    unit : str
        Of all five.
    """

    value: str
    low: str
    high: str
    lod: str
    lloq: str
    unit: str

    @property
    def names(self) -> tuple[str, str, str, str, str]:
        """The columns in this order: value, low, high, LOD, LLOQ."""
        return self.value, self.low, self.high, self.lod, self.lloq


def _percent_of(whole: str) -> ResultColumns:
    name = f"percent_of_{whole}"
    return ResultColumns(
        name, f"{name}_ci_low", f"{name}_ci_high", f"{name}_lod", f"{name}_lloq", unit=PERCENT
    )


CONCENTRATION: Final = ResultColumns(
    "cells_per_ul", "ci_low_per_ul", "ci_high_per_ul", "lod_per_ul", "lloq_per_ul", unit=CELLS_PER_UL
)
PERCENT_OF_PARENT: Final = _percent_of("parent")
PERCENT_OF_LYMPHOCYTES: Final = _percent_of("lymphocytes")


def result_columns(method: object) -> ResultColumns:
    """Columns of the result that the code of a row is of.

    Parameters
    ----------
    method : object
        The column ``method`` of the row.

    Returns
    -------
    ResultColumns
        Percent of the parent where the study gives percentages, else cells/uL.
    """
    return PERCENT_OF_PARENT if method == Method.PERCENT else CONCENTRATION
