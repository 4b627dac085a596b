"""A self-organising map of events: a sheet of prototypes that is stretched over them and settles where they are."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bcelldepl.kernels.som import accumulate_nearest, find_nearest
from bcelldepl.runtime.threads import over_spans

__all__ = ["EPOCHS", "SIDE", "map_events", "train_map"]

SIDE = 10
EPOCHS = 10
_STRETCH = 1.5  # standard deviations that the sheet reaches at first, on either side along two principal axes
_RADII = (1.5, 0.97, 0.62, 0.4)  # of the neighbourhood, in steps of the sheet, in the first epochs; then 0
# Without neighbours a prototype goes so many times as far as its events' mean, but in the last epoch.
_STRIDE = 1.8

_BLOCK = 1 << 12  # events whose float64 copies stay in the second cache


def train_map(points: NDArray[np.float32], side: int = SIDE, epochs: int = EPOCHS) -> NDArray[np.float32]:
    """Stretch a map over events, all of them in every epoch.

    Nothing is drawn at random: the sheet begins flat, in the plane of the two largest principal axes. Without
    neighbours the epochs are those of k-means, which overshooting makes converge in half as many.

    Parameters
    ----------
    points : ndarray of float32, shape (k, n_events)
        Finite.
    side : int
        Prototypes along each side of the map.
    epochs : int
        At least 5.

    Returns
    -------
    ndarray of float32, shape (side * side, k)
        Prototypes, row by row of the map.

    References
    ----------
    Kohonen, Self-Organizing Maps, 3rd ed. (2001), doi:10.1007/978-3-642-56927-2, section 3.6 (batch map).
    """
    k = points.shape[0]
    prototypes = _sheet(points, side)
    place = np.stack(np.divmod(np.arange(side * side), side), axis=1)
    squared = ((place[:, None] - place[None, :]) ** 2).sum(axis=2)

    def shares(first: int, last: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        counts, sums = np.zeros(side * side, dtype=np.int64), np.zeros((side * side, k))
        accumulate_nearest(points, first, last, prototypes, counts, sums)
        return counts, sums

    for epoch in range(epochs):
        parts = over_spans(shares, points.shape[1])
        counts, sums = (sum(some) for some in zip(*parts, strict=True))
        near = np.exp(-0.5 * squared / _RADII[epoch] ** 2) if epoch < len(_RADII) else np.eye(side * side)
        events = near @ counts
        seen = events > 1e-6
        target = (near @ sums)[seen] / events[seen, None]
        stride = _STRIDE if len(_RADII) <= epoch < epochs - 1 else 1.0
        prototypes[seen] += np.float32(stride) * (target - prototypes[seen]).astype(np.float32)
    return prototypes


def _sheet(points: NDArray[np.float32], side: int) -> NDArray[np.float32]:
    """Prototypes on a flat grid around the mean, shape (side * side, k)."""
    k = points.shape[0]
    middle, covariance = _moments(points)
    variances, axes = np.linalg.eigh(covariance)
    order = np.argsort(variances, kind="stable")[::-1][:2]
    grid = np.linspace(-_STRETCH, _STRETCH, side)
    steps = np.stack(np.meshgrid(grid, grid, indexing="ij")).reshape(2, -1)
    sheet = np.tile(middle, (side * side, 1))
    for step, axis in zip(steps[: min(k, 2)], order, strict=True):
        direction = axes[:, axis] * np.sign(axes[np.argmax(np.abs(axes[:, axis])), axis])
        sheet += step[:, None] * direction * np.sqrt(max(variances[axis], 0.0))
    return sheet.astype(np.float32)


def _moments(points: NDArray[np.float32]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean and covariance, without a copy of all events in float64."""
    k, n = points.shape

    def sums(first: int, last: int) -> NDArray[np.float64]:
        total: NDArray[np.float64] = points[:, first:last].sum(axis=1, dtype=np.float64)
        return total

    middle = sum(over_spans(sums, n)) / n

    def products(first: int, last: int) -> NDArray[np.float64]:
        total = np.zeros((k, k))
        for start in range(first, last, _BLOCK):
            away = points[:, start : min(start + _BLOCK, last)].astype(np.float64)
            away -= middle[:, None]
            total += away @ away.T
        return total

    return middle, sum(over_spans(products, n)) / max(n - 1, 1)


def map_events(
    points: NDArray[np.float32], prototypes: NDArray[np.float32]
) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """Nearest prototype of every event and the distance to it.

    Returns
    -------
    labels : ndarray of int32, shape (n_events,)
        -1 for events with NaN.
    distances : ndarray of float32, shape (n_events,)
        Their mean is the quantisation error.
    """
    labels = np.empty(points.shape[1], dtype=np.int32)
    distances = np.empty(points.shape[1], dtype=np.float32)
    columns = np.ascontiguousarray(points)

    def find(first: int, last: int) -> None:
        find_nearest(columns, first, last, prototypes, labels, distances)

    over_spans(find, len(labels))
    return labels, distances
