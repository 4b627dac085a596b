"""Where a population lies on one marker, and how wide it is, whatever lies above it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bcelldepl.gating.density import MIN_EVENTS, Density
from bcelldepl.kernels.density import locate_peak

__all__ = ["Landmark", "find_landmark"]

_FAIR = 0.25  # of the highest, for a peak to be the negative


@dataclass(frozen=True)
class Landmark:
    """Where a population lies on one marker, by robust figures.

    Attributes
    ----------
    centre, spread : float
        Mode and robust standard deviation of its lower half, in transformed units: what lies above does not move it.
    events : int
        Events that it was read from.
    """

    centre: float
    spread: float
    events: int


def find_landmark(density: Density, below: float = np.inf) -> Landmark | None:
    """Locate the negative population: the lowest peak that holds a fair part of the events.

    Parameters
    ----------
    density : Density
    below : float
        Only look below this position.

    Returns
    -------
    Landmark or None
        None for fewer than `MIN_EVENTS` events.
    """
    n_usable = int(np.searchsorted(density.positions, below))
    events = int(density.counts[:n_usable].sum())
    if events < MIN_EVENTS:
        return None
    centre, distance, lower = locate_peak(density.positions, density.counts, density.smooth, n_usable, _FAIR)
    if lower < MIN_EVENTS / 2:
        return None
    # The median distance of the lower half from the mode is 0.6745 standard deviations of a normal.
    return Landmark(centre, max(distance / 0.6745, 0.004), events)
