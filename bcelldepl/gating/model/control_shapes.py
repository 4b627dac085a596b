"""Shapes of the negative, and of cells that bind every stain, in controls; and which controls hold no positives."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from bcelldepl.gating.model.brightness import LEAST_CHANGE
from bcelldepl.gating.model.natural_grid import (
    STEP,
    TAIL,
    Numbers,
    edges_of,
    mode,
    quantile,
    smoothed,
    to_linear,
)
from bcelldepl.gating.model.negative import LOWER, ZONE, learn_negative, place_and_spread, standardised
from bcelldepl.gating.model.positive_count import sides_of_positives
from bcelldepl.gating.model.positive_mixture import Shapes
from bcelldepl.gating.model.positive_signals import share_binding, signals_anywhere
from bcelldepl.gating.model.tube_fit import fit_tube

__all__ = ["ENOUGH", "control_shapes", "with_reagent", "without_positives"]

ENOUGH: Final = 100  # events of controls from which a shape is read
_OTHERS = 3  # tubes that a control is held against at least
_BODY = 6.0  # bins by which a tube's cells are smoothed to see where most are
_BACKGROUND = 0.6  # standard deviations of the negative that a background is worth at least, to be missed
_STRICT: Final = 3.7  # standard deviations above the negative
_ROUNDS = 20
_WIDE = 1.2  # natural units: spread of cells that bind every stain, where controls show too few
_STICKY_ABOVE = 2.5  # natural units above the negative, where controls show too few
_FEW_STICKY = 15  # events
_AT_LEAST = 0.5  # events that bind every stain, however few controls show (Jeffreys)
_NORMAL_95 = 1.959964
_FEWEST_POSITIVES, _POSITIVE_PART = 5, 0.005  # of a control that is none, by the lower end of its interval
_FOOT = 0.05  # of the cells: there the negative begins, whatever is positive
_FOOT_SPREADS = 1.645  # of a normal, so far below its middle
_TIMES_USUAL = 2.0  # as many as usual above the negative: a background, which subjects have more or less of
_POSITIVES_BINDING = 0.1  # part of positives that bind every stain, before any are seen


def with_reagent(
    controls: Sequence[str], stained: Mapping[str, Numbers], unstained: Sequence[Numbers], grid: Numbers
) -> list[str]:
    """Leave out controls without the background that the reagent gives all cells: it was left out of them.

    Cells that bind every stain would seem positive in all other tubes.

    Parameters
    ----------
    controls : sequence of str
    stained : mapping of str to ndarray of float64, shape (2, n_bins)
        From `cell_counts`, of all tubes that should hold the reagent, the controls among them.
    unstained : sequence of ndarray of float64, shape (2, n_bins)
        Of tubes without it (FMO).
    grid : ndarray of float64, shape (n_bins,)

    Returns
    -------
    list of str
        Controls that stay, in their order; all where none would.
    """
    enough = {tube: counts.sum(axis=0) for tube, counts in stained.items() if counts.sum() >= ENOUGH}
    places = {tube: _middle(counts, grid) for tube, counts in enough.items()}
    without = [_middle(one.sum(axis=0), grid) for one in unstained if one.sum() >= ENOUGH]
    spreads = [
        places[tube] - math.sinh(float(grid[quantile(counts, LOWER)])) for tube, counts in enough.items()
    ]

    def lacks(control: str) -> bool:
        others = [place for tube, place in places.items() if tube != control]
        if control not in places or len(others) < _OTHERS:
            return False
        usual = float(np.median(others))
        # Halfway to tubes without the reagent; where there are none, as little as gains do not explain.
        least = 0.5 * (usual + float(np.median(without))) if without else usual * math.exp(-LEAST_CHANGE)
        return places[control] < least and usual - places[control] >= _BACKGROUND * float(np.median(spreads))

    return [control for control in controls if not lacks(control)] or list(controls)


def _middle(counts: Numbers, grid: Numbers) -> float:
    """Linear signal that most cells have: the median lies higher in a tube with many positives."""
    return math.sinh(float(grid[mode(counts, _BODY)]))


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
    usual = float(np.mean([above[tube] for tube in clean]))
    most = max(_POSITIVE_PART, _TIMES_USUAL * usual)
    positive = {tube for tube in rest if _positive_part(controls[tube], shapes) > most}
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


def _positive_part(counts: Numbers, shapes: Shapes) -> float:
    """Part of a control's cells that are positive at least; 0 for a few cells."""
    fit = fit_tube(counts, shapes)
    below, _ = sides_of_positives(fit)
    least = fit.expected - math.hypot(below, _NORMAL_95 * math.sqrt(fit.expected))
    return least / fit.events if least >= _FEWEST_POSITIVES else 0.0


