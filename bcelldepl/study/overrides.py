"""A gate of one tube set by hand, with who, when and why."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    FiniteFloat,
    model_validator,
)

from bcelldepl.study.plain import PlainWords as Words

__all__ = ["Override"]


class Override(BaseModel):
    """One gate of one tube, set by hand.

    Attributes
    ----------
    file : str
        The tube, as in the sample sheet.
    population : str
        Whose gate.
    who, why : str
    when : date or datetime
    cut : float or None
        Position of a cut on one marker, in transformed units, as the pictures of the gate show them.
    marker : str or None
        Whose cut; None for the marker that the strategy cuts.
    side : {"above", "below"} or None
        Which side is the population; None for the strategy's.
    polygon : tuple of (float, float) or None
        Corners in transformed units.
    x, y : str or None
        Markers of the polygon; None for those that the gate is drawn on.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    file: Words
    population: Words
    who: Words
    when: datetime | date
    why: Words
    cut: FiniteFloat | None = None
    marker: Words | None = None
    side: Literal["above", "below"] | None = None
    polygon: tuple[tuple[FiniteFloat, FiniteFloat], ...] | None = Field(None, min_length=3)
    x: Words | None = None
    y: Words | None = None

    @model_validator(mode="after")
    def _one_gate(self) -> Override:
        if (self.cut is None) == (self.polygon is None):
            msg = "give one gate: `cut`, or `polygon`"
            raise ValueError(msg)
        foreign = [name for name in ("x", "y") if getattr(self, name)] if self.polygon is None else [
            name for name in ("marker", "side") if getattr(self, name)
        ]  # fmt: skip
        if foreign:
            msg = f"`{foreign[0]}` belongs to a {'polygon' if self.polygon is None else 'cut'}"
            raise ValueError(msg)
        if (self.x is None) != (self.y is None):
            msg = "give both axes of the polygon, or neither"
            raise ValueError(msg)
        return self

    @property
    def sentence(self) -> str:
        """The mark that every number standing on this gate carries."""
        return f"gate of {self.population} set by hand by {self.who} on {self.when.isoformat()}: {self.why}"
