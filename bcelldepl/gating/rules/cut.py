"""A cut on one marker: a significant valley, a tail of the negative, or a quantile of a control."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from bcelldepl.gating.density import MIN_EVENTS, Density, make_density
from bcelldepl.gating.evidence import Evidence
from bcelldepl.gating.landmarks import Landmark, find_landmark
from bcelldepl.gating.rules.base import Columns, Fit
from bcelldepl.gating.rules.marker_cut import CutShape, MarkerCut
from bcelldepl.gating.valleys import find_valleys, valley_interval

__all__ = ["CutRule", "control_quantile"]


class CutRule(MarkerCut):
    """Cut one marker.

    Attributes
    ----------
    method : {"valley", "tail", "quantile", "fixed"}
        ``valley``: the significant valley; ``tail``: so many spreads beyond the negative; ``quantile``: the quantile
        of the control's negative that leaves `false_positive_rate`; ``fixed``: the strategy's own cut in every tube.
    prefer : {"deepest", "lowest", "highest"}
        Which valley, where there are several.
    valley_in : str
        Population in which the valley is looked for, if not the parent: a wider one, whose other cells reach farther up
        than the parent's negative and keep the cut above them.
    tail_spreads : float
        For ``tail``.
    false_positive_rate : float
        For ``quantile``: part of the negatives above the cut.
    """

    rule: Literal["cut"]
    method: Literal["valley", "tail", "quantile", "fixed"] = "valley"
    prefer: Literal["deepest", "lowest", "highest"] = "deepest"
    valley_in: str = ""
    tail_spreads: float = 5.0
    false_positive_rate: float = Field(1e-4, gt=0, lt=0.5)

    @model_validator(mode="after")
    def _has_its_cut(self) -> CutRule:
        if self.method == "fixed" and self.fixed is None:
            msg = "method fixed needs the cut: fixed = POSITION"
            raise ValueError(msg)
        return self

    @property
    def drawn(self) -> CutShape | None:
        """The cut, where the strategy gives it."""
        if self.method != "fixed" or self.fixed is None:
            return None
        return CutShape(self.fixed, self.fixed, self.fixed)

    @property
    def uses(self) -> tuple[str, ...]:
        """The internal negative, and where the valley is looked for."""
        return (*super().uses, *((self.valley_in,) if self.valley_in else ()))

    def fit(self, columns: Columns, references: Mapping[str, Columns]) -> Fit:
        """Look for the valley, or place the cut by the negative."""
        if self.drawn is not None:
            return Fit(self.drawn, Evidence.FIXED, "", len(columns[self.marker]))
        values = references.get(self.valley_in, columns)[self.marker]
        n = len(values)
        density = make_density(values)
        negative = self.negative(density, references)
        if self.method == "valley":
            return self._fit_valley(density, negative, n)
        if negative is None:
            return Fit(
                None, Evidence.FAILED, f"{n} events are too few to find the {self.marker}-negative cells", n
            )
        if self.method == "tail":
            position = self.clip(negative.centre + self.tail_spreads * negative.spread)
            error = 1.96 * self.tail_spreads * negative.spread / np.sqrt(2.0 * max(negative.events, 1))
            return Fit(CutShape(position, position - error, position + error, negative), Evidence.DATA, "", n)
        return control_quantile(self, values, negative, self.false_positive_rate)

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


def control_quantile(
    rule: MarkerCut, values: NDArray[np.float32], negative: Landmark, false_positive_rate: float
) -> Fit:
    """Place a cut where a control's upper tail leaves the false-positive rate.

    The empirical quantile is used as far as five events bear it; beyond, a normal tail with the spread of the upper
    half. The larger of the two stands.

    Parameters
    ----------
    rule : MarkerCut
        Gives the marker and its window.
    values : ndarray of float32, shape (n_events,)
        Events of the control, none of which is positive.
    negative : Landmark
    false_positive_rate : float

    Returns
    -------
    Fit
        On ``CONTROL``, or failed for too few events.
    """
    from scipy.special import ndtri  # slow to import, and only fits need it

    n = len(values)
    sample = values[np.isfinite(values)].astype(np.float64)
    if len(sample) < 5 * MIN_EVENTS:
        return Fit(
            None, Evidence.FAILED, f"{n} events are too few for a control quantile of {rule.marker}", n
        )
    parts = 0.5, 0.9772, 1.0 - max(false_positive_rate, 5.0 / len(sample))
    middle, upper, empirical = np.quantile(sample, parts).tolist()
    spread = (upper - middle) / 2.0
    steps = -float(ndtri(false_positive_rate))
    position = rule.clip(max(middle + steps * spread, empirical))
    error = max(1.96 * steps * spread / np.sqrt(2.0 * len(sample)), 0.25 * spread)
    return Fit(CutShape(position, position - error, position + error, negative), Evidence.CONTROL, "", n)
