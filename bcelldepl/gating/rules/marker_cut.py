"""A cut on one marker: how it travels between tubes, applies and is drawn, however it was found."""

from __future__ import annotations

from abc import ABC
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Literal

import numpy as np

from bcelldepl.gating.density import Density, make_density
from bcelldepl.gating.landmarks import Landmark, find_landmark
from bcelldepl.gating.regions import Regions, above, below
from bcelldepl.gating.rules.base import Columns, Fit, Outline, Rule

__all__ = ["CutShape", "MarkerCut", "MarkerGate"]

_MIN_POOL = 4
_POOL_TOLERANCE = 0.02  # a valley of few events wanders so far without meaning it
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


class MarkerGate(Rule, ABC):
    """A gate that cuts one marker.

    Attributes
    ----------
    marker : str
    side : {"above", "below"}
        Which side is the population.
    against : str
        The other axis of its picture; empty for a histogram.
    """

    marker: str
    side: Literal["above", "below"] = "above"
    against: str = ""

    @property
    def markers(self) -> tuple[str, ...]:
        """The marker."""
        return (self.marker,)

    @property
    def extra_markers(self) -> tuple[str, ...]:
        """The other axis of the picture."""
        return (self.against,) if self.against else ()

    def regions(self, shape: CutShape) -> Regions | None:
        """The population's side of the cut; NaN is on neither."""
        side = above if self.side == "above" else below
        return Regions(
            side(self.marker, shape.position), (side(self.marker, shape.low), side(self.marker, shape.high))
        )

    def outline(self, shape: CutShape | None, columns: Columns) -> Outline:
        """A line at the cut, with its interval."""
        against = self.against if self.against in columns else ""
        if shape is None or not np.isfinite(shape.position):
            return Outline(self.marker, against)
        return Outline(self.marker, against, (), (shape.position,), (shape.low, shape.high))


