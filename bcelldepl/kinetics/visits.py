"""A visit, and a course of visits: what is known of one population of one subject, day by day."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

from bcelldepl.definitions.codes import ResultCode

__all__ = ["Course", "Visit"]


@dataclass(frozen=True)
class Visit:
    """What is known of one population on one day.

    Attributes
    ----------
    visit : str
        Name of the visit; names joined by ``/`` where draws of one moment carry several.
    day : float
        Days since infusion, actual where known, else nominal; 0 or below is before the infusion.
    nominal_day : float
    is_actual : bool
        Whether `day` is the actual one.
    result : ResultCode
    value : float or None
        In the unit of the course; a number below the LLOQ is kept but is no measurement. None: not evaluable.
    lod, lloq : float or None
        Limits in the same unit.
    files : tuple of str
        The tubes that were pooled; the ones that could not be evaluated where there is nothing else.
    reason : str
        Why the visit cannot be evaluated, or what was pooled; empty where nothing is to say.
    log_error : float
        Standard error of the logarithm of `value`, from its interval; 0 where none is known.
    upper : float or None
        Upper end of the 95 % interval of `value`, in the same unit.
    """

    visit: str
    day: float
    nominal_day: float
    is_actual: bool
    result: ResultCode
    value: float | None
    lod: float | None
    lloq: float | None
    files: tuple[str, ...]
    reason: str = ""
    log_error: float = 0.0
    upper: float | None = None

    @property
    def is_evaluable(self) -> bool:
        """Whether the visit says anything of the population."""
        return self.result.is_evaluable

    @property
    def is_quantified(self) -> bool:
        """Whether `value` is a measurement."""
        return self.result is ResultCode.QUANTIFIED

    @property
    def at_most(self) -> float:
        """The value, or the limit that it lies below, by `ResultCode.limit_of`; infinity where none is known."""
        if self.result is ResultCode.QUANTIFIED and self.value is not None:
            return self.value
        limit = self.result.limit_of(self.upper, self.lod, self.lloq)
        return math.inf if limit is None else limit

    @property
    def imputed(self) -> float | None:
        """The value, or half of the limit that it lies below; None where neither is known."""
        if not self.is_evaluable or math.isinf(self.at_most):
            return None
        return self.at_most if self.is_quantified else self.at_most / 2.0


@dataclass(frozen=True)
class Course:
    """One population of one subject over all its visits.

    Attributes
    ----------
    subject, dose_group, population, unit : str
    visits : tuple of Visit
        By day; days are unique.
    number : int
        1 for the first infusion of the subject.
    lymphodepletion_day : float or None
        Last day on which a draw is before lymphodepletion; None where it is not known.
    cutoff_day : float or None
        Day of the data cut-off date; None where there is none.
    """

    subject: str
    dose_group: str
    population: str
    unit: str
    visits: tuple[Visit, ...]
    number: int = 1
    lymphodepletion_day: float | None = None
    cutoff_day: float | None = None

    @property
    def key(self) -> tuple[str, int]:
        """Subject and number of the course."""
        return self.subject, self.number

    @cached_property
    def evaluable(self) -> tuple[Visit, ...]:
        """Visits that say anything."""
        return tuple(visit for visit in self.visits if visit.is_evaluable)

    @cached_property
    def before(self) -> tuple[Visit, ...]:
        """Evaluable visits before the infusion."""
        return tuple(visit for visit in self.evaluable if visit.day <= 0)

    @cached_property
    def after(self) -> tuple[Visit, ...]:
        """Evaluable visits after the infusion."""
        return tuple(visit for visit in self.evaluable if visit.day > 0)

    @cached_property
    def missing(self) -> tuple[Visit, ...]:
        """Visits after the infusion that say nothing."""
        return tuple(visit for visit in self.visits if visit.day > 0 and not visit.is_evaluable)
