"""A cut on one marker at a position that a person gave."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from bcelldepl.gating.evidence import Evidence
from bcelldepl.gating.rules.base import Columns, Fit
from bcelldepl.gating.rules.marker_cut import CutShape, MarkerGate

__all__ = ["DrawnCutRule"]


class DrawnCutRule(MarkerGate):
    """Cut one marker where a person set the cut; no tube is searched for it.

    Attributes
    ----------
    position : float
        In transformed units.
    """

    rule: Literal["cut"]
    position: float

    @property
    def drawn(self) -> CutShape:
        """The cut, with no interval: nobody measured one."""
        return CutShape(self.position, self.position, self.position)

    def fit(self, columns: Columns, references: Mapping[str, Columns]) -> Fit:  # noqa: ARG002
        """Nothing to fit: the position is given."""
        return Fit(self.drawn, Evidence.FIXED, "", len(columns[self.marker]))

    def carry(self, own: Fit, donors: Sequence[Fit], peers: Sequence[Fit] = ()) -> Fit | None:  # noqa: ARG002
        """Stay where it was set."""
        return own
