"""Single cells: height of the forward scatter in proportion to its area, seen on a scale that is logarithmic there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from statistics import NormalDist
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from bcelldepl.gating.evidence import Evidence
from bcelldepl.gating.regions import Regions, polygon, strip
from bcelldepl.gating.rules.base import Columns, Fit, Outline, Rule
from bcelldepl.kernels.slices import deal_by_rank

__all__ = ["SingletRule", "SingletShape"]

_SLICES = 24
_MIN_EVENTS = 300
_MIN_SPREAD = 0.002
# Doublets and sheared cells lie below the ridge of single cells, nothing lies above it: the ridge is read from two
# upper quantiles of each slice, taken as quantiles of a normal of which the lower half is hidden.
_RIDGE, _EDGE = 0.70, 0.90
_APART = NormalDist().inv_cdf(_EDGE) - NormalDist().inv_cdf(_RIDGE)
_ENDS = (0.3, 0.9)  # areas between which cells lie
_BEYOND = (-2.0, 1.1)  # areas between which every event lies
_MIN_POOL = 4
_OFF_RIDGE = 4.0  # spreads; farther off, the shared band would begin to cut the tube's own single cells


@dataclass(frozen=True)
class SingletShape:
    """A straight band of height less area.

    Attributes
    ----------
    at_zero, slope : float
        The ridge of single cells: ``at_zero + slope * area``.
    spread : float
        Standard deviation about it.
    """

    at_zero: float
    slope: float
    spread: float

    @property
    def ridge(self) -> tuple[float, ...]:
        """Height less area on the ridge, at the ends of the range of areas in which cells lie."""
        return tuple(self.at_zero + self.slope * area for area in _ENDS)


class SingletRule(Rule):
    """Keep events whose height is in proportion to their area; two cells at once have too much area.

    Attributes
    ----------
    area, height : str
        Scatter signals; both need the same asinh scale, on which a ratio is a difference.
    spreads_below, spreads_above : float
        Half widths of the band in standard deviations.
    flare : float
        Spreads by which the lower edge drops away for each unit of area below 0.9: a doublet has the area of two cells,
        so that what lies low at a small area is one cell.
    pool : bool
        Whether tubes share one ridge, as a person draws one gate for all, so that it does not move when one kind of
        cell is gone. A tube whose own ridge is clearly elsewhere keeps its own.
    """

    rule: Literal["singlets"]
    area: str = "FSC-A"
    height: str = "FSC-H"
    spreads_below: float = 5.0
    spreads_above: float = 6.0
    flare: float = Field(0.0, ge=0, le=40)
    pool: bool = False

    @property
    def markers(self) -> tuple[str, ...]:
        """Area and height."""
        return (self.area, self.height)

    def fit(self, columns: Columns, references: Mapping[str, Columns]) -> Fit:  # noqa: ARG002
        """Follow the ridge over slices of the area that hold as many events each, by a robust line."""
        area, height = columns[self.area], columns[self.height]
        whole = np.isfinite(area) & np.isfinite(height)
        if not whole.all():
            area, height = area[whole], height[whole]
        n = len(area)
        if n < _MIN_EVENTS:
            return Fit(None, Evidence.FAILED, f"{n} events are too few to find the singlets", n)
        ends = np.cumsum(n // _SLICES + (np.arange(_SLICES) < n % _SLICES))
        ordered, excess = np.sort(area), np.empty(n, dtype=np.float32)
        deal_by_rank(area, ordered, ends, height, excess)
        knots, ridges, spreads = [], [], []
        for start, end in pairwise((0, *ends.tolist())):
            in_slice = np.sort(excess[start:end])
            ridge, edge = (_quantile(in_slice, part) for part in (_RIDGE, _EDGE))
            knots.append(_quantile(ordered[start:end], 0.5))
            ridges.append(ridge)
            spreads.append((edge - ridge) / _APART)
        slope, at_zero = _robust_line(np.array(knots), np.array(ridges))
        shape = SingletShape(at_zero, slope, max(float(np.median(spreads)), _MIN_SPREAD))
        return Fit(shape, Evidence.DATA, "", n)

    def carry(self, own: Fit, donors: Sequence[Fit], peers: Sequence[Fit] = ()) -> Fit | None:
        """Take the donors' median ridge."""
        return replace(own, shape=_median(peers if self.pool and len(peers) >= _MIN_POOL else donors))

    def pooled(self, own: Fit, peers: Sequence[Fit]) -> Fit:
        """Take the median ridge of all tubes, this one among them, unless this tube's lies off it."""
        if not self.pool or len(peers) + 1 < _MIN_POOL:
            return own
        shared = _median([own, *peers])
        off = max(abs(a - b) for a, b in zip(own.shape.ridge, shared.ridge, strict=True))
        return own if off > _OFF_RIDGE * shared.spread else replace(own, shape=shared)

    def regions(self, shape: SingletShape) -> Regions:
        """Within the band about the ridge."""
        low = shape.at_zero - self.spreads_below * shape.spread
        high = shape.at_zero + self.spreads_above * shape.spread
        if self.flare:
            return Regions(polygon(self.area, self.height, self.corners(shape, *_BEYOND)))
        return Regions(strip(self.height, self.area, (1.0, -1.0 - shape.slope), low, high))

    def corners(self, shape: SingletShape, first: float, last: float) -> NDArray[np.float64]:
        """Corners of the band between two areas, both its edges being straight; shape (4, 2)."""
        area = np.array([first, last])
        ridge = area + shape.at_zero + shape.slope * area
        upper = ridge + self.spreads_above * shape.spread
        lower = ridge - (self.spreads_below + self.flare * (_ENDS[1] - area)) * shape.spread
        return np.column_stack([np.append(area, area[::-1]), np.append(lower, upper[::-1])])

    def outline(self, shape: SingletShape | None, columns: Columns) -> Outline:  # noqa: ARG002
        """Height against area, with the band."""
        if shape is None:
            return Outline(self.area, self.height)
        return Outline(self.area, self.height, (self.corners(shape, 0.0, 1.0),))


def _median(fits: Sequence[Fit]) -> SingletShape:
    """Median ridge: straight through the medians at both ends, since slope and height at zero vary together."""
    left, right = np.median([one.shape.ridge for one in fits], axis=0)
    slope = float(right - left) / (_ENDS[1] - _ENDS[0])
    spread = float(np.median([one.shape.spread for one in fits]))
    return SingletShape(float(left) - slope * _ENDS[0], slope, spread)


def _quantile(ordered: NDArray[np.float32], part: float) -> float:
    """Quantile of ordered numbers, between two of them by a straight line."""
    place = part * (len(ordered) - 1)
    first = int(place)
    low, high = float(ordered[first]), float(ordered[min(first + 1, len(ordered) - 1)])
    return low + (place - first) * (high - low)


def _robust_line(x: NDArray[np.float64], y: NDArray[np.float64]) -> tuple[float, float]:
    """Slope and intercept by medians: of the slopes of all pairs (Theil-Sen), then of what is left."""
    i, j = np.triu_indices(len(x), 1)
    run, rise = x[j] - x[i], y[j] - y[i]
    slope = float(np.median(rise[run > 0] / run[run > 0])) if np.any(run > 0) else 0.0
    return slope, float(np.median(y) - slope * np.median(x))
