"""Checks of cells that look like B cells in all but CD19, in each tube beside the study's others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median
from typing import Final, Protocol

from bcelldepl.counting import Concentration
from bcelldepl.definitions.populations import B_WITHOUT_CD19, B
from bcelldepl.quality.checks import CHECKS, Outcome
from bcelldepl.quality.limits import (
    FEWEST_LOOK_ALIKES,
    FEWEST_POSITIVES,
    LOOK_ALIKE_PART,
    SPREADS_ABOVE_USUAL,
    TIMES_USUAL,
)
from bcelldepl.study import Role, Tube

__all__ = ["SearchedTube", "check_look_alikes"]

OTHERS: Final = 3  # tubes that show what is usual; fewer show less well what cells look like, too


class SearchedTube(Protocol):
    """What is known of a tube once it was counted."""

    @property
    def file(self) -> str:
        """As in the sheet."""

    @property
    def concentrations(self) -> Sequence[Concentration]:
        """One per population that its strategy reports."""

    @property
    def look_alikes(self) -> Mapping[str, float]:
        """Events that look like a kind but lack its marker, by that kind."""

    @property
    def analysed_volume_ul(self) -> float | None:
        """Blood that its events come from [uL]."""


def check_look_alikes(tubes: Sequence[Tube], counted: Sequence[SearchedTube]) -> dict[str, list[Outcome]]:
    """Check that a tube does not hold B cells without CD19, be there a second marker of theirs or none.

    An antibody that masks CD19, or a stain that was left out, leaves the B cells what they are in all other markers.
    Some other cells look like that, too, and in a panel of few markers many: a tube is asked about only if it holds
    more of them than the study's other tubes do in as much blood.

    Parameters
    ----------
    tubes : sequence of Tube
    counted : sequence of SearchedTube
        The same tubes, counted.

    Returns
    -------
    dict of str to list of Outcome
        By file, the checks that failed: ``hidden_b_cells``. Of a lone tube, nothing says what is usual.
    """
    found = {
        one.file: one
        for tube, one in zip(tubes, counted, strict=True)
        if tube.role is Role.SAMPLE and B_WITHOUT_CD19 in one.look_alikes
    }
    failed = {}
    for file, one in found.items():
        rows = {row.population: row for row in one.concentrations}
        others = [other for name, other in found.items() if name != file]
        if B not in rows or not others:
            continue
        events, b_cells = one.look_alikes[B_WITHOUT_CD19], rows[B].events or 0
        least = FEWEST_LOOK_ALIKES if len(others) >= OTHERS else FEWEST_POSITIVES
        most = max(least, LOOK_ALIKE_PART * b_cells, _usual(one, others))
        outcome = CHECKS["hidden_b_cells"].judge(
            events, limits=(None, most), events=round(events), b_cells=b_cells
        )
        if not outcome.passed:
            failed[file] = [outcome]
    return failed


def _usual(one: SearchedTube, others: Sequence[SearchedTube]) -> float:
    """As many as a tube may hold beside other tubes, in as much blood where that is known."""
    events = [other.look_alikes[B_WITHOUT_CD19] * _blood(one, other) for other in others]
    middle = median(events)
    spread = 1.4826 * median(abs(number - middle) for number in events)
    return max(TIMES_USUAL * middle, middle + SPREADS_ABOVE_USUAL * spread)


def _blood(one: SearchedTube, other: SearchedTube) -> float:
    """How many times as much blood a tube holds as another."""
    if not one.analysed_volume_ul or not other.analysed_volume_ul:
        return 1.0
    return one.analysed_volume_ul / other.analysed_volume_ul
