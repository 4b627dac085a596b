"""How many cells of a tube are positive for a marker, with a 95 % interval, and the cut that stands for it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from bcelldepl.gating.model.positive_mixture import (
    SHIFTS,
    STEP,
    USUAL_SHIFT,
    Numbers,
    Shapes,
    TubeFit,
    cell_counts,
    fit_tube,
    moved_negative,
    quantile,
)
from bcelldepl.gating.model.study_model import PositiveModel
from bcelldepl.kernels.mixture import mix_with_part

__all__ = ["PositiveCount", "count_positives", "sides_of_positives"]

_STRICT = 1e-4  # of the negatives that lie above a cut that hardly one passes
_DOUBT = 0.2  # of the positives that only the shapes tell from negatives, as a standard error
_NORMAL_95 = 1.959964
_LEAST_WEIGHT = 1e-3  # of a shift that has a part in the interval
_ROUNDS = 15
_WIDEST = 8.0  # standard deviations of a count in which the likelihood is looked at closely


@dataclass(frozen=True)
class PositiveCount:
    """Where a tube's positives begin.

    Attributes
    ----------
    cut, low, high : float
        Positions in natural units above which as many events lie as are expected, and at the ends of the 95 % interval.
    shift : float
        Of the tube's negative against that of the controls, in natural units.
    negative_part : float
        Negatives, of the events.
    """

    cut: float
    low: float
    high: float
    shift: float
    negative_part: float


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

    Returns
    -------
    PositiveCount
    """
    grid = _grid(model)
    shapes = Shapes.of(model)
    counts = cell_counts(values, binds, grid)
    fitted = fit_tube(counts, _joint(model), shapes.usual, float(shapes.binding[1]))
    held = fitted.held(len(grid))
    events = counts.sum(axis=0)
    strict = float(grid[quantile(moved_negative(shapes.densities[0], grid, fitted.shift), 1.0 - _STRICT)])
    expected = fitted.expected
    # Beside what a count leaves: the shapes overlap, and the positives of a tube are not quite those of the study.
    doubt = 1.96 * _DOUBT * float(held[1].sum(axis=0)[grid <= strict].sum())
    below, above = (math.hypot(side, doubt) for side in sides_of_positives(fitted))
    cut, low, high = (_cut_for(events, grid, n) for n in (expected, expected + above, expected - below))
    if expected < 1.0:
        cut = max(cut, strict)
    # What lies beyond the negative and is taken for cells that bind every stain may be positive for all that is known.
    return PositiveCount(
        cut,
        min(low, cut, strict),
        max(high, cut),
        fitted.shift,
        fitted.negative_part if fitted.events else 1.0,
    )


def _grid(model: PositiveModel) -> Numbers:
    return np.asarray(model.low + model.step * np.arange(len(model.negative)), dtype=np.float64)


@lru_cache(maxsize=4)  # the tubes of a study share their shapes
def _joint(model: PositiveModel) -> Numbers:
    return Shapes.of(model).joint(_grid(model))


def sides_of_positives(fit: TubeFit) -> tuple[float, float]:
    """Reach of the 95 % interval of the positives of a tube below and above their number, beyond that of a count.

    Numbers whose likelihood, with the other kinds fitted anew and the shifts weighed, lies within 1.92 of the largest
    are held to be possible (Wilks 1938); what a Poisson count of so many leaves is taken off in squares, for the count
    carries it itself.
    """
    if not fit.events:
        return 0.0, 0.0
    found = fit.expected
    numbers = _candidates(found, fit.events)
    fits = _likelihood(fit, numbers / fit.events)
    inside = numbers[fits >= fits.max() - 0.5 * _NORMAL_95**2]
    low, high = min(found, float(inside.min())), max(found, float(inside.max()))
    counted = _NORMAL_95**2 * found
    return math.sqrt(max((found - low) ** 2 - counted, 0.0)), math.sqrt(
        max((high - found) ** 2 - counted, 0.0)
    )


def _candidates(found: float, events: float) -> Numbers:
    """Numbers of positives from 0 to all, dense about the one that was found."""
    everywhere = np.geomspace(0.5, events, 60)
    reach = _WIDEST * math.sqrt(found + 1.0)
    close = np.clip(found + np.linspace(-reach, reach, 81), 0.0, events)
    return np.unique(np.concatenate(([0.0], everywhere, close)))


def _likelihood(fit: TubeFit, part: Numbers) -> Numbers:
    """Logarithm of the likelihood that such a part of the events is positive, over all shifts; shape of `part`."""
    kept = np.flatnonzero(fit.weight > _LEAST_WEIGHT)
    negative, positive, unspecific = (fit.density[kept, kind] for kind in range(3))
    bound = fit.part[kept, 2] / np.clip(fit.part[kept, 0] + fit.part[kept, 2], 1e-9, None)
    bound = np.tile(np.clip(bound, 1e-9, 1.0 - 1e-9)[:, None], (1, len(part)))
    mixed = np.empty((len(kept), len(part), len(fit.seen)))
    mix_with_part(part, negative, positive, unspecific, fit.seen, fit.prior, bound, _ROUNDS, mixed)
    fits = np.log(mixed) @ fit.seen + fit.prior * np.log(np.clip(1.0 - part, 1e-9, 1.0) * bound)
    fits -= 0.5 * (SHIFTS[kept, None] / USUAL_SHIFT) ** 2
    return np.asarray(np.logaddexp.reduce(fits, axis=0))


def _cut_for(counts: Numbers, grid: Numbers, events: float) -> float:
    """Position above which so many events lie, between bins by straight lines."""
    above = np.concatenate((np.cumsum(counts[::-1])[::-1], [0.0]))
    edges = np.concatenate((grid - 0.5 * STEP, [grid[-1] + 0.5 * STEP]))
    return float(np.interp(-max(events, 0.0), -above, edges))
