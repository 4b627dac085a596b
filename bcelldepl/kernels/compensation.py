"""Compensation of detector columns."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = ["compensate"]


@njit(cache=True, nogil=True)
def compensate(columns: NDArray[np.float32], weights: NDArray[np.float64], out: NDArray[np.float32]) -> None:
    """Weigh detectors into compensated signals, event by event.

    Parameters
    ----------
    columns : ndarray of float32, shape (n_detectors, n_events)
        Measured signals, linear scale.
    weights : ndarray of float64, shape (n_detectors, n_signals)
        Columns of the inverse spillover matrix, one per wanted signal.
    out : ndarray of float32, shape (n_signals, n_events)
        Filled with the compensated signals; sums are kept in float64.
    """
    n_detectors, n_events = columns.shape
    for signal in range(weights.shape[1]):
        for event in range(n_events):
            total = 0.0
            for detector in range(n_detectors):
                total += columns[detector, event] * weights[detector, signal]
            out[signal, event] = total
