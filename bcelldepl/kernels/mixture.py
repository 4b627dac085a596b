"""How many events there are of each of three kinds whose densities are known, by expectation and maximisation."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bcelldepl.runtime.compiled import kernel

__all__ = ["fit_parts"]

_LEAST = 1e-9  # of a part
_STILL = 1e-7  # change of a part from which on it counts as found


@kernel
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
    held = np.empty(3)
    for _ in range(rounds):
        largest = 0.0
        for s in range(part.shape[0]):
            held[:] = 0.0
            bound = 0.0
            for b in range(seen.shape[0]):
                first, second = part[s, 0] * density[s, 0, b], part[s, 1] * density[s, 1, b]
                third = part[s, 2] * density[s, 2, b]
                each = seen[b] / (first + second + third)
                held[0] += first * each
                held[1] += second * each
                held[2] += third * each
                bound += second * each if binds[b] else 0.0
            bound = (bound + like_others * binding) / (held[1] + like_others)
            for b in range(seen.shape[0]):
                density[s, 1, b] = shape[s, b] * (bound if binds[b] else 1.0 - bound)
            held[1] = max(held[1] - sparse, 0.0)
            held[2] += prior
            total = held[0] + held[1] + held[2]
            for kind in range(3):
                again = min(max(held[kind] / total, _LEAST), 1.0)
                largest = max(largest, abs(again - part[s, kind]))
                part[s, kind] = again
        if largest < _STILL:
            return
