"""From a gate's histogram to pixels: the parent's events in grey, the population's in blue, log scale."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bcelldepl.gating.populations import GateView
from bcelldepl.report.palette import colour_ramp

__all__ = ["density_image", "log_bars", "one_marker", "shrink"]

_OUTSIDE = colour_ramp("#dfe3e7", "#a3adb7", "#5d6873")
# The population starts from a strong tint: a single event of it must be seen.
_INSIDE = colour_ramp("#8dbbe8", "#2f7fca", "#08306b")


def density_image(histogram: NDArray[np.uint32], inside: NDArray[np.uint32]) -> NDArray[np.uint8]:
    """Colour a two-marker histogram.

    Parameters
    ----------
    histogram, inside : ndarray of uint32, shape (nx, ny)
        Events of the parent and of the population per bin; x is the first axis.

    Returns
    -------
    ndarray of uint8, shape (ny, nx, 3)
        One pixel per bin, the lowest y in the first row. Bins without events are white.
    """
    count = np.log1p(histogram.T.astype(np.float64))
    shade = np.rint(255 * count / max(float(count.max(initial=0)), 1.0)).astype(np.intp)
    total = np.maximum(histogram.T, 1).astype(np.float64)
    share = (np.minimum(inside.T, histogram.T) / total)[..., None]
    image = (1 - share) * _OUTSIDE[shade] + share * _INSIDE[shade]
    image[histogram.T == 0] = 255
    return np.rint(image).astype(np.uint8)


def log_bars(histogram: NDArray[np.uint32]) -> NDArray[np.float64]:
    """Return bar heights log10(1 + events) of a one-marker histogram: rare events stay visible, none is 0."""
    return np.log10(1 + histogram.astype(np.float64))


def shrink(histogram: NDArray[np.uint32], size: int) -> NDArray[np.uint32]:
    """Sum neighbouring bins until no axis is longer than `size`; no event is lost."""
    for axis, length in enumerate(histogram.shape):
        if length > size:
            starts = (np.arange(size) * length) // size
            histogram = np.add.reduceat(histogram, starts, axis=axis)
    return histogram


def one_marker(view: GateView) -> bool:
    """Say whether a view shows the histogram of a single marker."""
    return view.histogram.ndim == 1
