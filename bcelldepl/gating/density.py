"""Peaks and valleys of one marker, believed only where the number of events bears them out."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from bcelldepl.kernels.histogram import histogram_1d

__all__ = [
    "Density",
    "Landmark",
    "Valley",
    "find_landmark",
    "find_valleys",
    "make_density",
    "upper_spread",
    "valley_interval",
]

GRID = (-0.25, 1.25)
N_BINS = 600
MIN_EVENTS = 20  # a peak of fewer events is not looked for
PEAK_Z = 4.0  # a valley must lie so many standard errors below the lower of its peaks
MAX_DEPTH = 0.8  # and below this part of it
_BOOTSTRAPS = 200
_TRUNCATE = 4.0  # of the smoothing, in bandwidths
_FLANK = (0.3, 0.5, 0.7)  # of a peak's height, where the spread of its flank is read
_WIDEST_FLANK = 1.5  # times the spread of the lower half; of 374 simulated negatives the widest had 1.3


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
    counts = np.zeros(N_BINS, dtype=np.uint32)
    histogram_1d(column, GRID[0], GRID[1], counts)
    bin_width = (GRID[1] - GRID[0]) / N_BINS
    positions = GRID[0] + bin_width * (np.arange(N_BINS, dtype=np.float64) + 0.5)
    n = max(int(counts.sum()), 1)
    bandwidth = float(np.clip(0.010 * (10_000 / n) ** 0.2, 0.006, 0.030))
    return Density(positions, counts, _smooth(counts.astype(np.float64), bandwidth), bandwidth)


def _smooth(counts: NDArray[np.float64], bandwidth: float) -> NDArray[np.float64]:
    sigma = bandwidth / ((GRID[1] - GRID[0]) / N_BINS)
    from scipy.ndimage import gaussian_filter1d  # slow to import, and only fits need it

    result: NDArray[np.float64] = gaussian_filter1d(
        counts, sigma, axis=-1, mode="constant", truncate=_TRUNCATE
    )
    return result


def _peaks(smooth: NDArray[np.float64]) -> list[int]:
    """Bins in which a smoothed histogram stops rising."""
    rising = np.diff(smooth) > 0
    return [int(i) for i in np.flatnonzero(rising[:-1] & ~rising[1:]) + 1]


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
    smooth = density.smooth
    peaks = _peaks(smooth)
    total = density.events
    if total < 2 * MIN_EVENTS:
        return []
    sums = np.concatenate(([0.0], np.cumsum(density.counts, dtype=np.float64)))
    half = max(int(1.5 * density.bandwidth / (density.positions[1] - density.positions[0])), 1)

    def around(i: int) -> float:
        return float(sums[min(i + half + 1, N_BINS)] - sums[max(i - half, 0)])

    @cache
    def bottom(left: int, right: int) -> int:
        low = smooth[left : right + 1]
        flat = np.flatnonzero(low <= low.min() + 1e-9 * smooth.max())  # the middle of an empty stretch
        return left + int(flat[len(flat) // 2])

    @cache  # a merger of two peaks leaves the valleys elsewhere as they are
    def merit(left: int, right: int) -> float:
        valley = bottom(left, right)
        lower, inside = min(around(left), around(right)), around(valley)
        z = (lower - inside) / np.sqrt(max(lower + inside, 1.0))
        enough = min(sums[valley], total - sums[valley]) >= MIN_EVENTS
        deep = smooth[valley] <= MAX_DEPTH * min(smooth[left], smooth[right])
        return float(z) if enough and deep else min(float(z), 0.0)

    while len(peaks) > 1:
        merits = [merit(a, b) for a, b in pairwise(peaks)]
        worst = int(np.argmin(merits))
        if merits[worst] >= PEAK_Z:
            break
        del peaks[worst if smooth[peaks[worst]] < smooth[peaks[worst + 1]] else worst + 1]
    valleys = []
    for left, right in pairwise(peaks):
        i = bottom(left, right)
        valleys.append(
            Valley(
                position=float(density.positions[i]),
                left=float(density.positions[left]),
                right=float(density.positions[right]),
                depth=float(smooth[i] / min(smooth[left], smooth[right])),
                events_above=int(total - sums[i]),
            )
        )
    return valleys


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
    within = np.flatnonzero((density.positions >= valley.left) & (density.positions <= valley.right))
    first, last = int(within[0]), int(within[-1]) + 1
    # Bins as far off as the smoothing reaches have a say in the valley; others are not drawn.
    reach = int(_TRUNCATE * density.bandwidth / (density.positions[1] - density.positions[0])) + 1
    start, stop = max(first - reach, 0), min(last + reach, N_BINS)
    redrawn = np.random.default_rng(seed).poisson(
        density.counts[start:stop], size=(_BOOTSTRAPS, stop - start)
    )
    drawn = _smooth(redrawn.astype(np.float64), density.bandwidth)[:, first - start : last - start]
    positions = density.positions[first:last]
    lows = drawn <= drawn.min(axis=1, keepdims=True) + 1e-9 * drawn.max(axis=1, keepdims=True)
    # The middle of the lowest stretch of each redrawn histogram.
    middle = lows.sum(axis=1) // 2
    where = positions[np.argmax(lows.cumsum(axis=1) > middle[:, None], axis=1)]
    low, high = np.quantile(where, [0.025, 0.975])
    return float(min(low, valley.position)), float(max(high, valley.position))


def find_landmark(density: Density, below: float = np.inf, near: float | None = None) -> Landmark | None:
    """Locate the negative population: the lowest peak that holds a fair part of the events.

    Parameters
    ----------
    density : Density
    below : float
        Only look below this position.
    near : float, optional
        Take the peak nearest to this position instead of the lowest.

    Returns
    -------
    Landmark or None
        None for fewer than `MIN_EVENTS` events.
    """
    usable = density.positions < below
    smooth = np.where(usable, density.smooth, 0.0)
    if density.counts[usable].sum() < MIN_EVENTS:
        return None
    fair = [i for i in _peaks(smooth) if smooth[i] >= 0.25 * smooth.max()]
    if not fair:
        fair = [int(np.argmax(smooth))]
    mode = fair[0] if near is None else min(fair, key=lambda i: abs(density.positions[i] - near))
    centre, width = (
        _summit(density.positions, smooth, mode),
        float(density.positions[1] - density.positions[0]),
    )
    # The bin of the mode counts as far as it lies below the centre.
    lower = density.counts[: mode + 1].astype(np.float64)
    lower[-1] *= (centre - density.positions[mode]) / width + 0.5
    if lower.sum() < MIN_EVENTS / 2:
        return None
    # The median distance of the lower half from the mode is 0.6745 standard deviations of a normal.
    from_mode = np.cumsum(lower[::-1])
    distance = centre - density.positions[: mode + 1][::-1] + 0.5 * width
    spread = float(np.interp(0.5 * from_mode[-1], from_mode, distance)) / 0.6745
    return Landmark(centre, max(spread, 0.004), int(density.counts[usable].sum()))


def upper_spread(density: Density, landmark: Landmark) -> float:
    """Spread of a population by its upper flank, near enough to the mode that few positives lie there.

    Where positives are so many that the flank merges with them, it is read higher up; where it tells nothing even
    there, the lower half does.

    Parameters
    ----------
    density : Density
    landmark : Landmark
        The population.

    Returns
    -------
    float
        Standard deviation of the normal that falls as steeply, in transformed units.
    """
    first = int(np.searchsorted(density.positions, landmark.centre))
    flank = density.smooth[first:]
    top = float(density.smooth[max(first - 1, 0) : first + 1].max())
    width = density.positions[1] - density.positions[0]
    for part_of_top in _FLANK:
        below = np.flatnonzero(flank < part_of_top * top)
        if not below.size or below[0] == 0:
            continue
        i = int(below[0])
        part = (flank[i - 1] - part_of_top * top) / (flank[i - 1] - flank[i])
        away = density.positions[first + i - 1] + part * width - landmark.centre
        spread = float(away) / math.sqrt(-2.0 * math.log(part_of_top))
        if spread <= _WIDEST_FLANK * landmark.spread:
            return max(spread, 0.004)
    return landmark.spread


def _summit(positions: NDArray[np.float64], smooth: NDArray[np.float64], mode: int) -> float:
    """Position of a peak between bins, by the parabola through its three highest."""
    if not 0 < mode < len(smooth) - 1:
        return float(positions[mode])
    left, top, right = smooth[mode - 1 : mode + 2]
    bend = left - 2.0 * top + right
    step = 0.5 * (left - right) / bend if bend < 0 else 0.0
    return float(positions[mode] + np.clip(step, -0.5, 0.5) * (positions[1] - positions[0]))
