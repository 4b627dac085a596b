"""The axis of a marker in the instrument's units: values at positions, positions of values, and ticks in decades."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bcelldepl.kernels.inverse import signals_at
from bcelldepl.signal.transform import Transform

__all__ = ["MarkerAxis", "Tick"]

_SUPERSCRIPTS: Final = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")
_CLOSEST: Final = 0.05  # of the axis, between two labels
_MOST_STEPS: Final = 6  # of a linear axis
_ROUNDING: Final = 1e-6  # of a step, by which the ends of an axis are known
_THOUSANDS: Final = 10_000.0  # from here on a linear tick is written in thousands, as cytometers do


@dataclass(frozen=True)
class Tick:
    """One tick of an axis.

    Attributes
    ----------
    position : float
        In transformed units.
    label : str
        Empty for a tick between two that are labelled.
    major : bool
        Whether it is a full decade or a whole step, labelled or not.
    """

    position: float
    label: str
    major: bool


@dataclass(frozen=True)
class MarkerAxis:
    """The scale of a marker in one tube.

    Attributes
    ----------
    transform : Transform
    channel_range : float
        ``$PnR`` of its channel.
    """

    transform: Transform
    channel_range: float

    def positions(self, values: Sequence[float] | NDArray[np.float64]) -> NDArray[np.float64]:
        """Positions of compensated signals, in transformed units."""
        signals = np.asarray(values, dtype=np.float32)
        return self.transform.apply(signals, self.channel_range).astype(np.float64)

    def values(self, positions: Sequence[float] | NDArray[np.float64]) -> NDArray[np.float64]:
        """Compensated signals at some positions, in the instrument's units, found by cutting intervals."""
        wanted = np.asarray(positions, dtype=np.float64)
        found = np.empty(wanted.shape)
        top = self.transform.top_signal(self.channel_range)
        signals_at(wanted, self.transform.table(self.channel_range)[0], top, found)
        return found

    def ticks(self, low: float, high: float, closest: float = _CLOSEST) -> tuple[Tick, ...]:
        """Ticks between two positions: decades on both sides of zero, or even steps of a linear scale.

        Labels lie at least so far apart, as a part of the axis.
        """
        return _ticks(self, low, high, closest)


@lru_cache(maxsize=256)
def _ticks(axis: MarkerAxis, low: float, high: float, closest: float) -> tuple[Tick, ...]:
    first, last = axis.values([low, high]).tolist()
    marked = _even_steps(first, last) if axis.transform.kind == "linear" else _decades(first, last)
    places = axis.positions([value for value, _ in marked]).tolist()
    ticks = [
        Tick(place, label, bool(label))
        for place, (_, label) in zip(places, marked, strict=True)
        if low - _ROUNDING <= place <= high + _ROUNDING
    ]
    return _apart(ticks, closest * (high - low))


def _even_steps(low: float, high: float) -> list[tuple[float, str]]:
    step = 10.0 ** math.floor(math.log10(max(high - low, 1e-9) / 4.0))
    step *= next(factor for factor in (1, 2, 5, 10) if (high - low) / (factor * step) <= _MOST_STEPS)
    first, last = math.ceil(low / step - _ROUNDING), math.floor(high / step + _ROUNDING)
    values = [k * step for k in range(first, last + 1)]
    thousands = max(map(abs, values), default=0.0) >= _THOUSANDS
    return [(one, f"{one / 1000:,.6g}K" if thousands and one else f"{one + 0.0:,.6g}") for one in values]


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


def _apart(ticks: Sequence[Tick], distance: float) -> tuple[Tick, ...]:
    """Ticks whose labels do not run into each other: near zero the decades lie close; the outer ones stay."""
    shown: list[float] = []
    for tick in sorted(ticks, key=lambda one: (one.label != "0", -abs(one.position))):
        if tick.label and all(abs(tick.position - other) >= distance for other in shown):
            shown.append(tick.position)
    return tuple(Tick(one.position, one.label if one.position in shown else "", one.major) for one in ticks)
