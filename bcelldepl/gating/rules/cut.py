"""A cut on one marker: a significant valley, a tail of the negative, or a quantile of a control."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from scipy.stats import norm

from bcelldepl.gating.density import (
    MIN_EVENTS,
    Density,
    Landmark,
    find_landmark,
    find_valleys,
    make_density,
    valley_interval,
)
from bcelldepl.gating.evidence import Evidence
from bcelldepl.gating.rules.base import Applied, Columns, Fit, Outline, Rule

__all__ = ["CutRule", "CutShape"]

_RATIO_BOUNDS = (0.6, 1.6)  # of the spreads of two negatives between which a cut may travel


@dataclass(frozen=True)
class CutShape:
    """A cut with its 95 % interval, and the negative population that it stands off from.

    Attributes
    ----------
    position, low, high : float
        In transformed units.
    negative : Landmark or None
        Where this tube's negative lies; cuts travel between tubes by it.
    """

    position: float
    low: float
    high: float
    negative: Landmark | None = None


class CutRule(Rule):
    """Cut one marker.

    Attributes
    ----------
    marker : str
    side : {"above", "below"}
        Which side is the population.
    method : {"valley", "tail", "quantile"}
        ``valley``: the significant valley; ``tail``: so many spreads beyond the negative; ``quantile``: the quantile
        of the control's negative that leaves `false_positive_rate`.
    prefer : {"deepest", "lowest", "highest"}
        Which valley, where there are several.
    window : tuple of float
        Where a cut may lie, in transformed units.
    fixed : float or None
        The cut of last resort.
    reference : str
        Population whose events are the internal negative (T cells for CD19); empty: the lowest peak of the parent.
    tail_spreads : float
        For ``tail``, and for carrying a cut where only a negative is known.
    false_positive_rate : float
        For ``quantile``: part of the negatives above the cut.
    travels : bool
        Whether a cut that is carried between tubes moves with the negative; scatter does not drift as stains do.
    max_shift : float
        A cut travels no farther than this between tubes.
    against : str
        The other axis of its picture; empty for a histogram.
    """

    rule: Literal["cut"]
    marker: str
    side: Literal["above", "below"] = "above"
    method: Literal["valley", "tail", "quantile"] = "valley"
    prefer: Literal["deepest", "lowest", "highest"] = "deepest"
    window: tuple[float, float] = (0.0, 1.0)
    fixed: float | None = None
    reference: str = ""
    tail_spreads: float = 5.0
    false_positive_rate: float = Field(1e-4, gt=0, lt=0.5)
    travels: bool = True
    max_shift: float = 0.12
    against: str = ""

    @property
    def markers(self) -> tuple[str, ...]:
        """The marker."""
        return (self.marker,)

    @property
    def extra_markers(self) -> tuple[str, ...]:
        """The other axis of the picture."""
        return (self.against,) if self.against else ()

    @property
    def uses(self) -> tuple[str, ...]:
        """The internal negative."""
        return (self.reference,) if self.reference else ()

    def fit(self, columns: Columns, references: Mapping[str, Columns]) -> Fit:
        """Look for the valley, or place the cut by the negative."""
        values = columns[self.marker]
        n = len(values)
        density = make_density(values)
        negative = self._negative(density, references)
        if self.method == "valley":
            return self._fit_valley(density, negative, n)
        if negative is None:
            return Fit(None, Evidence.FAILED, f"{n} events are too few to find the {self.marker} negative", n)
        if self.method == "tail":
            position = self._clip(negative.centre + self.tail_spreads * negative.spread)
            error = 1.96 * self.tail_spreads * negative.spread / np.sqrt(2.0 * max(negative.events, 1))
            return Fit(CutShape(position, position - error, position + error, negative), Evidence.DATA, "", n)
        return self._fit_quantile(values, negative, n)

    def _clip(self, position: float) -> float:
        return float(np.clip(position, *self.window))

    def _negative(self, density: Density, references: Mapping[str, Columns]) -> Landmark | None:
        if self.reference in references:
            found = find_landmark(make_density(references[self.reference][self.marker]))
            if found is not None:
                return found
        return find_landmark(density, below=self.window[1])

    def _fit_valley(self, density: Density, negative: Landmark | None, n: int) -> Fit:
        valleys = [v for v in find_valleys(density) if self.window[0] <= v.position <= self.window[1]]
        if not valleys:
            # The shape carries the landmark alone; a NaN cut never holds an event.
            shape = CutShape(np.nan, np.nan, np.nan, negative) if negative else None
            return Fit(shape, Evidence.FAILED, f"no significant valley of {self.marker} among {n} events", n)
        if self.prefer == "deepest":
            valley = min(valleys, key=lambda v: v.depth)
        else:
            valley = valleys[0 if self.prefer == "lowest" else -1]
        if not self.reference:
            # What lies below the valley is the negative that the cut stands off from.
            negative = find_landmark(density, below=valley.position) or negative
        low, high = valley_interval(density, valley)
        return Fit(CutShape(valley.position, low, high, negative), Evidence.DATA, "", n)

    def _fit_quantile(self, values: NDArray[np.float32], negative: Landmark, n: int) -> Fit:
        """Place the cut where the negative's upper tail leaves the false-positive rate.

        The empirical quantile is used as far as five events bear it; beyond, a normal tail with the spread of the
        upper half. The larger of the two stands.
        """
        sample = np.sort(values[np.isfinite(values)].astype(np.float64))
        if len(sample) < 5 * MIN_EVENTS:
            return Fit(
                None, Evidence.FAILED, f"{n} events are too few for a control quantile of {self.marker}", n
            )
        middle = float(np.median(sample))
        spread = float(np.quantile(sample, 0.9772) - middle) / 2.0
        normal = middle + float(norm.isf(self.false_positive_rate)) * spread
        reach = max(self.false_positive_rate, 5.0 / len(sample))
        empirical = float(np.quantile(sample, 1.0 - reach))
        position = self._clip(max(normal, empirical))
        error = 1.96 * float(norm.isf(self.false_positive_rate)) * spread / np.sqrt(2.0 * len(sample))
        error = max(error, 0.25 * spread)
        return Fit(CutShape(position, position - error, position + error, negative), Evidence.CONTROL, "", n)

    def carry(self, own: Fit, donors: Sequence[Fit]) -> Fit | None:
        """Move the donors' cut by the shift of the negative, and stretch its stand-off by the spread, both bounded."""
        here = own.shape.negative if own.shape is not None else None
        useful = [d.shape for d in donors if d.shape.negative is not None and np.isfinite(d.shape.position)]
        if not useful or (here is None and self.travels):
            return None
        positions, lows, highs, shifts = [], [], [], []
        for shape in useful:
            if not self.travels or here is None:
                shifts.append(0.0)
                positions.append(shape.position)
                lows.append(shape.low)
                highs.append(shape.high)
                continue
            there = shape.negative
            ratio = float(np.clip(here.spread / there.spread, *_RATIO_BOUNDS))
            # Half the change of spread is believed: the spread of a negative is itself measured with error.
            ratio = 0.5 * (1.0 + ratio)
            shifts.append(here.centre - there.centre)
            positions.append(here.centre + ratio * (shape.position - there.centre))
            lows.append(here.centre + ratio * (shape.low - there.centre))
            highs.append(here.centre + ratio * (shape.high - there.centre))
        shift = float(np.median(shifts))
        if abs(shift) > self.max_shift:
            return None
        between = float(np.std(positions, ddof=1)) if len(positions) > 1 else 0.01
        position = self._clip(float(np.median(positions)))
        low = min(float(np.median(lows)), position - 1.96 * between)
        high = max(float(np.median(highs)), position + 1.96 * between)
        return replace(own, shape=CutShape(position, low, high, here))

    def fallback(self, own: Fit) -> Fit | None:
        """Return the strategy's fixed cut, with a wide interval."""
        if self.fixed is None:
            return None
        here = own.shape.negative if own.shape is not None else None
        return replace(own, shape=CutShape(self.fixed, self.fixed - 0.05, self.fixed + 0.05, here))

    def implausible(self, own: Fit, others: Sequence[Fit]) -> str:
        """Compare the stand-off of the cut with that in other tubes."""
        stand_offs = [
            o.shape.position - o.shape.negative.centre
            for o in others
            if o.shape.negative is not None and np.isfinite(o.shape.position)
        ]
        if len(stand_offs) < 4 or own.shape.negative is None:
            return ""
        usual = float(np.median(stand_offs))
        unrest = 1.4826 * float(np.median(np.abs(np.array(stand_offs) - usual)))
        mine = own.shape.position - own.shape.negative.centre
        if abs(mine - usual) <= max(0.10, 5.0 * unrest):
            return ""
        return f"the {self.marker} valley lies {mine:.2f} above the negative, in other tubes {usual:.2f}"

    def apply(self, shape: CutShape, columns: Columns) -> Applied:
        """Count the events on the population's side; NaN is on neither."""
        values = columns[self.marker]
        if self.side == "above":
            inside = values > shape.position
            ends = int((values > shape.high).sum()), int((values > shape.low).sum())
        else:
            inside = values <= shape.position
            ends = int((values <= shape.low).sum()), int((values <= shape.high).sum())
        return Applied(inside, min(ends), max(ends))

    def outline(self, shape: CutShape | None, columns: Columns) -> Outline:
        """A line at the cut, with its interval."""
        against = self.against if self.against in columns else ""
        if shape is None or not np.isfinite(shape.position):
            return Outline(self.marker, against)
        return Outline(self.marker, against, (), (shape.position,), (shape.low, shape.high))
