"""Running statistics over acquisition time."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = ["time_bins", "time_profile"]


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
    """Count, mean and variance of a signal in each time bin, in one pass (Welford).

    Parameters
    ----------
    column : ndarray of float32, shape (n_events,)
        Transformed signal, so that a few bright events do not rule a mean.
    bins : ndarray of int32, shape (n_events,)
        Time bin of each event.
    counts, means, variances : ndarray, shape (n_bins,)
        Zeros on entry; filled. Variance of the sample (n - 1), 0 for fewer than 2 events.
    """
    for event in range(column.shape[0]):
        value = float(column[event])
        if np.isnan(value):
            continue
        b = bins[event]
        counts[b] += 1
        delta = value - means[b]
        means[b] += delta / counts[b]
        variances[b] += delta * (value - means[b])
    for b in range(counts.shape[0]):
        variances[b] = variances[b] / (counts[b] - 1) if counts[b] > 1 else 0.0
