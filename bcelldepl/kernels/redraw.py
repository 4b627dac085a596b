"""Histograms redrawn with Poisson counts, and where each of them is lowest."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bcelldepl.kernels.density import FLAT, lowest
from bcelldepl.runtime.compiled import kernel

__all__ = ["lowest_redrawn"]

_GUIDES = 64  # into a cumulative distribution


@kernel
def _redraw(expected: int, uniform: NDArray[np.float64], drawn: NDArray[np.float64]) -> None:
    """Poisson counts of one expectation, where uniform numbers fall on its cumulative distribution."""
    if expected == 0:
        drawn[:] = 0.0
        return
    wide = int(8.0 * np.sqrt(expected)) + 12  # farther off lies less than a uniform number can tell
    first = max(expected - wide, 0)
    upto = np.empty(expected + wide + 1 - first)
    upto[expected - first] = 1.0
    for count in range(expected, first, -1):
        upto[count - 1 - first] = upto[count - first] * count / expected
    for count in range(expected + 1, expected + wide + 1):
        upto[count - first] = upto[count - 1 - first] * expected / count
    for i in range(1, upto.shape[0]):
        upto[i] += upto[i - 1]
    total = upto[-1]
    start, i = np.empty(_GUIDES, np.int64), 0  # where to look first, by the leading bits of a uniform number
    for guide in range(_GUIDES):
        while upto[i] < guide * total / _GUIDES:
            i += 1
        start[guide] = i
    for one in range(uniform.shape[0]):
        i = start[int(uniform[one] * _GUIDES)]
        while upto[i] < uniform[one] * total:
            i += 1
        drawn[one] = first + i


@kernel
def lowest_redrawn(
    counts: NDArray[np.uint32],
    uniform: NDArray[np.float64],
    weights: NDArray[np.float64],
    highest: float,
    found: NDArray[np.int64],
) -> None:
    """Redraw a histogram with Poisson counts, smooth it and find its lowest bin, many times.

    Parameters
    ----------
    counts : ndarray of uint32, shape (reach + n_bins + reach,)
        Of the bins that are looked at, and of as many at either side as the smoothing reaches.
    uniform : ndarray of float64, shape (reach + n_bins + reach, n_redrawn)
        Random numbers from 0 to below 1, each of which makes a count.
    weights : ndarray of float64, shape (1 + reach,)
        As in `smooth_counts`.
    highest : float
        Smoothed counts of the highest bin; bins that differ by next to nothing of it are equally low, and the middle
        one of them is taken.
    found : ndarray of int64, shape (n_redrawn,)
        Filled; the first of the bins that are looked at is 0.
    """
    reach = weights.shape[0] - 1
    n_bins = counts.shape[0] - 2 * reach
    drawn, smooth = np.empty(uniform.shape), np.empty((uniform.shape[1], n_bins))
    for i in range(counts.shape[0]):
        _redraw(int(counts[i]), uniform[i], drawn[i])
    for one in range(uniform.shape[1]):
        row, bins = drawn[:, one].copy(), smooth[one]
        for i in range(n_bins):
            bins[i] = row[reach + i] * weights[0]
        for off in range(reach, 0, -1):
            left, right, weight = row[reach - off :], row[reach + off :], weights[off]
            for i in range(n_bins):
                bins[i] += (left[i] + right[i]) * weight
        found[one] = lowest(bins, FLAT * highest)
