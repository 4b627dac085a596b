"""Checks of dates: of the files beside the draws, of a subject's visits beside each other and beside the infusion."""

from __future__ import annotations

import datetime
from collections import defaultdict
from collections.abc import Sequence
from typing import Final, Protocol

import numpy as np

from bcelldepl.quality.checks import CHECKS, Outcome
from bcelldepl.quality.limits import ANY_WAIT_DAYS, SPREADS, USUAL_WAIT_DAYS
from bcelldepl.study import Role, Tube

__all__ = ["DatedTube", "check_dates", "check_order"]

OTHERS: Final = 3  # tubes that tell how long blood waits in this study


class DatedTube(Protocol):
    """What is known of a tube once its file was opened."""

    @property
    def file(self) -> str:
        """As in the sheet."""

    @property
    def measured(self) -> str:
        """Day of acquisition, ISO; empty where not known."""


def check_dates(tubes: Sequence[Tube], opened: Sequence[DatedTube]) -> dict[str, list[Outcome]]:
    """Compare how long the blood of each tube waited for the cytometer with the study's other tubes.

    Parameters
    ----------
    tubes : sequence of Tube
    opened : sequence of DatedTube
        The same tubes, opened.

    Returns
    -------
    dict of str to list of Outcome
        By file, the checks that failed: ``measured_late``.
    """
    waits = {
        tube.file: (datetime.date.fromisoformat(one.measured) - tube.collected.date()).days
        for tube, one in zip(tubes, opened, strict=True)
        if one.measured and tube.collected is not None
    }
    failed = {}
    for tube, one in zip(tubes, opened, strict=True):
        if tube.file not in waits or tube.collected is None:
            continue
        others = np.array([days for file, days in waits.items() if file != tube.file])
        allowed = ANY_WAIT_DAYS
        if len(others) >= OTHERS:
            usual = float(np.median(others))
            spread = 1.4826 * float(np.median(np.abs(others - usual)))
            allowed = usual + max(USUAL_WAIT_DAYS, SPREADS * spread)
        found = CHECKS["measured_late"].judge(
            waits[tube.file], limits=(None, allowed), measured=one.measured, drawn=tube.collected.date()
        )
        if not found.passed:
            failed[tube.file] = [found]
    return failed


def check_order(tubes: Sequence[Tube]) -> dict[str, list[Outcome]]:
    """Compare days and dates of each sample with the infusion and with the subject's other visits.

    Parameters
    ----------
    tubes : sequence of Tube
        The whole study.

    Returns
    -------
    dict of str to list of Outcome
        By file, the checks that failed: ``side_of_infusion``, ``visit_order``.
    """
    failed: dict[str, list[Outcome]] = defaultdict(list)
    subjects: dict[str, list[Tube]] = defaultdict(list)
    for tube in tubes:
        actual = tube.actual_day
        # Day 0 is on either side: before the infusion or after it.
        if actual is not None and ((tube.day > 0) != (actual > 0) and tube.day != 0):
            failed[tube.file].append(
                CHECKS["side_of_infusion"].judge(actual, passed=False, nominal=tube.day, actual=actual)
            )
        if tube.role is Role.SAMPLE and tube.collected is not None:
            subjects[tube.subject].append(tube)
    wrong_side = frozenset(failed)
    for own in subjects.values():
        # One on the wrong side of the infusion is wrong itself, whichever visits it stands against.
        against = {
            tube.file: [
                one
                for one in own
                if _out_of_order(tube, one) and (tube.file in wrong_side or one.file not in wrong_side)
            ]
            for tube in own
        }
        for tube in own:
            partners = against[tube.file]
            # The one that is wrong stands against several, those that are right against it alone.
            if partners and len(partners) >= max(len(against[one.file]) for one in partners):
                failed[tube.file].append(
                    CHECKS["visit_order"].judge(
                        len(partners), passed=False, visit=tube.visit, other=partners[0].visit
                    )
                )
    return dict(failed)


def _out_of_order(one: Tube, other: Tube) -> bool:
    """Whether of two visits the later by its nominal day was drawn on an earlier date."""
    if one.collected is None or other.collected is None:
        return False
    days = (one.collected.date() - other.collected.date()).days
    return (one.day < other.day and days > 0) or (one.day > other.day and days < 0)
