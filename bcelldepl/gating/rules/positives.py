"""Cells positive for a marker that controls lack: a cut with as many events above it as there are positives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Literal

from bcelldepl.definitions.reasons import Reason
from bcelldepl.gating.evidence import Evidence
from bcelldepl.gating.model.binding import marker_signals
from bcelldepl.gating.model.positive_count import PositiveCount, count_positives
from bcelldepl.gating.model.positive_mixture import FAR_SHIFT, FEW_NEGATIVES, LARGEST_SHIFT
from bcelldepl.gating.model.study_model import PositiveModel
from bcelldepl.gating.regions import Regions
from bcelldepl.gating.rules.base import Columns, Fit
from bcelldepl.gating.rules.marker_cut import CutShape, MarkerGate

__all__ = ["PositivesRule"]

_MANY = 50  # positives of a tube, of which it is asked whether they are what they seem
_MOST_OVERLAPPING = 0.5  # of these, that may lie among the negatives
_FEW_UNSPECIFIC = 10  # cells that bind every stain, beyond those that controls let expect,
_MANY_TIMES = 2.5  # and times these
_ENOUGH = 100  # cells, below which a tube says nothing of its negative


class PositivesRule(MarkerGate):
    """Cut a marker where as many events lie above as the tube holds positives.

    The negative's shape is that of control tubes, and lies where the tube has its own; the positives' signal is that of
    the study (`bcelldepl.gating.model.positive_mixture`).

    Attributes
    ----------
    of : str
        Kind of the cells; the markers that it lacks tell cells that bind every stain.
    """

    rule: Literal["positives"]
    of: str = "T"

    def fit(self, columns: Columns, references: Mapping[str, Columns]) -> Fit:  # noqa: ARG002
        """Nothing to find in one tube alone."""
        return Fit(None, Evidence.FAILED, f"no control tube shows the {self.marker}-negative cells", 0)

    def carry(self, own: Fit, donors: Sequence[Fit], peers: Sequence[Fit] = ()) -> Fit | None:  # noqa: ARG002
        """Stay where the model has it."""
        return own

    def regions(self, shape: CutShape | PositiveModel) -> Regions | None:
        """Beyond the cut; not known before the positives are counted."""
        return None if isinstance(shape, PositiveModel) else super().regions(shape)

    def settled_by(self, shape: CutShape | PositiveModel | None) -> tuple[str, ...]:
        """The marker, and those that tell what of it is none of its own."""
        if not isinstance(shape, PositiveModel):
            return ()
        spilling = [marker for marker, _ in shape.spilling]
        return (self.marker, *spilling, *(shape.binding_by.markers if shape.binding_by else ()))

    def settle(self, fit: Fit, columns: Columns) -> Fit:
        """Count the positives of the tube, and place the cut."""
        if not isinstance(fit.shape, PositiveModel):
            return fit
        model = fit.shape
        signals = marker_signals(columns, self.marker, model.unit, model.spilling, model.binding_by)
        found = count_positives(model, *signals)
        cut, low, high = (round(end / model.unit, 6) for end in (found.cut, found.low, found.high))
        doubt = self._doubt(found, model.signals_seen) if len(signals[0]) >= _ENOUGH else ""
        return replace(
            fit, shape=CutShape(cut, low, high), reason=doubt or fit.reason, review=bool(doubt) or fit.review
        )

    def _doubt(self, found: PositiveCount, signals_seen: bool) -> str:
        """Say so where it is not plain which of a tube's cells are the negatives, or what positives look like."""
        # Far above, it could be taken for positives; below, the count is right as far as shifts are tried.
        above, below = found.shift > FAR_SHIFT, found.shift < -LARGEST_SHIFT
        if above or below:
            return Reason.NEGATIVE_FAR_OFF.format(marker=self.marker, where="above" if above else "below")
        if found.negative_part < FEW_NEGATIVES:
            return Reason.FEW_NEGATIVES.format(
                parent=self.parent, marker=self.marker, part=found.negative_part
            )
        if found.expected >= _MANY and found.overlapping > _MOST_OVERLAPPING * found.expected:
            return Reason.POSITIVES_OVERLAP.format(
                parent=self.parent,
                marker=self.marker,
                events=found.expected,
                part=found.overlapping / found.expected,
            )
        if not signals_seen and found.expected >= _MANY:
            return Reason.POSITIVES_NOT_SEEN.format(
                parent=self.parent, marker=self.marker, events=found.expected
            )
        least = max(found.usual + _FEW_UNSPECIFIC, _MANY_TIMES * found.usual)
        if not signals_seen and found.unspecific >= least:
            return Reason.POSITIVES_OR_UNSPECIFIC.format(
                parent=self.parent, marker=self.marker, events=found.unspecific, usual=found.usual
            )
        return ""
