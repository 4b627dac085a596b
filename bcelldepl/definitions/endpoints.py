"""The endpoints that exist: code, unit, labels, CDISC names and how each is summarised; one row each."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Final

from bcelldepl.definitions.populations import Kinetics
from bcelldepl.units import CELLS_PER_UL, DAY, PERCENT

__all__ = [
    "AUC_LAST",
    "BASELINE",
    "CLAST",
    "CMAX",
    "DEPLETION_DAY",
    "DEPLETION_DURATION",
    "HALF_LIFE",
    "LAMBDA_Z",
    "LOG10_REDUCTION",
    "NADIR",
    "NADIR_DAY",
    "NADIR_PERCENT_OF_BASELINE",
    "RECONSTITUTION_DAY",
    "TLAST",
    "TMAX",
    "EndpointDefinition",
    "Summary",
    "auc_code",
    "auc_window",
    "endpoint_definition",
    "endpoint_definitions",
    "windows_in",
]

CMAX: Final = "CMAX"
TMAX: Final = "TMAX"
AUC_LAST: Final = "AUC_LAST"
CLAST: Final = "CLAST"
TLAST: Final = "TLAST"
LAMBDA_Z: Final = "LAMBDA_Z"
HALF_LIFE: Final = "HALF_LIFE"
BASELINE: Final = "BASELINE"
NADIR: Final = "NADIR"
NADIR_DAY: Final = "NADIR_DAY"
NADIR_PERCENT_OF_BASELINE: Final = "NADIR_PERCENT_OF_BASELINE"
LOG10_REDUCTION: Final = "LOG10_REDUCTION"
DEPLETION_DAY: Final = "DEPLETION_DAY"
DEPLETION_DURATION: Final = "DEPLETION_DURATION"
RECONSTITUTION_DAY: Final = "RECONSTITUTION_DAY"

LONGEST_LABEL: Final = 40  # bytes of a label in a SAS transport file
LONGEST_CODE: Final = 8


class Summary(StrEnum):
    """Which average speaks for an endpoint; summaries give the others too."""

    GEOMETRIC = "geometric mean"
    ARITHMETIC = "mean"
    MEDIAN = "median"
    SURVIVAL = "Kaplan-Meier median"


@dataclass(frozen=True)
class EndpointDefinition:
    """One endpoint.

    Attributes
    ----------
    code : str
        As in ``endpoints.csv``.
    kinetics : Kinetics
        Of which populations it is asked.
    unit : str
    label : str
        At most 40 characters of ASCII.
    short : str
        Code of at most 8 characters: the CDISC parameter code (PPTESTCD) where there is one, else our own.
    summary : Summary
    heading : str
        Of a column on a page; by default the code in small letters.
    phrase : str
        What a value follows on a subject's page; by default the heading.
    axis : str
        Of a figure; by default the heading with its unit.
    needs_baseline : bool
        Whether it stands on the baseline.
    has_interval : bool
        Whether it is an amount, to which the error of its visits is carried on. Days have none that a count tells, and
        a slope's is that of its fit.
    by_threshold : bool
        Whether it goes by the thresholds of depletion, which may be in percent, and needs no concentration then.
    pp_code, pp_name : str
        PPTESTCD and PPTEST, where they differ from `short` and `label`.
    pp_method : str
        PPANMETH.
    """

    code: str
    kinetics: Kinetics
    unit: str
    label: str
    short: str
    summary: Summary
    heading: str = ""
    phrase: str = ""
    axis: str = ""
    has_interval: bool = False
    needs_baseline: bool = False
    by_threshold: bool = False
    pp_code: str = ""
    pp_name: str = ""
    pp_method: str = ""

    def __post_init__(self) -> None:
        """Fill in what follows from the rest; refuse what transport could not carry."""
        if len(self.label) > LONGEST_LABEL or len(self.short) > LONGEST_CODE or not self.label.isascii():
            msg = f"label or short code of {self.code} is too long for transport"
            raise ValueError(msg)
        defaults = {
            "heading": self.heading or self.code.replace("_", " ").lower(),
            "pp_code": self.pp_code or self.short,
            "pp_name": self.pp_name or self.label,
        }
        defaults["phrase"] = self.phrase or defaults["heading"]
        defaults["axis"] = self.axis or f"{defaults['heading']} [{self.unit.replace('uL', 'µL')}]"
        for name, value in defaults.items():
            object.__setattr__(self, name, value)


_AREA: Final = f"{CELLS_PER_UL}*{DAY}"
_TRAPEZOIDS: Final = "LIN UP LOG DOWN TRAPEZOIDAL METHOD"
_REGRESSION: Final = "LOG-LINEAR REGRESSION, BEST ADJUSTED R2"
_EXPANSION, _DEPLETION = Kinetics.EXPANSION, Kinetics.DEPLETION
_GEO, _MEAN, _MEDIAN, _SURVIVAL = Summary.GEOMETRIC, Summary.ARITHMETIC, Summary.MEDIAN, Summary.SURVIVAL
_Row: Final = EndpointDefinition

_BEFORE_AUC: Final = (
    _Row(CMAX, _EXPANSION, CELLS_PER_UL, "Max Conc", "CMAX", _GEO, "Cmax", has_interval=True),
    _Row(TMAX, _EXPANSION, DAY, "Time of CMAX", "TMAX", _MEDIAN, "Tmax"),
)
_AFTER_AUC: Final = (
    _Row(AUC_LAST, _EXPANSION, _AREA, "AUC to Last Nonzero Conc", "AUCLST", _GEO, "AUC to Tlast", has_interval=True,
         pp_method=_TRAPEZOIDS),
    _Row(CLAST, _EXPANSION, CELLS_PER_UL, "Last Nonzero Conc", "CLST", _GEO, "Clast", has_interval=True),
    _Row(TLAST, _EXPANSION, DAY, "Time of Last Nonzero Conc", "TLST", _MEDIAN, "Tlast"),
    _Row(LAMBDA_Z, _EXPANSION, f"1/{DAY}", "Lambda z", "LAMZ", _MEAN, "λz", pp_method=_REGRESSION),
    _Row(HALF_LIFE, _EXPANSION, DAY, "Half-Life Lambda z", "LAMZHL", _MEAN, phrase="half-life", pp_method=_REGRESSION),
)  # fmt: skip
_B_CELLS: Final = (
    _Row(BASELINE, _DEPLETION, CELLS_PER_UL, "B Cells at Baseline", "BBASE", _GEO, has_interval=True,
         needs_baseline=True),
    _Row(NADIR, _DEPLETION, CELLS_PER_UL, "Lowest B Cells after Infusion", "BNADIR", _GEO, has_interval=True),
    _Row(NADIR_DAY, _DEPLETION, DAY, "Day of Lowest B Cells", "BNADIRDY", _MEDIAN),
    _Row(NADIR_PERCENT_OF_BASELINE, _DEPLETION, PERCENT, "Lowest B Cells, % of Baseline", "BNADIRPC", _GEO,
         "nadir of baseline", axis="nadir of B cells [% of baseline]", has_interval=True, needs_baseline=True),
    _Row(LOG10_REDUCTION, _DEPLETION, "log10", "Greatest Log10 Reduction of B Cells", "BLOG10RD", _MEAN,
         "log10 reduction", axis="greatest log10 reduction of B cells", needs_baseline=True),
    _Row(DEPLETION_DAY, _DEPLETION, DAY, "First Day of B-Cell Depletion", "BDEPLDY", _MEDIAN,
         phrase="depleted from day", by_threshold=True),
    _Row(DEPLETION_DURATION, _DEPLETION, DAY, "Duration of B-Cell Depletion", "BDEPLDUR", _SURVIVAL, phrase="for days",
         axis="duration of B-cell depletion [day]", by_threshold=True),
    _Row(RECONSTITUTION_DAY, _DEPLETION, DAY, "First Day of Confirmed B-Cell Recovery", "BRECONDY", _SURVIVAL,
         phrase="recovered on day", by_threshold=True),
)  # fmt: skip
_WINDOW: Final = re.compile(r"AUC_0_(\d+(?:\.\d+)?(?:e[+-]?\d+)?)")


def auc_code(day: float) -> str:
    """Code of the AUC from infusion to a day, such as ``AUC_0_28``.

    Parameters
    ----------
    day : float
        End of the window [day].

    Returns
    -------
    str
    """
    return f"AUC_0_{day:g}"


def auc_window(code: str) -> str:
    """Last day of an AUC from infusion on, as its code writes it; empty for any other endpoint.

    Parameters
    ----------
    code : str
        Of any endpoint.

    Returns
    -------
    str
    """
    found = _WINDOW.fullmatch(code)
    return found[1] if found else ""


def windows_in(codes: Iterable[str]) -> list[float]:
    """Last days of the AUCs from infusion on among some endpoints, in their order [day].

    Parameters
    ----------
    codes : iterable of str
        Of any endpoints.

    Returns
    -------
    list of float
    """
    return [float(window) for code in codes if (window := auc_window(code))]


def endpoint_definitions(auc_days: Sequence[float] = (28.0, 90.0)) -> dict[str, EndpointDefinition]:
    """Every endpoint of a study by its code, in the order of ``endpoints.csv``.

    Parameters
    ----------
    auc_days : sequence of float
        Ends of the AUC windows [day], as in ``[endpoints] auc_days``.

    Returns
    -------
    dict of str to EndpointDefinition
    """
    windows = (_auc(day) for day in sorted(set(auc_days)))
    return {row.code: row for row in (*_BEFORE_AUC, *windows, *_AFTER_AUC, *_B_CELLS)}


@cache
def endpoint_definition(code: str) -> EndpointDefinition | None:
    """The endpoint of a code; None where there is none.

    Parameters
    ----------
    code : str

    Returns
    -------
    EndpointDefinition or None
    """
    return endpoint_definitions(windows_in([code])).get(code)


def _auc(day: float) -> EndpointDefinition:
    return EndpointDefinition(
        auc_code(day),
        Kinetics.EXPANSION,
        _AREA,
        f"AUC from Day 0 to Day {day:g}",
        f"AUC{day:.4g}",
        Summary.GEOMETRIC,
        f"AUC 0-{day:g} d",
        phrase=f"AUC 0-{day:g}",
        axis=f"AUC day 0 to {day:g} [cells/µL · day]",
        has_interval=True,
        pp_code="AUCINT",
        pp_name="AUC from T1 to T2",
        pp_method=_TRAPEZOIDS,
    )
