"""The tilt of a negative: how one marker's negative rises with another marker, as spilt light makes it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bcelldepl.gating.density import make_density
from bcelldepl.gating.landmarks import find_landmark
from bcelldepl.kernels.ridge import level_positions, ridge_sums

__all__ = ["find_tilt", "level"]

_MIN_EVENTS = 100  # fewer tell no slope
_ROUNDS = 30
_TOLERANCE = 1e-4
_NEAR = 2.0  # spreads of the negative about its mode from which the slope is read: positives lie farther up
_STEEPEST = 1.0
_DECIMALS = 6  # beyond, the order in which events are summed would show


def find_tilt(values: NDArray[np.float32], along: NDArray[np.float32]) -> tuple[float, float]:
    """Fit the slope of the negative's ridge, by regression among the events about its mode, repeated until it rests.

    Only a rise counts. A negative that sinks is compensated too much: its upper edge, which is made by cells that bind
    more of everything, does not sink with it.

    Parameters
    ----------
    values : ndarray of float32, shape (n_events,)
        Transformed positions of the marker that is to be cut.
    along : ndarray of float32, shape (n_events,)
        Of the marker that it rises with.

    Returns
    -------
    slope : float
        Transformed units per transformed unit; 0 where too few events tell.
    pivot : float
        Median of `along`: there a levelled position is the position itself.
    """
    whole = np.isfinite(values) & np.isfinite(along)
    x, y = (values, along) if whole.all() else (values[whole], along[whole])
    pivot = _median(y) if len(y) else 0.0
    if len(x) < _MIN_EVENTS:
        return 0.0, pivot
    slope, sums = 0.0, np.empty(5)
    for _ in range(_ROUNDS):
        flat = level(x, y, slope, pivot)
        negative = find_landmark(make_density(flat))
        if negative is None:
            return 0.0, pivot
        ridge_sums(flat, y, negative.centre, _NEAR * negative.spread, pivot, sums)
        events, sum_y, sum_x, sum_yy, sum_xy = sums
        if events < _MIN_EVENTS:
            return 0.0, pivot
        step = (sum_xy - sum_x * sum_y / events) / max(sum_yy - sum_y**2 / events, 1e-12)
        last, slope = slope, float(np.clip(slope + step, 0.0, _STEEPEST))
        if abs(slope - last) < _TOLERANCE:
            break
    return round(slope, _DECIMALS), pivot


def _median(values: NDArray[np.float32]) -> float:
    below, above = (len(values) - 1) // 2, len(values) // 2
    parted = np.partition(values, (below, above))
    return 0.5 * (float(parted[below]) + float(parted[above]))


def level(
    values: NDArray[np.float32], along: NDArray[np.float32], slope: float, pivot: float
) -> NDArray[np.float32]:
    """Take the tilt out of a marker.

    Returns
    -------
    ndarray of float32, shape (n_events,)
        The positions themselves where the slope is 0.
    """
    if slope == 0.0:
        return values
    flat = np.empty_like(values)
    level_positions(values, along, slope, pivot, flat)
    return flat
