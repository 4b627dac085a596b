"""Bins of a marker in natural units, and events by bin."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "STEP", "TAIL", "Numbers", "cell_counts", "edges_of", "make_grid", "mode", "quantile", "smoothed", "to_linear",
]  # fmt: skip

Numbers = NDArray[np.float64]

STEP = 0.04  # natural units of a bin
TAIL = 10.0  # bins by which a shape that few cells show is smoothed
_LOWEST = -6.0  # natural units; what lies lower is put there
_LARGEST = 50.0  # natural units; beyond, a signal is that of no instrument


def make_grid(unit: float) -> Numbers:
    """Centres of the bins of a marker of which a position of 1 is worth so many natural units."""
    return np.asarray(_LOWEST + STEP * np.arange(int((unit + 1.0 - _LOWEST) / STEP)), dtype=np.float64)


def edges_of(grid: Numbers) -> Numbers:
    """Where the bins begin, and where the last one ends."""
    return np.concatenate((grid - 0.5 * STEP, grid[-1:] + 0.5 * STEP))


def to_linear(values: NDArray[np.floating]) -> Numbers:
    """Linear signal, in units of the linear part of the scale, of values in natural units."""
    return np.asarray(np.sinh(np.clip(values.astype(np.float64), -_LARGEST, _LARGEST)))


def cell_counts(values: NDArray[np.float32], binds: NDArray[np.bool_], grid: Numbers) -> Numbers:
    """Events by bin, of those that other markers do not and do show to bind every stain; shape (2, n_bins)."""
    place = np.clip(np.rint((values.astype(np.float64) - grid[0]) / STEP), 0, len(grid) - 1).astype(np.int64)
    counts = [np.bincount(place[chosen], minlength=len(grid)) for chosen in (~binds, binds)]
    return np.array(counts, dtype=np.float64)


def smoothed(density: Numbers, width: float) -> Numbers:
    """Smooth by a Gaussian of so many bins."""
    reach = int(4 * width)
    weights = np.exp(-0.5 * (np.arange(-reach, reach + 1) / width) ** 2)
    return np.convolve(density, weights / weights.sum(), mode="same")


def quantile(density: Numbers, part: float) -> int:
    """Bin up to which a part of a density lies."""
    held = np.cumsum(density)
    return int(min(np.searchsorted(held, part * held[-1]), len(density) - 1))


def mode(density: Numbers, width: float) -> int:
    """Bin where a density is highest, smoothed by so many bins."""
    return int(np.argmax(smoothed(density, width)))
