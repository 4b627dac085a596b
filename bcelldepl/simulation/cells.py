"""The cells of lysed whole blood: what each kind scatters and which antigens it carries, one table.

Levels are medians of log10 in channel units of a FACSCanto-like instrument whose scale ends at 262,143; they
follow a clinical lysed-whole-blood tube with lymphocytes at FSC 62,000 and SSC 13,500 and CD45 at 11,600.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

__all__ = ["BEAD", "CELLS", "LABELS", "MARKERS", "POPULATIONS", "AntigenLevel", "CellType"]

AntigenLevel = tuple[float, float]
"""Median and standard deviation of log10 of the signal in channel units."""

MARKERS: Final = ("CD3", "CAR", "Viability", "CD19", "CD16+56", "CD20", "CD14", "CD45")


@dataclass(frozen=True)
class CellType:
    """One row of the table.

    Attributes
    ----------
    label : str
        Name of its events in the truth.
    fsc, ssc : float
        Median scatter areas, channel units.
    fsc_sd, ssc_sd : float
        Standard deviations of the natural logarithm of scatter.
    glow : float
        Autofluorescence and unspecific binding relative to a lymphocyte.
    antigens : mapping of str to (float, float)
        Marker to median and sd of log10 of its specific signal; markers not named are absent.
    """

    label: str
    fsc: float
    fsc_sd: float
    ssc: float
    ssc_sd: float
    glow: float
    antigens: Mapping[str, AntigenLevel] = field(default_factory=dict)


_CD45_LYMPHOCYTE: Final = (4.05, 0.09)
_CD3: Final = (3.86, 0.16)

CELLS: Final = {
    cell.label: cell
    for cell in (
        # label           FSC     sd    SSC     sd    glow  antigens
        CellType("T", 63_000, 0.15, 13_000, 0.24, 1.0, {"CD3": _CD3, "CD45": _CD45_LYMPHOCYTE}),
        CellType("T_CD56", 65_000, 0.16, 16_000, 0.26, 1.1,
                 {"CD3": (3.82, 0.16), "CD16+56": (3.05, 0.30), "CD45": (4.10, 0.09)}),
        CellType("T_CAR", 70_000, 0.18, 15_000, 0.28, 1.25,
                 {"CD3": (3.74, 0.17), "CAR": (3.35, 0.28), "CD45": (4.06, 0.10)}),
        CellType("T_CAR_dim", 68_000, 0.18, 14_500, 0.28, 1.2,
                 {"CD3": (3.78, 0.17), "CAR": (2.72, 0.24), "CD45": (4.06, 0.10)}),
        CellType("B", 60_500, 0.14, 12_000, 0.24, 0.95,
                 {"CD19": (3.66, 0.14), "CD20": (3.85, 0.20), "CD45": (3.95, 0.10)}),
        CellType("plasmablast", 82_000, 0.18, 17_000, 0.25, 1.4,
                 {"CD19": (3.20, 0.20), "CD20": (1.90, 0.30), "CD45": (3.80, 0.14)}),
        CellType("NK", 67_000, 0.16, 17_500, 0.27, 1.3, {"CD16+56": (3.44, 0.24), "CD45": (4.12, 0.10)}),
        CellType("lymphocyte_other", 64_000, 0.17, 15_000, 0.27, 1.1,
                 {"CD16+56": (2.20, 0.30), "CD45": (4.02, 0.11)}),
        CellType("monocyte", 128_000, 0.17, 50_000, 0.20, 2.2, {
            "CD14": (3.90, 0.20), "CD45": (4.03, 0.11), "CD16+56": (2.40, 0.45), "CAR": (2.05, 0.30),
            "CD19": (2.15, 0.30), "CD20": (2.05, 0.30)}),
        CellType("neutrophil", 124_000, 0.19, 132_000, 0.27, 3.4, {
            "CD14": (2.50, 0.20), "CD45": (3.64, 0.11), "CD16+56": (3.00, 0.25)}),
        CellType("eosinophil", 108_000, 0.16, 205_000, 0.17, 6.0, {"CD45": (3.78, 0.10)}),
        CellType("basophil", 66_000, 0.15, 22_000, 0.20, 1.5, {"CD45": (3.45, 0.10)}),
        CellType("debris", 17_500, 0.40, 9_500, 0.55, 0.25, {"CD45": (1.55, 0.45)}),
        CellType("fragment", 25_000, 0.40, 13_000, 0.60, 0.5, {
            "CD45": (2.75, 0.45), "CD3": (2.10, 0.55), "CD16+56": (2.10, 0.55), "CD19": (1.80, 0.55)}),
    )
}  # fmt: skip

# Dyed through and through: bright everywhere, small, one size.
BEAD: Final = CellType("bead", 26_000, 0.05, 92_000, 0.07, 0.0, {
    "CD3": (4.72, 0.025), "CAR": (4.80, 0.025), "Viability": (4.62, 0.025), "CD19": (4.35, 0.030),
    "CD16+56": (4.66, 0.025), "CD20": (4.20, 0.030), "CD14": (4.45, 0.030), "CD45": (4.55, 0.025),
})  # fmt: skip

# Code of an event = its place here. Names before "dead" are the rows of the table.
LABELS: Final = (
    *CELLS,
    "dead",
    "sticky",
    "doublet_T_T",
    "doublet_T_B",
    "doublet_B_other",
    "doublet_other",
    "doublet_cell_bead",
    "bead",
    "bead_doublet",
    "margin",
)

_T: Final = ("T", "T_CD56", "T_CAR", "T_CAR_dim")
_B: Final = ("B", "plasmablast")
_LYMPHOCYTES: Final = (*_T, *_B, "NK", "lymphocyte_other")
POPULATIONS: Final = {
    "B": _B,
    "T": _T,
    "CAR_T": ("T_CAR", "T_CAR_dim"),
    "NK": ("NK",),
    "lymphocytes": _LYMPHOCYTES,
    "leukocytes": (*_LYMPHOCYTES, "monocyte", "neutrophil", "eosinophil", "basophil"),
    "beads": ("bead",),
}
