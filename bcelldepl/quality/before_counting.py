"""All checks that need no event counted: the rows of the sheet beside each other, and beside their files."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Protocol

from bcelldepl.quality.check import Outcome
from bcelldepl.quality.control_checks import check_for_samples
from bcelldepl.quality.cross_tube_checks import OpenedTube, check_across_tubes
from bcelldepl.quality.date_checks import DatedTube, check_dates, check_order
from bcelldepl.quality.entry_checks import check_entries
from bcelldepl.quality.name_checks import NamedTube, check_names
from bcelldepl.quality.row_checks import check_rows
from bcelldepl.study import Tube

__all__ = ["DescribedTube", "check_before_counting"]


class DescribedTube(OpenedTube, DatedTube, NamedTube, Protocol):
    """What a file says of its tube, and the panel that was found in it."""


def check_before_counting(tubes: Sequence[Tube], opened: Sequence[DescribedTube]) -> dict[str, list[Outcome]]:
    """Compare the tubes of a study with each other, and each with its own file.

    Parameters
    ----------
    tubes : sequence of Tube
    opened : sequence of DescribedTube
        The same tubes, opened.

    Returns
    -------
    dict of str to list of Outcome
        By file, the checks that failed.
    """
    failed: dict[str, list[Outcome]] = defaultdict(list)
    for by_file in (
        check_rows(tubes),
        check_for_samples(tubes, opened),
        check_across_tubes(tubes, opened),
        check_order(tubes),
        check_entries(tubes, {one.file: one.batch for one in opened}),
        check_dates(tubes, opened),
        check_names(tubes, opened),
    ):
        for file, outcomes in by_file.items():
            failed[file] += outcomes
    return failed
