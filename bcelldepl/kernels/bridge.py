"""A mixture of a negative, bright positives and the bridge of dim ones between them: the loop over bins."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bcelldepl.runtime.compiled import kernel_without_errors

__all__ = ["expect_positives"]

_NARROWEST = 0.015  # no component is narrower, in transformed units
_NO_EVENTS = 1e-9  # that every component has beyond its own, so that none is divided by nothing


@kernel_without_errors
def _weigh_bins(
    positions: NDArray[np.float64],
    counts: NDArray[np.float64],
    mean: NDArray[np.float64],
    spread: NDArray[np.float64],
    weight: NDArray[np.float64],
    sums: NDArray[np.float64],
) -> float:
    """Sum posteriors, and their products with powers of the position, over events; return the positive ones."""
    height = np.log(weight / spread)
    factor = -0.5 / spread**2
    sums[:] = 0.0
    positive = 0.0
    for i in range(positions.shape[0]):
        held, x = counts[i], positions[i]
        if held == 0.0:
            continue
        if x < mean[0]:  # nothing below the negative's centre is positive
            sums[0, 0] += held
            sums[0, 1] += held * x
            sums[0, 2] += held * x * x
            continue
        a = factor[0] * (x - mean[0]) ** 2 + height[0]
        b = factor[1] * (x - mean[1]) ** 2 + height[1]
        c = factor[2] * (x - mean[2]) ** 2 + height[2]
        top = max(a, b, c)
        a, b, c = np.exp(a - top), np.exp(b - top), np.exp(c - top)
        held /= a + b + c
        positive += held * (b + c)
        for j, one in enumerate((a, b, c)):
            share = held * one
            sums[j, 0] += share
            sums[j, 1] += share * x
            sums[j, 2] += share * x * x
    return positive


@kernel_without_errors
def expect_positives(
    positions: NDArray[np.float64],
    counts: NDArray[np.float64],
    start: NDArray[np.float64],
    spread_bounds: tuple[float, float],
    max_rounds: int,
    tolerance: float,
) -> float:
    """Expected number of events that are not of the negative, by expectation and maximisation.

    Parameters
    ----------
    positions, counts : ndarray of float64, shape (n_bins,)
        Bin centres and events.
    start : ndarray of float64, shape (3, 3)
        Mean, spread and weight (rows) of the negative, the bridge and the bright positives (columns).
    spread_bounds : tuple of float
        Of the negative's spread.
    max_rounds : int
    tolerance : float
        No further round where no weight moved by more.

    Returns
    -------
    float
        Sum of the posteriors of bridge and bright positives over all events. The bridge lies halfway between the
        other two, half as wide as their distance.
    """
    mean, spread, weight = start[0].copy(), start[1].copy(), start[2].copy()
    sums, again = np.empty((3, 3)), np.empty(3)
    positive = 0.0
    for _ in range(max_rounds):
        positive = _weigh_bins(positions, counts, mean, spread, weight, sums)
        for j in range(3):
            again[j] = sums[j, 0] + _NO_EVENTS
            mean[j] = sums[j, 1] / again[j]
            squares = sums[j, 2] - 2.0 * mean[j] * sums[j, 1] + mean[j] ** 2 * sums[j, 0]
            spread[j] = np.sqrt(max(squares / again[j], _NARROWEST**2))
        mean[1], spread[1] = 0.5 * (mean[0] + mean[2]), 0.25 * (mean[2] - mean[0])
        spread[0] = min(max(spread[0], spread_bounds[0]), spread_bounds[1])
        again /= again.sum()
        moved = np.abs(again - weight).max()
        if moved < tolerance:
            break
        weight[:] = again
    return positive
