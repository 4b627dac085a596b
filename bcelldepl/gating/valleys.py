"""Valleys of one marker, believed only where the number of events bears them out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bcelldepl.gating.density import MIN_EVENTS, N_BINS, Density, smoothing_weights
from bcelldepl.kernels.density import part_peaks, smooth_counts
from bcelldepl.kernels.redraw import lowest_redrawn

__all__ = ["Valley", "find_valleys", "valley_interval"]

PEAK_Z = 4.0  # a valley must lie so many standard errors below the lower of its peaks
MAX_DEPTH = 0.8  # and below this part of it
_BOOTSTRAPS = 200
_FARTHEST = 6.0  # standard errors by which chance may move two bins against each other


@dataclass(frozen=True)
class Valley:
    """A significant valley between two peaks.

    Attributes
    ----------
    position, left, right : float
        The valley and the peaks at its sides, in transformed units.
    depth : float
        Density in the valley over that of the lower peak: 0 is empty.
    events_above : int
        Events above the valley.
    """

    position: float
    left: float
    right: float
    depth: float
    events_above: int


def find_valleys(density: Density) -> list[Valley]:
    """Find the valleys that are significant for their number of events, from left to right.

    Peaks are merged, the least significant valley first, until each valley that is left lies significantly below both
    its peaks (difference of two Poisson counts in windows of equal width) and deep enough to cut at.

    Parameters
    ----------
    density : Density

    Returns
    -------
    list of Valley
        Empty where there is one peak, or too few events to tell.
    """
    total = density.events
    if total < 2 * MIN_EVENTS:
        return []
    positions, smooth = density.positions, density.smooth
    found = np.empty((N_BINS, 3), dtype=np.int64)
    half = max(int(1.5 * density.bandwidth / (positions[1] - positions[0])), 1)
    n_valleys = part_peaks(density.counts, smooth, half, MIN_EVENTS, PEAK_Z, MAX_DEPTH, found)
    return [
        Valley(
            position=float(positions[valley]),
            left=float(positions[left]),
            right=float(positions[right]),
            depth=float(smooth[valley] / min(smooth[left], smooth[right])),
            events_above=int(density.counts[valley:].sum()),
        )
        for left, valley, right in found[:n_valleys].tolist()
    ]


def valley_interval(density: Density, valley: Valley, seed: int = 0) -> tuple[float, float]:
    """95 % interval of a valley's position, from histograms redrawn with Poisson counts.

    Parameters
    ----------
    density : Density
    valley : Valley
        One of `find_valleys`.
    seed : int
        Fixed, so that the same tube gives the same interval.

    Returns
    -------
    low, high : float
        In transformed units.
    """
    positions, smooth, weights = density.positions, density.smooth, smoothing_weights(density.bandwidth)
    first, last = np.searchsorted(positions, [valley.left, valley.right])
    bottom = first + int(np.argmin(smooth[first : last + 1]))
    # Only bins that chance may make the lowest are drawn, and those that have a say in them by the smoothing.
    variance = np.empty(N_BINS)
    smooth_counts(density.counts, weights**2, variance)
    chance = _FARTHEST * np.sqrt(variance + variance[bottom])
    able = np.flatnonzero((smooth - smooth[bottom] <= chance)[first : last + 1])
    start, stop, reach = int(first + able[0]), int(first + able[-1]) + 1, len(weights) - 1
    counts = np.zeros(N_BINS + 2 * reach, dtype=np.uint32)
    counts[reach : reach + N_BINS] = density.counts
    counts = counts[start : stop + 2 * reach]
    uniform = np.random.default_rng(seed).random((len(counts), _BOOTSTRAPS))
    lowest = np.empty(_BOOTSTRAPS, dtype=np.int64)
    lowest_redrawn(counts, uniform, weights, float(smooth[first : last + 1].max()), lowest)
    ends = np.array([0.025, 0.975]) * (_BOOTSTRAPS - 1)
    low, high = np.interp(ends, np.arange(_BOOTSTRAPS), np.sort(positions[start + lowest]))
    return float(min(low, valley.position)), float(max(high, valley.position))
