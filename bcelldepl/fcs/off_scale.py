"""Integers above ``$PnR``: off the scale and cut to its top, or bits that mean something else and are masked off.

Words are often wider than the range. Beckman Coulter's instruments keep the number of the channel or a mark of the
event in the bits above it: half of the events or more have some. Partec, Accuri and ZE5 store signals beyond the range
as they are: few events have some. Masked, such a signal becomes a dim one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np

from bcelldepl.fcs.acquisition import Channel
from bcelldepl.fcs.blocks import block_edges, read_span
from bcelldepl.fcs.decode import decode_into, exact_dtype
from bcelldepl.fcs.errors import BadKeywordError
from bcelldepl.fcs.locate import Place
from bcelldepl.fcs.scaling import is_time

__all__ = ["LEAST_OTHER_BITS", "MOST_OFF_SCALE", "settle_upper_bits"]

MOST_OFF_SCALE: Final = 0.05  # of the events; 0.003 is the most seen
LEAST_OTHER_BITS: Final = 0.4  # of the events; 0.5 is the least seen


def settle_upper_bits(path: Path, place: Place, channels: Sequence[Channel]) -> tuple[Place, tuple[str, ...]]:
    """Look at every value of integers that are stored in more bits than ``$PnR`` needs.

    A time channel is left out: its counter rolls over at its range.

    Parameters
    ----------
    path : Path
    place : Place
    channels : sequence of Channel

    Returns
    -------
    Place
        With words that are cut to their top where values are off the scale.
    tuple of str
        A warning with the number of such values in each channel.

    Raises
    ------
    BadKeywordError
        Too many values of a channel are above its range for the one, too few for the other.
    """
    words = place.row.words
    masked = [
        i
        for i, word in enumerate(words)
        if word.mask is not None and word.kind == "I" and not is_time(channels[i])
    ]
    above, at_range = _count_above(path, place, masked)
    clipped: dict[int, int] = {}
    for i, n_above, n_at_range in zip(masked, above, at_range, strict=True):
        share = n_above / max(place.n_events, 1)
        # A mark in the upper bits would leave the lower ones their signal: the range itself is a signal at the top.
        if 0 < share <= MOST_OFF_SCALE or 0 < n_above == n_at_range:
            clipped[i] = n_above
        elif 0 < share < LEAST_OTHER_BITS:
            raise BadKeywordError(
                f"$P{i + 1}R of {channels[i].name} is {channels[i].range:g}, but {100 * share:.0f} % of its values are "
                "larger: too many for signals off the scale, too few for bits that mean something else",
                f"{path}: DATA",
                "export the file again, as floats where the program can",
            )
    if not clipped:
        return place, ()
    settled = [replace(word, is_clipped=i in clipped) for i, word in enumerate(words)]
    told = ", ".join(f"{n:,} of {channels[i].name}" for i, n in clipped.items())
    warning = f"DATA: values above $PnR are off the scale and cut to its top: {told}"
    return replace(place, row=replace(place.row, words=tuple(settled))), (warning,)


def _count_above(path: Path, place: Place, indices: Sequence[int]) -> tuple[list[int], list[int]]:
    """How many values of each channel have bits above its mask, and how many are the first such value."""
    if not indices or not place.n_events:
        return [0] * len(indices), [0] * len(indices)
    row = replace(place.row, words=tuple(replace(word, mask=None) for word in place.row.words))
    dtype = exact_dtype([row.words[i] for i in indices])
    tops = np.array([place.row.words[i].mask for i in indices], dtype)[:, np.newaxis]
    above, first = np.zeros(len(indices), np.int64), np.zeros(len(indices), np.int64)
    decode = decode_into(path, row, indices, [None] * len(indices))

    def count(block: memoryview, start: int, stop: int) -> None:
        values = np.empty((len(indices), stop - start), dtype)
        decode(block, values)
        over = values > tops
        if over.any():
            above[:] += np.count_nonzero(over, axis=1)
            first[:] += np.count_nonzero(values == tops + dtype.type(1), axis=1)

    read_span(path, place.begin, row.n_bytes, block_edges(0, place.n_events, row.n_bytes), count)
    return above.tolist(), first.tolist()
