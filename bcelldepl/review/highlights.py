"""Events that a picture highlights, by name: a population, those that the quality mask left out, those of a flag."""

from __future__ import annotations

from typing import Final

import numpy as np

from bcelldepl.review.opened import Gated, Index, TubeUnderReview

__all__ = ["LEFT_OUT", "flag_highlight", "highlighted"]

# In place of a population: the events that flags of the quality mask speak of, and those of another flag by its number.
LEFT_OUT: Final = "left out"
_FLAG: Final = "flag "


def flag_highlight(place: int) -> str:
    """Name of the events of a flag among those that can be highlighted.

    Parameters
    ----------
    place : int
        Of the flag among those of the tube, from 0.

    Returns
    -------
    str
    """
    return f"{_FLAG}{place + 1}"


def highlighted(opened: TubeUnderReview, gated: Gated, name: str) -> Index | None:
    """Events of the tube that are highlighted under a name.

    Parameters
    ----------
    opened : TubeUnderReview
    gated : Gated
    name : str
        A population, `LEFT_OUT` or a `flag_highlight`.

    Returns
    -------
    ndarray of int32 or None
        None where there is no such name.
    """
    if name == LEFT_OUT:
        return np.flatnonzero(~opened.gated.signal.quality.keep).astype(np.int32)
    if name in gated.index:
        return gated.index[name]
    if not name.startswith(_FLAG):
        return None
    flags = {flag_highlight(place): flag for place, flag in enumerate(opened.flags)}
    return np.flatnonzero(flags[name].events).astype(np.int32) if name in flags else None
