"""What compensation leaves of a bright stain in another marker: found by a tube's negative cells, and taken off.

Where the coefficient of a day is not quite that of the matrix, every cell keeps a part of its own bright stain in the
marker. The negative moves by it, and is drawn out on one side: by as much as cells differ in that stain.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from bcelldepl.gating.model.natural_grid import Numbers, to_linear
from bcelldepl.kernels.densest import shortest_stretch
from bcelldepl.kernels.quantiles import quantiles
from bcelldepl.kernels.sums import normal_equations

__all__ = ["near_mode", "without_spill"]

_ENOUGH = 100  # cells, below which nothing is taken off
_DENSEST = 0.1  # of the cells: so many lie nearest to each other about the mode
_REACH = 2.0  # spreads about the mode, in which cells are negative for all that is known
_BRIGHTEST = 0.99  # quantile of a stain; what lies higher counts as this
_FEWEST = 40  # cells within reach
_ROUNDS = 12
_SPREAD = 1.4826  # of a normal, in median distances from its middle


def without_spill(values: NDArray[np.float32], stains: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
    """Take off a marker what its negative cells show to be left of other stains.

    A straight line through the cells about the mode, which are found again beside the line until they stay the same:
    positives lie outside and do not tilt it. A cell with as much of the stains as most keeps its value.

    Parameters
    ----------
    values : ndarray of float32, shape (n_events,)
        Of the marker, in natural units.
    stains : sequence of ndarray of float32, shape (n_events,)
        Of stains that all these cells carry, in natural units.

    Returns
    -------
    ndarray of float32, shape (n_events,)
    """
    if not stains:
        return values
    signal = to_linear(values)
    others = np.column_stack([to_linear(one) for one in stains])
    known = np.isfinite(signal) & np.isfinite(others).all(axis=1)
    if np.count_nonzero(known) < _ENOUGH:
        return values
    middle, brightest = quantiles(others[known].T, (0.5, _BRIGHTEST)).T
    others = np.minimum(others, brightest) - middle
    left = others @ _slopes(signal[known], others[known])
    return np.asarray(np.arcsinh(signal - left), dtype=np.float32)


def near_mode(values: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Cells about the mode of a marker, which are negative for all that is known; all of a few.

    Parameters
    ----------
    values : ndarray of float32, shape (n_events,)
        In natural units.

    Returns
    -------
    ndarray of bool, shape (n_events,)
    """
    signal = to_linear(values)
    known = np.isfinite(signal)
    if np.count_nonzero(known) < _ENOUGH:
        return np.ones(len(values), dtype=np.bool_)
    mode, spread = _body(signal[known])
    return np.asarray(np.abs(signal - mode) <= _REACH * spread)


def _slopes(signal: Numbers, others: Numbers) -> Numbers:
    """Signal per signal of each other stain, in the negative cells."""
    slopes = np.zeros(others.shape[1])
    size = np.append(1.0, np.maximum(np.abs(others).max(axis=0), 1e-12))
    for _ in range(_ROUNDS):
        rest = signal - others @ slopes
        mode, spread = _body(rest)
        near, sums = normal_equations(others, signal, rest, mode, _REACH * spread)
        if near < _FEWEST:
            break
        solved, *_ = np.linalg.lstsq(sums[:-1, :-1] / np.outer(size, size), sums[:-1, -1] / size, rcond=None)
        # In whatever order events stand.
        found = np.array([float(f"{one:.7g}") for one in (solved / size)[1:]])
        still = np.allclose(found, slopes, rtol=1e-4, atol=1e-9)
        slopes = found
        if still:
            break
    return slopes


def _body(rest: Numbers) -> tuple[float, float]:
    """Mode, and the spread of what lies below it: positives lie above."""
    ordered, many = np.sort(rest), max(int(_DENSEST * len(rest)), 15)
    first = shortest_stretch(ordered, many)
    mode = 0.5 * float(ordered[first] + ordered[first + many])
    below = int(np.searchsorted(ordered, mode))
    if not below:
        return mode, 0.0
    away = mode - ordered[[(below - 1) // 2, below // 2]]
    return mode, _SPREAD * float(away.mean())
