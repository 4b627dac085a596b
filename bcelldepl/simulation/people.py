"""Who is in the study: biology, calendar of visits, and how their antigens change."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import numpy as np

from bcelldepl.simulation.courses import DOSE_GROUPS, Subject, draw_subject
from bcelldepl.simulation.scenarios import Scenario

__all__ = ["Person", "draw_person", "subject_name"]

_FIRST_INFUSION: Final = datetime(2025, 1, 13, 10, 0)


@dataclass(frozen=True)
class Person:
    """A subject in the study.

    Attributes
    ----------
    subject : Subject
    infused : datetime
    actual_days : tuple of float
        Study day on which each planned visit took place.
    antigen_shift_before, antigen_shift_after : dict of str to float
        ``"B.CD19"`` to log10 of antigen density relative to the table, up to the infusion and after it.
    """

    subject: Subject
    infused: datetime
    actual_days: tuple[float, ...]
    antigen_shift_before: dict[str, float]
    antigen_shift_after: dict[str, float]

    def antigen_shift(self, day: float) -> dict[str, float]:
        """Antigen shifts on a study day."""
        return self.antigen_shift_after if day > 0 else self.antigen_shift_before


def subject_name(index: int) -> str:
    """Identifier of a subject, ``S01`` for the first.

    Parameters
    ----------
    index : int
        0 for the first.

    Returns
    -------
    str
    """
    return f"S{index + 1:02d}"


def draw_person(rng: np.random.Generator, scenario: Scenario, index: int) -> Person:
    """Draw one subject of a study; dose groups take turns.

    Parameters
    ----------
    rng : numpy Generator
        The subject's own stream.
    scenario : Scenario
    index : int
        0 for the first subject.

    Returns
    -------
    Person
    """
    dose = DOSE_GROUPS[index % len(DOSE_GROUPS)]
    subject = draw_subject(rng, subject_name(index), dose, scenario.white_cells)
    hard = scenario.difficulty
    # One infusion a week, on Monday to Thursday.
    infused = _FIRST_INFUSION + timedelta(days=7 * index + int(rng.integers(0, 4)))
    days = tuple(visit.day + _slip(rng, visit.day) for visit in scenario.visits)
    before = {"B.CD19": 0.08 * float(rng.standard_normal())}
    masked, loses = rng.random(2)
    if masked < hard.cd20_masked_probability:
        before["B.CD20"] = -1.2
    after = dict(before)
    if loses < hard.cd19_loss_probability:
        after["B.CD19"] -= hard.cd19_loss
        after["plasmablast.CD19"] = -hard.cd19_loss
    return Person(subject, infused, days, before, after)


def _slip(rng: np.random.Generator, day: float) -> int:
    """Days by which a visit misses its plan: none in the first week, up to three in the follow-up."""
    widest = 0 if day < 7 else 1 if day < 60 else 3
    return int(rng.integers(-widest, widest + 1))
