"""Acquisition time in bins, and the blocks of it where the flow was disturbed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from bcelldepl.kernels.disturbance import mark_shifts, usual
from bcelldepl.kernels.timeline import clock_steps, mean_step, time_profile, time_stretches
from bcelldepl.runtime.threads import in_threads

__all__ = ["MIN_BINS", "TimeBins", "TimeBlock", "find_blocks", "lay_out"]

EVENTS_PER_BIN = 200  # enough for a rate known to 7 %
MIN_BINS, MAX_BINS = 20, 300
RATE_Z, RATE_CHANGE = 6.0, 0.4  # a disturbed rate is off by both
SIGNAL_Z, SIGNAL_CHANGE = 6.0, 0.02  # the same for a mean signal, in transformed units
SIGNAL_EDGE_Z = 3.0  # a block of signal goes on as far as this
MIN_BLOCK_BINS = 2  # for signals: one odd bin is no block
GAP_EVENTS = 12  # an empty bin is a gap where bins usually hold more than this
_MANY_NUMBERS = 1_000_000  # of all signals; two threads pay from here on


@dataclass(frozen=True)
class TimeBlock:
    """One block of acquisition time that is left out.

    Attributes
    ----------
    start_s, end_s : float
        Acquisition time [s].
    reason : str
        ``"gap"``, ``"rate"`` or ``"signal"``.
    events : int
        Events inside.
    """

    start_s: float
    end_s: float
    reason: str
    events: int


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

    def events_of(self, bins: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Whether each event lies in one of the given bins."""
        return np.repeat(bins[self.bins], np.diff(self.edges))


def find_blocks(
    timeline: TimeBins, signals: Mapping[str, NDArray[np.float32]]
) -> tuple[tuple[TimeBlock, ...], NDArray[np.bool_]]:
    """Blocks to leave out, and the events outside of them.

    Parameters
    ----------
    timeline : TimeBins
    signals : mapping of str to ndarray of float32
        Watched over time, by marker.

    Returns
    -------
    (tuple of TimeBlock, ndarray of bool)
        The second of shape (n_events,).
    """
    counts = timeline.counts
    reason = np.full(len(counts), "", dtype="<U6")
    reason[_odd_signals(signals, timeline)] = "signal"
    reason[_odd_rate(counts, timeline.ticks)] = "rate"
    if np.median(counts) > GAP_EVENTS:
        reason[counts == 0] = "gap"
    blocks = []
    for first, last in _runs(reason != ""):
        inside = reason[first:last]
        names, how_many = np.unique(inside, return_counts=True)
        blocks.append(
            TimeBlock(
                start_s=float(timeline.edges_s[first]),
                end_s=float(timeline.edges_s[last]),
                reason=str(names[np.argmax(how_many)]),
                events=int(counts[first:last].sum()),
            )
        )
    return tuple(blocks), timeline.events_of(reason == "")


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


def _odd_rate(counts: NDArray[np.int64], ticks: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Bins whose rate is off; a bin must keep to the tube's usual rate, beyond Poisson noise and its usual unrest."""
    exposure = ticks / ticks[0]
    typical, unrest = usual(counts / exposure, counts)
    # The first and the last tick may be cut short: their bins are given the rate that is nearest to the usual.
    least = exposure.copy()
    least[[0, -1]] -= 1.0 / ticks[0]
    needed = counts / typical
    exposure = np.clip(needed, least, exposure)
    z = np.abs(counts - typical * exposure) / np.maximum(np.sqrt(typical * exposure), unrest * exposure)
    odd: NDArray[np.bool_] = (z > RATE_Z) & (np.abs(needed - exposure) > RATE_CHANGE * exposure)
    return odd


def _odd_signals(signals: Mapping[str, NDArray[np.float32]], timeline: TimeBins) -> NDArray[np.bool_]:
    """Bins in runs of at least two whose mean signal is off in any channel, in one of them by far."""
    n_bins = len(timeline.ticks)

    def judge(column: NDArray[np.float32]) -> NDArray[np.bool_]:
        counts, means, variances = np.zeros(n_bins, dtype=np.int64), np.zeros(n_bins), np.zeros(n_bins)
        time_profile(column, timeline.edges, timeline.bins, counts, means, variances)
        odd = np.zeros(n_bins, dtype=np.bool_)
        if np.count_nonzero(counts > 1) >= MIN_BINS // 2:
            mark_shifts(counts, means, variances, SIGNAL_CHANGE, SIGNAL_EDGE_Z, SIGNAL_Z, MIN_BLOCK_BINS, odd)
        return odd

    columns = list(signals.values())
    many = sum(len(column) for column in columns) >= _MANY_NUMBERS
    found = in_threads(judge, columns) if many else map(judge, columns)
    odd = np.zeros(n_bins, dtype=np.bool_)
    for one in found:
        odd |= one
    return odd


def _runs(marked: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """First and past-the-last index of each run of marked bins."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], marked, [False])).astype(np.int8)))
    return [(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]
