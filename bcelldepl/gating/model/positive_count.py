"""How many cells of a tube are positive for a marker, with a 95 % interval, and the cut that stands for it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bcelldepl.gating.model.natural_grid import Numbers, cell_counts, edges_of
from bcelldepl.gating.model.positive_mixture import Shapes
from bcelldepl.gating.model.positive_signals import learn_signals
from bcelldepl.gating.model.study_model import PositiveModel
from bcelldepl.gating.model.tube_fit import TubeFit, fit_tube

__all__ = ["PositiveCount", "count_positives", "sides_of_positives"]

_STRICT = 1e-4  # of the negatives that lie above a cut that hardly one passes
_DOUBT = 0.2  # of the positives that only the shapes tell from negatives, as a standard error
_NORMAL_95 = 1.959964
_LEAST_WEIGHT = 1e-3  # of a hypothesis that has a part in the interval
_ROUNDS = 15
_FIRST_REACH = 4.0  # standard deviations of a count
_HALVINGS = 14


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
    expected, overlapping : float
        Positives, and those of them that lie among the negatives.
    unspecific, usual : float
        Events that bind every stain, and how many of them controls let expect.
    """

    cut: float
    low: float
    high: float
    shift: float
    negative_part: float
    expected: float
    overlapping: float
    unspecific: float
    usual: float


def count_positives(
    model: PositiveModel,
    values: NDArray[np.float32],
    clean: NDArray[np.float32],
    binds: NDArray[np.bool_],
) -> PositiveCount:
    """Count the positives of a tube, and place the cut above which as many events lie.

    Parameters
    ----------
    model : PositiveModel
    values, clean : ndarray of float32, shape (n_events,)
        Of the parent's events, in natural units: as they are gated, and without what is left of other stains.
    binds : ndarray of bool, shape (n_events,)
        Whether other markers show that an event binds every stain.

    Returns
    -------
    PositiveCount
    """
    shapes = Shapes.of(model)
    grid = shapes.grid
    counts = cell_counts(clean, binds, grid)
    if not model.signals_seen:
        shapes = learn_signals(shapes, [counts]) or shapes
    fit = fit_tube(counts, shapes)
    spread = shapes.negative.spread * math.exp(fit.stretch)
    strict = math.asinh(fit.place + spread * shapes.negative.quantile(1.0 - _STRICT))
    expected = fit.expected
    # Beside what a count leaves: the shapes overlap, and the positives of a tube are not quite those of the study.
    held = fit.held()
    overlapping = float(held[1:3].sum(axis=(0, 1))[grid <= strict].sum())
    doubt = _NORMAL_95 * _DOUBT * overlapping
    below, above = (math.hypot(side, doubt) for side in sides_of_positives(fit))
    by_binding = cell_counts(values, binds, grid)
    # Beyond the negative, cells that no other marker shows to bind every stain may be positive for all that is known.
    beyond = float(by_binding[0, grid > strict].sum()) / (1.0 - float(fit.bound[fit.best]))
    numbers = expected, max(expected + above, beyond), expected - below
    cut, low, high = (_cut_for(by_binding.sum(axis=0), grid, number) for number in numbers)
    if expected < 1.0:
        cut = max(cut, strict)
    return PositiveCount(
        cut,
        min(low, cut),
        max(high, cut),
        fit.shift,
        fit.negative_part if fit.events else 1.0,
        expected,
        overlapping,
        float(held[3].sum()),
        shapes.usual * fit.events,
    )


def sides_of_positives(fit: TubeFit) -> tuple[float, float]:
    """Reach of the 95 % interval of the positives of a tube below and above their number, beyond that of a count.

    Numbers whose likelihood, with the other kinds fitted anew and the hypotheses weighed, lies within 1.92 of the
    largest are held to be possible (Wilks 1938); what a Poisson count of so many leaves is taken off in squares, for
    the count carries it itself.
    """
    if not fit.events:
        return 0.0, 0.0
    found, events = fit.expected, fit.events
    kept = np.flatnonzero(fit.weight > _LEAST_WEIGHT)
    least = max(fit.likelihood(number, kept, _ROUNDS) for number in (found, 0.0)) - 0.5 * _NORMAL_95**2

    def possible(number: float) -> bool:
        return fit.likelihood(number, kept, _ROUNDS) >= least

    reach = _FIRST_REACH * math.sqrt(found + _FIRST_REACH)
    while found + reach < events and possible(found + reach):
        reach *= 2.0
    low, high = (_last(possible, found, end) for end in (0.0, min(found + reach, events)))
    counted = _NORMAL_95**2 * found
    return math.sqrt(max((found - low) ** 2 - counted, 0.0)), math.sqrt(
        max((high - found) ** 2 - counted, 0.0)
    )


def _last(possible: Callable[[float], bool], inside: float, outside: float) -> float:
    """Last possible number on the way from one that is to another."""
    if possible(outside):
        return outside
    for _ in range(_HALVINGS):
        middle = 0.5 * (inside + outside)
        if possible(middle):
            inside = middle
        else:
            outside = middle
    return inside


def _cut_for(counts: Numbers, grid: Numbers, events: float) -> float:
    """Position above which so many events lie, between bins by straight lines."""
    above = np.concatenate((np.cumsum(counts[::-1])[::-1], [0.0]))
    return float(np.interp(-max(events, 0.0), -above, edges_of(grid)))
