"""Two memberships of the same events: how far they overlap, and where in marker space they differ."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bcelldepl.comparison.statistics.estimate import Estimate
from bcelldepl.counting.intervals import CONFIDENCE, clopper_pearson

__all__ = ["Overlap", "Whereabouts", "find_differences", "overlap"]


_FEWEST_SHARED: Final = 20  # events; of fewer there is no spread


@dataclass(frozen=True)
class Overlap:
    """Events that two gates share, and those that only one has.

    Attributes
    ----------
    both, only_auto, only_manual : int
        Events.
    """

    both: int
    only_auto: int
    only_manual: int

    @property
    def auto(self) -> int:
        """Events of the automated gate."""
        return self.both + self.only_auto

    @property
    def manual(self) -> int:
        """Events of the manual gate."""
        return self.both + self.only_manual

    @property
    def precision(self) -> float:
        """Part of the automated events that are manual too; NaN of none."""
        return self.both / self.auto if self.auto else math.nan

    @property
    def recall(self) -> float:
        """Part of the manual events that are automated too; NaN of none."""
        return self.both / self.manual if self.manual else math.nan

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall; 1 where both are empty, for then they agree."""
        return 2 * self.both / (self.auto + self.manual) if self.auto + self.manual else 1.0

    @property
    def jaccard(self) -> float:
        """Shared events in those of either; 1 where both are empty."""
        union = self.both + self.only_auto + self.only_manual
        return self.both / union if union else 1.0

    def interval(self, name: str, confidence: float = CONFIDENCE) -> Estimate:
        """Precision, recall or Jaccard with its exact interval.

        Parameters
        ----------
        name : {"precision", "recall", "jaccard"}
        confidence : float
            Two-sided.
        """
        total = {"precision": self.auto, "recall": self.manual, "jaccard": self.auto + self.only_manual}[name]
        low, high = clopper_pearson(self.both, total, confidence)
        return Estimate(getattr(self, name), low, high, total)


def overlap(auto: NDArray[np.bool_], manual: NDArray[np.bool_]) -> Overlap:
    """Count the events that two memberships share.

    Parameters
    ----------
    auto, manual : ndarray of bool, shape (n_events,)
        Of the same file.

    Returns
    -------
    Overlap
    """
    both = int(np.count_nonzero(auto & manual))
    return Overlap(both, int(np.count_nonzero(auto)) - both, int(np.count_nonzero(manual)) - both)


@dataclass(frozen=True)
class Whereabouts:
    """Where the events that two gates dispute lie in one marker, seen from those that they share.

    Attributes
    ----------
    marker : str
    only_auto, only_manual : float
        Median position less that of the shared events, in spreads of the shared events; NaN of no events.
    """

    marker: str
    only_auto: float
    only_manual: float


def find_differences(
    auto: NDArray[np.bool_], manual: NDArray[np.bool_], columns: Mapping[str, NDArray[np.float32]]
) -> list[Whereabouts]:
    """Say in which markers the disputed events stand apart, the most telling marker first.

    Parameters
    ----------
    auto, manual : ndarray of bool, shape (n_events,)
    columns : mapping of str to ndarray of float32, shape (n_events,)
        Transformed signals by marker.

    Returns
    -------
    list of Whereabouts
        Empty where the gates share too few events to measure from.
    """
    shared = auto & manual
    if int(shared.sum()) < _FEWEST_SHARED:
        return []
    found = []
    for marker, column in columns.items():
        middle, spread = _middle_and_spread(column[shared])
        offsets = [
            float(np.median(column[part]) - middle) / spread if part.any() else math.nan
            for part in (auto & ~manual, manual & ~auto)
        ]
        found.append(Whereabouts(marker, *offsets))
    return sorted(found, key=lambda w: -float(np.nanmax(np.abs([w.only_auto, w.only_manual, 0.0]))))


def _middle_and_spread(values: NDArray[np.float32]) -> tuple[float, float]:
    middle = float(np.median(values))
    return middle, max(1.4826 * float(np.median(np.abs(values - middle))), 1e-4)
