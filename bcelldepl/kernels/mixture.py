"""How many events there are of each of four kinds whose densities are known, by expectation and maximisation."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from bcelldepl.runtime.compiled import kernel_without_errors

__all__ = ["fit_parts"]

_LEAST = 1e-12  # of a part
_STILL = 1e-6  # change of a part from which on it counts as found


@kernel_without_errors
def _product(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    """Sum of products, in four parts that do not wait for each other."""
    a = b = c = d = 0.0
    n = one.shape[0]
    whole = n - n % 4
    for i in range(0, whole, 4):
        a += one[i] * other[i]
        b += one[i + 1] * other[i + 1]
        c += one[i + 2] * other[i + 2]
        d += one[i + 3] * other[i + 3]
    for i in range(whole, n):
        a += one[i] * other[i]
    return (a + b) + (c + d)


@kernel_without_errors
def fit_parts(
    density: NDArray[np.float64],
    seen: NDArray[np.float64],
    binds: NDArray[np.bool_],
    part: NDArray[np.float64],
    bound: NDArray[np.float64],
    fit: NDArray[np.float64],
    expected: NDArray[np.float64],
    weight: NDArray[np.float64],
    sparse: float,
    positive: float,
    rounds: int,
) -> None:
    """Fit the parts of negatives, bright and dim positives, and unspecific cells, under several hypotheses.

    Parameters
    ----------
    density : ndarray of float64, shape (n_hypotheses, 4, n_bins)
        Of each kind, above 0. Those of negatives and unspecific cells contain what part of them binds every stain;
        those of positives do not, for it is found.
    seen : ndarray of float64, shape (n_bins,)
        Events.
    binds : ndarray of bool, shape (n_bins,)
        Whether other markers show the events of a bin to bind every stain.
    part : ndarray of float64, shape (n_hypotheses, 4)
        Of the events, by kind: first guesses on entry; filled.
    bound : ndarray of float64, shape (n_hypotheses,)
        Part of the positives that bind every stain: as `part`.
    fit : ndarray of float64, shape (n_hypotheses,)
        Filled with the logarithm of the likelihood, expectations among it.
    expected, weight : ndarray of float64, shape (3,)
        What is expected of a tube before it is seen, and how many events that weighs as: part of the cells without
        the marker that are unspecific, of the positives that are dim, and of the positives that bind.
    sparse : float
        Events by which positives must explain more than the others.
    positive : float
        Part of the events that is positive; below 0: it is found.
    rounds : int
        At most.
    """
    n_bins = seen.shape[0]
    each, shared = np.empty(n_bins), np.empty(n_bins)
    for s in range(part.shape[0]):
        first, bright, dim, last = part[s, 0], part[s, 1], part[s, 2], part[s, 3]
        if positive >= 0.0:
            spread = dim / (bright + dim)
            bright, dim = positive * (1.0 - spread), positive * spread
            others = (1.0 - positive) / (first + last)
            first, last = first * others, last * others
        own = density[s]
        for _ in range(rounds):
            for b in range(n_bins):
                share = bound[s] if binds[b] else 1.0 - bound[s]
                mixed = first * own[0, b] + last * own[3, b] + share * (bright * own[1, b] + dim * own[2, b])
                each[b] = seen[b] / mixed
                shared[b] = share * each[b]
            negatives, unspecific = first * _product(own[0], each), last * _product(own[3], each)
            brights, dims = bright * _product(own[1], shared), dim * _product(own[2], shared)
            binding = 0.0
            for b in range(n_bins):
                if binds[b]:
                    binding += shared[b] * (bright * own[1, b] + dim * own[2, b])
            found = brights + dims
            bound[s] = (binding + weight[2] * expected[2]) / (found + weight[2])
            dim_part = (dims + weight[1] * expected[1]) / (found + weight[1])
            odd = (unspecific + weight[0] * expected[0]) / (negatives + unspecific + weight[0])
            if positive < 0.0:
                every = negatives + unspecific + found
                above = max(found - sparse, 0.0) / every if every > 0.0 else 0.0
            else:
                above = positive
            before = (first, bright, dim, last)
            first = max((1.0 - above) * (1.0 - odd), _LEAST)
            bright = max(above * (1.0 - dim_part), _LEAST)
            dim = max(above * dim_part, _LEAST)
            last = max((1.0 - above) * odd, _LEAST)
            moved = max(abs(first - before[0]), abs(bright - before[1]))
            if max(moved, max(abs(dim - before[2]), abs(last - before[3]))) < _STILL:
                break
        total = 0.0
        for b in range(seen.shape[0]):
            share = bound[s] if binds[b] else 1.0 - bound[s]
            mixed = first * density[s, 0, b] + last * density[s, 3, b]
            mixed += share * (bright * density[s, 1, b] + dim * density[s, 2, b])
            total += seen[b] * math.log(mixed)
        shares = (last / (first + last), dim / (bright + dim), bound[s])
        for k in range(3):
            total += weight[k] * expected[k] * math.log(shares[k])
            total += weight[k] * (1.0 - expected[k]) * math.log(1.0 - shares[k])
        fit[s] = total
        part[s, 0], part[s, 1], part[s, 2], part[s, 3] = first, bright, dim, last
