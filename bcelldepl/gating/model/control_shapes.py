"""Shapes of the negative, and of cells that bind every stain, in controls; and which controls hold no positives."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import compress
from typing import Final

import numpy as np

from bcelldepl.gating.model.positive_count import sides_of_positives
from bcelldepl.gating.model.positive_mixture import (
    FAR_SHIFT,
    STEP,
    Numbers,
    Shapes,
    fit_tubes,
    moved,
    quantile,
    smoothed,
)

__all__ = ["ENOUGH", "anywhere_above", "control_shapes", "share_binding", "without_positives"]

ENOUGH: Final = 100  # events of controls from which a shape is read
_SHOULDER: Final = 0.8413  # of a normal's events up to one standard deviation
_STRICT: Final = 3.7  # standard deviations above the negative
_BODY, _TAIL = 2.0, 10.0  # bins by which shapes are smoothed: that of the many, and those of the few
_ROUNDS = 20
_WIDE = 1.2  # natural units: spread of cells that bind every stain, where controls show too few
_STICKY_ABOVE = 2.5  # natural units above the negative, where controls show too few
_FEW_STICKY = 15  # events
_NORMAL_95 = 1.959964
_FEWEST_POSITIVES, _POSITIVE_PART = 20, 0.005  # of a control that is none, by the lower end of its interval
_FOOT, _FOOT_SPREADS = (
    0.05,
    1.645,
)  # of the cells: there the negative begins, whatever is positive; below its middle
_TIMES_USUAL = 2.0  # as many as usual above the negative: a background, which subjects have more or less of


def without_positives(controls: Mapping[str, Numbers], grid: Numbers) -> list[str]:
    """Leave out controls that hold positives by the shapes of the others: by a slip of the sheet they may be samples.

    The half of the controls with the fewest cells above the negative shows what a negative is; each of the others is
    left out if far more of its cells are positive by that.

    Parameters
    ----------
    controls : mapping of str to ndarray of float64, shape (2, n_bins)
        From `cell_counts`, by tube.
    grid : ndarray of float64, shape (n_bins,)

    Returns
    -------
    list of str
        Tubes that stay, in their order.
    """
    seen = [tube for tube, counts in controls.items() if counts.sum() >= ENOUGH]
    if len(seen) < 2:
        return list(controls)
    above = _parts_above({tube: controls[tube].sum(axis=0) for tube in seen}, grid)
    order = sorted(seen, key=lambda tube: above[tube])
    clean, rest = order[: (len(order) + 1) // 2], order[(len(order) + 1) // 2 :]
    shapes = control_shapes([controls[tube] for tube in clean], grid)
    negative, _, unspecific = shapes.densities
    shapes = replace(shapes, densities=np.array([negative, anywhere_above(negative, grid), unspecific]))
    usual = float(np.mean([above[tube] for tube in clean]))
    most = max(_POSITIVE_PART, _TIMES_USUAL * usual)
    positive = {tube for tube in rest if _positive_part(controls[tube], shapes, grid) > most}
    return [tube for tube in controls if tube not in positive]


def _parts_above(controls: Mapping[str, Numbers], grid: Numbers) -> dict[str, float]:
    """Part of each control's cells above its negative, whose lower end tells where it lies."""
    foot = {tube: float(grid[quantile(counts, _FOOT)]) for tube, counts in controls.items()}
    reach = min(float(grid[quantile(counts, 0.5)]) - foot[tube] for tube, counts in controls.items())
    beyond = reach + _STRICT * max(reach / _FOOT_SPREADS, 3 * STEP)
    return {
        tube: float(counts[grid > foot[tube] + beyond].sum() / counts.sum())
        for tube, counts in controls.items()
    }


def anywhere_above(negative: Numbers, grid: Numbers) -> Numbers:
    """Density of cells that lie anywhere above a negative, no place likelier than another."""
    middle = float(grid[quantile(negative, 0.5)])
    strict = middle + _STRICT * max(float(grid[quantile(negative, _SHOULDER)]) - middle, 3 * STEP)
    flat = np.where(grid > strict, 1.0, 0.0)
    return np.asarray(flat / (flat.sum() * STEP))


