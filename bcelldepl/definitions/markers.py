"""Markers and the words by which labels of channels call them; one row each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

__all__ = [
    "CAR",
    "MARKERS",
    "SCATTER",
    "SCATTER_WORDS",
    "SIGNAL_WORDS",
    "TIME",
    "VIABILITY",
    "Marker",
    "is_stain",
]

TIME: Final = "Time"
CAR: Final = "CAR"
VIABILITY: Final = "Viability"
SCATTER: Final = ("FSC-A", "FSC-H", "FSC-W", "SSC-A", "SSC-H", "SSC-W")


@dataclass(frozen=True)
class Marker:
    """A marker that labels call by other words than its name.

    Attributes
    ----------
    name : str
        As strategies have it.
    other_names : tuple of str
        Words of a label, small letters and digits with blanks for all else; its own name too, if it goes by that.
    served_by : str
        Another marker that shows the same cells in a panel without this one.
    yields_to : tuple of str
        Markers whose channels are not this one's, although its name is in their labels: a CD19 CAR is no CD19.
    """

    name: str
    other_names: tuple[str, ...] = ()
    served_by: str = ""
    yields_to: tuple[str, ...] = ()


_ROWS: Final = (
    Marker(CAR, ("car", "fmc63", "antifmc63", "idiotype", "antiidiotype", "mc150", "mc 1 50")),
    Marker("CD19", yields_to=(CAR,)),
    Marker("CD16", yields_to=("CD56",)),
    Marker(
        "CD56",
        ("cd56", "cd16 56", "cd16 cd56", "cd56 16", "cd56 cd16", "cd1656", "ncam"),
        served_by="CD16",
    ),
    Marker(
        VIABILITY,
        (
            "viability", "live dead", "livedead", "l d", "ld", "live", "dead", "aqua", "7aad", "7 aad", "dapi",
            "zombie", "fvs", "fvs440uv", "fvs510", "fvs520", "fvs570", "fvs575v", "fvs620", "fvs660", "fvs700",
            "fvs780", "fvd", "fvd506", "fvd780", "pi", "sytox", "dump",
        ),
    ),
    Marker(TIME, ("time", "hdr t", "tlsw")),
)  # fmt: skip
# A marker that is not here goes by its name alone.
MARKERS: Final = {row.name: row for row in _ROWS}

# Words of detectors: which scatter, and which signal of a pulse.
SCATTER_WORDS: Final = {
    "FSC": ("fsc", "fs", "fws", "forward"),
    "SSC": ("ssc", "ss", "sws", "side"),
}
SIGNAL_WORDS: Final = {
    "A": ("a", "area", "int"),
    "H": ("h", "height", "peak", "pk"),
    "W": ("w", "width", "tof"),
}


def is_stain(marker: str) -> bool:
    """Whether a marker is stained: neither scatter nor time.

    Parameters
    ----------
    marker : str

    Returns
    -------
    bool
    """
    return marker not in SCATTER and marker != TIME
