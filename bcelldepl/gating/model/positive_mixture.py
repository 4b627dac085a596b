"""Cells positive for a marker that controls lack: the negative's shape is theirs, and only moved in a tube.

A tube's cells are a mixture of three: negatives, whose shape the controls show; positives, whose shape the study shows;
and cells that bind some of every stain, which controls show too, and which other markers tell from positives. How far
the negative is moved and how many there are of each is found together; the tube's own spread, which positives widen,
has no part in it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bcelldepl.gating.model.study_model import PositiveModel

__all__ = [
    "STEP", "Numbers", "PositiveCount", "Shapes", "cell_counts", "count_positives", "fit_tubes", "make_grid", "moved",
    "quantile", "smoothed",
]  # fmt: skip

Numbers = NDArray[np.float64]

STEP = 0.04  # natural units of a bin
_LOWEST = -6.0  # natural units; what lies lower is put there
_SHIFTS = np.arange(-30, 31) * STEP  # by which a negative may lie off that of the controls
_USUAL_SHIFT = 0.25  # natural units
_FLOOR = 1e-7  # of a density, for events that no shape explains
_STRICT = 1e-4  # of the negatives that lie above a cut that hardly one passes
_ROUNDS = 80
_PRIOR_EVENTS = 50.0  # that the controls' part of cells that bind every stain weighs as
_SPARSE = 1.0  # event by which positives must explain a tube better, so that a stray makes none
_LIKE_OTHERS = 20.0  # events that the study's positives weigh as, in how many of a tube's bind every stain
_DOUBT = 0.2  # of the positives that only the shapes tell from negatives, as a standard error


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
        out = np.empty((len(_SHIFTS), 3, 2, len(grid)))
        parts = np.stack((1.0 - self.binding, self.binding), axis=1)[:, :, None]
        for number, shift in enumerate(_SHIFTS):
            densities = self.densities.copy()
            densities[0] = moved(self.densities[0], grid, shift)
            densities /= densities.sum(axis=1, keepdims=True) * STEP
            out[number] = parts * (densities[:, None] + _FLOOR)
        return out


@dataclass(frozen=True)
class Fitted:
    """What was found of several tubes.

    Attributes
    ----------
    expected, error : ndarray of float64, shape (n_tubes,)
        Positives, and the standard error that the shapes leave, beside that of a count.
    unspecific : ndarray of float64, shape (n_tubes,)
        Cells that bind every stain.
    shift : ndarray of float64, shape (n_tubes,)
        Of the negative, in natural units.
    held : ndarray of float64, shape (n_tubes, 3, 2, n_bins)
        Events of each kind, at the shift that explains the tube best.
    """

    expected: Numbers
    error: Numbers
    unspecific: Numbers
    shift: Numbers
    held: Numbers


@dataclass(frozen=True)
class PositiveCount:
    """Positives of one tube.

    Attributes
    ----------
    expected, error : float
        Number, and its standard error.
    cut, low, high : float
        Positions in natural units above which as many events lie as are expected, and at the ends of the 95 % interval.
    shift : float
        Of the negative against that of the controls, in natural units.
    unspecific : float
        Events above the cut that bind every stain.
    """

    expected: float
    error: float
    cut: float
    low: float
    high: float
    shift: float
    unspecific: float


def make_grid(unit: float) -> Numbers:
    """Centres of the bins of a marker of which a position of 1 is worth so many natural units."""
    return np.asarray(_LOWEST + STEP * np.arange(int((unit + 1.0 - _LOWEST) / STEP)), dtype=np.float64)


def cell_counts(values: NDArray[np.float32], binds: NDArray[np.bool_], grid: Numbers) -> Numbers:
    """Events by bin, of those that other markers do not and do show to bind every stain; shape (2, n_bins)."""
    place = np.clip(np.rint((values.astype(np.float64) - grid[0]) / STEP), 0, len(grid) - 1).astype(np.int64)
    counts = [np.bincount(place[chosen], minlength=len(grid)) for chosen in (~binds, binds)]
    return np.array(counts, dtype=np.float64)


def count_positives(
    model: PositiveModel, values: NDArray[np.float32], binds: NDArray[np.bool_]
) -> PositiveCount:
    """Count the positives of a tube, and place the cut above which as many events lie.

    Parameters
    ----------
    model : PositiveModel
    values : ndarray of float32, shape (n_events,)
        Of the parent's events, in natural units.
    binds : ndarray of bool, shape (n_events,)
        Whether other markers show that an event binds every stain.
    """
    grid = np.asarray(model.low + model.step * np.arange(len(model.negative)), dtype=np.float64)
    shapes = Shapes.of(model)
    counts = cell_counts(values, binds, grid)
    fitted = fit_tubes(counts[None], shapes, grid)
    expected, error, shift = (float(numbers[0]) for numbers in (fitted.expected, fitted.error, fitted.shift))
    events = counts.sum(axis=0)
    strict = float(grid[quantile(moved(shapes.densities[0], grid, shift), 1.0 - _STRICT)])
    positives = fitted.held[0, 1].sum(axis=0)
    error = math.hypot(error, _DOUBT * float(positives[grid <= strict].sum()))
    cut, low, high = (
        _cut_for(events, grid, n) for n in (expected, expected + 1.96 * error, expected - 1.96 * error)
    )
    if expected < 1.0:
        cut = max(cut, strict)
    above = float(fitted.held[0, 2].sum(axis=0)[grid > cut].sum())
    # What lies beyond the negative and is taken for cells that bind every stain may be positive for all that is known.
    return PositiveCount(expected, error, cut, min(low, cut, strict), max(high, cut), shift, above)


def fit_tubes(counts: Numbers, shapes: Shapes, grid: Numbers) -> Fitted:
    """Fit how many there are of each kind at every shift, and weigh the shifts by how well they explain a tube.

    Parameters
    ----------
    counts : ndarray of float64, shape (n_tubes, 2, n_bins)
    shapes : Shapes
    grid : ndarray of float64, shape (n_bins,)
    """
    joint = shapes.joint(grid)
    joint = joint.reshape(len(_SHIFTS), 3, -1)
    fitted = [_fit(one.reshape(-1), joint, shapes.usual, float(shapes.binding[1])) for one in counts]
    held = (
        np.array([one[4].reshape(3, 2, -1) for one in fitted]) if fitted else np.empty((0, 3, 2, len(grid)))
    )
    numbers = np.array([one[:4] for one in fitted]).reshape(-1, 4)
    return Fitted(numbers[:, 0], numbers[:, 1], numbers[:, 2], numbers[:, 3], held)


def _fit(
    counts: Numbers, joint: Numbers, usual: float, binding: float
) -> tuple[float, float, float, float, Numbers]:
    """Expected positives, their error, cells that bind every stain, shift; and events of each kind by bin."""
    used = np.flatnonzero(counts)
    events, seen, density = float(counts.sum()), counts[used], joint[:, :, used].copy()
    if not len(used):
        return 0.0, 0.0, 0.0, 0.0, np.zeros((3, len(counts)))
    binds = used >= len(counts) // 2
    shape = density[:, 1] / np.where(binds, binding, 1.0 - binding)
    part = np.tile([0.95 - usual, 0.05, usual], (len(density), 1))
    prior = np.array([0.0, 0.0, _PRIOR_EVENTS * usual])
    for _ in range(_ROUNDS):
        mixed = np.einsum("sk,skb->sb", part, density)
        again = part * np.einsum("skb,sb->sk", density, seen / mixed) + prior
        again[:, 1] = np.maximum(again[:, 1] - _SPARSE, 0.0)
        # A tube's positives may bind more than those of others.
        mine = part[:, 1, None] * density[:, 1] * seen / mixed
        bound = (mine[:, binds].sum(axis=1) + _LIKE_OTHERS * binding) / (mine.sum(axis=1) + _LIKE_OTHERS)
        density[:, 1] = shape * np.where(binds, bound[:, None], 1.0 - bound[:, None])
        again = np.clip(again / again.sum(axis=1, keepdims=True), 1e-9, 1.0)
        still = bool(np.max(np.abs(again - part)) < 1e-7)
        part = again
        if still:
            break
    mixed = np.einsum("sk,skb->sb", part, density)
    fit = np.log(mixed) @ seen + prior[2] * np.log(part[:, 2]) - 0.5 * (_SHIFTS / _USUAL_SHIFT) ** 2
    weight = np.exp(fit - fit.max())
    weight /= weight.sum()
    number = part[:, 1] * events
    expected = float(weight @ number)
    within = np.array(
        [_variance(seen, density[s], mixed[s], part[s], events, prior[2]) for s in range(len(part))]
    )
    between = float(weight @ (number - expected) ** 2)
    error = math.sqrt(float(weight @ within) + between)
    best = int(np.argmax(weight))
    every = part[best][:, None] * density[best]
    held = np.zeros((3, len(counts)))
    held[:, used] = seen * every / every.sum(axis=0)
    return expected, error, float(weight @ part[:, 2]) * events, float(weight @ _SHIFTS), held


def _variance(
    seen: Numbers, density: Numbers, mixed: Numbers, part: Numbers, events: float, prior: float
) -> float:
    """Variance of the number of positives that the overlap of the shapes makes, beyond that of a count."""
    away = (density[1:] - density[0]) / mixed
    information = np.einsum("b,ib,jb->ij", seen, away, away) + np.diag(
        [1e-9, prior / max(part[2], 1e-9) ** 2]
    )
    variance = float(np.linalg.inv(information)[0, 0]) * events**2
    number = float(part[1]) * events
    most = (math.sqrt(number + 1.0) + number) ** 2  # where there are hardly any
    return max(min(variance, most) - number, 0.0)


def moved(density: Numbers, grid: Numbers, shift: float) -> Numbers:
    """Density of what is shifted as signals are: wholly where they are bright, not at all at zero."""
    if shift == 0.0:
        return density
    to = np.maximum.accumulate(grid + shift * np.tanh(np.abs(grid)) + 1e-9 * np.arange(len(grid)))
    back = np.interp(grid, to, grid)
    return np.asarray(np.maximum(np.interp(back, grid, density) * np.gradient(back, grid), 0.0))


def smoothed(density: Numbers, width: float) -> Numbers:
    """Smooth by a Gaussian of so many bins."""
    reach = int(4 * width)
    weights = np.exp(-0.5 * (np.arange(-reach, reach + 1) / width) ** 2)
    return np.convolve(density, weights / weights.sum(), mode="same")


def quantile(density: Numbers, part: float) -> int:
    """Bin up to which a part of a density lies."""
    held = np.cumsum(density)
    return int(min(np.searchsorted(held, part * held[-1]), len(density) - 1))


def _cut_for(counts: Numbers, grid: Numbers, events: float) -> float:
    """Position above which so many events lie, between bins by straight lines."""
    above = np.concatenate((np.cumsum(counts[::-1])[::-1], [0.0]))
    edges = np.concatenate((grid - 0.5 * STEP, [grid[-1] + 0.5 * STEP]))
    return float(np.interp(-max(events, 0.0), -above, edges))
