"""Whether floats look like measurements: a wrong byte order or place gives numbers that no instrument gives."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bcelldepl.fcs.blocks import block_edges, read_span
from bcelldepl.fcs.data import read_words
from bcelldepl.fcs.decode import common_storage
from bcelldepl.fcs.locate import Place

__all__ = ["plausibility_notes"]

_LOOKED_AT: Final = 256  # events
_SMALLEST, _LARGEST = 1e-20, 1e20
_MOST_ODD: Final = 0.2  # of the values


def plausibility_notes(path: Path, place: Place) -> tuple[str, ...]:
    """A warning where many of the first floats are tiny, huge or not finite."""
    indices = [i for i, word in enumerate(place.row.words) if word.kind in "FD"]
    n_events = min(place.n_events, _LOOKED_AT)
    if not indices or not n_events:
        return ()
    size = np.abs(_first_values(path, place, indices, n_events))
    odd = float(np.mean(~(size < _LARGEST) | ((size < _SMALLEST) & (size > 0))))
    if odd <= _MOST_ODD:
        return ()
    return (
        f"DATA: {100 * odd:.0f} % of the first values are not plausible measurements: "
        "$BYTEORD, $DATATYPE or the offsets may be wrong",
    )


def _first_values(path: Path, place: Place, indices: list[int], n_events: int) -> NDArray[np.float64]:
    """Values of some channels in the first events, in no order."""
    row, every = place.row, range(len(place.row.words))
    storage = common_storage(row, every, [None] * len(every))
    values = np.empty((len(indices), n_events))
    if storage is None:
        read_words(path, place.begin, n_events, row, indices, values, [None] * len(indices))
        return values

    # Rows that are nothing but floats are taken as they lie.
    def store(block: memoryview, start: int, stop: int) -> None:
        with np.errstate(invalid="ignore"):  # a signalling NaN
            values.reshape(n_events, -1)[start:stop] = np.frombuffer(block, storage).reshape(stop - start, -1)

    read_span(path, place.begin, row.n_bytes, block_edges(0, n_events, row.n_bytes), store)
    return values
