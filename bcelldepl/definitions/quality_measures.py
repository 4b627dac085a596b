"""What is followed from tube to tube as quality control, and the Westgard rules that mark a value; one row each."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from bcelldepl.definitions.populations import LEUKOCYTES, LYMPHOCYTES, NK, B, T

__all__ = [
    "BEADS_SEEN",
    "BEAD_RECOVERY",
    "FEWEST_TUBES",
    "QUALITY_MEASURES",
    "QualityMeasure",
    "WestgardRule",
]

FEWEST_TUBES: Final = 10  # of one cytometer, from which mean and SD are given; 20 are usual (CLSI C24)


class WestgardRule(StrEnum):
    """Why a value is marked."""

    ONE_3S = "1-3s"
    TWO_2S = "2-2s"

    @property
    def meaning(self) -> str:
        """In words."""
        return {
            "1-3s": "farther than 3 SD from the mean",
            "2-2s": "two tubes in a row farther than 2 SD from the mean, on the same side",
        }[self]


@dataclass(frozen=True)
class QualityMeasure:
    """One measure.

    Attributes
    ----------
    name : str
        As in ``quality_over_time.csv``.
    label, unit : str
    marker, population : str
        Of a brightness: the median of this marker on the cells of this population; empty for others.
    parts : tuple of str
        Of a sum: these populations, in percent of `population`.
    """

    name: str
    label: str
    unit: str
    marker: str = ""
    population: str = ""
    parts: tuple[str, ...] = ()


BEADS_SEEN: Final = "BEADS_SEEN"
BEAD_RECOVERY: Final = "BEAD_RECOVERY"
_SIGNAL: Final = "instrument's units"
_ROWS: Final = (
    QualityMeasure(BEADS_SEEN, "Beads seen", "events"),
    QualityMeasure(BEAD_RECOVERY, "Bead recovery: beads seen of those in the tube", "%"),
    QualityMeasure("CD3_OF_T", "CD3 of T cells, median", _SIGNAL, marker="CD3", population=T),
    QualityMeasure(
        "CD45_OF_LEUKOCYTES", "CD45 of leukocytes, median", _SIGNAL, marker="CD45", population=LEUKOCYTES
    ),
    QualityMeasure(
        "LYMPHOCYTE_SUM", "T + B + NK of lymphocytes", "%", population=LYMPHOCYTES, parts=(T, B, NK)
    ),
)
# By name, in the order of the figure.
QUALITY_MEASURES: Final = {row.name: row for row in _ROWS}
