"""Cells that bind some of every stain: they carry much of each marker that cells of their kind lack."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from bcelldepl.gating.model.left_spill import near_mode, without_spill
from bcelldepl.gating.model.study_model import Binding
from bcelldepl.kernels.quantiles import quantiles

__all__ = ["binds_every_stain", "learn_binding", "marker_signals"]

_ENOUGH = 100  # cells of a tube that tell what is usual
_LIMIT = 2.7  # spreads of the mean over markers: 0.35 % of a normal lie beyond
_LEAST_MARKERS = 2


def learn_binding(
    markers: Sequence[str], cells: Sequence[Mapping[str, NDArray[np.float32]]]
) -> Binding | None:
    """Learn how far the mean over markers of a usual cell reaches up.

    Parameters
    ----------
    markers : sequence of str
        That the cells lack.
    cells : sequence of mapping of str to ndarray of float32
        Positions of the cells of each tube, by marker.

    Returns
    -------
    Binding or None
        None where fewer than two markers, or too few cells, tell.
    """
    enough = [one for one in cells if len(next(iter(one.values()))) >= _ENOUGH]
    if len(markers) < _LEAST_MARKERS or not enough:
        return None
    away = {
        m: np.concatenate([one[m] - np.median(one[m]) for one in enough]).astype(np.float64) for m in markers
    }
    spreads = tuple(max(_robust(values), 1e-6) for values in away.values())
    means = sum(values / spread for values, spread in zip(away.values(), spreads, strict=True)) / len(markers)
    return Binding(tuple(markers), spreads, round(_LIMIT * _robust(np.asarray(means)), 6))


def binds_every_stain(
    binding: Binding | None, columns: Mapping[str, NDArray[np.float32]], usual: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Say which cells bind more of all the markers that cells of their kind lack than such cells do.

    Parameters
    ----------
    binding : Binding or None
        None: there are too few such markers to tell; no cell is said to.
    columns : mapping of str to ndarray of float32, shape (n_events,)
        Positions.
    usual : ndarray of bool, shape (n_events,)
        Cells that show what is usual: the same kind of cells in every tube, whatever else it holds.

    Returns
    -------
    ndarray of bool, shape (n_events,)
    """
    if binding is None or not usual.any() or any(marker not in columns for marker in binding.markers):
        return np.zeros(len(usual), dtype=np.bool_)
    total = np.zeros(len(usual))
    for marker, spread in zip(binding.markers, binding.spreads, strict=True):
        values = columns[marker].astype(np.float64)
        (middle,) = quantiles(values[usual], (0.5,))
        total += (values - middle) / spread
    return np.asarray(total / len(binding.markers) > binding.limit)


def marker_signals(
    columns: Mapping[str, NDArray[np.float32]],
    marker: str,
    unit: float,
    spilling: Sequence[tuple[str, float]],
    binding: Binding | None,
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.bool_]]:
    """Signals of a marker by which a tube's cells are counted: learning and counting take the same.

    Parameters
    ----------
    columns : mapping of str to ndarray of float32, shape (n_events,)
        Positions of the cells.
    marker : str
    unit : float
        Natural units that a position of 1 is worth.
    spilling : sequence of (str, float)
        Markers that may be left in it, with their units; those that the tube lacks are left out.
    binding : Binding or None

    Returns
    -------
    values, clean : ndarray of float32, shape (n_events,)
        In natural units: as they are gated, and without what is left of other stains.
    binds : ndarray of bool, shape (n_events,)
        From `binds_every_stain`, beside the tube's negative cells.
    """
    values = columns[marker] * np.float32(unit)
    stains = [columns[name] * np.float32(size) for name, size in spilling if name in columns]
    clean = without_spill(values, stains)
    return values, clean, binds_every_stain(binding, columns, near_mode(clean))


def _robust(values: NDArray[np.float64]) -> float:
    lower, upper = quantiles(values, (0.25, 0.75))
    return float(0.7413 * (upper - lower))
