"""Whether two clusters stand apart: the most significant valley between them on a line."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from bcelldepl.runtime.compiled import kernel

__all__ = ["BINS", "line_ends", "project", "significant_valley"]

BINS = 256
_REACH = 3  # of a smoothing, in its widths


@kernel
def _between(low: float, high: float, part: float) -> float:
    """A part of the way from a number to the next, as `numpy.quantile` goes it, to the last digit."""
    rise = high - low
    return high - rise * (1.0 - part) if part >= 0.5 else low + rise * part


@kernel
def project(
    points: NDArray[np.float32],
    members: NDArray[np.int64],
    direction: NDArray[np.float64],
    out: NDArray[np.float64],
) -> None:
    """Positions of some events along a direction.

    Parameters
    ----------
    points : ndarray of float32, shape (n_events, k)
    members : ndarray of int64, shape (m,)
    direction : ndarray of float64, shape (k,)
    out : ndarray of float64, shape (m,)
        Filled.
    """
    for i in range(members.shape[0]):
        row, total = points[members[i]], 0.0
        for j in range(direction.shape[0]):
            total += direction[j] * row[j]
        out[i] = total


@kernel
def _hold(ends: NDArray[np.float64], value: float) -> None:
    """Take a value in among the least ones, which are in order."""
    place = ends.shape[0] - 1
    while place > 0 and ends[place - 1] > value:
        ends[place] = ends[place - 1]
        place -= 1
    ends[place] = value


@kernel
def line_ends(positions: NDArray[np.float64], low: float, high: float, found: NDArray[np.float64]) -> None:
    """Two quantiles near the ends of a line, for which only the few events beyond them are put in order.

    Parameters
    ----------
    positions : ndarray of float64, shape (n,)
        Finite; one at least.
    low, high : float
        Parts of the events.
    found : ndarray of float64, shape (2,)
        Filled.
    """
    n = positions.shape[0]
    from_low, from_high = (n - 1) * low, (n - 1) * high
    first, last = int(from_low), int(from_high)
    least, greatest = np.full(first + 2, np.inf), np.full(n - last, np.inf)  # those turned about
    for i in range(n):
        value = positions[i]
        if value < least[-1]:
            _hold(least, value)
        if -value < greatest[-1]:
            _hold(greatest, -value)
    found[0] = _between(least[first], least[min(first + 1, n - 1)], from_low - first)
    lower = -greatest[n - 1 - last]
    found[1] = _between(lower, -greatest[max(n - 2 - last, 0)], from_high - last)


@kernel
def _smooth(counts: NDArray[np.float64], width: float, out: NDArray[np.float64]) -> None:
    reach = int(_REACH * width)
    weights, total = np.empty(reach + 1), 0.0
    for i in range(reach + 1):
        weights[i] = math.exp(-0.5 * (i / width) ** 2)
        total += weights[i] if i == 0 else 2.0 * weights[i]
    for i in range(BINS):
        value = weights[0] * counts[i]
        for j in range(1, reach + 1):
            if i - j >= 0:
                value += weights[j] * counts[i - j]
            if i + j < BINS:
                value += weights[j] * counts[i + j]
        out[i] = value / total


@kernel
def significant_valley(
    positions: NDArray[np.float64],
    low: float,
    high: float,
    widths: NDArray[np.float64],
    least_z: float,
    greatest_depth: float,
    found: NDArray[np.float64],
) -> bool:
    """Find the valley that chance explains least, at several widths of smoothing.

    A valley counts where its smoothed count lies below that of the lower of the peaks at its sides by so many standard
    errors of the difference of two Poisson counts, and below the given part of it.

    Parameters
    ----------
    positions : ndarray of float64, shape (n,)
    low, high : float
        Range in which it is looked for.
    widths : ndarray of float64
        Of the Gaussian smoothings, in bins.
    least_z, greatest_depth : float
    found : ndarray of float64, shape (3,)
        Filled where there is one: its position, its standard errors, and its depth as a part of the lower peak.

    Returns
    -------
    bool
        Whether there is one.
    """
    if not high > low:
        return False
    counts, smooth = np.zeros(BINS), np.empty(BINS)
    scale = BINS / (high - low)
    for i in range(positions.shape[0]):
        place = int((positions[i] - low) * scale)
        if 0 <= place < BINS:
            counts[place] += 1.0
    right, best = np.empty(BINS), least_z
    any_found = False
    for width in widths:
        _smooth(counts, width, smooth)
        window = 2.0 * math.sqrt(math.pi) * width  # bins whose independent counts a smoothed one is worth
        highest = 0.0
        for i in range(BINS - 1, -1, -1):
            highest = max(highest, smooth[i])
            right[i] = highest
        left = 0.0
        for i in range(BINS):
            left = max(left, smooth[i])
            peak = min(left, right[i])
            if smooth[i] >= greatest_depth * peak:
                continue
            z = (peak - smooth[i]) * window / math.sqrt((peak + smooth[i]) * window)
            if z > best * (1.0 + 1e-9):
                last = i
                while last + 1 < BINS and smooth[last + 1] <= smooth[i]:
                    last += 1
                best, any_found = z, True
                found[0] = low + (0.5 * (i + last) + 0.5) / scale
                found[1], found[2] = z, smooth[i] / peak
    return any_found
