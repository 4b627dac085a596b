"""A gate of one tube set by hand, with who, when and why."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from typing import Final, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    FiniteFloat,
    model_validator,
)

from bcelldepl.study.plain import PlainWords as Words

__all__ = ["AXIS", "SMALLEST_AREA", "Override"]

AXIS: Final = (-0.25, 1.25)  # ends of every axis that gates are drawn on, in transformed units
SMALLEST_AREA: Final = 1e-6  # of a polygon: a thousandth of either axis


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
    holds : {"nothing", "everything"} or None
        Said of a gate that is meant to hold none, or all, of the events of its parent.
    sha256 : str or None
        Of the FCS file that it was drawn on, where that is known: on another file it is in doubt.
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
    holds: Literal["nothing", "everything"] | None = None
    sha256: str | None = Field(None, pattern=r"^[0-9a-f]{64}$")

    @model_validator(mode="after")
    def _one_gate(self) -> Override:
        wrong = [*self._odd_keys(), *self._odd_places()]
        if wrong:
            msg = "; ".join(wrong)
            raise ValueError(msg)
        return self

    def _odd_keys(self) -> Iterator[str]:
        """Keys that do not go together."""
        if (self.cut is None) == (self.polygon is None):
            yield "give one gate: `cut`, or `polygon`"
            return
        foreign = ("x", "y") if self.polygon is None else ("marker", "side")
        for name in foreign:
            if getattr(self, name):
                yield f"`{name}` belongs to a {'polygon' if self.polygon is None else 'cut'}"
        if self.polygon is not None and (self.x is None) != (self.y is None):
            yield "give both axes of the polygon, or neither"

    def _odd_places(self) -> Iterator[str]:
        """Positions that no event can have, and polygons without an inside."""
        low, high = AXIS
        if self.cut is not None and not low <= self.cut <= high:
            yield f"`cut` is {self.cut:g}, outside of the axis, which runs from {low:g} to {high:g}"
        if self.polygon is None:
            return
        for places, name in zip(zip(*self.polygon, strict=True), ("first", "second"), strict=True):
            if max(places) < low or min(places) > high:
                yield (
                    f"`polygon` lies outside of its {name} axis: at {min(places):g} to {max(places):g}, while the axis "
                    f"runs from {low:g} to {high:g}"
                )
        if abs(_area(self.polygon)) < SMALLEST_AREA:
            yield "`polygon` is empty: its corners lie on one line, or its edges cross so that nothing is left"

    @property
    def sentence(self) -> str:
        """The mark that every number standing on this gate carries."""
        return f"gate of {self.population} set by hand by {self.who} on {self.when.isoformat()}: {self.why}"


def _area(corners: tuple[tuple[float, float], ...]) -> float:
    """Signed area of a polygon."""
    following = (*corners[1:], corners[0])
    return 0.5 * sum(x * b - a * y for (x, y), (a, b) in zip(corners, following, strict=True))
