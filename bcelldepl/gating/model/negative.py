"""The shape of cells negative for a marker, in spreads of its lower half about its middle, and where a tube has it.

In linear signal the negatives of all tubes look alike: noise and background make their shape, an error of compensation
moves it, gain stretches it. In natural units they do not, for near zero these are linear and beyond logarithmic.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bcelldepl.gating.model.natural_grid import STEP, Numbers, edges_of, smoothed, to_linear
from bcelldepl.kernels.stretched import stretched_densities

__all__ = ["LOWER", "ZONE", "Negative", "learn_negative", "place_and_spread", "standardised"]

_ZONE_STEP = 0.05  # spreads of a bin
ZONE = np.arange(-240, 641) * _ZONE_STEP  # spreads: what lies beyond is no negative
_ZONE_EDGES = np.concatenate((ZONE - 0.5 * _ZONE_STEP, ZONE[-1:] + 0.5 * _ZONE_STEP))
LOWER, _UPPER = 0.1587, 0.8413  # of a normal's events up to one standard deviation about its middle
_BODY = 2.4  # bins by which the shape is smoothed
_TAIL_FROM = 2.2  # standard deviations, on its side; beyond, the shape falls by an exponential
_TAIL_SCALE, _TAIL_EVENTS = 0.35, 3.0  # that of a normal there, and events that it weighs as
_TAIL_LEAST, _TAIL_MOST = 0.15, 1.0  # standard deviations
_LEAST_SPREAD = 0.03  # in units of the linear part of the scale


@dataclass(frozen=True)
class Negative:
    """The shape, and where the controls have it.

    Attributes
    ----------
    place, spread : float
        Middle, and distance to the lower standard deviation, as linear signal in units of the scale's linear part.
    density : ndarray of float64, shape (n_zone,)
        By spreads from the middle (`ZONE`); sums to 1.
    """

    place: float
    spread: float
    density: Numbers

    def quantile(self, part: float) -> float:
        """Spreads from the middle, below which a part of the negatives lies."""
        return float(np.interp(part, np.cumsum(self.density), _ZONE_EDGES[1:]))

    def quantiles(self, number: int) -> Numbers:
        """So many places in spreads, each of which stands for as many negatives."""
        parts = (np.arange(number) + 0.5) / number
        return np.asarray(np.interp(parts, np.cumsum(self.density), _ZONE_EDGES[1:]))

    def on(self, grid: Numbers, places: Numbers, spreads: Numbers) -> Numbers:
        """Densities by bin of natural units, where tubes have the negative elsewhere; shape (n_places, n_bins)."""
        below = np.concatenate(([0.0], np.cumsum(self.density)))
        density = np.empty((len(places), len(grid)))
        stretched_densities(
            to_linear(edges_of(grid)), below, _ZONE_EDGES[0], _ZONE_STEP, places, spreads, STEP, density
        )
        return density


def place_and_spread(counts: Numbers, grid: Numbers) -> tuple[float, float]:
    """Middle and lower spread of cells of which none is positive, as linear signal.

    Parameters
    ----------
    counts : ndarray of float64, shape (n_bins,)
    grid : ndarray of float64, shape (n_bins,)
    """
    held = np.concatenate(([0.0], np.cumsum(counts))) / counts.sum()
    lower, middle = to_linear(np.interp((LOWER, 0.5), held, edges_of(grid)))
    return float(middle), max(float(middle - lower), _LEAST_SPREAD)


def standardised(counts: Numbers, grid: Numbers, place: float, spread: float) -> Numbers:
    """Events by spreads from a middle (`ZONE`), from events by bin of natural units."""
    held = np.concatenate(([0.0], np.cumsum(counts)))
    return np.diff(np.interp(place + spread * _ZONE_EDGES, to_linear(edges_of(grid)), held))


def learn_negative(
    events: Numbers, places: Sequence[float], spreads: Sequence[float], weights: Numbers
) -> Negative:
    """Learn the shape.

    Parameters
    ----------
    events : ndarray of float64, shape (n_zone,)
        Of all controls, from `standardised`.
    places, spreads : sequence of float
        Of each control.
    weights : ndarray of float64, shape (n_controls,)
        Its events.

    Returns
    -------
    Negative
    """
    held = np.cumsum(events) / events.sum()
    lower, middle, upper = np.interp((LOWER, 0.5, _UPPER), held, _ZONE_EDGES[1:])
    shape = smoothed(events / events.sum(), _BODY)
    for side, spread in ((1.0, upper - middle), (-1.0, middle - lower)):
        away = side * (ZONE - middle) - _TAIL_FROM * spread
        far = away > 0.0
        number = float(events[far].sum())
        mean = float(events[far] @ away[far]) + _TAIL_EVENTS * _TAIL_SCALE * spread
        scale = float(np.clip(mean / (number + _TAIL_EVENTS), _TAIL_LEAST * spread, _TAIL_MOST * spread))
        height = (number + 0.5) / events.sum() / scale * _ZONE_STEP
        shape = np.where(far, height * np.exp(-np.maximum(away, 0.0) / scale), shape)
    usual = float(np.exp(np.average(np.log(spreads), weights=weights)))
    return Negative(float(np.average(places, weights=weights)), usual, shape / shape.sum())