def _positive_part(counts: Numbers, shapes: Shapes, grid: Numbers) -> float:
    """Part of a control's cells that are positive at least, its negative laid over the others'; 0 for a few cells."""
    by = float(grid[quantile(shapes.densities[0], _FOOT)] - grid[quantile(counts.sum(axis=0), _FOOT)])
    (fit,) = fit_tubes(np.array([[moved(part, grid, by) for part in counts]]), shapes, grid)
    below, _ = sides_of_positives(fit)
    least = fit.expected - math.hypot(below, _NORMAL_95 * math.sqrt(fit.expected))
    return least / fit.events if least >= _FEWEST_POSITIVES else 0.0


def control_shapes(controls: Sequence[Numbers], grid: Numbers) -> Shapes:
    """Lay the negatives of controls over each other by their medians, the cells that bind every stain apart.

    Parameters
    ----------
    controls : sequence of ndarray of float64, shape (2, n_bins)
        From `cell_counts`.
    grid : ndarray of float64, shape (n_bins,)

    Returns
    -------
    Shapes
        Without positives: their density is 0.
    """
    seen = [one for one in controls if one.sum()]
    middles = [float(grid[quantile(one.sum(axis=0), 0.5)]) for one in seen]
    # A negative that lies far from the others has another shape: near zero, errors of compensation make it wide.
    usual = float(np.median(middles))
    near = [abs(middle - usual) <= FAR_SHIFT for middle in middles]
    if any(near):
        seen, middles = list(compress(seen, near)), list(compress(middles, near))
    centre = float(np.average(middles, weights=[one.sum() for one in seen]))
    total = np.zeros((2, len(grid)))
    for one, middle in zip(seen, middles, strict=True):
        shift = centre - middle
        total += np.array([moved(part, grid, shift) for part in one])
    events = float(total.sum())
    middle = quantile(total[0], 0.5)
    spread = max(float(grid[quantile(total[0], _SHOULDER)] - grid[middle]), 3 * STEP)
    strict = float(grid[middle]) + _STRICT * spread
    # At first the cells that bind every stain are those that other markers show, and what lies beyond the negative.
    sticky = total * np.stack((grid > strict, np.full(len(grid), 0.5)))
    for _ in range(_ROUNDS):
        part = max(float(sticky.sum()) / events, 1e-5)
        negative = _negative(total - sticky, grid, middle, spread)
        unspecific = _sticky(sticky.sum(axis=0), grid, float(grid[middle]))
        binding = np.array([share_binding(total - sticky), share_binding(sticky)])
        densities = np.stack(((1 - part) * negative, part * unspecific))[:, None]
        joint = densities * np.stack((1 - binding, binding), axis=1)[:, :, None]
        sticky = total * joint[1] / (joint.sum(axis=0) + 1e-300)
    binding = np.array([share_binding(total - sticky), 0.1, share_binding(sticky)])
    return Shapes(np.array([negative, np.zeros(len(grid)), unspecific]), binding, part)


def share_binding(counts: Numbers) -> float:
    """Part of some cells that bind every stain, between one cell of none and one cell of all."""
    return float((counts[1].sum() + 0.5) / (counts.sum() + 1.0))


def _negative(counts: Numbers, grid: Numbers, middle: int, spread: float) -> Numbers:
    """Shape of the negative: smoothed, and with the upper tail of a normal where events are few."""
    density = counts.sum(axis=0) / max(float(counts.sum()), 1.0) / STEP
    normal = np.exp(-0.5 * ((grid - grid[middle]) / spread) ** 2) / spread / math.sqrt(2 * math.pi)
    shape = smoothed(density, _BODY)
    upper = grid > grid[middle] + 2.5 * spread
    shape = np.where(upper, np.maximum(smoothed(density, _TAIL / 2), normal), shape)
    lower = quantile(shape, 0.002)
    shape = np.where(np.arange(len(grid)) < lower, shape[lower] * np.exp(2.0 * (grid - grid[lower])), shape)
    return np.asarray(shape / (shape.sum() * STEP))


def _sticky(counts: Numbers, grid: Numbers, centre: float) -> Numbers:
    """Shape of cells that bind every stain: wide, and the wider the fewer there are."""
    usual = np.exp(-0.5 * ((grid - centre - _STICKY_ABOVE) / _WIDE) ** 2)
    shape = smoothed(counts, _TAIL) + _FEW_STICKY * usual / usual.sum()
    return np.asarray(shape / (shape.sum() * STEP))
