"""Which events of a tube can be trusted: saturated scatter, and time blocks where the flow was disturbed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bcelldepl.kernels.threads import in_threads
from bcelldepl.kernels.timeline import clock_steps, mean_step, time_profile, time_stretches

__all__ = ["Quality", "TimeBlock", "assess_quality"]

EVENTS_PER_BIN = 200  # enough for a rate known to 7 %
MIN_BINS, MAX_BINS = 20, 300
RATE_Z, RATE_CHANGE = 6.0, 0.4  # a disturbed rate is off by both
SIGNAL_Z, SIGNAL_CHANGE = 6.0, 0.02  # the same for a mean signal, in transformed units
SIGNAL_EDGE_Z = 3.0  # a block of signal goes on as far as this
MIN_BLOCK_BINS = 2  # for signals: one odd bin is no block
MAX_MARGIN = 0.05
MIN_KEPT_TIME = 0.7
GAP_EVENTS = 12  # an empty bin is a gap where bins usually hold more than this


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
class Quality:
    """The quality mask of one tube, the same for cells and beads.

    Attributes
    ----------
    keep : ndarray of bool, shape (n_events,)
    kept_time_fraction : float
        Part of the acquisition time that is kept; the acquired volume shrinks by it.
    dropped : dict of str to int
        Events dropped, by reason (``margin``, ``gap``, ``rate``, ``signal``); an event counts for the first.
    blocks : tuple of TimeBlock
    flags : tuple of str
        Sentences for ``tubes.csv``.
    doubts : tuple of str
        Those of them for which a person should look at the tube.
    """

    keep: NDArray[np.bool_]
    kept_time_fraction: float
    dropped: dict[str, int]
    blocks: tuple[TimeBlock, ...] = ()
    flags: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()

    @property
    def kept_fraction(self) -> float:
        """Part of the events that is kept; 1 for an empty tube."""
        return float(self.keep.mean()) if self.keep.size else 1.0


def assess_quality(
    forward: Mapping[str, NDArray[np.float32]],
    forward_top: float,
    time_s: NDArray[np.float32] | None,
    signals: Mapping[str, NDArray[np.float32]],
) -> Quality:
    """Judge the events of one tube.

    Parameters
    ----------
    forward : mapping of str to ndarray of float32, shape (n_events,)
        Forward scatter signals, linear. Only forward scatter makes a margin event: side scatter of granulocytes and
        the fluorescence of beads saturate on sound tubes.
    forward_top : float
        ``$PnR`` of the forward scatter.
    time_s : ndarray of float32, shape (n_events,), or None
        Acquisition time [s].
    signals : mapping of str to ndarray of float32
        Transformed signals watched over time.

    Returns
    -------
    Quality
        Time is cut in contiguous blocks only, and only where a change is both significant for its number of events
        and large enough to matter.
    """
    n = len(next(iter(signals.values()))) if signals else len(next(iter(forward.values()), np.empty(0)))
    on_scale = np.ones(n, dtype=np.bool_)
    for column in forward.values():
        on_scale &= column < forward_top - 1.0  # a NaN is not
        on_scale &= column > 0.0
    margin = n - int(np.count_nonzero(on_scale))
    flags: list[str] = []
    blocks: tuple[TimeBlock, ...] = ()
    keep = on_scale
    kept_time = 1.0
    by_reason: dict[str, int] = {}
    if time_s is None or n == 0:
        flags.append("no time channel: acquisition not checked")
    elif n < MIN_BINS * 10:
        flags.append(f"only {n} events: acquisition not checked")
    elif not np.all(np.isfinite(time_s)) or float(time_s.max()) <= float(time_s.min()):
        flags.append("the time channel does not advance: acquisition not checked")
    else:
        timeline, backwards = _lay_out(time_s)
        if backwards > 0.01:
            flags.append("the time channel runs backwards in places")
        blocks, undisturbed = _find_blocks(timeline, signals)
        for block in blocks:
            by_reason[block.reason] = by_reason.get(block.reason, 0) + block.events
        keep = on_scale & undisturbed
        kept_time = 1.0 - float(sum(b.end_s - b.start_s for b in blocks)) / float(time_s.max() - time_s.min())
    dropped = {"margin": n - int(np.count_nonzero(keep)) - sum(by_reason.values()), **by_reason}
    doubts = []
    if n and margin / n > MAX_MARGIN:
        doubts.append(f"{100 * (margin / n):.0f} % of events lie off the forward scatter's scale")
    if kept_time < MIN_KEPT_TIME:
        doubts.append(f"only {100 * kept_time:.0f} % of the acquisition time is undisturbed")
    flags += [f"{b.start_s:.1f}-{b.end_s:.1f} s left out ({b.reason}, {b.events} events)" for b in blocks]
    return Quality(keep, max(kept_time, 0.0), dropped, blocks, (*flags, *doubts), tuple(doubts))


@dataclass(frozen=True)
class _Timeline:
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


def _find_blocks(
    timeline: _Timeline, signals: Mapping[str, NDArray[np.float32]]
) -> tuple[tuple[TimeBlock, ...], NDArray[np.bool_]]:
    """Blocks to leave out, and the events outside of them."""
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


def _lay_out(time_s: NDArray[np.float32]) -> tuple[_Timeline, float]:
    """Bin the time, and find the part of all steps of the clock that go backwards.

    Every bin holds as many ticks of the clock: where a tick is no small part of a bin, bins of equal time would hold
    now one tick more, now one less, and their rates would jump.
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
    return _Timeline(edges_s, ticks, edges, bins), backwards / (len(time_s) - 1)


