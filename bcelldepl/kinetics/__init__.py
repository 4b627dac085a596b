"""From cells per microlitre by visit to the endpoints of the trial."""

from __future__ import annotations

from bcelldepl.kinetics.endpoints import endpoints_table

__all__ = ["endpoints_table"]
