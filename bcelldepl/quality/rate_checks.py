"""Checks of the blood that tubes stand on: as much in a time as in the study's other tubes."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from statistics import median
from typing import Final, Protocol

from bcelldepl.quality.checks import CHECKS, Level, Outcome
from bcelldepl.quality.limits import SPREADS
from bcelldepl.study import Role, Tube

__all__ = ["MeasuredTube", "check_rates"]

OTHERS: Final = 3  # tubes that one is held against, at least


class MeasuredTube(Protocol):
    """What is known of a tube once it was counted."""

    @property
    def file(self) -> str:
        """As in the sheet."""

    @property
    def analysed_volume_ul(self) -> float | None:
        """Blood that its events come from [uL]."""

    @property
    def counted_seconds(self) -> float | None:
        """Acquisition time that the quality mask kept [s]."""


def check_rates(
    tubes: Sequence[Tube],
    counted: Sequence[MeasuredTube],
    batches: Mapping[str, str],
    shifts: Mapping[str, float],
) -> dict[str, list[Outcome]]:
    """Compare the blood per second of each sample with other tubes of its subject and its batch, else of the study.

    A cytometer draws as the operator sets it. Beads or volumes that are entered or pipetted wrongly stand out as
    another flow, unless the flow differs from tube to tube anyhow. Where the cells are as many times too many as the
    blood is too little, it is no other flow.

    Parameters
    ----------
    tubes : sequence of Tube
    counted : sequence of MeasuredTube
        The same tubes, counted.
    batches : mapping of str to str
        Batch by file.
    shifts : mapping of str to float
        By file, how far the cells are off what courses say, as a logarithm.

    Returns
    -------
    dict of str to list of Outcome
        By file, the checks that failed: ``sample_rate``.
    """
    pairs = [
        (tube, one)
        for tube, one in zip(tubes, counted, strict=True)
        if tube.role is Role.SAMPLE and one.analysed_volume_ul and one.counted_seconds
    ]
    rates = {
        tube.file: math.log((one.analysed_volume_ul or 1) / (one.counted_seconds or 1)) for tube, one in pairs
    }
    failed = {}
    for tube, one in pairs:
        others = [other for other, _ in pairs if other.file != tube.file]
        batch = batches.get(tube.file)
        groups = [
            [rates[other.file] for other in others if other.subject == tube.subject],
            [rates[other.file] for other in others if batch and batches.get(other.file) == batch],
        ]
        groups = [group for group in groups if len(group) >= OTHERS] or [
            [rates[other.file] for other in others]
        ]
        found = [_held_against(rates[tube.file], group, one) for group in groups if len(group) >= OTHERS]
        # Unlike every group: the subject's tubes may be of another batch, and the batch's of other blood.
        if found and not any(outcome.passed for outcome in found):
            nearest = min(found, key=lambda outcome: abs(math.log(outcome.value)))
            if _explained(math.log(nearest.value), shifts.get(tube.file, 0.0)):
                nearest = replace(nearest, level=Level.REVIEW)
            failed[tube.file] = [nearest]
    return failed


def _explained(rate: float, cells: float) -> bool:
    """Whether cells are off the other way by at least half as much, as logarithms."""
    return rate * cells < 0 and abs(cells) >= abs(rate) / 2


def _held_against(rate: float, others: Sequence[float], one: MeasuredTube) -> Outcome:
    check = CHECKS["sample_rate"]
    high = check.limits[1]
    assert high is not None
    usual = median(others)
    spread = 1.4826 * median(abs(other - usual) for other in others)
    wide = max(math.log(high), SPREADS * spread)
    fold = math.exp(rate - usual)
    return check.judge(
        fold,
        limits=(math.exp(-wide), math.exp(wide)),
        fold=fold,
        volume=one.analysed_volume_ul,
        seconds=one.counted_seconds,
    )
