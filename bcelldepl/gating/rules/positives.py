"""Cells positive for a marker that controls lack, dim and bridged ones counted without bias."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from bcelldepl.gating.density import Density, Landmark, make_density
from bcelldepl.gating.evidence import Evidence
from bcelldepl.gating.rules.base import Columns, Fit
from bcelldepl.gating.rules.cut import control_quantile
from bcelldepl.gating.rules.marker_cut import CutShape, MarkerCut

__all__ = ["PositivesRule", "expected_positives"]

_ROUNDS = 400
_TOLERANCE = 1e-6
_SPREAD_BOUNDS = (0.9, 1.1)  # of the negative in the mixture, about the spread that its lower half shows
_BOOTSTRAPS = 24
_DOUBT = 0.25  # of the positives that only the mixture sees, as a standard deviation
_UNSEEN = 0.6  # spreads below an unbalanced cut in which dim positives may lie


class PositivesRule(MarkerCut):
    """Cut a marker by its controls, then balance the cut where positives are many enough to show themselves.

    The control gives a strict cut that few negatives pass. Dim positives below it would be lost. Where enough events
    lie above it, the tube's own histogram is taken as a mixture of the negative, bright positives and a bridge of dim
    ones between, and the cut moves down to where as many events lie above it as the mixture expects positives: what is
    lost below is made up by what is gained above.

    Attributes
    ----------
    false_positive_rate : float
        Of the strict cut.
    min_positives : int
        Fewer events above the strict cut leave it where it is.
    min_percent : float
        The same, in percent of the parent: a mixture cannot tell fewer from the negative's own tail.
    """

    rule: Literal["positives"]
    false_positive_rate: float = Field(1e-4, gt=0, lt=0.5)
    min_positives: int = 40
    min_percent: float = 1.0

    def fit(self, columns: Columns, references: Mapping[str, Columns]) -> Fit:
        """Place the strict cut as if this tube were a control; only controls lend theirs."""
        values = columns[self.marker]
        negative = self.negative(make_density(values), references)
        if negative is None:
            n = len(values)
            return Fit(None, Evidence.FAILED, f"{n} events are too few to find the {self.marker} negative", n)
        return control_quantile(self, values, negative, self.false_positive_rate)

    def settle(self, fit: Fit, columns: Columns) -> Fit:
        """Balance the cut by the mixture, in a tube that shows enough positives."""
        values = columns[self.marker]
        shape: CutShape = fit.shape
        above = int((values > shape.position).sum())
        enough = above >= self.min_positives and 100 * above >= self.min_percent * len(values)
        if shape.negative is None:
            return fit
        if not enough:
            low = min(shape.low, shape.position - _UNSEEN * shape.negative.spread)
            return replace(fit, shape=replace(shape, low=low))
        density = make_density(values)
        expected = expected_positives(density, shape.negative, shape.position)
        position = min(_cut_for(density, expected), shape.position)
        rng = np.random.default_rng(0)
        redrawn = [
            expected_positives(replace(density, counts=counts), shape.negative, shape.position)
            / max(counts.sum(), 1)
            for counts in rng.poisson(density.counts, size=(_BOOTSTRAPS, len(density.counts))).astype(
                np.uint32
            )
        ]
        drawn = float(np.std(redrawn, ddof=1)) * density.events
        hidden = _DOUBT * max(expected - above, 0.0)  # what lies below the strict cut is the model's word
        error = 1.96 * float(np.hypot(drawn, hidden))
        low, high = _cut_for(density, expected + error), _cut_for(density, max(expected - error, 0.0))
        settled = CutShape(position, min(low, position), max(high, position), shape.negative)
        return replace(fit, shape=settled)


def _cut_for(density: Density, events: float) -> float:
    """Position above which so many events lie, between bins by straight lines."""
    above = np.concatenate((np.cumsum(density.counts[::-1], dtype=np.float64)[::-1], [0.0]))
    width = density.positions[1] - density.positions[0]
    edges = np.concatenate((density.positions - 0.5 * width, [density.positions[-1] + 0.5 * width]))
    return float(np.interp(-events, -above, edges))


def expected_positives(density: Density, negative: Landmark, strict: float) -> float:
    """Expected number of positive events, by a mixture of a negative, bright positives, and a bridge of dim ones.

    The bridge is a normal held halfway between the negative and the bright positives, half as wide as their distance:
    what dim cells hide under the negative cannot be seen, and a component free to move away from it would deny them.

    Parameters
    ----------
    density : Density
        Of the parent's events.
    negative : Landmark
        Where the negative lies, and its spread as its lower half shows it.
    strict : float
        A cut that hardly a negative passes: what lies above starts the positives.

    Returns
    -------
    float
        Sum of the posteriors of the positives over all events.
    """
    x, counts = density.positions, density.counts.astype(np.float64)
    up = x > strict
    bright = float(np.average(x[up], weights=counts[up])) if counts[up].sum() else strict
    share = float(np.clip(counts[up].sum() / counts.sum(), 1e-4, 0.9))
    mean = np.array([negative.centre, 0.5 * (negative.centre + bright), bright])
    spread = np.array([negative.spread, 0.25 * (bright - negative.centre), 0.07])
    weight = np.array([1.0 - share, 0.4 * share, 0.6 * share])
    posterior = np.zeros((3, len(x)))
    for _ in range(_ROUNDS):
        posterior = _posterior(x, mean, spread, weight)
        events = posterior @ counts + 1e-9
        mean = (posterior @ (counts * x)) / events
        variance = ((posterior * (x - mean[:, None]) ** 2) @ counts) / events
        spread = np.sqrt(np.maximum(variance, 0.015**2))
        mean[1], spread[1] = 0.5 * (mean[0] + mean[2]), 0.25 * (mean[2] - mean[0])
        narrow, wide = _SPREAD_BOUNDS
        spread[0] = np.clip(spread[0], narrow * negative.spread, wide * negative.spread)
        again = events / events.sum()
        if np.abs(again - weight).max() < _TOLERANCE:
            break
        weight = again
    return float(counts @ (1.0 - posterior[0]))


def _posterior(
    x: NDArray[np.float64],
    mean: NDArray[np.float64],
    spread: NDArray[np.float64],
    weight: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Posteriors of normal components by position, shape (3, n); nothing below the negative's centre is positive."""
    log_density = -0.5 * ((x - mean[:, None]) / spread[:, None]) ** 2 + np.log(weight / spread)[:, None]
    log_density[1:, x < mean[0]] = -np.inf
    density = np.exp(log_density - log_density.max(axis=0))
    result: NDArray[np.float64] = density / density.sum(axis=0)
    return result
