"""Running statistics over acquisition time."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from bcelldepl.kernels.sums import sum_of

__all__ = ["time_bins", "time_profile"]

_STRETCH = 512  # events summed at once


@njit(cache=True, nogil=True)
def time_bins(
    time: NDArray[np.float32], start: float, width: float, n_bins: int, out: NDArray[np.int32]
) -> None:
    """Number of the time bin of every event, held within 0 and ``n_bins - 1``.

    Parameters
    ----------
    time : ndarray of float32, shape (n_events,)
        Acquisition time [s].
    start, width : float
        Start of the first bin and width of every bin [s].
    n_bins : int
    out : ndarray of int32, shape (n_events,)
        Filled.
    """
    for event in range(time.shape[0]):
        position = (float(time[event]) - start) / width
        out[event] = int(min(max(position, 0.0), n_bins - 1.0))


@njit(cache=True, nogil=True)
def time_profile(
    column: NDArray[np.float32],
    bins: NDArray[np.int32],
    counts: NDArray[np.int64],
    means: NDArray[np.float64],
    variances: NDArray[np.float64],
) -> None:
    """Count, mean and variance of a signal in each time bin, in one pass.

    Events come in order of time, so that those of a bin lie together and are summed as one stretch; events that do not
    are summed rightly too, only slower. Squares are taken from the first value of the bin, which is near its mean.

    Parameters
    ----------
    column : ndarray of float32, shape (n_events,)
        Transformed signal, so that a few bright events do not rule a mean.
    bins : ndarray of int32, shape (n_events,)
        Time bin of each event.
    counts, means, variances : ndarray, shape (n_bins,)
        Zeros on entry; filled. Variance of the sample (n - 1), 0 for fewer than 2 events.
    """
    n, n_bins = column.shape[0], counts.shape[0]
    near, sums, squares = np.zeros(n_bins), np.zeros(n_bins), np.zeros(n_bins)
    away, square = np.empty(_STRETCH), np.empty(_STRETCH)
    start = 0
    while start < n:
        b = bins[start]
        stop = start + 1
        while stop < n and stop - start < _STRETCH and bins[stop] == b:
            stop += 1
        size, part = stop - start, column[start:stop]
        if counts[b] == 0:
            near[b] = _first_number(part)
        centre, missing = near[b], 0
        for i in range(size):
            known = part[i] == part[i]
            away[i] = part[i] - centre if known else 0.0
            square[i] = away[i] * away[i]
            missing += 0 if known else 1
        counts[b] += size - missing
        sums[b] += sum_of(away, size)
        squares[b] += sum_of(square, size)
        start = stop
    for b in range(n_bins):
        if counts[b] > 0:
            means[b] = near[b] + sums[b] / counts[b]
        if counts[b] > 1:
            variances[b] = max(squares[b] - sums[b] * sums[b] / counts[b], 0.0) / (counts[b] - 1)


@njit(cache=True, nogil=True)
def _first_number(values: NDArray[np.float32]) -> float:
    """Return the first value that is not NaN; 0 where there is none."""
    for i in range(values.shape[0]):
        if values[i] == values[i]:
            return float(values[i])
    return 0.0
