"""The colours of every figure and page, in one place; told apart by the colour-blind and in grey print."""

from __future__ import annotations

import re
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from bcelldepl.gating.evidence import Evidence

__all__ = [
    "ACCENT",
    "EVIDENCE_COLOURS",
    "FRAME",
    "GRID",
    "INK",
    "INSIDE",
    "INTERVAL",
    "MARKED",
    "MUTED",
    "OUTSIDE",
    "PARENT_BARS",
    "POPULATION_BARS",
    "REVIEW",
    "blend",
    "colour_ramp",
    "dose_styles",
    "natural_key",
    "text_on",
]

INK = "#1f2933"
MUTED = "#66727f"
GRID = "#e3e7eb"
FRAME = "#b8c1ca"  # around a field of events
ACCENT = "#0b5cad"

# Events of a parent and of the population in it, from few to many. The population starts from a strong tint: a single
# event of it must be seen.
OUTSIDE = ("#dfe3e7", "#a3adb7", "#5d6873")
INSIDE = ("#8dbbe8", "#2f7fca", "#08306b")
PARENT_BARS, POPULATION_BARS = "#b3bcc5", "#3d87cc"  # of one marker
REVIEW = "#e69f00"  # around what needs review
MARKED = "#c2410c"  # events that a check speaks of
INTERVAL = ("#e69f00", 0.22)  # laid over the events between the ends of a cut's interval, so strong

# The palette of Okabe and Ito without its yellow, which is lost on white paper. Each group has its own marker
# too, so that a grey copy still tells the groups apart.
_DOSE_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#4a4a4a")
_DOSE_MARKERS = ("o", "s", "^", "D", "v", "P", "X")

# Dark where the tube itself speaks, lighter the further the evidence comes from, red where there is none.
EVIDENCE_COLOURS: dict[Evidence, str] = {
    Evidence.DATA: "#2d4a7c",
    Evidence.CONTROL: "#2f7f8e",
    Evidence.SUBJECT: "#56b184",
    Evidence.BATCH: "#b2d560",
    Evidence.FIXED: "#f5dc6a",
    Evidence.FAILED: "#c0392b",
}


def natural_key(text: str) -> tuple[tuple[int, float, str], ...]:
    """Sort key that puts ``DL2`` before ``DL10`` and ``5e5`` before ``1e6``.

    Parameters
    ----------
    text : str

    Returns
    -------
    tuple of (int, float, str)
    """
    parts = re.split(r"(\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)", text)
    return tuple(
        (1, float(part), "") if odd % 2 else (2, 0.0, part) for odd, part in enumerate(parts) if part
    )


def dose_styles(groups: Iterable[str]) -> dict[str, tuple[str, str]]:
    """Give each dose group a colour and a marker, by natural order of the names.

    Parameters
    ----------
    groups : iterable of str
        Names, in any order and as often as they occur.

    Returns
    -------
    dict of str to (str, str)
        Colour and matplotlib marker of each group.
    """
    names = sorted(set(groups), key=natural_key)
    return {
        name: (_DOSE_COLOURS[i % len(_DOSE_COLOURS)], _DOSE_MARKERS[i % len(_DOSE_MARKERS)])
        for i, name in enumerate(names)
    }


def colour_ramp(*anchors: str, steps: int = 256) -> NDArray[np.uint8]:
    """Return `steps` colours that run evenly through the anchors, as uint8 of shape (steps, 3).

    Parameters
    ----------
    *anchors : str
        ``#rrggbb``, two or more.
    steps : int
        How many.

    Returns
    -------
    ndarray of uint8
    """
    rgb = np.array([[int(anchor[i : i + 2], 16) for i in (1, 3, 5)] for anchor in anchors], dtype=float)
    at = np.linspace(0, 1, len(anchors))
    where = np.linspace(0, 1, steps)
    return np.stack([np.interp(where, at, rgb[:, c]) for c in range(3)], axis=1).round().astype(np.uint8)


def blend(
    under: NDArray[np.uint8], over: NDArray[np.uint8], strength: float | NDArray[np.float64]
) -> NDArray[np.uint8]:
    """Lay colours over others, each a triple of the last axis, so strong.

    Parameters
    ----------
    under, over : ndarray of uint8, shape (..., 3)
    strength : float or ndarray of float64
        0 to 1.

    Returns
    -------
    ndarray of uint8
    """
    return np.rint(under + (over.astype(np.float64) - under) * strength).astype(np.uint8)


def text_on(colour: str) -> str:
    """Return the text colour, dark or white, that reads well on `colour`.

    Parameters
    ----------
    colour : str
        ``#rrggbb``.

    Returns
    -------
    str
    """
    red, green, blue = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    return "#ffffff" if 0.299 * red + 0.587 * green + 0.114 * blue < 0.55 else INK
