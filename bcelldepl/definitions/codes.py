"""Codes that tables hold: what a result is worth, how it was counted, what a value says, the status of a tube."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

__all__ = ["EVIDENCE_MEANINGS", "NONE_IN_STUDY", "Method", "Qualifier", "ResultCode", "TubeStatus"]


class ResultCode(StrEnum):
    """What a result is worth; zero counted, below the limit and not evaluable are different facts. The surest first."""

    QUANTIFIED = "QUANTIFIED"
    DETECTED_BELOW_LLOQ = "DETECTED_BELOW_LLOQ"
    NOT_DETECTED = "NOT_DETECTED"
    NOT_EVALUABLE = "NOT_EVALUABLE"
    NOT_DONE = "NOT_DONE"

    @property
    def symbol(self) -> str:
        """As pages and figures write it."""
        return _RESULTS[self].symbol

    @property
    def meaning(self) -> str:
        """What it means."""
        return _RESULTS[self].meaning

    @property
    def upper_limit(self) -> str:
        """Where the number is no measurement, what the truth lies below: ``lloq`` or ``ci_high``; else empty."""
        return _RESULTS[self].upper_limit

    def limit_of(self, ci_high: float | None, lod: float | None, lloq: float | None) -> float | None:
        """Limit that a result below the LLOQ lies below: the one number that ``<`` is written with.

        Parameters
        ----------
        ci_high : float or None
            Upper end of the 95 % interval of the count.
        lod, lloq : float or None
            In the same unit.

        Returns
        -------
        float or None
            Not detected: the upper end of its interval, else the LOD, else the LLOQ. Detected: the LLOQ. None where no
            limit is known, and for every other code.
        """
        if not self.upper_limit:
            return None
        known = (lloq,) if self.upper_limit == "lloq" else (ci_high, lod, lloq)
        return next((limit for limit in known if limit is not None and limit == limit), None)

    @property
    def is_evaluable(self) -> bool:
        """Whether the result says anything of the population."""
        return _RESULTS[self].is_evaluable

    @property
    def needs_review(self) -> bool:
        """Whether a person has to look at the tube."""
        return _RESULTS[self].needs_review

    @property
    def words(self) -> str:
        """The code as words: ``not detected``."""
        return self.replace("_", " ").lower().replace("lloq", "LLOQ")


@dataclass(frozen=True)
class _Result:
    symbol: str
    meaning: str
    upper_limit: str = ""
    is_evaluable: bool = True
    needs_review: bool = False


_RESULTS: Final = {
    ResultCode.QUANTIFIED: _Result("Q", "at or above the lower limit of quantification"),
    ResultCode.DETECTED_BELOW_LLOQ: _Result("<LLOQ", "detected, but too few events to give a number", "lloq"),
    ResultCode.NOT_DETECTED: _Result(
        "ND", "below the limit of detection; the upper limit of the interval is given", "ci_high"
    ),
    ResultCode.NOT_EVALUABLE: _Result(
        "NE",
        "no result can be given: volume, beads or parent events are missing",
        is_evaluable=False,
        needs_review=True,
    ),
    ResultCode.NOT_DONE: _Result("\u2013", "not measured", is_evaluable=False),
}


class Method(StrEnum):
    """How events become cells/uL; by percentages they do not."""

    BEADS = "beads"
    VOLUMETRIC = "volumetric"
    DUAL = "dual"
    PERCENT = "percent"
    NONE = "none"


class Qualifier(StrEnum):
    """What a value says of the truth."""

    EQUAL = "="
    BELOW = "<"
    ABOVE = ">"
    NOT_EVALUABLE = "NE"


class TubeStatus(StrEnum):
    """Status of a tube, worst first."""

    FAILED = "failed"
    REVIEW = "review"
    OK = "ok"


# By the rung of the evidence ladder, best first.
EVIDENCE_MEANINGS: Final = {
    "data": "found in this tube's own events",
    "control": "set by a control tube of the same draw or batch",
    "subject": "carried over from another visit of the subject",
    "batch": "carried over from the batch",
    "fixed": "the strategy's fixed position",
    "failed": "no position could be determined",
}
NONE_IN_STUDY: Final = "none"  # in place of these, of a gate for cells that a study need not have
