"""K-means: a sample parted into many small clusters, the same on every machine and with any number of threads."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bcelldepl.kernels.means import draw_means, label_nearest, middle_of_each
from bcelldepl.runtime.threads import over_spans

__all__ = ["first_means", "part_among_means"]

_DRAWN_FROM = 20_000  # events
_MOVED_BY = 40_000  # events at least, where there are more


def first_means(points: NDArray[np.float32], number: int) -> NDArray[np.float32]:
    """Draw events as means to begin with, far from each other.

    Parameters
    ----------
    points : ndarray of float32, shape (n_events, k)
        Finite; one at least.
    number : int
        Of means.

    Returns
    -------
    ndarray of float32, shape (at most `number`, k)
        Fewer where fewer events differ.
    """
    random = np.random.default_rng(0)
    some = points[random.permutation(len(points))[:_DRAWN_FROM]]
    means = np.empty((min(number, len(some)), points.shape[1]), dtype=np.float32)
    return means[: draw_means(some, random.random(len(means)), means)]


def part_among_means(
    points: NDArray[np.float32], means: NDArray[np.float32], rounds: int
) -> NDArray[np.int32]:
    """Move means to the middle of the events that are nearest to each, so many times; then part all events.

    Of many events every second, third or so moves the means: they lie as well, and most of the time was spent here.

    Parameters
    ----------
    points : ndarray of float32, shape (n_events, k)
    means : ndarray of float32, shape (n_means, k)
        To begin with.
    rounds : int

    Returns
    -------
    ndarray of int32, shape (n_events,)
        Number of the mean that each event is nearest to.
    """
    some = np.ascontiguousarray(points[:: max(1, len(points) // _MOVED_BY)])
    means, labels = means.copy(), np.empty(len(points), dtype=np.int32)
    for _ in range(rounds):
        _label(some, means, labels)
        middle_of_each(some, labels, means)
    _label(points, means, labels)
    return labels


def _label(points: NDArray[np.float32], means: NDArray[np.float32], labels: NDArray[np.int32]) -> None:
    by_marker = np.ascontiguousarray(means.T)
    half_squares = 0.5 * (by_marker * by_marker).sum(axis=0)
    over_spans(
        lambda first, last: label_nearest(points, by_marker, half_squares, first, last, labels), len(points)
    )
