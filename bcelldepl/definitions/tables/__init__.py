"""The tables that are written: the columns of each, one row per column."""

from __future__ import annotations

from typing import Final

from bcelldepl.definitions.tables.comparison import AGREEMENT, COMPARISON, EXPORTED_GATES
from bcelldepl.definitions.tables.compensation import CONTROL_MATRICES
from bcelldepl.definitions.tables.counts import COUNTS, TUBES
from bcelldepl.definitions.tables.kinetics import (
    COMPANIONS,
    DEPLETION_VISITS,
    DOSE_PROPORTIONALITY,
    ENDPOINTS,
    EXPOSURE_RESPONSE,
    POINTS,
    RECONSTITUTION,
    SEGMENTS,
    SUMMARY,
    TERMINAL,
)
from bcelldepl.definitions.tables.studies import COMPANION_SHEET, SAMPLES, TRUTH

__all__ = [
    "AGREEMENT",
    "COMPANIONS",
    "COMPANION_SHEET",
    "COMPARISON",
    "CONTROL_MATRICES",
    "COUNTS",
    "DEPLETION_VISITS",
    "DOSE_PROPORTIONALITY",
    "ENDPOINTS",
    "EXPORTED_GATES",
    "EXPOSURE_RESPONSE",
    "POINTS",
    "RECONSTITUTION",
    "SAMPLES",
    "SEGMENTS",
    "SUMMARY",
    "TABLES",
    "TERMINAL",
    "TRUTH",
    "TUBES",
]

TABLES: Final = (
    SAMPLES,
    COMPANION_SHEET,
    COUNTS,
    TUBES,
    CONTROL_MATRICES,
    ENDPOINTS,
    POINTS,
    SEGMENTS,
    TERMINAL,
    DEPLETION_VISITS,
    SUMMARY,
    DOSE_PROPORTIONALITY,
    RECONSTITUTION,
    EXPOSURE_RESPONSE,
    COMPANIONS,
    COMPARISON,
    AGREEMENT,
    EXPORTED_GATES,
    TRUTH,
)
