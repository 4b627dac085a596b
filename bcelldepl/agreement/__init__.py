"""Agreement of automated with manual gating: statistics, and the gate at which the two part ways."""

from __future__ import annotations

from bcelldepl.agreement.concordance import lin_ccc, replicate_cv
from bcelldepl.agreement.decisions import DayShift, DecisionTable, day_shift, decision_table
from bcelldepl.agreement.differences import BlandAltman, bland_altman
from bcelldepl.agreement.estimate import Estimate
from bcelldepl.agreement.lines import Line, deming, passing_bablok
from bcelldepl.agreement.overlap import Overlap, Whereabouts, find_differences, overlap

__all__ = [
    "BlandAltman",
    "DayShift",
    "DecisionTable",
    "Estimate",
    "Line",
    "Overlap",
    "Whereabouts",
    "bland_altman",
    "day_shift",
    "decision_table",
    "deming",
    "find_differences",
    "lin_ccc",
    "overlap",
    "passing_bablok",
    "replicate_cv",
]
