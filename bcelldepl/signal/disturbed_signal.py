"""Bins of acquisition time in which a signal is off: its mean, or the part of bright events."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from bcelldepl.kernels.disturbance import event_median, mark_shifts, usual
from bcelldepl.kernels.timeline import count_above, time_profile
from bcelldepl.runtime.threads import in_threads
from bcelldepl.signal.time_bins import MIN_BINS, TimeBins, runs_of

__all__ = ["odd_signals"]

SIGNAL_Z, SIGNAL_CHANGE = 6.0, 0.02  # a disturbed mean signal is off by both, in transformed units
SIGNAL_EDGE_Z = 3.0  # a block of signal goes on as far as this
MIN_BLOCK_BINS = 2  # one odd bin is no block
_BINS_TOGETHER = (1, 2, 4, 8)  # a small shift of a long block is seen in means of many events
# Quantiles; the part of events above is watched, for few bright ones hardly move a mean.
_BRIGHT = (0.9, 0.96, 0.98)
_BRIGHT_Z, _BRIGHT_EDGE_Z = 6.0, 4.0  # in a bin that is off alone, and in each of several
_BRIGHT_CHANGE = 0.4  # of the usual part
_BRIGHT_PER_BIN = 50  # enough for a part known to 14 %
_QUANTILE_EVENTS = 20_000  # from which a quantile is read
_MANY_NUMBERS = 1_000_000  # of all signals; two threads pay from here on


def odd_signals(signals: Mapping[str, NDArray[np.float32]], timeline: TimeBins) -> NDArray[np.bool_]:
    """Bins in runs of at least two whose mean signal is off in any channel, in one of them by far.

    So are several bins taken together, as long as enough are left: where most events are debris, a clog moves the mean
    of a bin by less than its noise. Runs in which the part of bright events is off are found, too.

    Parameters
    ----------
    signals : mapping of str to ndarray of float32, shape (n_events,)
        Transformed signals watched over time, by marker.
    timeline : TimeBins

    Returns
    -------
    ndarray of bool, shape (n_bins,)
    """
    n_bins = len(timeline.ticks)

    def judge(column: NDArray[np.float32]) -> NDArray[np.bool_]:
        counts, means, variances = np.zeros(n_bins, dtype=np.int64), np.zeros(n_bins), np.zeros(n_bins)
        time_profile(column, timeline.edges, timeline.bins, counts, means, variances)
        odd = np.zeros(n_bins, dtype=np.bool_)
        for together in _BINS_TOGETHER:
            if together > 1 and n_bins // together < MIN_BINS:
                break
            merged = _merged(counts, means, variances, together)
            if np.count_nonzero(merged[0] > 1) < MIN_BINS // 2:
                break
            shifted = np.zeros(len(merged[0]), dtype=np.bool_)
            mark_shifts(*merged, SIGNAL_CHANGE, SIGNAL_EDGE_Z, SIGNAL_Z, MIN_BLOCK_BINS, shifted)
            for first, last in runs_of(np.repeat(shifted, together)[:n_bins]):
                odd[_without_sound_ends(counts, means, first, last)] = True
        for first, last in _bright_runs(column, timeline):
            if not odd[first:last].any():  # the means tell the ends better
                odd[first:last] = True
        return odd

    columns = list(signals.values())
    many = sum(len(column) for column in columns) >= _MANY_NUMBERS
    found = in_threads(judge, columns) if many else map(judge, columns)
    odd = np.zeros(n_bins, dtype=np.bool_)
    for one in found:
        odd |= one
    return odd


def _bright_runs(column: NDArray[np.float32], timeline: TimeBins) -> Iterator[tuple[int, int]]:
    """Runs of bins in which the part of bright events is off: a clog that dims mostly beads takes them away."""
    n_bins = len(timeline.ticks)
    some = column[:: max(len(column) // _QUANTILE_EVENTS, 1)]
    counts = np.zeros((len(_BRIGHT), n_bins), dtype=np.int64)
    levels = np.quantile(some, _BRIGHT).astype(np.float32)
    count_above(column, timeline.edges, timeline.bins, levels, counts)
    for bright in counts:
        together = -(-_BRIGHT_PER_BIN * n_bins // max(int(bright.sum()), 1))
        first = np.arange(0, n_bins, together)
        if len(first) < MIN_BINS:
            continue
        above = np.add.reduceat(bright, first)
        events = np.maximum(np.add.reduceat(timeline.counts, first), 1)
        typical, unrest = usual(above / events, events)
        away = np.abs(above - typical * events)
        z = away / np.maximum(np.sqrt(typical * events), unrest * events)
        for start, end in runs_of((z > _BRIGHT_EDGE_Z) & (away > _BRIGHT_CHANGE * typical * events)):
            if end - start >= MIN_BLOCK_BINS or z[start] > _BRIGHT_Z:
                yield start * together, min(end * together, n_bins)


def _merged(
    counts: NDArray[np.int64], means: NDArray[np.float64], variances: NDArray[np.float64], together: int
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    """Counts, means and variances of so many bins taken together; the last of them may hold fewer."""
    if together == 1:
        return counts, means, variances
    first = np.arange(0, len(counts), together)
    events = np.add.reduceat(counts, first)
    some = np.maximum(events, 1)
    with np.errstate(invalid="ignore"):  # signals without numbers have no mean
        return (
            events,
            np.add.reduceat(np.where(counts > 0, counts * means, 0.0), first) / some,
            np.add.reduceat(np.where(counts > 1, counts * variances, 0.0), first) / some,
        )


def _without_sound_ends(
    counts: NDArray[np.int64], means: NDArray[np.float64], first: int, last: int
) -> slice:
    """Leave out the bins at the ends of a run that are off by less than half of what the run is."""
    middle, events = event_median(means, counts), counts[first:last]
    away = np.where(events > 0, means[first:last] - middle, 0.0)
    shift = float(away @ events) / max(int(events.sum()), 1)
    inside = np.flatnonzero(away / shift > 0.5) if shift else np.arange(last - first)
    return slice(first + int(inside[0]), first + int(inside[-1]) + 1) if len(inside) else slice(first, last)
