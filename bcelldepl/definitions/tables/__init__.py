"""The tables that are written: the columns of each, one row per column."""

from __future__ import annotations

from typing import Final

from bcelldepl.definitions.tables.comparison import AGREEMENT, COMPARISON, EXPORTED_GATES
from bcelldepl.definitions.tables.compensation import CONTROL_MATRICES
from bcelldepl.definitions.tables.counts import COUNTS, FLAGS, TUBES
from bcelldepl.definitions.tables.kinetics import DEPLETION_VISITS, ENDPOINTS, POINTS, SEGMENTS, TERMINAL
from bcelldepl.definitions.tables.outcomes import (
    B_CELL_CHANGES,
    COMPANION_SUMMARY,
    COMPANIONS,
    DEPLETION_RATES,
    DOSE_PROPORTIONALITY,
    EXPOSURE_RESPONSE,
    SUBGROUP_SUMMARY,
    SUMMARY,
    TIME_TO_EVENT,
    TIME_TO_EVENT_SUMMARY,
)
from bcelldepl.definitions.tables.quality import QUALITY_OVER_TIME
from bcelldepl.definitions.tables.studies import COMPANION_SHEET, SAMPLES, TRUTH

__all__ = [
    "AGREEMENT",
    "B_CELL_CHANGES",
    "COMPANIONS",
    "COMPANION_SHEET",
    "COMPANION_SUMMARY",
    "COMPARISON",
    "CONTROL_MATRICES",
    "COUNTS",
    "DEPLETION_RATES",
    "DEPLETION_VISITS",
    "DOSE_PROPORTIONALITY",
    "ENDPOINTS",
    "EXPORTED_GATES",
    "EXPOSURE_RESPONSE",
    "FLAGS",
    "POINTS",
    "QUALITY_OVER_TIME",
    "SAMPLES",
    "SEGMENTS",
    "SUBGROUP_SUMMARY",
    "SUMMARY",
    "TABLES",
    "TERMINAL",
    "TIME_TO_EVENT",
    "TIME_TO_EVENT_SUMMARY",
    "TRUTH",
    "TUBES",
]

TABLES: Final = (
    SAMPLES,
    COMPANION_SHEET,
    COUNTS,
    TUBES,
    QUALITY_OVER_TIME,
    FLAGS,
    CONTROL_MATRICES,
    ENDPOINTS,
    POINTS,
    SEGMENTS,
    TERMINAL,
    DEPLETION_VISITS,
    SUMMARY,
    DEPLETION_RATES,
    B_CELL_CHANGES,
    TIME_TO_EVENT,
    TIME_TO_EVENT_SUMMARY,
    DOSE_PROPORTIONALITY,
    EXPOSURE_RESPONSE,
    SUBGROUP_SUMMARY,
    COMPANIONS,
    COMPANION_SUMMARY,
    COMPARISON,
    AGREEMENT,
    EXPORTED_GATES,
    TRUTH,
)
