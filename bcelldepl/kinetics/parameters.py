"""The endpoints that exist: code, unit, label, CDISC name and how each is summarised."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from bcelldepl.units import CELLS_PER_UL, DAY, PERCENT

__all__ = ["CAR_T", "B", "Parameter", "Summary", "auc_code", "parameters"]

CAR_T: Final = "CAR_T"
B: Final = "B"
LONGEST_LABEL: Final = 40  # bytes of a label in a SAS transport file


class Summary(StrEnum):
    """Which average speaks for a parameter; summaries give the others too."""

    GEOMETRIC = "geometric mean"
    ARITHMETIC = "mean"
    MEDIAN = "median"
    SURVIVAL = "Kaplan-Meier median"


@dataclass(frozen=True)
class Parameter:
    """One endpoint.

    Attributes
    ----------
    code : str
        As in ``endpoints.csv``.
    analyte : {"CAR_T", "B"}
    unit : str
    label : str
        At most 40 characters of ASCII.
    short : str
        Code of at most 8 characters: the CDISC parameter code (PPTESTCD) where there is one, else our own.
    summary : Summary
    """

    code: str
    analyte: str
    unit: str
    label: str
    short: str
    summary: Summary

    def __post_init__(self) -> None:
        """Refuse what transport could not carry."""
        if len(self.label) > LONGEST_LABEL or len(self.short) > 8 or not self.label.isascii():
            msg = f"label or short code of {self.code} is too long for transport"
            raise ValueError(msg)


def auc_code(day: float) -> str:
    """Code of the AUC from infusion to a day, such as ``AUC_0_28``."""
    return f"AUC_0_{day:g}"


_AREA: Final = f"{CELLS_PER_UL}*{DAY}"
_GEO, _MEAN, _MEDIAN = Summary.GEOMETRIC, Summary.ARITHMETIC, Summary.MEDIAN

_BEFORE_AUC: Final = (
    Parameter("CMAX", CAR_T, CELLS_PER_UL, "Max Conc", "CMAX", _GEO),
    Parameter("TMAX", CAR_T, DAY, "Time of CMAX", "TMAX", _MEDIAN),
)
_AFTER_AUC: Final = (
    Parameter("AUC_LAST", CAR_T, _AREA, "AUC to Last Nonzero Conc", "AUCLST", _GEO),
    Parameter("CLAST", CAR_T, CELLS_PER_UL, "Last Nonzero Conc", "CLST", _GEO),
    Parameter("TLAST", CAR_T, DAY, "Time of Last Nonzero Conc", "TLST", _MEDIAN),
    Parameter("LAMBDA_Z", CAR_T, f"1/{DAY}", "Lambda z", "LAMZ", _MEAN),
    Parameter("HALF_LIFE", CAR_T, DAY, "Half-Life Lambda z", "LAMZHL", _MEAN),
)
_B_CELLS: Final = (
    Parameter("BASELINE", B, CELLS_PER_UL, "B Cells at Baseline", "BBASE", _GEO),
    Parameter("NADIR", B, CELLS_PER_UL, "Lowest B Cells after Infusion", "BNADIR", _GEO),
    Parameter("NADIR_DAY", B, DAY, "Day of Lowest B Cells", "BNADIRDY", _MEDIAN),
    Parameter("NADIR_PERCENT_OF_BASELINE", B, PERCENT, "Lowest B Cells, % of Baseline", "BNADIRPC", _GEO),
    Parameter("LOG10_REDUCTION", B, "log10", "Greatest Log10 Reduction of B Cells", "BLOG10RD", _MEAN),
    Parameter("DEPLETION_DAY", B, DAY, "First Day of B-Cell Depletion", "BDEPLDY", _MEDIAN),
    Parameter("DEPLETION_DURATION", B, DAY, "Duration of B-Cell Depletion", "BDEPLDUR", Summary.SURVIVAL),
    Parameter("RECONSTITUTION_DAY", B, DAY, "First Day of Confirmed B-Cell Recovery", "BRECONDY", Summary.SURVIVAL),
)  # fmt: skip


def parameters(auc_days: Sequence[float] = (28.0, 90.0)) -> tuple[Parameter, ...]:
    """Every endpoint of a study, in the order of ``endpoints.csv``.

    Parameters
    ----------
    auc_days : sequence of float
        Ends of the AUC windows [day], as in ``[endpoints] auc_days``.
    """
    windows = tuple(
        Parameter(auc_code(day), CAR_T, _AREA, f"AUC from Day 0 to Day {day:g}", f"AUC{day:.4g}", _GEO)
        for day in sorted(set(auc_days))
    )
    return (*_BEFORE_AUC, *windows, *_AFTER_AUC, *_B_CELLS)
