"""Which events of a tube can be trusted: saturated scatter, and time blocks where the flow was disturbed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bcelldepl.signal.time_bins import MIN_BINS, TimeBins, lay_out
from bcelldepl.signal.time_profile import TimeProfile
from bcelldepl.signal.timeline import TimeBlock, find_blocks

__all__ = ["Quality", "TimeBlock", "Watch", "assess_quality", "on_scale"]

Watch = Callable[[TimeBins | None], tuple[NDArray[np.bool_], TimeProfile | None]]


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
    off_scale_fraction : float
        Part of all events that lie off the forward scatter's scale.
    """

    keep: NDArray[np.bool_]
    kept_time_fraction: float
    dropped: dict[str, int]
    blocks: tuple[TimeBlock, ...] = ()
    flags: tuple[str, ...] = ()
    off_scale_fraction: float = 0.0

    @property
    def kept_fraction(self) -> float:
        """Part of the events that is kept; 1 for an empty tube."""
        return float(self.keep.mean()) if self.keep.size else 1.0


def on_scale(forward: NDArray[np.float32], top: float) -> NDArray[np.bool_]:
    """Whether events lie on the scale of the forward scatter.

    Parameters
    ----------
    forward : ndarray of float32, shape (n_events,)
        Linear. Only forward scatter makes a margin event: side scatter of granulocytes and the fluorescence of beads
        saturate on sound tubes.
    top : float
        ``$PnR`` of the forward scatter.

    Returns
    -------
    ndarray of bool, shape (n_events,)
        A NaN is not.
    """
    return np.asarray((forward < top - 1.0) & (forward > 0.0))


def assess_quality(n_events: int, time_s: NDArray[np.float32] | None, watch: Watch) -> Quality:
    """Judge the events of one tube.

    Parameters
    ----------
    n_events : int
    time_s : ndarray of float32, shape (n_events,), or None
        Acquisition time [s].
    watch : callable
        Looks at every event, once it is known in which bin of time each lies (None: it is not): says which are on
        scale, and gives the profile of the signals that are watched over time.

    Returns
    -------
    Quality
        Time is cut in contiguous blocks only, and only where a change is both significant for its number of events
        and large enough to matter.
    """
    flags: list[str] = []
    timeline: TimeBins | None = None
    span_s = 0.0
    if time_s is None or n_events == 0:
        flags.append("no time channel: acquisition not checked")
    elif n_events < MIN_BINS * 10:
        flags.append(f"only {n_events} events: acquisition not checked")
    elif not np.all(np.isfinite(time_s)) or float(time_s.max()) <= float(time_s.min()):
        flags.append("the time channel does not advance: acquisition not checked")
    else:
        span_s = float(time_s.max() - time_s.min())
        timeline, backwards = lay_out(time_s)
        if backwards > 0.01:
            flags.append("the time channel runs backwards in places")
    keep, profile = watch(timeline)
    margin = n_events - int(np.count_nonzero(keep))
    blocks: tuple[TimeBlock, ...] = ()
    kept_time = 1.0
    by_reason: dict[str, int] = {}
    if profile is not None:
        blocks, undisturbed = find_blocks(profile)
        for block in blocks:
            by_reason[block.reason] = by_reason.get(block.reason, 0) + block.events
        keep &= undisturbed
        kept_time = 1.0 - float(sum(b.end_s - b.start_s for b in blocks)) / span_s
    dropped = {"margin": n_events - int(np.count_nonzero(keep)) - sum(by_reason.values()), **by_reason}
    flags += [f"{b.start_s:.1f}-{b.end_s:.1f} s left out ({b.reason}, {b.events} events)" for b in blocks]
    off_scale = margin / n_events if n_events else 0.0
    return Quality(keep, max(kept_time, 0.0), dropped, blocks, tuple(flags), off_scale)