def control_shapes(controls: Sequence[Numbers], grid: Numbers) -> Shapes:
    """Lay the negatives of controls over each other, the cells that bind every stain apart.

    Parameters
    ----------
    controls : sequence of ndarray of float64, shape (2, n_bins)
        From `cell_counts`. Those of few cells are left out where others show enough.
    grid : ndarray of float64, shape (n_bins,)

    Returns
    -------
    Shapes
        With positives that may lie anywhere above the negative.
    """
    large = [one for one in controls if one.sum() >= ENOUGH]
    seen = large or [one for one in controls if one.sum()]
    standing = [place_and_spread(one[0] if one[0].sum() else one[1], grid) for one in seen]
    places, spreads = zip(*standing, strict=True)
    total = np.sum(
        [[standardised(part, grid, *at) for part in one] for one, at in zip(seen, standing, strict=True)],
        axis=0,
    )
    # Beyond the zone of a negative, all cells bind every stain.
    far = np.sum(
        [one * (to_linear(grid) > at[0] + at[1] * ZONE[-1]) for one, at in zip(seen, standing, strict=True)],
        axis=0,
    )
    number = np.array([one.sum() for one in seen])
    events = float(number.sum())
    negative = learn_negative(total[0], places, spreads, number)
    strict = negative.quantile(0.5) + _STRICT * (negative.quantile(0.8413) - negative.quantile(0.5))
    # At first the cells that bind every stain are those that other markers show, and what lies beyond the negative.
    sticky = total * np.stack((strict < ZONE, np.full(len(ZONE), 0.5)))
    natural = np.arcsinh(negative.place + negative.spread * ZONE)
    for _ in range(_ROUNDS):
        part = (float(sticky.sum() + far.sum()) + _AT_LEAST) / (events + 2 * _AT_LEAST)
        negative = learn_negative((total - sticky).sum(axis=0), places, spreads, number)
        by_bin, _ = np.histogram(natural, edges_of(grid), weights=sticky.sum(axis=0))
        unspecific = _sticky(by_bin + far.sum(axis=0), grid, float(np.arcsinh(negative.place)))
        every = sticky.sum(axis=1) + far.sum(axis=1)
        binding = np.array([share_binding(total - sticky), share_binding(every[:, None])])
        of_zone = np.interp(natural, grid, unspecific) * np.gradient(natural)
        densities = np.stack(((1 - part) * negative.density, part * of_zone))[:, None]
        joint = densities * np.stack((1 - binding, binding), axis=1)[:, :, None]
        sticky = total * joint[1] / (joint.sum(axis=0) + 1e-300)
    binding = np.array([binding[0], _POSITIVES_BINDING, binding[1]])
    signals = signals_anywhere(strict * negative.spread, grid)
    return Shapes(grid, negative, signals, unspecific, binding, part, events)


def _sticky(counts: Numbers, grid: Numbers, centre: float) -> Numbers:
    """Shape of cells that bind every stain: wide, and the wider the fewer there are."""
    usual = np.exp(-0.5 * ((grid - centre - _STICKY_ABOVE) / _WIDE) ** 2)
    shape = smoothed(counts, TAIL) + _FEW_STICKY * usual / usual.sum()
    return np.asarray(shape / (shape.sum() * STEP))