def _odd_rate(counts: NDArray[np.int64], ticks: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Bins whose rate is off; a bin must keep to the tube's usual rate, beyond Poisson noise and its usual unrest."""
    exposure = ticks / ticks[0]
    usual, unrest = _usual(counts / exposure, counts)
    # The first and the last tick may be cut short: their bins are given the rate that is nearest to the usual.
    least = exposure.copy()
    least[[0, -1]] -= 1.0 / ticks[0]
    needed = counts / usual
    exposure = np.clip(needed, least, exposure)
    z = np.abs(counts - usual * exposure) / np.maximum(np.sqrt(usual * exposure), unrest * exposure)
    odd: NDArray[np.bool_] = (z > RATE_Z) & (np.abs(needed - exposure) > RATE_CHANGE * exposure)
    return odd


def _odd_signals(signals: Mapping[str, NDArray[np.float32]], timeline: _Timeline) -> NDArray[np.bool_]:
    """Bins in runs of at least two whose mean signal is off in any channel, in one of them by far."""
    n_bins = len(timeline.ticks)
    odd = np.zeros(n_bins, dtype=np.bool_)

    def profile(
        column: NDArray[np.float32],
    ) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
        counts, means, variances = np.zeros(n_bins, dtype=np.int64), np.zeros(n_bins), np.zeros(n_bins)
        time_profile(column, timeline.edges, timeline.bins, counts, means, variances)
        return counts, means, variances

    for counts, means, variances in in_threads(profile, signals.values()):
        seen = counts > 1
        if seen.sum() < MIN_BINS // 2:
            continue
        usual, unrest = _usual(means[seen], counts[seen])
        noise = np.sqrt(np.median(variances[seen]) / np.maximum(counts, 1))
        shift = np.abs(means - usual)
        z = np.where(seen & (shift > SIGNAL_CHANGE), shift / np.maximum(noise, unrest), 0.0)
        for first, last in _runs(z > SIGNAL_EDGE_Z):
            if last - first >= MIN_BLOCK_BINS and z[first:last].max() > SIGNAL_Z:
                odd[first:last] = True
    return odd


def _usual(values: NDArray[Any], counts: NDArray[np.int64]) -> tuple[float, float]:
    """Median and robust spread over events, not over time: a tube may stand empty for longer than it ran."""
    usual = _event_median(values, counts)
    return usual, 1.4826 * _event_median(np.abs(values - usual), counts)


def _event_median(values: NDArray[Any], counts: NDArray[np.int64]) -> float:
    order = np.argsort(values, kind="stable")
    reached = np.cumsum(counts[order])
    return float(values[order[np.searchsorted(reached, 0.5 * reached[-1])]])


def _runs(marked: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """First and past-the-last index of each run of marked bins."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], marked, [False])).astype(np.int8)))
    return [(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]
