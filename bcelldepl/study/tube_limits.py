"""What a tube can hold: a number of the sample sheet beyond this is in another unit, or of another column."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from bcelldepl.study.cells import CellError

__all__ = ["LIMITS", "Limit", "held_to"]


@dataclass(frozen=True)
class Limit:
    """Lowest and highest number that a column can have.

    Attributes
    ----------
    low, high : float
    meaning : str
        What they are limits of, with the unit.
    below, above : str
        What to do about a number below, and above.
    """

    low: float
    high: float
    meaning: str
    below: str
    above: str


_DAY = "day 0 is the infusion"
_BEADS = "write the beads of the whole tube"
_MICROLITRES = "write microlitres"
_CELLS = "write cells/uL, or leave it empty"
_FACTOR = "it is a factor: 10 for one part in ten"

LIMITS: Final[Mapping[str, Limit]] = {
    "day": Limit(-3_650, 18_250, "study days", _DAY, f"{_DAY}; is it a date?"),
    "bead_count": Limit(
        200, 5_000_000, "beads in a tube", f"{_BEADS}; is it beads per uL?", f"{_BEADS}; is it beads per mL?"
    ),
    "blood_volume_ul": Limit(
        1, 10_000, "uL of blood in a tube", f"{_MICROLITRES}; is it in mL?", f"{_MICROLITRES}; is it in nL?"
    ),
    "acquired_volume_ul": Limit(
        1, 5_000, "uL acquired", f"{_MICROLITRES}; is it in mL?", f"{_MICROLITRES}; is it in nL?"
    ),
    "dilution": Limit(1, 1_000, "fold", _FACTOR, _FACTOR),
    "wbc_per_ul": Limit(0, 1_000_000, "cells/uL", _CELLS, f"{_CELLS}; is it per mL or L?"),
    "lymphocytes_per_ul": Limit(0, 1_000_000, "cells/uL", _CELLS, f"{_CELLS}; is it per mL or L?"),
}


def held_to(column: str, value: float, text: str) -> float:
    """Return a number that its column can have.

    Parameters
    ----------
    column : str
    value : float
        The number that was read.
    text : str
        Of the cell.

    Returns
    -------
    float
        `value`.

    Raises
    ------
    CellError
        Naming the limits.
    """
    limit = LIMITS.get(column)
    if limit is None or limit.low <= value <= limit.high:
        return value
    remedy = limit.below if value < limit.low else limit.above
    raise CellError(
        f"is {text}; possible are {limit.low:,g} to {limit.high:,g} {limit.meaning}", remedy=remedy
    )
