"""The evidence ladder: how well each gate of each tube is founded."""

from __future__ import annotations

from enum import StrEnum

__all__ = ["Evidence", "weakest"]


class Evidence(StrEnum):
    """The rung on which a fitted gate stands, best first."""

    DATA = "data"
    CONTROL = "control"
    SUBJECT = "subject"
    BATCH = "batch"
    FIXED = "fixed"
    FAILED = "failed"

    @property
    def rung(self) -> int:
        """Position on the ladder, 0 is best."""
        return _RUNGS[self]


_RUNGS = {evidence: rung for rung, evidence in enumerate(Evidence)}


def weakest(*evidence: Evidence) -> Evidence:
    """Return the weakest of several rungs; `Evidence.DATA` where there is none."""
    return max(evidence, key=lambda one: one.rung, default=Evidence.DATA)
