"""Histograms over every event, on fixed grids."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bcelldepl.runtime.compiled import kernel

__all__ = ["histogram_1d", "histogram_2d", "histogram_inside"]

_TILE = 1024


@kernel
def _bin_of(value: float, low: float, scale: float, n_bins: int) -> int:
    """Bin of a value; beyond an end it is the end bin, for NaN the first."""
    place, last = (value - low) * scale, n_bins - 1.0
    place = place if place > 0.0 else 0.0
    return int(place if place < last else last)


@kernel
def histogram_1d(column: NDArray[np.float32], low: float, high: float, counts: NDArray[np.uint32]) -> None:
    """Add events to bins of equal width; events beyond an end go to the end bin, NaN to none.

    Parameters
    ----------
    column : ndarray of float32, shape (n_events,)
    low, high : float
        Ends of the grid.
    counts : ndarray of uint32, shape (n_bins,)
        Added to.
    """
    n_bins = counts.shape[0]
    scale = n_bins / (high - low)
    for event in range(column.shape[0]):
        value = column[event]
        if np.isnan(value):
            continue
        counts[_bin_of(float(value), low, scale, n_bins)] += np.uint32(1)


@kernel
def histogram_2d(
    x: NDArray[np.float32],
    y: NDArray[np.float32],
    x_limits: tuple[float, float],
    y_limits: tuple[float, float],
    counts: NDArray[np.uint32],
) -> None:
    """Add events to a grid of two markers; ends and NaN as in `histogram_1d`.

    Parameters
    ----------
    x, y : ndarray of float32, shape (n_events,)
    x_limits, y_limits : tuple of float
        Ends of the grid.
    counts : ndarray of uint32, shape (nx, ny)
        Added to.
    """
    nx, ny = counts.shape
    x_scale = nx / (x_limits[1] - x_limits[0])
    y_scale = ny / (y_limits[1] - y_limits[0])
    for event in range(x.shape[0]):
        if np.isnan(x[event]) or np.isnan(y[event]):
            continue
        i = _bin_of(float(x[event]), x_limits[0], x_scale, nx)
        j = _bin_of(float(y[event]), y_limits[0], y_scale, ny)
        counts[i, j] += np.uint32(1)


@kernel
def histogram_inside(
    x: NDArray[np.float32],
    y: NDArray[np.float32],
    inside: NDArray[np.bool_],
    x_limits: tuple[float, float],
    y_limits: tuple[float, float],
    counts: NDArray[np.uint32],
    counts_inside: NDArray[np.uint32],
) -> None:
    """Add events to one grid of two markers, and those that are inside a gate to another.

    Parameters
    ----------
    x, y, x_limits, y_limits
        As in `histogram_2d`.
    inside : ndarray of bool, shape (n_events,)
    counts, counts_inside : ndarray of uint32, shape (nx, ny)
        Added to.
    """
    nx, ny = counts.shape
    x_scale, y_scale = nx / (x_limits[1] - x_limits[0]), ny / (y_limits[1] - y_limits[0])
    # Both grids in one, the events inside in the upper half of a number; the last place is for NaN.
    both, places = np.zeros(nx * ny + 1, np.uint64), np.empty(_TILE, np.int32)
    outside, within = np.uint64(1), np.uint64((1 << 32) + 1)
    for first in range(0, x.shape[0], _TILE):
        size = min(_TILE, x.shape[0] - first)
        own_x, own_y, mark = x[first : first + size], y[first : first + size], inside[first : first + size]
        for e in range(size):
            i = _bin_of(float(own_x[e]), x_limits[0], x_scale, nx)
            j = _bin_of(float(own_y[e]), y_limits[0], y_scale, ny)
            places[e] = nx * ny if np.isnan(own_x[e]) | np.isnan(own_y[e]) else i * ny + j
        for e in range(size):
            both[places[e]] += within if mark[e] else outside
    for i in range(nx):
        for j in range(ny):
            counts[i, j] += np.uint32(both[i * ny + j])
            counts_inside[i, j] += np.uint32(both[i * ny + j] >> np.uint64(32))
