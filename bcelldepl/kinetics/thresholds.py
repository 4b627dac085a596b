"""What one visit says of the thresholds of depletion and recovery.

A visit tells of a threshold only if it can: quantified below it, or below an LLOQ that is not above it, is
evidence of depletion; quantified at or above it is evidence of B cells; everything else is no evidence.
"""

from __future__ import annotations

from enum import StrEnum

from bcelldepl.kinetics.visits import Visit

__all__ = ["ThresholdEvidence", "evidence_at"]


class ThresholdEvidence(StrEnum):
    """What one visit says of the thresholds."""

    DEPLETED = "depleted"
    RECOVERED = "recovered"
    BETWEEN = "between thresholds"
    NONE = "no evidence"


def evidence_at(
    visit: Visit, depletion_threshold: float, reconstitution_threshold: float
) -> ThresholdEvidence:
    """Tell what a visit says of the thresholds, which are in its own unit.

    Parameters
    ----------
    visit : Visit
    depletion_threshold : float
        Below it: depleted.
    reconstitution_threshold : float
        At or above it: recovered.

    Returns
    -------
    ThresholdEvidence
    """
    if visit.is_quantified and visit.value is not None:
        if visit.value < depletion_threshold:
            return ThresholdEvidence.DEPLETED
        return (
            ThresholdEvidence.RECOVERED
            if visit.value >= reconstitution_threshold
            else ThresholdEvidence.BETWEEN
        )
    # Limits of counts.csv have 6 digits: those of pooled tubes may add up to a little more than they are.
    if visit.is_evaluable and visit.lloq is not None and visit.lloq <= depletion_threshold * (1 + 1e-5):
        return ThresholdEvidence.DEPLETED
    return ThresholdEvidence.NONE
