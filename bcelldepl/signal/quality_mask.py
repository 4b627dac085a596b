"""Which events of a tube can be trusted: saturated scatter, and time blocks where the flow was disturbed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bcelldepl.signal.time_bins import MIN_BINS, lay_out
from bcelldepl.signal.timeline import TimeBlock, find_blocks

__all__ = ["Quality", "TimeBlock", "assess_quality"]


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
        timeline, backwards = lay_out(time_s)
        if backwards > 0.01:
            flags.append("the time channel runs backwards in places")
        blocks, undisturbed = find_blocks(timeline, signals)
        for block in blocks:
            by_reason[block.reason] = by_reason.get(block.reason, 0) + block.events
        keep = on_scale & undisturbed
        kept_time = 1.0 - float(sum(b.end_s - b.start_s for b in blocks)) / float(time_s.max() - time_s.min())
    dropped = {"margin": n - int(np.count_nonzero(keep)) - sum(by_reason.values()), **by_reason}
    flags += [f"{b.start_s:.1f}-{b.end_s:.1f} s left out ({b.reason}, {b.events} events)" for b in blocks]
    return Quality(keep, max(kept_time, 0.0), dropped, blocks, tuple(flags), margin / n if n else 0.0)
