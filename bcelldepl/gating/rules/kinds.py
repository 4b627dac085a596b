"""A polygon that the study's model places: it parts some kinds of cells from the others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from pydantic import Field, model_validator

from bcelldepl.gating.evidence import Evidence
from bcelldepl.gating.regions import Region, Regions, above, polygon
from bcelldepl.gating.rules.base import Columns, Fit, Outline, Rule

__all__ = ["SHOWN_EVENTS", "KindsRule", "KindsShape"]

SHOWN_EVENTS = 30  # events of the kinds, from which a tube itself shows where they lie

Corners = tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class KindsShape:
    """A polygon in one tube, in transformed units.

    Attributes
    ----------
    x, y : str
        Markers.
    corners, inner, outer : tuple of (float, float)
        The gate, and the ends of its interval; no corners hold no event.
    outer_plane : tuple of str
        Markers that `outer` lies in, where they are not those of the gate.
    """

    x: str
    y: str
    corners: Corners
    inner: Corners
    outer: Corners
    outer_plane: tuple[str, ...] = ()


class KindsRule(Rule):
    """Hold some kinds of cells, or leave some out, wherever the study's model has them.

    Attributes
    ----------
    kinds : tuple of str
        Kinds to hold: the gate is closed around them.
    without : tuple of str
        Kinds to leave out: the gate is open, and holds all else.
    x, y : str
        Markers that the gate is drawn in, where the panel has them; otherwise the two that part the kinds best.
    unless_clearer : bool
        Whether the two that part the kinds best take the place of x and y also where these part them clearly worse.
    needs : tuple of tuple of str
        Lists of markers of each of which a panel must have one.
    favour : float
        How much worse it is to lose an event of the kinds than to let one of another kind in.
    told_later : tuple of str
        Kinds that later gates tell by their stains: many of them are let in rather than an event of the kinds lost.
    expected : bool
        Whether every study has such cells: where they cannot be named, the study is asked.
    rare : bool
        Whether the kinds may be gone from a tube: the gate is then drawn as for a tube with few of them.
    either_way : tuple of str
        Kinds that may lie in the gate or not: other gates hold them.
    """

    rule: Literal["kinds"]
    kinds: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    x: str = ""
    y: str = ""
    unless_clearer: bool = False
    needs: tuple[tuple[str, ...], ...] = ()
    favour: float = Field(1.0, gt=0)
    told_later: tuple[str, ...] = ()
    expected: bool = False
    rare: bool = False
    either_way: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _one_of_both(self) -> KindsRule:
        if bool(self.kinds) == bool(self.without):
            msg = "give either kinds, to include them, or without, to exclude them"
            raise ValueError(msg)
        if bool(self.x) != bool(self.y):
            msg = "give both x and y, or neither"
            raise ValueError(msg)
        return self

    @property
    def markers(self) -> tuple[str, ...]:
        """Markers that nothing can stand in for."""
        return tuple(one[0] for one in self.needs if len(one) == 1)

    @property
    def alternatives(self) -> tuple[tuple[str, ...], ...]:
        """Lists of markers of each of which one is enough."""
        return tuple(one for one in self.needs if len(one) > 1)

    @property
    def extra_markers(self) -> tuple[str, ...]:
        """Both axes, where the strategy names them."""
        return (self.x, self.y) if self.x else ()

    def axes(self, shape: KindsShape | None) -> tuple[str, ...]:
        """Both axes, and those of its outer end; none where there is no gate."""
        return () if shape is None else tuple(dict.fromkeys((shape.x, shape.y, *shape.outer_plane)))

    def standing(self, fit: Fit, events: int) -> Fit:
        """Return the gate on its tube's own evidence where that shows such cells."""
        own = fit.evidence is not Evidence.FAILED and events >= SHOWN_EVENTS
        return replace(fit, evidence=Evidence.DATA) if own else fit

    def is_absent(self, fit: Fit) -> bool:
        """Whether the study shows none of the kinds, and is not asked about them."""
        return fit.evidence is Evidence.FAILED and not fit.review and not self.expected

    def fit(self, columns: Columns, references: Mapping[str, Columns]) -> Fit:  # noqa: ARG002
        """Nothing to find in one tube alone."""
        return Fit(None, Evidence.FAILED, "the study's model has no such kind", 0)

    def carry(self, own: Fit, donors: Sequence[Fit], peers: Sequence[Fit] = ()) -> Fit | None:  # noqa: ARG002
        """Stay where the model has it."""
        return own

    def regions(self, shape: KindsShape) -> Regions:
        """Inside the polygon."""
        inner = _region((shape.x, shape.y), shape.inner)
        outer = _region(shape.outer_plane or (shape.x, shape.y), shape.outer)
        return Regions(self.gate(shape), (inner, outer))

    def gate(self, shape: KindsShape) -> Region:
        """Inside the polygon, without the ends of its interval."""
        return _region((shape.x, shape.y), shape.corners)

    def outline(self, shape: KindsShape | None, columns: Columns) -> Outline:
        """Draw the polygon."""
        if shape is None:
            axes = (self.x, self.y) if self.x else [name for name in ("FSC-A", "SSC-A") if name in columns]
            return Outline(*axes) if axes else Outline(next(iter(columns)))
        outlines = (np.array(shape.corners, dtype=np.float64),) if shape.corners else ()
        return Outline(shape.x, shape.y, outlines)


def _region(plane: Sequence[str], corners: Corners) -> Region:
    return polygon(plane[0], plane[1], corners) if len(corners) > 2 else above(plane[0], np.inf)
