"""Bins of acquisition time in which a signal is off: its mean, or the part of bright events."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bcelldepl.kernels.disturbance import event_median, mark_bright, mark_merged_shifts
from bcelldepl.kernels.timeline import profile_moments
from bcelldepl.signal.time_bins import MIN_BINS, runs_of
from bcelldepl.signal.time_profile import TimeProfile

__all__ = ["odd_signals"]

SIGNAL_Z, SIGNAL_CHANGE = 6.0, 0.02  # a disturbed mean signal is off by both, in transformed units
SIGNAL_EDGE_Z = 3.0  # a block of signal goes on as far as this
MIN_BLOCK_BINS = 2  # one odd bin is no block
_BINS_TOGETHER = (1, 2, 4, 8)  # a small shift of a long block is seen in means of many events
# The part of bright events is watched, for few of them hardly move a mean.
_BRIGHT_Z, _BRIGHT_EDGE_Z = 6.0, 4.0  # in a bin that is off alone, and in each of several
_BRIGHT_CHANGE = 0.4  # of the usual part
_BRIGHT_PER_BIN = 50  # enough for a part known to 14 %


def odd_signals(profile: TimeProfile) -> NDArray[np.bool_]:
    """Bins in runs of at least two whose mean signal is off in any channel, in one of them by far.

    So are several bins taken together, as long as enough are left: where most events are debris, a clog moves the mean
    of a bin by less than its noise. Runs in which the part of bright events is off are found, too.

    Parameters
    ----------
    profile : TimeProfile
        Of all events.

    Returns
    -------
    ndarray of bool, shape (n_bins,)
    """
    odd = np.zeros(len(profile.timeline.ticks), dtype=np.bool_)
    for signal in range(len(profile.counts)):
        own = _shifted(profile, signal)
        _mark_bright(profile, signal, own)  # the means tell the ends better
        odd |= own
    return odd


def _shifted(profile: TimeProfile, signal: int) -> NDArray[np.bool_]:
    """Mark runs of bins in which the mean of a signal is off."""
    counts, n_bins = profile.counts[signal], len(profile.timeline.ticks)
    means, variances = profile_moments(
        profile.near[signal], counts, profile.sums[signal], profile.squares[signal]
    )
    odd = np.zeros(n_bins, dtype=np.bool_)
    for together in _BINS_TOGETHER:
        if together > 1 and n_bins // together < MIN_BINS:
            break
        shifted = np.zeros(n_bins, dtype=np.bool_)
        limits = SIGNAL_CHANGE, SIGNAL_EDGE_Z, SIGNAL_Z, MIN_BLOCK_BINS
        seen = mark_merged_shifts(counts, means, variances, together, *limits, shifted)
        if seen < MIN_BINS // 2:
            break
        for first, last in runs_of(shifted) if shifted.any() else ():
            odd[_without_sound_ends(counts, means, first, last)] = True
    return odd


def _mark_bright(profile: TimeProfile, signal: int, odd: NDArray[np.bool_]) -> None:
    """Mark runs of bins in which the part of bright events is off: a clog that dims mostly beads takes them away."""
    n_bins = len(profile.timeline.ticks)
    for bright in profile.above[signal]:
        together = -(-_BRIGHT_PER_BIN * n_bins // max(int(bright.sum()), 1))
        if -(-n_bins // together) >= MIN_BINS:
            limits = _BRIGHT_CHANGE, _BRIGHT_EDGE_Z, _BRIGHT_Z, MIN_BLOCK_BINS
            mark_bright(bright, profile.timeline.counts, together, *limits, odd)


def _without_sound_ends(
    counts: NDArray[np.int64], means: NDArray[np.float64], first: int, last: int
) -> slice:
    """Leave out the bins at the ends of a run that are off by less than half of what the run is."""
    middle, events = event_median(means, counts), counts[first:last]
    away = np.where(events > 0, means[first:last] - middle, 0.0)
    shift = float(away @ events) / max(int(events.sum()), 1)
    inside = np.flatnonzero(away / shift > 0.5) if shift else np.arange(last - first)
    return slice(first + int(inside[0]), first + int(inside[-1]) + 1) if len(inside) else slice(first, last)
