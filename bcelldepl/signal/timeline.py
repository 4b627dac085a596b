"""Blocks of acquisition time in which the flow was disturbed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bcelldepl.kernels.disturbance import usual
from bcelldepl.signal.disturbed_signal import odd_signals
from bcelldepl.signal.time_bins import runs_of
from bcelldepl.signal.time_profile import TimeProfile

__all__ = ["TimeBlock", "find_blocks"]

RATE_Z, RATE_CHANGE = 6.0, 0.4  # a disturbed rate is off by both
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


def find_blocks(profile: TimeProfile) -> tuple[tuple[TimeBlock, ...], NDArray[np.bool_]]:
    """Blocks to leave out, and the events outside of them.

    Parameters
    ----------
    profile : TimeProfile
        Of the signals that are watched over time, all events added.

    Returns
    -------
    (tuple of TimeBlock, ndarray of bool)
        The second of shape (n_events,).
    """
    timeline = profile.timeline
    counts = timeline.counts
    reason = np.full(len(counts), "", dtype="<U6")
    reason[odd_signals(profile)] = "signal"
    reason[_odd_rate(counts, timeline.ticks)] = "rate"
    if np.median(counts) > GAP_EVENTS:
        reason[counts == 0] = "gap"
    blocks = []
    for first, last in runs_of(reason != ""):
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
