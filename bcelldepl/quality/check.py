"""A check: what it is called, what passes, what its failure asks for, and what it found in one tube."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

__all__ = ["Check", "Level", "Outcome"]

Limits = tuple[float | None, float | None]


class Level(StrEnum):
    """What a failed check asks for."""

    NOTE = "note"  # it is said in `quality_flags` of ``tubes.csv``
    REVIEW = "review"  # a person has to look at the tube


@dataclass(frozen=True)
class Check:
    """One thing that is checked.

    Attributes
    ----------
    name : str
        Short and stable, such as ``lymphosum``.
    limits : tuple of float or None
        Lowest and highest value that passes; None where there is none, or where each tube has its own.
    sentence : str
        What was found and what was expected, with the places ``{value}``, ``{limits}`` and others that the check names.
    level : Level
    review_limits : tuple of float or None, optional
        Where a value beyond `limits` but within these is no more than a note.
    own_limits : str
        In words, what each tube's own limits are made of; empty where `limits` are those of all tubes, or where the
        answer is yes or no.
    """

    name: str
    limits: Limits
    sentence: str
    level: Level = Level.REVIEW
    review_limits: Limits | None = None
    own_limits: str = ""

    def judge(
        self, value: float, *, limits: Limits | None = None, passed: bool | None = None, **words: Any
    ) -> Outcome:
        """Hold a value against the limits.

        Parameters
        ----------
        value : float
            What was found.
        limits : tuple of float or None, optional
            Those of this tube, where they differ from tube to tube.
        passed : bool, optional
            The answer, where a value alone does not give it.
        **words
            Further words of the sentence.
        """
        limits = limits or self.limits
        passed = _within(value, limits) if passed is None else passed
        level = self.level
        if self.review_limits is not None and _within(value, self.review_limits):
            level = Level.NOTE
        sentence = self.sentence.format(value=_number(value), limits=_expected(limits), **words)
        return Outcome(self, passed, value, limits, level, sentence, str(words.get("population", "")))


@dataclass(frozen=True)
class Outcome:
    """What a check found in one tube.

    Attributes
    ----------
    check : Check
    passed : bool
    value : float
    limits : tuple of float or None
        Those that the value was held against.
    level : Level
        What it asks for where it did not pass.
    sentence : str
        For people.
    population : str
        That it speaks of; empty for the whole tube.
    """

    check: Check
    passed: bool
    value: float
    limits: Limits
    level: Level
    sentence: str
    population: str = ""

    @property
    def needs_review(self) -> bool:
        """Whether a person has to look."""
        return not self.passed and self.level is Level.REVIEW


def _within(value: float, limits: Limits) -> bool:
    low, high = limits
    return (low is None or low <= value) and (high is None or value <= high)


def _number(value: float) -> str:
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.4g}"


def _expected(limits: Limits) -> str:
    low, high = limits
    if low is None or high is None:
        return (
            f"{low:,.10g} or more" if low is not None else f"at most {high:,.10g}" if high is not None else ""
        )
    return f"{low:,.10g} to {high:,.10g}"
