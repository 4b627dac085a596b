"""Every event of a tube looked at once, for its quality mask."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from bcelldepl.fcs.acquisition import Acquisition
from bcelldepl.fcs.blocks import block_edges
from bcelldepl.fcs.timeline import unrolled
from bcelldepl.runtime.threads import in_threads, threads
from bcelldepl.signal.positions import Positions
from bcelldepl.signal.quality_mask import Quality, assess_quality, on_scale
from bcelldepl.signal.time_bins import TimeBins
from bcelldepl.signal.time_profile import TimeProfile, bright_levels, level_step

__all__ = ["watched"]

_FORWARD = ("FSC-A", "FSC-H")
_Part = tuple[list[int], dict[int, tuple[int, int]]]
Look = Callable[[NDArray[np.float32], int, int], None]


def watched(positions: Positions, panel: Mapping[str, str], look: Look | None = None) -> Quality:
    """Judge the events of a tube; on the way its positions are made, and kept as far as they are to be.

    Parameters
    ----------
    positions : Positions
        Not yet filled.
    panel : mapping of str to str
        Marker to channel name.
    look : callable, optional
        Looks at the file's events, too: takes the recipe's channels of a block, of shape (n_channels, its events or
        more), its first event, and the one past its last. Called from several threads.

    Returns
    -------
    Quality

    Raises
    ------
    FcsError
        Where the file's DATA cannot be read.
    CompensationError
        Where signals of a stain are no numbers.
    """
    acquisition, recipe = positions.acquisition, positions.recipe
    n_events, row_bytes = acquisition.n_events, acquisition.place.row.n_bytes
    rows = [recipe.channels.index(panel[marker]) for marker in _FORWARD if marker in panel]
    ranges = {channel.name: channel.range for channel in acquisition.channels}
    top = (ranges[panel["FSC-A"]] if "FSC-A" in panel else 0.0) or np.inf

    def watch(timeline: TimeBins | None) -> tuple[NDArray[np.bool_], TimeProfile | None]:
        keep = np.ones(n_events, dtype=np.bool_)
        profile, whole = None, None
        if timeline is not None:
            made, beyond = recipe.positions(some)
            profile = TimeProfile.of(timeline, bright_levels(made))
            if step == 1:  # these were all events
                positions.refuse_beyond(beyond)
                whole = some, made

        def part(edges: list[int], stretches: dict[int, tuple[int, int]]) -> NDArray[np.int64]:
            def block(
                raw: NDArray[np.float32], made: NDArray[np.float32], offset: int, first: int, last: int
            ) -> None:
                for row in rows:
                    keep[first:last] &= on_scale(raw[row, : last - first], top)
                if profile is not None:
                    profile.add(made, offset, *stretches[first])
                if look is not None:
                    look(raw, first, last)

            return positions.fill(edges, block, whole)

        parts = _parts(timeline, block_edges(0, n_events, row_bytes))
        positions.refuse_beyond(np.sum(in_threads(lambda one: part(*one), parts), axis=0))
        return keep, profile

    if "Time" not in panel or not acquisition.time_advances:
        return assess_quality(n_events, None, watch)
    step = level_step(n_events)
    ticks, some = acquisition.skim(panel["Time"], recipe.channels, step)
    return assess_quality(n_events, _seconds(acquisition, panel["Time"], ticks), watch)


def _parts(timeline: TimeBins | None, blocks: list[int]) -> list[_Part]:
    """Cut the events for the threads: the edges of blocks, and by a block's first event its stretches.

    With a timeline, a block ends where a stretch does and a part where a bin does: how many threads there are then
    changes no sum.
    """
    number, last = threads(), len(blocks) - 1
    if timeline is None:
        ends = sorted({last * k // number for k in range(number)} | {last})
        return [(blocks[a : b + 1], {}) for a, b in pairwise(ends)] or [(blocks, {})]
    most, parts = blocks[1] - blocks[0], []
    for first, end in timeline.parts(number):
        places = [first]
        while places[-1] < end:
            reach = timeline.edges[places[-1]] + most
            place = int(np.searchsorted(timeline.edges, reach, side="right")) - 1
            places.append(min(max(place, places[-1] + 1), end))
        edges = timeline.edges[places].tolist()
        parts.append((edges, dict(zip(edges, pairwise(places), strict=False))))
    return parts


def _seconds(acquisition: Acquisition, name: str, ticks: NDArray[np.float32]) -> NDArray[np.float32]:
    """Time of every event [s], of a counter that rolls over too; ticks where their length is not known."""
    (index,) = acquisition.indices([name])
    channel_range = acquisition.channels[index].range
    step_s = np.float32(acquisition.time_step_s or 1.0)
    if acquisition.place.row.words[index].kind != "I" or not channel_range > 0:
        return ticks * step_s
    return (unrolled(ticks, channel_range) * step_s).astype(np.float32)
