"""Single cells: height of the forward scatter in proportion to its area."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from bcelldepl.gating.evidence import Evidence
from bcelldepl.gating.rules.base import Applied, Columns, Fit, Outline, Rule

__all__ = ["SingletRule", "SingletShape"]

_SLICES = 24
_MIN_EVENTS = 300


@dataclass(frozen=True)
class SingletShape:
    """A band of the log ratio of height to area, which may lean with the area.

    Attributes
    ----------
    at_zero, slope : float
        The ratio's centre as a line over the area: ``at_zero + slope * area``.
    below, above : float
        Half widths of the band.
    """

    at_zero: float
    slope: float
    below: float
    above: float


class SingletRule(Rule):
    """Keep events whose height is in proportion to their area; two cells at once have too much area.

    Attributes
    ----------
    area, height : str
        Scatter signals.
    spreads_below, spreads_above : float
        Width of the band in robust standard deviations; the deviations are read above the centre, where there are no
        doublets.
    """

    rule: Literal["singlets"]
    area: str = "FSC-A"
    height: str = "FSC-H"
    spreads_below: float = 4.0
    spreads_above: float = 6.0

    @property
    def markers(self) -> tuple[str, ...]:
        """Area and height."""
        return (self.area, self.height)

    def _ratio(self, columns: Columns) -> NDArray[np.float64]:
        area = np.maximum(columns[self.area].astype(np.float64), 1e-6)
        height = np.maximum(columns[self.height].astype(np.float64), 1e-6)
        result: NDArray[np.float64] = np.log(height / area)
        return result

    def fit(self, columns: Columns, references: Mapping[str, Columns]) -> Fit:  # noqa: ARG002
        """Follow the median ratio over slices of the area, by a straight line."""
        area, ratio = columns[self.area].astype(np.float64), self._ratio(columns)
        n = len(area)
        if n < _MIN_EVENTS:
            return Fit(None, Evidence.FAILED, f"{n} events are too few to find the singlets", n)
        order = np.argsort(area, kind="stable")
        centres, middles, spreads = [], [], []
        for chunk in np.array_split(order, _SLICES):
            middle = float(np.median(ratio[chunk]))
            upper = ratio[chunk][ratio[chunk] >= middle]
            centres.append(float(np.median(area[chunk])))
            middles.append(middle)
            spreads.append(float(np.median(upper - middle)) / 0.6745)
        slope, at_zero = _robust_line(np.array(centres), np.array(middles))
        spread = max(float(np.median(spreads)), 0.005)
        shape = SingletShape(at_zero, slope, self.spreads_below * spread, self.spreads_above * spread)
        return Fit(shape, Evidence.DATA, "", n)

    def carry(self, own: Fit, donors: Sequence[Fit]) -> Fit | None:
        """Take the median band of the donors."""
        table = np.array([(d.shape.at_zero, d.shape.slope, d.shape.below, d.shape.above) for d in donors])
        return Fit(SingletShape(*map(float, np.median(table, axis=0))), own.evidence, own.reason, own.parent_events)

    def apply(self, shape: SingletShape, columns: Columns) -> Applied:
        """Keep events within the band."""
        off = self._ratio(columns) - shape.at_zero - shape.slope * columns[self.area]
        inside = (off > -shape.below) & (off < shape.above)
        n = int(inside.sum())
        return Applied(inside, n, n)

    def outline(self, shape: SingletShape | None, columns: Columns) -> Outline:  # noqa: ARG002
        """Height against area, with the band."""
        if shape is None:
            return Outline(self.area, self.height)
        area = np.linspace(0.01, 1.0, 60)
        centre = shape.at_zero + shape.slope * area
        upper, lower = area * np.exp(centre + shape.above), area * np.exp(centre - shape.below)
        edge = np.column_stack([np.concatenate([area, area[::-1]]), np.concatenate([upper, lower[::-1]])])
        return Outline(self.area, self.height, (edge,))


def _robust_line(x: NDArray[np.float64], y: NDArray[np.float64]) -> tuple[float, float]:
    """Slope and intercept by the median of pairwise slopes (Theil-Sen)."""
    i, j = np.triu_indices(len(x), 1)
    run = x[j] - x[i]
    slope = float(np.median((y[j] - y[i])[run > 0] / run[run > 0])) if np.any(run > 0) else 0.0
    return slope, float(np.median(y - slope * x))
