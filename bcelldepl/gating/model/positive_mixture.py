"""Cells positive for a marker that controls lack: the negative's shape is theirs, and only moved in a tube.

A tube's cells are a mixture of three: negatives, whose shape the controls show; positives, whose shape the study shows;
and cells that bind some of every stain, which controls show too, and which other markers tell from positives. How far
the negative is moved and how many there are of each is found together; the tube's own spread, which positives widen,
has no part in it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bcelldepl.gating.model.study_model import PositiveModel
from bcelldepl.kernels.mixture import fit_parts
from bcelldepl.runtime.threads import in_threads

__all__ = [
    "FAR_SHIFT", "SHIFTS", "STEP", "USUAL_SHIFT", "Numbers", "Shapes", "TubeFit", "cell_counts", "fit_tube",
    "fit_tubes",
    "make_grid", "moved", "moved_negative", "quantile", "smoothed",
]  # fmt: skip

Numbers = NDArray[np.float64]

STEP = 0.04  # natural units of a bin
_LOWEST = -6.0  # natural units; what lies lower is put there
SHIFTS = np.arange(-60, 61) * STEP  # by which a negative may lie off that of the controls
USUAL_SHIFT = 0.25  # natural units
FAR_SHIFT = 1.2  # natural units, three times as bright: a tube whose negative lies higher needs review
_FLOOR = 1e-7  # of a density, for events that no shape explains
_ROUNDS = 80
_PRIOR_EVENTS = 50.0  # that the controls' part of cells that bind every stain weighs as
_SPARSE = 1.0  # event by which positives must explain a tube better, so that a stray makes none
_LIKE_OTHERS = 100.0  # events that the study's positives weigh as, in how many of a tube's bind every stain


@dataclass(frozen=True)
class Shapes:
    """The three kinds of cells of a mixture.

    Attributes
    ----------
    densities : ndarray of float64, shape (3, n_bins)
        Of negatives, positives, and cells that bind every stain.
    binding : ndarray of float64, shape (3,)
        Part of each that other markers show to bind every stain.
    usual : float
        Part of the controls' cells that are of the third kind.
    """

    densities: Numbers
    binding: Numbers
    usual: float

    @classmethod
    def of(cls, model: PositiveModel) -> Shapes:
        """Those of a learned model."""
        densities = np.array([model.negative, model.positive, model.unspecific])
        return cls(densities, np.array(model.binding), model.unspecific_part)

    def joint(self, grid: Numbers) -> Numbers:
        """Densities of all three by shift of the negative, and by whether other markers show binding.

        Returns
        -------
        ndarray of float64, shape (n_shifts, 3, 2, n_bins)
        """
        out = np.empty((len(SHIFTS), 3, 2, len(grid)))
        parts = np.stack((1.0 - self.binding, self.binding), axis=1)[:, :, None]
        for number, shift in enumerate(SHIFTS):
            densities = self.densities.copy()
            densities[0] = moved_negative(self.densities[0], grid, shift)
            densities /= densities.sum(axis=1, keepdims=True) * STEP
            out[number] = parts * (densities[:, None] + _FLOOR)
        return out


@dataclass(frozen=True)
class TubeFit:
    """How many there are of each kind in a tube, at every shift of its negative.

    Attributes
    ----------
    used : ndarray of int64, shape (n_used,)
        Bins that hold events, those that bind every stain behind the others.
    seen : ndarray of float64, shape (n_used,)
        Events.
    density : ndarray of float64, shape (n_shifts, 3, n_used)
        Of each kind.
    part : ndarray of float64, shape (n_shifts, 3)
        Of the events, by kind.
    prior : float
        Events that the controls' part of cells that bind every stain weighs as.
    weight : ndarray of float64, shape (n_shifts,)
        How well a shift explains the tube; sums to 1.
    """

    used: NDArray[np.int64]
    seen: Numbers
    density: Numbers
    part: Numbers
    prior: float
    weight: Numbers

    @property
    def events(self) -> float:
        """Of the tube."""
        return float(self.seen.sum())

    @property
    def expected(self) -> float:
        """Positives."""
        return float(self.weight @ self.part[:, 1]) * self.events

    @property
    def negative_part(self) -> float:
        """Negatives, of the events."""
        return float(self.weight @ self.part[:, 0])

    @property
    def shift(self) -> float:
        """Of the negative against that of the controls, in natural units."""
        return float(self.weight @ SHIFTS)

    def held(self, bins: int) -> Numbers:
        """Events of each kind by bin, at the likeliest shift; shape (3, 2, bins)."""
        best = int(np.argmax(self.weight))
        every = self.part[best][:, None] * self.density[best]
        held = np.zeros((3, 2 * bins))
        held[:, self.used] = self.seen * every / every.sum(axis=0)
        return held.reshape(3, 2, bins)


def make_grid(unit: float) -> Numbers:
    """Centres of the bins of a marker of which a position of 1 is worth so many natural units."""
    return np.asarray(_LOWEST + STEP * np.arange(int((unit + 1.0 - _LOWEST) / STEP)), dtype=np.float64)


def cell_counts(values: NDArray[np.float32], binds: NDArray[np.bool_], grid: Numbers) -> Numbers:
    """Events by bin, of those that other markers do not and do show to bind every stain; shape (2, n_bins)."""
    place = np.clip(np.rint((values.astype(np.float64) - grid[0]) / STEP), 0, len(grid) - 1).astype(np.int64)
    counts = [np.bincount(place[chosen], minlength=len(grid)) for chosen in (~binds, binds)]
    return np.array(counts, dtype=np.float64)


def fit_tubes(counts: Numbers, shapes: Shapes, grid: Numbers) -> list[TubeFit]:
    """Fit how many there are of each kind at every shift, and weigh the shifts by how well they explain a tube.

    Parameters
    ----------
    counts : ndarray of float64, shape (n_tubes, 2, n_bins)
    shapes : Shapes
    grid : ndarray of float64, shape (n_bins,)
    """
    joint = shapes.joint(grid)
    binding = float(shapes.binding[1])
    return in_threads(lambda one: fit_tube(one, joint, shapes.usual, binding), counts)


def fit_tube(counts: Numbers, joint: Numbers, usual: float, binding: float) -> TubeFit:
    """Fit one tube.

    Parameters
    ----------
    counts : ndarray of float64, shape (2, n_bins)
    joint : ndarray of float64, shape (n_shifts, 3, 2, n_bins)
        Of the shapes.
    usual, binding : float
        Of the controls' cells that are of the third kind, and of positives that other markers show to bind every stain.
    """
    counts = counts.reshape(-1)
    used = np.flatnonzero(counts)
    seen, density = counts[used], np.take(joint.reshape(len(SHIFTS), 3, -1), used, axis=2)
    part = np.tile([0.95 - usual, 0.05, usual], (len(density), 1))
    if not len(used):
        none = np.zeros_like(part)
        return TubeFit(used, seen, density, none, 0.0, np.full(len(part), 1.0 / len(part)))
    binds = used >= len(counts) // 2
    shape = density[:, 1] / np.where(binds, binding, 1.0 - binding)
    prior = _PRIOR_EVENTS * usual
    # A tube's positives may bind more than those of others.
    fit_parts(density, shape, seen, binds, part, prior, _SPARSE, binding, _LIKE_OTHERS, _ROUNDS)
    mixed = np.einsum("sk,skb->sb", part, density)
    fit = np.log(mixed) @ seen + prior * np.log(part[:, 2]) - 0.5 * (SHIFTS / USUAL_SHIFT) ** 2
    weight = np.exp(fit - fit.max())
    return TubeFit(used, seen, density, part, prior, weight / weight.sum())


def moved(density: Numbers, grid: Numbers, shift: float) -> Numbers:
    """Density moved along the axis: a negative near zero is moved by errors of compensation, too, not by gain alone."""
    return np.interp(grid - shift, grid, density, left=0.0, right=0.0)


def moved_negative(density: Numbers, grid: Numbers, shift: float) -> Numbers:
    """Density of a negative moved upwards by gain, or downwards by an error of compensation.

    Gain moves all signals by as many natural units. An error of compensation takes as much off every linear signal;
    near zero, where natural units are linear, the negative becomes wider by it.
    """
    if shift >= 0.0:
        return moved(density, grid, shift)
    middle = float(grid[quantile(density, 0.5)])
    linear = np.sinh(grid) + (np.sinh(middle) - np.sinh(middle + shift))
    stretch = np.cosh(grid) / np.hypot(1.0, linear)
    return np.asarray(stretch * np.interp(np.arcsinh(linear), grid, density, left=0.0, right=0.0))


def smoothed(density: Numbers, width: float) -> Numbers:
    """Smooth by a Gaussian of so many bins."""
    reach = int(4 * width)
    weights = np.exp(-0.5 * (np.arange(-reach, reach + 1) / width) ** 2)
    return np.convolve(density, weights / weights.sum(), mode="same")


def quantile(density: Numbers, part: float) -> int:
    """Bin up to which a part of a density lies."""
    held = np.cumsum(density)
    return int(min(np.searchsorted(held, part * held[-1]), len(density) - 1))
