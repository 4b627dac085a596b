"""Acquisition time in bins."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from bcelldepl.kernels.timeline import clock_steps, mean_step, time_stretches

__all__ = ["MIN_BINS", "TimeBins", "lay_out", "runs_of"]

EVENTS_PER_BIN = 200  # enough for a rate known to 7 %
MIN_BINS, MAX_BINS = 20, 300


@dataclass(frozen=True)
class TimeBins:
    """Acquisition time in bins, and the events in stretches of one bin each.

    Attributes
    ----------
    edges_s : ndarray of float64, shape (n_bins + 1,)
        Of the bins [s].
    ticks : ndarray of float64, shape (n_bins,)
        Of the clock in each bin.
    edges, bins : ndarray of int64, shape (n_stretches + 1,), (n_stretches,)
        From `time_stretches`.
    """

    edges_s: NDArray[np.float64]
    ticks: NDArray[np.float64]
    edges: NDArray[np.int64]
    bins: NDArray[np.int64]

    @cached_property
    def counts(self) -> NDArray[np.int64]:
        """Events in each bin."""
        events = np.bincount(self.bins, weights=np.diff(self.edges), minlength=len(self.ticks))
        return events.astype(np.int64)

    def parts(self, number: int) -> list[tuple[int, int]]:
        """Cut the stretches into about so many parts, no bin in two of them; into one where the clock runs backwards.

        Returns
        -------
        list of (int, int)
            The first stretch of each part, and the one past its last.
        """
        change = np.diff(self.bins)
        if number < 2 or np.any(change < 0):
            return [(0, len(self.bins))]
        starts = np.concatenate((np.flatnonzero(change) + 1, [len(self.bins)]))
        wanted = self.edges[-1] * np.arange(1, number) // number
        found = starts[np.searchsorted(self.edges[starts], wanted)]
        return list(pairwise(np.unique((0, *found, len(self.bins))).tolist()))

    def events_of(self, bins: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Whether each event lies in one of the given bins."""
        return np.repeat(bins[self.bins], np.diff(self.edges))


def lay_out(time_s: NDArray[np.float32]) -> tuple[TimeBins, float]:
    """Bin the time, and find the part of all steps of the clock that go backwards.

    Every bin holds as many ticks of the clock: where a tick is no small part of a bin, bins of equal time would hold
    now one tick more, now one less, and their rates would jump.

    Parameters
    ----------
    time_s : ndarray of float32, shape (n_events,)

    Returns
    -------
    (TimeBins, float)
    """
    start, end = float(time_s.min()), float(time_s.max())
    backwards, least = clock_steps(time_s)
    straight = time_s
    if backwards:
        straight = np.sort(time_s)
        _, least = clock_steps(straight)
    tick = mean_step(straight, float(np.float32(1.5) * np.float32(least)))
    n_ticks = max(round((end - start) / tick), 1) + 1
    tick = (end - start) / (n_ticks - 1)
    wanted = int(np.clip(len(time_s) // EVENTS_PER_BIN, MIN_BINS, MAX_BINS))
    per_bin = -(-n_ticks // wanted)
    n_bins = -(-n_ticks // per_bin)
    rest = n_ticks - (n_bins - 1) * per_bin
    if n_bins > 1 and 2 * rest < per_bin:  # too short to stand alone
        n_bins, rest = n_bins - 1, rest + per_bin
    ticks = np.full(n_bins, float(per_bin))
    ticks[-1] = rest
    edges_s = start + tick * (per_bin * np.arange(n_bins + 1.0) - 0.5)
    edges, bins = time_stretches(time_s, float(edges_s[0]), per_bin * tick, n_bins, not backwards)
    edges_s[0], edges_s[-1] = start, end
    return TimeBins(edges_s, ticks, edges, bins), backwards / (len(time_s) - 1)


def runs_of(marked: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Find the runs of marked bins.

    Parameters
    ----------
    marked : ndarray of bool, shape (n_bins,)

    Returns
    -------
    list of (int, int)
        First index of each run, and the one past its last.
    """
    edges = np.flatnonzero(np.diff(np.concatenate(([False], marked, [False])).astype(np.int8)))
    return [(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]
