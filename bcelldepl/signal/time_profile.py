"""Signals by bin of acquisition time: how many events, their mean and variance, and how many are bright."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bcelldepl.kernels import timeline as kernels
from bcelldepl.kernels.quantiles import quantiles
from bcelldepl.signal.time_bins import TimeBins

__all__ = ["TimeProfile", "bright_levels", "level_step"]

_BRIGHT = (0.9, 0.96, 0.98)  # quantiles above which an event is bright
_QUANTILE_EVENTS = 20_000  # from which a quantile is read


def level_step(n_events: int) -> int:
    """Say of how many events one is taken to read the levels of the bright ones.

    Parameters
    ----------
    n_events : int
        Of the tube.

    Returns
    -------
    int
    """
    return max(n_events // _QUANTILE_EVENTS, 1)


def bright_levels(columns: NDArray[np.float32]) -> NDArray[np.float32]:
    """Levels above which events are bright.

    Parameters
    ----------
    columns : ndarray of float32, shape (n_signals, n_events)
        Of one in `level_step` events of a tube, from the first on.

    Returns
    -------
    ndarray of float32, shape (n_signals, n_levels)
    """
    return quantiles(columns, _BRIGHT).astype(np.float32)


@dataclass(frozen=True)
class TimeProfile:
    """Profile of some signals over a timeline, as far as their events were added.

    Attributes
    ----------
    timeline : TimeBins
    levels : ndarray of float32, shape (n_signals, n_levels)
        From `bright_levels`.
    near, counts, sums, squares : ndarray, shape (n_signals, n_bins)
    above : ndarray of int64, shape (n_signals, n_levels, n_bins)
        As `bcelldepl.kernels.timeline.time_profile` fills them.
    """

    timeline: TimeBins
    levels: NDArray[np.float32]
    near: NDArray[np.float64]
    counts: NDArray[np.int64]
    sums: NDArray[np.float64]
    squares: NDArray[np.float64]
    above: NDArray[np.int64]

    @classmethod
    def of(cls, timeline: TimeBins, levels: NDArray[np.float32]) -> TimeProfile:
        """Return one to which no event was added."""
        shape = len(levels), len(timeline.ticks)
        near, sums, squares = (np.zeros(shape) for _ in range(3))
        counts = np.zeros(shape, dtype=np.int64)
        above = np.zeros((*levels.shape, shape[1]), dtype=np.int64)
        return cls(timeline, levels, near, counts, sums, squares, above)

    def add(self, columns: NDArray[np.float32], offset: int, first: int, last: int) -> None:
        """Add stretches of events.

        Parameters
        ----------
        columns : ndarray of float32, shape (n_signals, n)
        offset : int
            Number of the first event that the columns hold.
        first, last : int
            The first stretch, and the one past the last.
        """
        kernels.time_profile(
            columns, offset, self.timeline.edges, self.timeline.bins, first, last, self.levels,
            self.near, self.counts, self.sums, self.squares, self.above,
        )  # fmt: skip
