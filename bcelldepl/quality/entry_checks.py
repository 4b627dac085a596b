"""Checks of what the sheet says was pipetted: beads, blood and dilution, beside the entries of other tubes."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Final

from bcelldepl.quality.checks import CHECKS, Outcome
from bcelldepl.study import Role, Tube

__all__ = ["check_entries"]

OTHERS: Final = 2  # entries that one is held against, at least
ALIKE_PART: Final = 0.25  # of a group that must have an entry like it
BY_PROTOCOL: Final = (
    "blood_volume_ul",
    "dilution",
)  # one number for all subjects; a lot of beads has its own
_COLUMNS: Final = ("bead_count", *BY_PROTOCOL)


def check_entries(tubes: Sequence[Tube], batches: Mapping[str, str]) -> dict[str, list[Outcome]]:
    """Compare bead counts, blood volumes and dilutions: a lot has one bead count, a protocol one volume.

    Another lot or another volume is no error where other tubes of the subject or of the batch have it, too.

    Parameters
    ----------
    tubes : sequence of Tube
        The whole study.
    batches : mapping of str to str
        Batch by file.

    Returns
    -------
    dict of str to list of Outcome
        By file, the checks that failed: ``bead_count_unusual``, ``odd_entry``.
    """
    failed: dict[str, list[Outcome]] = defaultdict(list)
    samples = [tube for tube in tubes if tube.role is Role.SAMPLE]
    for tube in samples:
        if tube.bead_count is not None:
            unusual = CHECKS["bead_count_unusual"].judge(tube.bead_count)
            failed[tube.file] += [] if unusual.passed else [unusual]
    for column in _COLUMNS:
        entries = {tube.file: value for tube in samples if (value := _entry(tube, column)) is not None}
        given = [tube for tube in samples if tube.file in entries]
        for tube in given:
            usual = _usual(tube, column, given, entries, batches)
            if usual is not None:
                own = entries[tube.file]
                odd = CHECKS["odd_entry"].judge(
                    own / usual, column=column, own=own, fold=own / usual, other=usual
                )
                failed[tube.file] += [] if odd.passed else [odd]
    return {file: found for file, found in failed.items() if found}


def _entry(tube: Tube, column: str) -> float | None:
    """An entry that the count of the tube may stand on."""
    if column == "dilution" and tube.bead_count is not None:
        return None
    value: float | None = getattr(tube, column)
    return value


def _usual(
    tube: Tube,
    column: str,
    given: Sequence[Tube],
    entries: Mapping[str, float],
    batches: Mapping[str, str],
) -> float | None:
    """The entry of other tubes that one is held against; None where there are no others.

    It is the most alike that enough tubes of the subject, or of the batch, have; and of what a protocol fixes the most
    alike of other subjects, if that is less alike.
    """
    others = [one for one in given if one.file != tube.file]
    batch = batches.get(tube.file)
    groups = [
        [entries[one.file] for one in others if one.subject == tube.subject],
        [entries[one.file] for one in others if batch and batches.get(one.file) == batch],
    ]
    groups = [group for group in groups if len(group) >= OTHERS] or [[entries[one.file] for one in others]]

    def distance(value: float) -> float:
        return abs(math.log(entries[tube.file] / value))

    usual = [sorted(group, key=distance)[math.ceil(ALIKE_PART * len(group)) - 1] for group in groups if group]
    if not usual:
        return None
    best = min(usual, key=distance)
    elsewhere = [one for one in others if one.subject != tube.subject]
    if column in BY_PROTOCOL and len({one.subject for one in elsewhere}) >= OTHERS:
        best = max(best, min((entries[one.file] for one in elsewhere), key=distance), key=distance)
    return best
