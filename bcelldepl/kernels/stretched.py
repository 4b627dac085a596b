"""A learned shape where tubes have it elsewhere and wider: its density by bin."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bcelldepl.runtime.compiled import kernel_without_errors

__all__ = ["stretched_densities"]


@kernel_without_errors
def stretched_densities(
    edges: NDArray[np.float64],
    held: NDArray[np.float64],
    first: float,
    step: float,
    places: NDArray[np.float64],
    spreads: NDArray[np.float64],
    width: float,
    out: NDArray[np.float64],
) -> None:
    """Density of a shape by bin, for several places and spreads.

    Parameters
    ----------
    edges : ndarray of float64, shape (n_bins + 1,)
        Linear signal where the bins begin, and where the last one ends; ascending.
    held : ndarray of float64, shape (n_zone + 1,)
        Part of the shape that lies below each edge of its own bins.
    first, step : float
        The lowest of these edges, and the width of a bin of the shape, both in spreads from the place.
    places, spreads : ndarray of float64, shape (n,)
        Linear signal.
    width : float
        Of a bin, in the units that densities are of.
    out : ndarray of float64, shape (n, n_bins)
        Filled; each row holds 1 over all bins, or nothing where the shape lies beyond them.
    """
    last = held.shape[0] - 1
    for s in range(places.shape[0]):
        below, total = 0.0, 0.0
        for b in range(edges.shape[0]):
            zone = ((edges[b] - places[s]) / spreads[s] - first) / step
            if zone <= 0.0:
                part = held[0]
            elif zone >= last:
                part = held[last]
            else:
                place = int(zone)
                part = held[place] + (zone - place) * (held[place + 1] - held[place])
            if b > 0:
                out[s, b - 1] = part - below
                total += part - below
            below = part
        scale = 1.0 / max(total * width, 1e-12)
        for b in range(out.shape[1]):
            out[s, b] *= scale
