"""The smoothed histogram of one marker."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bcelldepl.kernels.density import smooth_counts
from bcelldepl.kernels.histogram import histogram_1d

__all__ = ["MIN_EVENTS", "N_BINS", "Density", "make_density", "smoothing_weights"]

MIN_EVENTS = 20  # a peak of fewer events is not looked for
GRID = (-0.25, 1.25)
N_BINS = 600
_BIN_WIDTH = (GRID[1] - GRID[0]) / N_BINS
_POSITIONS = GRID[0] + _BIN_WIDTH * (np.arange(N_BINS, dtype=np.float64) + 0.5)
_POSITIONS.flags.writeable = False  # all densities share them
_TRUNCATE = 4.0  # of the smoothing, in bandwidths


@dataclass(frozen=True)
class Density:
    """A smoothed histogram.

    Attributes
    ----------
    positions : ndarray of float64, shape (n_bins,)
        Bin centres, in transformed units.
    counts : ndarray of uint32, shape (n_bins,)
        Events per bin.
    smooth : ndarray of float64, shape (n_bins,)
        Counts smoothed by a Gaussian of `bandwidth`.
    bandwidth : float
        In transformed units.
    """

    positions: NDArray[np.float64]
    counts: NDArray[np.uint32]
    smooth: NDArray[np.float64]
    bandwidth: float

    @property
    def events(self) -> int:
        """Events in the histogram."""
        return int(self.counts.sum())


def make_density(column: NDArray[np.float32]) -> Density:
    """Histogram and smooth one marker on the grid that all tubes share.

    Parameters
    ----------
    column : ndarray of float32, shape (n_events,)
        Transformed positions.

    Returns
    -------
    Density
        The bandwidth shrinks with the number of events as n to the power -1/5, within fixed bounds.
    """
    counts, smooth = np.zeros(N_BINS, dtype=np.uint32), np.empty(N_BINS)
    histogram_1d(column, GRID[0], GRID[1], counts)
    n = max(int(counts.sum()), 1)
    bandwidth = float(min(max(0.010 * (10_000 / n) ** 0.2, 0.006), 0.030))
    smooth_counts(counts, smoothing_weights(bandwidth), smooth)
    return Density(_POSITIONS, counts, smooth, bandwidth)


def smoothing_weights(bandwidth: float) -> NDArray[np.float64]:
    """Weights of a smoothing by a Gaussian, which is cut off where little is left of it.

    Returns
    -------
    ndarray of float64, shape (1 + reach,)
        Of a bin itself, and of those 1, 2, ... bins off on either side.
    """
    sigma = bandwidth / _BIN_WIDTH
    reach = int(_TRUNCATE * sigma + 0.5)
    heights = np.exp(-0.5 / sigma**2 * np.arange(-reach, reach + 1) ** 2)
    weights: NDArray[np.float64] = heights[reach:] / heights.sum()
    return weights
