"""What is known of one population of one tube by both methods, and the quantity in which the two can be compared."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple

__all__ = ["Counted", "Quantity", "TubePair"]

_PERCENT: Final = 100.0


class Quantity(StrEnum):
    """What two methods are compared in, the best first."""

    PER_UL = "cells/uL"
    EVENTS = "events"
    PERCENT = "% of parent"


class Counted(NamedTuple):
    """A count and what it was counted in: a volume, or a part of the file."""

    events: int
    exposure: float


@dataclass(frozen=True)
class TubePair:
    """What is known of one population of one tube, by both methods.

    Attributes
    ----------
    population : str
    auto_events, manual_events : int or None
    auto_per_ul, manual_per_ul : float or None
        Concentrations [cells/uL].
    f1 : float or None
        None where only counts were given.
    auto_decision, manual_decision : str
        Such as ``depleted``; empty where none is taken of this population.
    auto_volume, manual_volume : float or None
        Volume in which the events were counted [uL]; where no volume is known, the part of the acquisition.
    auto_percent, manual_percent : float or None
        Of the parent.
    parent_events : int or None
        Of the automated parent.
    below : bool
        Whether the manual numbers are bounds that the count lies below (``<5``).
    """

    population: str
    auto_events: int | None
    manual_events: int | None
    auto_per_ul: float | None = None
    manual_per_ul: float | None = None
    f1: float | None = None
    auto_decision: str = ""
    manual_decision: str = ""
    auto_volume: float | None = None
    manual_volume: float | None = None
    auto_percent: float | None = None
    manual_percent: float | None = None
    parent_events: int | None = None
    below: bool = False

    @property
    def quantity(self) -> Quantity | None:
        """The best quantity that both methods give; None where they share none."""
        if self.auto_per_ul is not None and self.manual_per_ul is not None:
            return Quantity.PER_UL
        if self.auto_events is not None and self.manual_events is not None:
            return Quantity.EVENTS
        if self.auto_percent is not None and self.manual_percent is not None:
            return Quantity.PERCENT
        return None

    def values(self, quantity: Quantity | None = None) -> tuple[float, float] | None:
        """Automated and manual value in a quantity, by default the best; None where one of the two is missing.

        Events are of the same volume: the manual ones are taken to the volume of the automated ones.
        """
        quantity = quantity or self.quantity
        if quantity is Quantity.PER_UL:
            auto, manual = self.auto_per_ul, self.manual_per_ul
        elif quantity is Quantity.PERCENT:
            auto, manual = self.auto_percent, self.manual_percent
        else:
            auto, manual = _float(self.auto_events), _float(self.manual_events)
            if manual is not None and self.auto_volume and self.manual_volume:
                manual *= self.auto_volume / self.manual_volume
        return None if auto is None or manual is None else (auto, manual)

    @property
    def ratio(self) -> float | None:
        """Automated over manual in the best quantity; None where the manual value is 0, a bound, or missing."""
        values = self.values()
        return None if values is None or values[1] <= 0 or self.below else values[0] / values[1]

    @property
    def auto_counted(self) -> Counted | None:
        """The automated count."""
        if self.quantity is Quantity.PERCENT and self.auto_events is not None and self.parent_events:
            return Counted(self.auto_events, float(self.parent_events))
        exposure = self._auto_exposure or self._manual_exposure
        return None if self.auto_events is None or not exposure else Counted(self.auto_events, exposure)

    @property
    def manual_counted(self) -> Counted | None:
        """The manual count, or what it must have been: a concentration in the volume, a part of the parent."""
        if self.quantity is Quantity.PERCENT:
            if self.manual_percent is None or not self.parent_events:
                return None
            return Counted(
                round(self.manual_percent / _PERCENT * self.parent_events), float(self.parent_events)
            )
        exposure = self._manual_exposure or self._auto_exposure
        if not exposure:
            return None
        if self.manual_events is not None:
            return Counted(self.manual_events, exposure)
        return None if self.manual_per_ul is None else Counted(round(self.manual_per_ul * exposure), exposure)

    @property
    def _auto_exposure(self) -> float | None:
        return _exposure(self.auto_events, self.auto_per_ul, self.auto_volume)

    @property
    def _manual_exposure(self) -> float | None:
        return _exposure(self.manual_events, self.manual_per_ul, self.manual_volume)


def _exposure(events: int | None, per_ul: float | None, volume: float | None) -> float | None:
    """Volume behind a count: as its concentration says, else as it is known."""
    return events / per_ul if events and per_ul else volume


def _float(value: int | None) -> float | None:
    return None if value is None else float(value)
