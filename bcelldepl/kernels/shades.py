"""The colour of every bin of a histogram of two markers."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from bcelldepl.runtime.compiled import kernel

__all__ = ["colour_bins"]


@kernel
def colour_bins(
    histogram: NDArray[np.uint32],
    inside: NDArray[np.uint32],
    colours: NDArray[np.uint8],
    image: NDArray[np.uint8],
) -> None:
    """Colour bins by their events on a log scale, and by the part of them that a population holds.

    Parameters
    ----------
    histogram, inside : ndarray of uint32, shape (nx, ny)
        Events of the parent and of the population per bin.
    colours : ndarray of uint8, shape (n_shades, n_parts, 3)
        From few events to as many as the fullest bin holds; from no part to all.
    image : ndarray of uint8, shape (ny, nx, 3)
        Filled where bins hold events.
    """
    largest = 0
    for i in range(histogram.shape[0]):
        for j in range(histogram.shape[1]):
            largest = max(largest, histogram[i, j])
    shades, parts = colours.shape[0] - 1, colours.shape[1] - 1
    scale = shades / max(math.log1p(float(largest)), 1.0)
    for i in range(histogram.shape[0]):
        for j in range(histogram.shape[1]):
            events = histogram[i, j]
            if events > 0:
                shade = round(scale * math.log1p(float(events)))
                part = round(parts * (min(inside[i, j], events) / events))
                for channel in range(3):
                    image[j, i, channel] = colours[shade, part, channel]
