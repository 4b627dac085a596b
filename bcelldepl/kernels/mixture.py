"""How many events there are of each of three kinds whose densities are known, by expectation and maximisation.

Loops that divide have no checks for zero, without which they are no vector loops: no density is 0.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bcelldepl.kernels.sums import pairwise_sum
from bcelldepl.runtime.compiled import kernel_without_errors

__all__ = ["fit_parts", "mix_with_part"]

_LEAST = 1e-9  # of a part
_STILL = 1e-7  # change of a part from which on it counts as found


@kernel_without_errors
def fit_parts(
    density: NDArray[np.float64],
    shape: NDArray[np.float64],
    seen: NDArray[np.float64],
    binds: NDArray[np.bool_],
    part: NDArray[np.float64],
    prior: float,
    sparse: float,
    binding: float,
    like_others: float,
    rounds: int,
) -> None:
    """Fit the parts of three kinds at several shifts of the first, and how much the second binds every stain.

    Parameters
    ----------
    density : ndarray of float64, shape (n_shifts, 3, n_bins)
        Of each kind, above 0; those of the second are filled by the part of it that is found to bind.
    shape : ndarray of float64, shape (n_shifts, n_bins)
        Of the second kind, without that part.
    seen : ndarray of float64, shape (n_bins,)
        Events.
    binds : ndarray of bool, shape (n_bins,)
        Whether other markers show the events of a bin to bind every stain.
    part : ndarray of float64, shape (n_shifts, 3)
        Of the events, by kind: first guesses on entry; filled.
    prior : float
        Events of the third kind that are expected of every tube.
    sparse : float
        Events by which the second kind must explain more than the others.
    binding, like_others : float
        Part of the second kind that is expected to bind, and events that the expectation weighs as.
    rounds : int
        At most.
    """
    n_shifts, n_bins = part.shape[0], seen.shape[0]
    # Shifts lie side by side: each step is done for all of them at once, and every sum is still one bin after another.
    every, own = np.empty((3, n_bins, n_shifts)), np.empty((n_bins, n_shifts))
    for s in range(n_shifts):
        for b in range(n_bins):
            every[0, b, s], every[1, b, s], every[2, b, s] = (
                density[s, 0, b],
                density[s, 1, b],
                density[s, 2, b],
            )
            own[b, s] = shape[s, b]
    parts = np.ascontiguousarray(part.T)
    held, bound, largest = np.empty((3, n_shifts)), np.empty(n_shifts), np.inf
    for _ in range(rounds):
        if largest < _STILL:
            break
        held[:] = 0.0
        bound[:] = 0.0
        for b in range(n_bins):
            _add_bin(every[0, b], every[1, b], every[2, b], seen[b], binds[b], parts, held, bound)
        for s in range(n_shifts):
            bound[s] = (bound[s] + like_others * binding) / (held[1, s] + like_others)
        for b in range(n_bins):
            second, first = every[1, b], own[b]
            for s in range(n_shifts):
                second[s] = first[s] * (bound[s] if binds[b] else 1.0 - bound[s])
        largest = 0.0
        for s in range(n_shifts):
            held[1, s] = max(held[1, s] - sparse, 0.0)
            held[2, s] += prior
            total = held[0, s] + held[1, s] + held[2, s]
            for kind in range(3):
                again = min(max(held[kind, s] / total, _LEAST), 1.0)
                largest = max(largest, abs(again - parts[kind, s]))
                parts[kind, s] = again
    part[:] = parts.T
    for s in range(n_shifts):
        for b in range(n_bins):
            density[s, 1, b] = every[1, b, s]


@kernel_without_errors
def _add_bin(
    first: NDArray[np.float64],
    second: NDArray[np.float64],
    third: NDArray[np.float64],
    events: float,
    binds: bool,
    parts: NDArray[np.float64],
    held: NDArray[np.float64],
    bound: NDArray[np.float64],
) -> None:
    """Add the events of a bin to those of each kind, at every shift, and to those of the second kind that bind."""
    one, other, last = parts[0], parts[1], parts[2]
    held_one, held_other, held_last = held[0], held[1], held[2]
    for s in range(bound.shape[0]):
        a, b, c = one[s] * first[s], other[s] * second[s], last[s] * third[s]
        each = events / (a + b + c)
        held_one[s] += a * each
        held_other[s] += b * each
        held_last[s] += c * each
        bound[s] += b * each if binds else 0.0


@kernel_without_errors
def mix_with_part(
    part: NDArray[np.float64],
    negative: NDArray[np.float64],
    positive: NDArray[np.float64],
    unspecific: NDArray[np.float64],
    seen: NDArray[np.float64],
    prior: float,
    bound: NDArray[np.float64],
    rounds: int,
    mixed: NDArray[np.float64],
) -> None:
    """Mix the densities where a given part of the events is positive, the other two kinds fitted anew.

    Parameters
    ----------
    part : ndarray of float64, shape (n_parts,)
        Of the events, that is positive.
    negative, positive, unspecific : ndarray of float64, shape (n_shifts, n_bins)
        Densities of the kinds, above 0.
    seen : ndarray of float64, shape (n_bins,)
        Events.
    prior : float
        Events that the third kind is expected to have.
    bound : ndarray of float64, shape (n_shifts, n_parts)
        Of the other two, that is of the third kind: first guesses on entry; filled.
    rounds : int
    mixed : ndarray of float64, shape (n_shifts, n_parts, n_bins)
        Filled.
    """
    n_bins = seen.shape[0]
    of_others, binds = np.empty(n_bins), np.empty(n_bins)
    for s in range(bound.shape[0]):
        first, second, third = negative[s], positive[s], unspecific[s]
        for k in range(part.shape[0]):
            rest = min(max(1.0 - part[k], _LEAST), 1.0)
            found = bound[s, k]
            for _ in range(rounds):
                for b in range(n_bins):
                    others = (1.0 - found) * first[b] + found * third[b]
                    of_others[b] = seen[b] * rest * others / (part[k] * second[b] + rest * others)
                    binds[b] = of_others[b] * found * third[b] / others
                found = (pairwise_sum(binds) + prior) / (pairwise_sum(of_others) + prior + _LEAST)
                found = min(max(found, _LEAST), 1.0 - _LEAST)
            bound[s, k], row = found, mixed[s, k]
            for b in range(n_bins):
                row[b] = part[k] * second[b] + rest * ((1.0 - found) * first[b] + found * third[b])
