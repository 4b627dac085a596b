"""Cells positive for a marker that controls lack, dim and bridged ones counted without bias."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from bcelldepl.gating.density import Density, make_density
from bcelldepl.gating.evidence import Evidence
from bcelldepl.gating.landmarks import Landmark, find_landmark, upper_spread
from bcelldepl.gating.regions import Regions, strip
from bcelldepl.gating.rules.base import Columns, Fit, Outline, limits_of
from bcelldepl.gating.rules.cut import control_quantile
from bcelldepl.gating.rules.marker_cut import CutShape, MarkerCut
from bcelldepl.gating.tilt import find_tilt, level
from bcelldepl.gating.valleys import find_valleys
from bcelldepl.kernels.bridge import expect_positives

__all__ = ["PositivesRule", "expected_positives"]

_ROUNDS = 400
_TOLERANCE = 1e-6
_SPREAD_BOUNDS = (0.9, 1.1)  # of the negative in the mixture, about the spread that its lower half shows
_BOOTSTRAPS = 24
_DOUBT = 0.2  # of the positives that only the mixture sees, as a standard deviation
_UNSEEN = 0.5  # spreads below an unbalanced cut in which dim positives may lie


class PositivesRule(MarkerCut):
    """Cut a marker by its controls, then balance the cut where positives are many enough to show themselves.

    The control gives a strict cut that few negatives pass. Dim positives below it would be lost. Where enough events
    lie above it, the tube's own histogram is taken as a mixture of the negative, bright positives and a bridge of dim
    ones between, and the cut moves down to where as many events lie above it as the mixture expects positives: what is
    lost below is made up by what is gained above.

    Spilt light that the compensation leaves makes the negative rise with the brightest of the other markers. The cut
    then rises with it: all is done on positions from which the slope of this tube's own negative is taken out.

    Attributes
    ----------
    along : str
        Marker that the cut rises with; empty: none.
    false_positive_rate : float
        Of the strict cut.
    min_positives : int
        Fewer events above the strict cut leave it where it is.
    min_percent : float
        The same, in percent of the parent: a mixture cannot tell fewer from the negative's own tail.
    """

    _belief: ClassVar[float] = 1.0  # the upper flank is what the cut stands off from

    rule: Literal["positives"]
    along: str = ""
    false_positive_rate: float = Field(1e-4, gt=0, lt=0.5)
    min_positives: int = 40
    min_percent: float = 1.0

    @property
    def extra_markers(self) -> tuple[str, ...]:
        """The marker that the cut rises with, and the other axis of the picture."""
        return tuple(dict.fromkeys(marker for marker in (self.along, self.against) if marker))

    def fit(self, columns: Columns, references: Mapping[str, Columns]) -> Fit:
        """Place the strict cut as if this tube were a control; only controls lend theirs."""
        values, slope, pivot = columns[self.marker], 0.0, 0.0
        if self.along in columns:
            slope, pivot = find_tilt(values, columns[self.along])
            values = level(values, columns[self.along], slope, pivot)
        density = make_density(values)
        negative = self.negative(density, references)
        # Where nearly all are positive, their peak hides the negative's; a valley below it tells that there is one.
        lower = [v for v in find_valleys(density) if negative and v.position < negative.centre]
        if lower:
            negative = find_landmark(density, below=lower[0].position) or negative
        if negative is None:
            n = len(values)
            return Fit(None, Evidence.FAILED, f"{n} events are too few to find the {self.marker} negative", n)
        negative = replace(negative, spread=upper_spread(density, negative))
        fit = control_quantile(self, values, negative, self.false_positive_rate)
        return fit if fit.shape is None else replace(fit, shape=replace(fit.shape, slope=slope, pivot=pivot))

    def carry(self, own: Fit, donors: Sequence[Fit], peers: Sequence[Fit] = ()) -> Fit | None:
        """Move the donors' cut as every cut; it keeps the slope of this tube."""
        carried = super().carry(own, donors, peers)
        if carried is None or own.shape is None:
            return carried
        return replace(carried, shape=replace(carried.shape, slope=own.shape.slope, pivot=own.shape.pivot))

    def _levelled(self, shape: CutShape, columns: Columns) -> NDArray[np.float32]:
        if shape.slope == 0.0:
            return columns[self.marker]
        return level(columns[self.marker], columns[self.along], shape.slope, shape.pivot)

    def settle(self, fit: Fit, columns: Columns) -> Fit:
        """Balance the cut by the mixture, in a tube that shows enough positives."""
        shape: CutShape = fit.shape
        values = self._levelled(shape, columns)
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
        settled = replace(shape, position=position, low=min(low, position), high=max(high, position))
        return replace(fit, shape=settled)

    def regions(self, shape: CutShape) -> Regions:
        """What lies above the cut, which may be aslant."""
        if shape.slope == 0.0:
            return super().regions(shape)
        gate, low, high = (
            strip(self.marker, self.along, (1.0, -shape.slope), cut - shape.slope * shape.pivot, np.inf)
            for cut in (shape.position, shape.low, shape.high)
        )
        return Regions(gate, (low, high))

    def outline(self, shape: CutShape | None, columns: Columns) -> Outline:
        """A line at the cut; aslant, it is an edge of the outline."""
        if shape is None or shape.slope == 0.0 or self.side != "above":
            return super().outline(shape, columns)
        return Outline(
            self.marker, self.along, (self.corners(shape, limits_of(self.along), limits_of(self.marker)[1]),)
        )

    def corners(self, shape: CutShape, span: tuple[float, float], end: float) -> NDArray[np.float64]:
        """Corners of the region above a cut, between two positions of the other marker and as far as `end`.

        Returns
        -------
        ndarray of float64, shape (4, 2)
            Positions of the marker and of the other.
        """
        low, high = span
        left, right = (shape.position + shape.slope * (y - shape.pivot) for y in span)
        return np.array([[left, low], [right, high], [end, high], [end, low]])


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
    start = np.array(
        [
            [negative.centre, 0.5 * (negative.centre + bright), bright],
            [negative.spread, 0.25 * (bright - negative.centre), 0.07],
            [1.0 - share, 0.4 * share, 0.6 * share],
        ]
    )
    bounds = _SPREAD_BOUNDS[0] * negative.spread, _SPREAD_BOUNDS[1] * negative.spread
    return float(expect_positives(x, counts, start, bounds, _ROUNDS, _TOLERANCE))
