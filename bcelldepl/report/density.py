"""From a gate's histogram to pixels: the parent's events in grey, the population's in blue, log scale."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bcelldepl.gating.populations import GateView
from bcelldepl.kernels.shades import colour_bins
from bcelldepl.report.palette import INSIDE, MARKED, OUTSIDE, blend, colour_ramp

__all__ = ["density_image", "log_bars", "one_marker", "shrink"]

_SHARES = 32  # steps from grey to blue
# By shade and by the population's share of a bin.
_COLOURS = blend(
    colour_ramp(*OUTSIDE)[:, None], colour_ramp(*INSIDE)[:, None], np.linspace(0, 1, _SHARES + 1)[:, None]
)


def density_image(
    histogram: NDArray[np.uint32], inside: NDArray[np.uint32], marked: NDArray[np.uint32] | None = None
) -> NDArray[np.uint8]:
    """Colour a two-marker histogram.

    Parameters
    ----------
    histogram, inside : ndarray of uint32, shape (nx, ny)
        Events of the parent and of the population per bin; x is the first axis.
    marked : ndarray of uint32, shape (nx, ny), optional
        Events that stand out, whatever else lies there.

    Returns
    -------
    ndarray of uint8, shape (ny, nx, 3)
        One pixel per bin, the lowest y in the first row. Bins without events are white.
    """
    image = np.full((*histogram.T.shape, 3), 255, dtype=np.uint8)
    colour_bins(histogram, inside, _COLOURS, image)
    if marked is not None:
        image[np.nonzero(marked)[::-1]] = colour_ramp(MARKED, steps=1)[0]
    return image


def log_bars(histogram: NDArray[np.uint32]) -> NDArray[np.float64]:
    """Return bar heights log10(1 + events) of a one-marker histogram: rare events stay visible, none is 0.

    Parameters
    ----------
    histogram : ndarray of uint32
        Events per bin.

    Returns
    -------
    ndarray of float64
    """
    return np.log10(1 + histogram.astype(np.float64))


def shrink(histogram: NDArray[np.uint32], size: int) -> NDArray[np.uint32]:
    """Sum neighbouring bins until no axis is longer than `size`; no event is lost.

    Parameters
    ----------
    histogram : ndarray of uint32
        Events per bin.
    size : int
        Longest axis [bins].

    Returns
    -------
    ndarray of uint32
    """
    for axis, length in enumerate(histogram.shape):
        if length > size:
            starts = (np.arange(size) * length) // size
            histogram = np.add.reduceat(histogram, starts, axis=axis)
    return histogram


def one_marker(view: GateView) -> bool:
    """Say whether a view shows the histogram of a single marker.

    Parameters
    ----------
    view : GateView

    Returns
    -------
    bool
    """
    return view.histogram.ndim == 1