class MarkerCut(MarkerGate, ABC):
    """What cuts that each tube is searched for have in common.

    Attributes
    ----------
    window : tuple of float
        Where a cut may lie, in transformed units.
    fixed : float or None
        The cut of last resort.
    reference : str
        Population whose events are the internal negative (T cells for CD19); empty: the lowest peak of the parent.
    travels : bool
        Whether a cut that is carried between tubes moves with the negative; scatter does not drift as stains do.
    max_shift : float
        A cut travels no farther than this between tubes.
    pool : bool
        Whether tubes share one stand-off from the negative, as a person draws one gate for all (one place, where the
        cut does not travel). A tube whose own cut is clearly elsewhere keeps it, one without takes the shared one.
    """

    _belief: ClassVar[float] = 0.5  # in a change of spread: the spread of a negative is measured with error

    window: tuple[float, float] = (0.0, 1.0)
    fixed: float | None = None
    reference: str = ""
    travels: bool = True
    max_shift: float = 0.12
    pool: bool = False

    @property
    def uses(self) -> tuple[str, ...]:
        """The internal negative."""
        return (self.reference,) if self.reference else ()

    def clip(self, position: float) -> float:
        """Hold a position within the window."""
        return float(np.clip(position, *self.window))

    def negative(self, density: Density, references: Mapping[str, Columns]) -> Landmark | None:
        """Locate the negative: the internal one where it is given, else the lowest peak of the parent."""
        if self.reference in references:
            found = find_landmark(make_density(references[self.reference][self.marker]))
            if found is not None:
                return found
        return find_landmark(density, below=self.window[1])

    def carry(self, own: Fit, donors: Sequence[Fit], peers: Sequence[Fit] = ()) -> Fit | None:
        """Move the donors' cut by the shift of the negative, and stretch its stand-off by the spread, both bounded.

        A pooled cut is that of all tubes, and keeps its stand-off, or a tube would stand elsewhere once it has no cut
        of its own to pool.
        """
        here = own.shape.negative if own.shape is not None else None
        shared = self.pool and len(peers) >= _MIN_POOL
        lenders = peers if shared else donors
        useful = [d.shape for d in lenders if d.shape.negative is not None and np.isfinite(d.shape.position)]
        if not useful or (here is None and self.travels):
            return None
        positions, lows, highs = [], [], []
        for shape in useful:
            if not self.travels or here is None:
                positions.append(shape.position)
                lows.append(shape.low)
                highs.append(shape.high)
                continue
            there = shape.negative
            ratio = float(np.clip(here.spread / there.spread, *_RATIO_BOUNDS))
            ratio = 1.0 if shared else 1.0 + self._belief * (ratio - 1.0)
            if abs(here.centre - there.centre) > self.max_shift:
                continue
            positions.append(here.centre + ratio * (shape.position - there.centre))
            lows.append(here.centre + ratio * (shape.low - there.centre))
            highs.append(here.centre + ratio * (shape.high - there.centre))
        if not positions:
            return None
        between = float(np.std(positions, ddof=1)) if len(positions) > 1 else 0.01
        position = self.clip(_centre(positions) if shared else float(np.median(positions)))
        low = min(float(np.median(lows)), position - 1.96 * between)
        high = max(float(np.median(highs)), position + 1.96 * between)
        return replace(own, shape=CutShape(position, low, high, here))

    def pooled(self, own: Fit, peers: Sequence[Fit]) -> Fit:
        """Put the cut at the usual stand-off of all tubes, its own among them."""
        negative = own.shape.negative
        if not self.pool or negative is None:
            return own
        usual = [
            _stand_off(one.shape) if self.travels else one.shape.position
            for one in (own, *peers)
            if one.shape.negative is not None
        ]
        if len(usual) < _MIN_POOL:
            return own
        shape: CutShape = own.shape
        position = self.clip(_centre(usual) + (negative.centre if self.travels else 0.0))
        unsure = max((shape.high - shape.low) / 3.92, _POOL_TOLERANCE)
        if abs(position - shape.position) > 3.0 * unsure:
            return own
        error = 1.96 * 1.0233 * float(np.std(usual, ddof=1)) / np.sqrt(len(usual))  # of that centre
        return replace(own, shape=CutShape(position, position - error, position + error, negative))

    def fallback(self, own: Fit) -> Fit | None:
        """Return the strategy's fixed cut, with a wide interval."""
        if self.fixed is None:
            return None
        here = own.shape.negative if own.shape is not None else None
        return replace(own, shape=CutShape(self.fixed, self.fixed - 0.05, self.fixed + 0.05, here))

    def implausible(self, own: Fit, others: Sequence[Fit]) -> str:
        """Compare the stand-off of the cut with that in other tubes."""
        stand_offs = [
            _stand_off(o.shape)
            for o in others
            if o.shape.negative is not None and np.isfinite(o.shape.position)
        ]
        if len(stand_offs) < 4 or own.shape.negative is None:
            return ""
        usual = float(np.median(stand_offs))
        unrest = 1.4826 * float(np.median(np.abs(np.array(stand_offs) - usual)))
        mine = _stand_off(own.shape)
        if abs(mine - usual) <= max(0.10, 5.0 * unrest):
            return ""
        return f"the {self.marker} valley lies {mine:.2f} above the negative, in other tubes {usual:.2f}"


def _stand_off(shape: CutShape) -> float:
    """Distance of a cut from its negative."""
    assert shape.negative is not None
    return shape.position - shape.negative.centre


def _centre(values: Sequence[float]) -> float:
    """Hodges-Lehmann estimate: the median of the means of all pairs, each value with itself among them.

    Odd tubes hardly move it, and it wanders less than a median with which tubes have a cut of their own (for normal
    values its variance is 1.05 times that of a mean; a median's is 1.57 times).
    """
    sample = np.asarray(values, dtype=np.float64)
    i, j = np.triu_indices(len(sample))
    return float(np.median(0.5 * (sample[i] + sample[j])))
