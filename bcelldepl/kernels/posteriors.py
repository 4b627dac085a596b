"""What events are, by the densities of the components at them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bcelldepl.kernels.sums import pairwise_sum
from bcelldepl.runtime.compiled import kernel_without_errors

__all__ = ["choose_kinds", "sum_posteriors"]

_TILE = 1024


@kernel_without_errors
def sum_posteriors(
    densities: NDArray[np.float32],
    shares: NDArray[np.float64],
    background: float,
    sums: NDArray[np.float64],
) -> None:
    """Sum the probabilities of all events to be of each component.

    Parameters
    ----------
    densities : ndarray of float32, shape (n_components, n_events)
    shares : ndarray of float64, shape (n_components,)
    background : float
        Share times density of what is of no component, above 0.
    sums : ndarray of float64, shape (n_components,)
        Filled.
    """
    n_components, n = densities.shape
    total, probability = np.empty(n), np.empty(n)
    for e in range(n):
        total[e] = 0.0
    for component in range(n_components):
        row, share = densities[component], shares[component]
        for e in range(n):
            total[e] += row[e] * share
    for e in range(n):
        total[e] += background
    for component in range(n_components):
        row, share = densities[component], shares[component]
        for e in range(n):
            probability[e] = row[e] * share / total[e]
        sums[component] = pairwise_sum(probability)


@kernel_without_errors
def choose_kinds(
    densities: NDArray[np.float32],
    shares: NDArray[np.float64],
    background: float,
    kind_of: NDArray[np.int32],
    n_kinds: int,
    sure: float,
    chosen: NDArray[np.int32],
) -> None:
    """Choose the kind that each event is of.

    Parameters
    ----------
    densities, shares, background
        As in `sum_posteriors`.
    kind_of : ndarray of int32, shape (n_components,)
        Number of the kind of each component.
    n_kinds : int
    sure : float
        Probability of a kind that a choice needs more than.
    chosen : ndarray of int32, shape (n_events,)
        Filled with the likeliest kind, the first of several; -1 where it is not sure.
    """
    n_components, n = densities.shape
    of_kind, total = np.empty((n_kinds, _TILE)), np.empty(_TILE)
    for first in range(0, n, _TILE):
        size = min(_TILE, n - first)
        of_kind[:] = 0.0
        total[:] = 0.0
        for component in range(n_components):
            row, share = densities[component, first : first + size], shares[component]
            for e in range(size):
                total[e] += row[e] * share
        for component in range(n_components):
            row, share = densities[component, first : first + size], shares[component]
            kind = of_kind[kind_of[component]]
            for e in range(size):
                kind[e] += row[e] * share / (total[e] + background)
        for e in range(size):
            best = 0
            for kind_number in range(1, n_kinds):
                if of_kind[kind_number, e] > of_kind[best, e]:
                    best = kind_number
            chosen[first + e] = best if of_kind[best, e] > sure else -1
