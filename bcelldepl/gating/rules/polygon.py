"""A polygon in two markers, drawn in the strategy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from pydantic import Field

from bcelldepl.gating.evidence import Evidence
from bcelldepl.gating.regions import Regions, polygon
from bcelldepl.gating.rules.base import Columns, Fit, Outline, Rule

__all__ = ["PolygonRule", "PolygonShape"]


@dataclass(frozen=True)
class PolygonShape:
    """Corners in transformed units, in order."""

    vertices: tuple[tuple[float, float], ...]


class PolygonRule(Rule):
    """Events inside a polygon whose corners the strategy fixes.

    Attributes
    ----------
    x, y : str
        Markers.
    vertices : tuple of (float, float)
        At least three corners, in transformed units.
    """

    rule: Literal["polygon"]
    x: str
    y: str
    vertices: tuple[tuple[float, float], ...] = Field(min_length=3)

    @property
    def markers(self) -> tuple[str, ...]:
        """Both axes."""
        return (self.x, self.y)

    @property
    def drawn(self) -> PolygonShape:
        """The polygon, as the strategy has it."""
        return PolygonShape(self.vertices)

    def fit(self, columns: Columns, references: Mapping[str, Columns]) -> Fit:  # noqa: ARG002
        """Nothing to fit: the gate is the strategy's."""
        return Fit(self.drawn, Evidence.FIXED, "", len(columns[self.x]))

    def carry(self, own: Fit, donors: Sequence[Fit], peers: Sequence[Fit] = ()) -> Fit | None:  # noqa: ARG002
        """Stay where the strategy drew it."""
        return own

    def fallback(self, own: Fit) -> Fit | None:
        """Return the strategy's own polygon."""
        return replace(own, shape=self.drawn)

    def regions(self, shape: PolygonShape) -> Regions:
        """Inside the polygon."""
        return Regions(polygon(self.x, self.y, shape.vertices))

    def outline(self, shape: PolygonShape | None, columns: Columns) -> Outline:  # noqa: ARG002
        """Draw the polygon."""
        return Outline(self.x, self.y, (np.array((shape or self.drawn).vertices, dtype=np.float64),))
