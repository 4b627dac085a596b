"""Axes of the pictures in the instrument's units: what the page draws, and positions of values that a person types."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from bcelldepl.definitions.markers import SCATTER
from bcelldepl.gating.rules.base import limits_of
from bcelldepl.review.opened import Gated, TubeUnderReview
from bcelldepl.signal.marker_axis import MarkerAxis
from bcelldepl.signal.transform import transform_of

__all__ = ["axis_of", "position_of", "value_of"]

_STEPS: Final = 512  # of the table by which the page reads values off


def _axis(opened: TubeUnderReview, gated: Gated, marker: str) -> MarkerAxis:
    return MarkerAxis(transform_of(marker, gated.strategy.all_transforms), opened.gated.range_of(marker))


def position_of(opened: TubeUnderReview, gated: Gated, marker: str, value: float) -> float:
    """Position of a value on the scale of a marker.

    Parameters
    ----------
    opened : TubeUnderReview
    gated : Gated
        Whose scales.
    marker : str
    value : float
        Compensated signal, in the instrument's units.

    Returns
    -------
    float
    """
    return round(float(_axis(opened, gated, marker).positions([value])[0]), 6)


def value_of(opened: TubeUnderReview, gated: Gated, marker: str, positions: list[float]) -> list[float]:
    """Values at some positions: the inverse of `position_of`.

    Parameters
    ----------
    opened : TubeUnderReview
    gated : Gated
    marker : str
    positions : list of float
        In transformed units.

    Returns
    -------
    list of float
        Compensated signals, in the instrument's units.
    """
    return [float(f"{value:.6g}") for value in _axis(opened, gated, marker).values(positions).tolist()]


def axis_of(opened: TubeUnderReview, gated: Gated, marker: str) -> dict[str, Any]:
    """What the page needs to draw the axis of a marker.

    Parameters
    ----------
    opened : TubeUnderReview
    gated : Gated
    marker : str

    Returns
    -------
    dict of str to object
        Name, limits, ticks as position, label and whether it is a long one, and values at even positions.
    """
    low, high = limits_of(marker)
    return {
        "marker": marker,
        "detector": opened.gated.panel[marker],
        "scatter": marker in SCATTER,
        "limits": [low, high],
        "ticks": [
            [round(one.position, 5), one.label, one.major]
            for one in _axis(opened, gated, marker).ticks(low, high)
        ],
        "values": value_of(opened, gated, marker, np.linspace(low, high, _STEPS).tolist()),
        "scale": opened.gated.signal.scales.get(marker, ""),
    }
