"""Whether floats look like measurements: a wrong byte order or place gives numbers that no instrument gives."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np

from bcelldepl.fcs.data import read_words
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
    values = np.empty((len(indices), n_events))
    read_words(path, place.begin, n_events, place.row, indices, values, [None] * len(indices))
    size = np.abs(values)
    odd = float(np.mean(~(size < _LARGEST) | ((size < _SMALLEST) & (size > 0))))
    if odd <= _MOST_ODD:
        return ()
    return (
        f"DATA: {100 * odd:.0f} % of the first values are no measurements: "
        "$BYTEORD, $DATATYPE or the offsets may be wrong",
    )
