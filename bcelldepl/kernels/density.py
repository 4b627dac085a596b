"""Peaks and valleys of smoothed histograms: the loops over bins."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bcelldepl.runtime.compiled import kernel

__all__ = ["FLAT", "locate_peak", "lowest", "part_peaks", "smooth_counts"]

FLAT = 1e-9  # of the highest bin: bins that differ by less are equally low


@kernel
def smooth_counts(
    counts: NDArray[np.uint32], weights: NDArray[np.float64], smooth: NDArray[np.float64]
) -> None:
    """Weighted mean of each bin and its neighbours; beyond the ends lies nothing.

    Parameters
    ----------
    counts : ndarray of uint32, shape (n_bins,)
    weights : ndarray of float64, shape (1 + reach,)
        Of a bin itself and of those 1 to `reach` bins off, on either side.
    smooth : ndarray of float64, shape (n_bins,)
        Filled.
    """
    n_bins, reach = counts.shape[0], weights.shape[0] - 1
    padded = np.zeros(n_bins + 2 * reach)
    for i in range(n_bins):
        padded[reach + i] = counts[i]
        smooth[i] = padded[reach + i] * weights[0]
    for off in range(reach, 0, -1):  # the farthest first, as scipy's filters add them up
        left, right, weight = padded[reach - off :], padded[reach + off :], weights[off]
        for i in range(n_bins):
            smooth[i] += (left[i] + right[i]) * weight


@kernel
def lowest(smooth: NDArray[np.float64], tolerance: float) -> int:
    """Bin of the least density: the middle one of those that are lowest within a tolerance.

    Parameters
    ----------
    smooth : ndarray of float64, shape (n_bins,)
    tolerance : float

    Returns
    -------
    int
    """
    least = smooth[0]
    for i in range(1, smooth.shape[0]):
        least = min(least, smooth[i])
    n_low = 0
    for i in range(smooth.shape[0]):
        n_low += smooth[i] <= least + tolerance
    passed, i = -1, -1
    while passed < n_low // 2:
        i += 1
        passed += smooth[i] <= least + tolerance
    return i


@kernel
def part_peaks(
    counts: NDArray[np.uint32],
    smooth: NDArray[np.float64],
    half: int,
    min_events: int,
    min_z: float,
    max_depth: float,
    found: NDArray[np.int64],
) -> int:
    """Peaks that significant valleys part: they are merged, the least significant valley first, until each is one.

    Parameters
    ----------
    counts : ndarray of uint32, shape (n_bins,)
    smooth : ndarray of float64, shape (n_bins,)
        Smoothed counts.
    half : int
        Peaks and valleys are told apart by the counts this many bins about them.
    min_events : int
        On either side of a valley.
    min_z, max_depth : float
        A valley lies so many standard errors of a difference of Poisson counts below the lower of its peaks, and below
        this part of its density.
    found : ndarray of int64, shape (n_bins, 3)
        Its first rows are filled, from left to right: the bins of the peak to the left, the valley, and the peak to
        the right.

    Returns
    -------
    int
        Number of valleys.
    """
    n_bins = smooth.shape[0]
    sums = np.zeros(n_bins + 1)
    highest = 0.0
    for i in range(n_bins):
        sums[i + 1] = sums[i] + counts[i]
        highest = max(highest, smooth[i])
    n_valleys, last = 0, -1
    for i in range(1, n_bins - 1):
        if smooth[i - 1] < smooth[i] >= smooth[i + 1]:
            if last >= 0:
                found[n_valleys, 0], found[n_valleys, 2] = last, i
                found[n_valleys, 1] = last + lowest(smooth[last : i + 1], FLAT * highest)
                n_valleys += 1
            last = i
    while n_valleys > 0:
        worst, least = 0, np.inf
        for v in range(n_valleys):
            left, valley, right = found[v, 0], found[v, 1], found[v, 2]
            near = np.inf
            for peak in (left, right):
                near = min(near, sums[min(peak + half + 1, n_bins)] - sums[max(peak - half, 0)])
            inside = sums[min(valley + half + 1, n_bins)] - sums[max(valley - half, 0)]
            z = (near - inside) / np.sqrt(max(near + inside, 1.0))
            deep = smooth[valley] <= max_depth * min(smooth[left], smooth[right])
            if not deep or min(sums[valley], sums[n_bins] - sums[valley]) < min_events:
                z = min(z, 0.0)
            if z < least:
                worst, least = v, z
        if least >= min_z:
            break
        # The lower of its peaks goes, and with it the valley; the one beyond that peak reaches over both.
        left, right = found[worst, 0], found[worst, 2]
        other = worst - 1 if smooth[left] < smooth[right] else worst + 1
        if 0 <= other < n_valleys:
            first, final = found[min(worst, other), 0], found[max(worst, other), 2]
            found[other, 0], found[other, 2] = first, final
            found[other, 1] = first + lowest(smooth[first : final + 1], FLAT * highest)
        n_valleys -= 1
        for v in range(worst, n_valleys):
            found[v, :] = found[v + 1, :]
    return n_valleys


@kernel
def locate_peak(
    positions: NDArray[np.float64],
    counts: NDArray[np.uint32],
    smooth: NDArray[np.float64],
    n_usable: int,
    fair: float,
) -> tuple[float, float, float]:
    """Where the lowest peak lies, between bins, and how its lower half spreads.

    Parameters
    ----------
    positions : ndarray of float64, shape (n_bins,)
        Bin centres, evenly spaced.
    counts : ndarray of uint32, shape (n_bins,)
    smooth : ndarray of float64, shape (n_bins,)
        Smoothed counts.
    n_usable : int
        Bins from this one on are taken for empty.
    fair : float
        Peaks of less than this part of the highest bin do not count.

    Returns
    -------
    centre : float
        Summit of the parabola through the three highest bins.
    distance : float
        Median distance of the lower half from there.
    lower : float
        Events of the lower half; the bin of the mode counts as far as it lies below the centre.
    """
    n_bins, width = smooth.shape[0], positions[1] - positions[0]
    seen = np.zeros(n_bins)
    seen[:n_usable] = smooth[:n_usable]
    highest = int(np.argmax(seen))
    mode = highest
    for i in range(1, n_bins - 1):
        if seen[i - 1] < seen[i] >= seen[i + 1] and seen[i] >= fair * seen[highest]:
            mode = i
            break
    step = 0.0
    if 0 < mode < n_bins - 1:
        bend = seen[mode - 1] - 2.0 * seen[mode] + seen[mode + 1]
        if bend < 0.0:
            step = min(max(0.5 * (seen[mode - 1] - seen[mode + 1]) / bend, -0.5), 0.5)
    centre = positions[mode] + step * width
    part = (centre - positions[mode]) / width + 0.5
    lower = counts[mode] * part
    for i in range(mode - 1, -1, -1):
        lower += counts[i]
    # From the mode down to the bin in which half of them are reached, on a straight line within it.
    held, i = counts[mode] * part, mode
    away = centre - positions[mode] + 0.5 * width
    while i > 0 and held + counts[i - 1] <= 0.5 * lower:
        i -= 1
        held += counts[i]
        away = centre - positions[i] + 0.5 * width
    if i > 0 and held < 0.5 * lower:
        beyond, after = centre - positions[i - 1] + 0.5 * width, held + counts[i - 1]
        away += (beyond - away) / (after - held) * (0.5 * lower - held)
    return centre, away, lower
