"""Signals of cells positive for a marker, beyond those of the negative ones that they would be else."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from bcelldepl.gating.model.natural_grid import STEP, TAIL, Numbers, smoothed, to_linear
from bcelldepl.gating.model.negative import ZONE
from bcelldepl.gating.model.positive_mixture import FAR_SHIFT, FEW_NEGATIVES, Shapes, Signals
from bcelldepl.gating.model.tube_fit import TubeFit, fit_tube
from bcelldepl.runtime.threads import in_threads

__all__ = ["learn_signals", "share_binding", "signals_about", "signals_anywhere"]

_DIMMER = 1.5  # logarithms, by which dim positives lie below bright ones before any are seen
_DIM_SPREAD = 0.6  # likewise
_SPREAD = 0.8  # of bright ones, likewise
_DIM_PART = 0.25  # of the positives, likewise
_BODY = 2.0  # bins by which a tube's cells are smoothed
_FEW = 50.0  # positives; fewer tell no shape of their own
_MANY_TIMES = 5.0  # as many as controls have: no sample has so many more cells that bind every stain
_ROUNDS = 7  # in which all tubes are fitted,
_STEPS = 2  # and the signals so many times to what they hold
_ALIKE = 200.0  # positives of a tube at most, in how many bind every stain
_SURE = 12.0  # logarithm of how much likelier a tube is with positives than without
_APART = 0.7  # of the lower peak, that the valley between two may reach
_CLEAR = 4.5  # upper standard deviations above the mode, for a first guess
_BRIGHT_SPREADS, _DIM_SPREADS = (0.2, 1.2), (0.35, 0.9)  # logarithms
_DIMMER_BY = (0.8, 2.5)  # logarithms, by which dim positives may lie below bright ones
_DIM_EVENTS, _PART_EVENTS = 20.0, 40.0  # that what is expected of dim positives, and of their part, weighs as


def share_binding(counts: Numbers) -> float:
    """Part of some cells that bind every stain, between one cell of none and one cell of all."""
    return float((counts[1].sum() + 0.5) / (counts.sum() + 1.0))


def signals_anywhere(least: float, grid: Numbers) -> Signals:
    """Signals of positives of which nothing is known but that they lie above a negative."""
    low, high = math.log(least), float(grid[-1]) - math.log(2.0)
    bright, spread = 0.5 * (low + high), max(high - low, 1.0) / math.sqrt(12.0)
    return Signals(np.array([bright, bright - _DIMMER]), np.array([spread, _DIM_SPREAD]), _DIM_PART)


def signals_about(brightness: float) -> Signals:
    """Signals of positives of which no more is known than how bright they are: logarithm of linear signal."""
    return Signals(np.array([brightness, brightness - _DIMMER]), np.array([_SPREAD, _DIM_SPREAD]), _DIM_PART)


def learn_signals(shapes: Shapes, tubes: Sequence[Numbers], guess: Signals | None = None) -> Shapes | None:
    """Find the signals of the positives over all tubes, and what binds every stain.

    Parameters
    ----------
    shapes : Shapes
        Those of the controls.
    tubes : sequence of ndarray of float64, shape (2, n_bins)
        From `cell_counts`.
    guess : Signals, optional
        To begin with, of positives that may bind every stain as others do; default what lies clear of the negative.

    Returns
    -------
    Shapes or None
        None where hardly a cell lies clear above the negative, or not twice as many as controls have there, and no tube
        is far likelier with positives; with a guess, where hardly a cell is one.
    """
    signals = guess or _clear_signals(shapes, tubes) or _fitted_anywhere(shapes, tubes)
    if signals is None:
        return None
    found = replace(shapes, signals=signals, binding=shapes.binding[[0, 2, 2]] if guess else shapes.binding)
    at: list[tuple[float, float] | None] = [None] * len(tubes)
    for _ in range(_ROUNDS):
        fits = in_threads(partial(_fit_at, found), zip(tubes, at, strict=True))
        at = [(one.place, one.stretch) for one in fits]  # positives hardly move it
        parts = [one.held() for one in fits]
        held = [one[1:3].sum(axis=0) for one in parts]
        total = np.sum(held, axis=0)
        if total.sum() < _FEW:
            return None if guess else found
        # No tube counts for all: after an infusion CAR-T cells carry what they tore off, and not later.
        alike = np.sum([one * min(1.0, _ALIKE / max(one.sum(), 1.0)) for one in held], axis=0)
        binding = found.binding.copy()
        binding[1] = share_binding(alike)
        found = replace(found, binding=binding)
        for _ in range(_STEPS):
            signals = _fitted(found, [one.sum(axis=0) for one in held], [one.place for one in fits])
            found = replace(found, signals=signals)
        if len(tubes) > 1:  # of one tube alone, cells that bind every stain may be its positives
            found = _with_unspecific(found, shapes, np.sum([one[3] for one in parts], axis=0))
    return found


def _with_unspecific(found: Shapes, controls: Shapes, held: Numbers) -> Shapes:
    """Learn more of the cells that bind every stain: controls show few of them, or hold positives by a slip.

    Their shape is that of cells which other markers show to be such, for hardly a positive is among these.
    """
    known = controls.usual * controls.control_events
    shape = known * STEP * controls.unspecific + smoothed(held[1], TAIL)
    binding = found.binding.copy()
    binding[2] = (known * controls.binding[2] + held[1].sum()) / (known + held.sum())
    return replace(found, unspecific=shape / (shape.sum() * STEP), binding=binding)


def _fit_at(shapes: Shapes, tube: tuple[Numbers, tuple[float, float] | None]) -> TubeFit:
    return fit_tube(tube[0], shapes, tube[1])


def _clear_signals(shapes: Shapes, tubes: Sequence[Numbers]) -> Signals | None:
    """Signals of the cells that lie clear above the negative of their tube, beside what controls have there."""
    grid, negative = shapes.grid, shapes.negative
    clear = _CLEAR * (negative.quantile(0.8413) - negative.quantile(0.5)) * negative.spread
    usual = float(np.arcsinh(negative.place))
    unspecific = shapes.usual * (1.0 - shapes.binding[2]) * shapes.unspecific
    peak = negative.spread * float(ZONE[np.argmax(negative.density)])
    spreads = np.array([negative.spread])
    logarithms, seen, expected = [np.zeros(1)], [np.zeros(1)], [np.zeros(1)]
    for one in tubes:
        middle = _negative_peak(one.sum(axis=0), grid, usual)
        if middle is not None:
            beyond = to_linear(grid) - math.sinh(middle)
            above = beyond > clear
            logarithms.append(np.log(beyond[above]))
            seen.append(one[0, above])
            (tail,) = negative.on(grid, np.array([math.sinh(middle) - peak]), spreads)
            expected.append(one.sum() * STEP * (unspecific + (1.0 - shapes.usual) * tail)[above])
    if not _are_positives(np.concatenate(seen), np.concatenate(expected)):
        # Many tubes of few must not hide one of many.
        clear_tubes = [
            _are_positives(n, usual_n) and n.sum() >= _MANY_TIMES * usual_n.sum()
            for n, usual_n in zip(seen, expected, strict=True)
        ]
        if not any(clear_tubes):
            return None
        logarithms, seen, expected = (
            [one for one, is_clear in zip(some, clear_tubes, strict=True) if is_clear]
            for some in (logarithms, seen, expected)
        )
    logarithm, number, usual_number = map(np.concatenate, (logarithms, seen, expected))
    weights = np.maximum(number - usual_number, 0.0)
    bright = float(np.average(logarithm, weights=weights))
    spread = math.sqrt(float(np.average((logarithm - bright) ** 2, weights=weights)))
    spreads = np.array([np.clip(spread, *_BRIGHT_SPREADS), _DIM_SPREAD])
    return Signals(np.array([bright, bright - _DIMMER]), spreads, _DIM_PART)


def _fitted_anywhere(shapes: Shapes, tubes: Sequence[Numbers]) -> Signals | None:
    """Signals of the positives of tubes that are far likelier with many of them, wherever these lie.

    They may all be too dim to lie clear above the negative.
    """
    held, places = [], []
    for fit in in_threads(partial(_fit_at, shapes), ((one, None) for one in tubes if one.sum())):
        positives = fit.held()[1:3].sum(axis=(0, 1))
        fewest = max(_FEW, _MANY_TIMES * shapes.usual * fit.events)
        is_placed = abs(fit.shift) <= FAR_SHIFT and fit.negative_part >= FEW_NEGATIVES
        if is_placed and positives.sum() >= fewest and fit.gain >= _SURE:
            held.append(positives)
            places.append(fit.place)
    if not held:
        return None
    found = shapes
    for _ in range(_ROUNDS):
        found = replace(found, signals=_fitted(found, held, places))
    return found.signals


def _negative_peak(counts: Numbers, grid: Numbers, usual: float) -> float | None:
    """Where most cells of a tube lie, if near the usual negative; else the peak there, with most cells beyond a valley.

    Most cells of a tube may be positive. None where its negative cannot be told.
    """
    density = smoothed(counts, _BODY)
    near = np.abs(grid - usual) <= FAR_SHIFT
    most, place = int(np.argmax(density)), int(np.argmax(np.where(near, density, -1.0)))
    if most < place or not counts.any():
        return None
    if near[most]:
        return float(grid[most])
    valley = place + int(np.argmin(density[place:most]))
    is_peak = density[: valley + 1].max() <= density[place]  # and no flank of one farther up
    is_apart = density[valley] <= _APART * density[place]
    is_fair = counts[:valley].sum() >= FEW_NEGATIVES * counts.sum()
    return float(grid[place]) if is_peak and is_apart and is_fair else None


def _are_positives(number: Numbers, usual: Numbers) -> bool:
    """Whether there are enough cells clear above the negative, and twice as many as controls have there."""
    return bool(number.sum() - usual.sum() >= max(_FEW, usual.sum()))


def _fitted(shapes: Shapes, held: Sequence[Numbers], places: Sequence[float]) -> Signals:
    """Fit the signals to positives by bin, each of which lies beyond any part of the negative of its tube."""
    signals = shapes.signals
    sums = np.zeros((3, 2))  # events, and their logarithms to the first and second power
    for counts, place in zip(held, places, strict=True):
        used = np.flatnonzero(counts > 1e-9)
        beyond = shapes.beyond(place)[used]
        shares = np.array([1.0 - signals.dim_part, signals.dim_part])[:, None, None]
        parts = shares * signals.densities(beyond) / np.maximum(beyond, 1e-12)
        parts *= counts[used, None] / (parts.sum(axis=(0, 2)) + 1e-300)[:, None]
        logarithm = np.log(np.maximum(beyond, 1e-12))
        sums += [(parts * logarithm**power).sum(axis=(1, 2)) for power in range(3)]
    number = np.maximum(sums[0], 1e-9)
    bright = sums[1, 0] / number[0]
    spread = math.sqrt(max(sums[2, 0] / number[0] - bright**2, 0.0))
    # Of dim ones little is seen where they reach into the negative: what is expected of them has its weight.
    weight = number[1] + _DIM_EVENTS
    dim = (sums[1, 1] + _DIM_EVENTS * (bright - _DIMMER)) / weight
    dim = float(np.clip(dim, bright - _DIMMER_BY[1], bright - _DIMMER_BY[0]))
    around = max(sums[2, 1] - 2.0 * dim * sums[1, 1] + dim**2 * number[1], 0.0)
    dim_spread = math.sqrt((around + _DIM_EVENTS * _DIM_SPREAD**2) / weight)
    part = (number[1] + _PART_EVENTS * _DIM_PART) / (number.sum() + _PART_EVENTS)
    spreads = np.array([np.clip(spread, *_BRIGHT_SPREADS), np.clip(dim_spread, *_DIM_SPREADS)])
    return Signals(np.array([bright, dim]), spreads, float(part))
