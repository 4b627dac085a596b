"""Axes of the pictures in the instrument's units: ticks, and positions of values that a person types."""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np

from bcelldepl.definitions.markers import SCATTER
from bcelldepl.gating.rules.base import limits_of
from bcelldepl.review.opened import Gated, TubeUnderReview
from bcelldepl.signal.transform import Transform, transform_of

__all__ = ["axis_of", "position_of", "value_of"]

_SUPERSCRIPTS: Final = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")
_STEPS: Final = 512  # of the table by which the page reads values off


def _scale(opened: TubeUnderReview, gated: Gated, marker: str) -> tuple[Transform, float]:
    return transform_of(marker, gated.strategy.all_transforms), opened.gated.range_of(marker)


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
    transform, channel_range = _scale(opened, gated, marker)
    return round(float(transform.apply(np.array([value], dtype=np.float32), channel_range)[0]), 6)


def value_of(opened: TubeUnderReview, gated: Gated, marker: str, positions: list[float]) -> list[float]:
    """Values at some positions, found by halving: the inverse of `position_of`.

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
    transform, channel_range = _scale(opened, gated, marker)
    top = transform.top_signal(channel_range)
    low, high = np.full(len(positions), -8.0 * top), np.full(len(positions), 8.0 * top)
    wanted = np.array(positions)
    for _ in range(60):
        middle = 0.5 * (low + high)
        over = transform.apply(middle.astype(np.float32), channel_range) > wanted
        low, high = np.where(over, low, middle), np.where(over, middle, high)
    return [float(f"{value:.6g}") for value in (0.5 * (low + high)).tolist()]


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
    transform, channel_range = _scale(opened, gated, marker)
    low, high = limits_of(marker)
    ends = value_of(opened, gated, marker, [low, high])
    marked = _linear_ticks(*ends) if transform.kind == "linear" else _decades(*ends)
    at = transform.apply(np.array([value for value, _ in marked], dtype=np.float32), channel_range)
    ticks = [
        [round(place, 5), label, bool(label)]
        for place, (_, label) in zip(at.tolist(), marked, strict=True)
        if low <= place <= high
    ]
    steps = np.linspace(low, high, _STEPS).tolist()
    stain = opened.gated.panel[marker]
    return {
        "marker": marker,
        "detector": stain,
        "scatter": marker in SCATTER,
        "limits": [low, high],
        "ticks": _apart(ticks, high - low),
        "values": value_of(opened, gated, marker, steps),
        "scale": opened.gated.signal.scales.get(marker, ""),
    }


def _linear_ticks(low: float, high: float) -> list[tuple[float, str]]:
    step = 10.0 ** math.floor(math.log10(max(high - low, 1e-9) / 4.0))
    step *= next(factor for factor in (1, 2, 5, 10) if (high - low) / (factor * step) <= 6)
    first = math.ceil(low / step)
    return [(k * step, f"{k * step:,.6g}") for k in range(first, math.floor(high / step) + 1)]


def _decades(low: float, high: float) -> list[tuple[float, str]]:
    """Zero, and the decades on both its sides with the places between them."""
    ticks = [(0.0, "0")]
    for sign, end in ((1.0, high), (-1.0, -low)):
        for power in range(1, 8):
            for factor in range(1, 10):
                value = factor * 10.0**power
                if value > end:
                    break
                name = f"10{str(power).translate(_SUPERSCRIPTS)}" if factor == 1 else ""
                ticks.append((sign * value, f"\N{MINUS SIGN}{name}" if sign < 0 and name else name))
    return ticks


def _apart(ticks: list[list[Any]], width: float) -> list[list[Any]]:
    """Ticks whose labels do not run into each other: near zero the decades lie close; the outer ones stay."""
    shown: list[float] = []
    for tick in sorted(ticks, key=lambda one: (one[1] != "0", -abs(one[0]))):
        if tick[1] and any(abs(tick[0] - other) < 0.05 * width for other in shown):
            tick[1] = ""
        elif tick[1]:
            shown.append(tick[0])
    return ticks
