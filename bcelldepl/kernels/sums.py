"""Sums of many numbers without one addition waiting for the one before."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bcelldepl.runtime.compiled import kernel

__all__ = ["normal_equations", "pairwise_sum", "sum_of"]

_BLOCK = 128


@kernel
def sum_of(values: NDArray[np.float64], size: int) -> float:
    """Sum of the first values, in eight sums side by side.

    Parameters
    ----------
    values : ndarray of float64, shape (at least size,)
    size : int

    Returns
    -------
    float
    """
    a, b, c, d, e, f, g, h = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    whole = size - size % 8
    for i in range(0, whole, 8):
        a += values[i]
        b += values[i + 1]
        c += values[i + 2]
        d += values[i + 3]
        e += values[i + 4]
        f += values[i + 5]
        g += values[i + 6]
        h += values[i + 7]
    total = ((a + b) + (c + d)) + ((e + f) + (g + h))
    for i in range(whole, size):
        total += values[i]
    return total


@kernel
def pairwise_sum(values: NDArray[np.float64]) -> float:
    """Sum halves of halves, as `numpy.sum` does: the same sum, to the bit.

    Parameters
    ----------
    values : ndarray of float64, shape (n,)

    Returns
    -------
    float
    """
    n = values.shape[0]
    if n < 8:
        total = 0.0
        for i in range(n):
            total += values[i]
        return total
    if n <= _BLOCK:
        return sum_of(values, n)
    half = n // 2
    half -= half % 8
    return pairwise_sum(values[:half]) + pairwise_sum(values[half:])


@kernel
def normal_equations(
    terms: NDArray[np.float64],
    signal: NDArray[np.float64],
    rest: NDArray[np.float64],
    middle: float,
    reach: float,
) -> tuple[int, NDArray[np.float64]]:
    """Sums of products of which a line through some events is found by least squares.

    Parameters
    ----------
    terms : ndarray of float64, shape (n_events, k)
    signal : ndarray of float64, shape (n_events,)
        What the line is to meet.
    rest : ndarray of float64, shape (n_events,)
        Those events count for which it lies less than `reach` off `middle`.
    middle, reach : float

    Returns
    -------
    int
        How many events that are.
    ndarray of float64, shape (k + 2, k + 2)
        Of 1, the terms and the signal, each with each.
    """
    k, near = terms.shape[1], 0
    own, sums = np.ones(k + 2), np.zeros((k + 2, k + 2))
    for e in range(signal.shape[0]):
        if abs(rest[e] - middle) < reach:
            near += 1
            for i in range(k):
                own[i + 1] = terms[e, i]
            own[k + 1] = signal[e]
            for i in range(k + 2):
                for j in range(i + 1):
                    sums[i, j] += own[i] * own[j]
    for i in range(k + 2):
        for j in range(i):
            sums[j, i] = sums[i, j]
    return near, sums
