"""Statistics of a method comparison: bias, concordance, regression, decisions, overlap of events."""

from __future__ import annotations

from bcelldepl.comparison.statistics.bland_altman import BlandAltman, bland_altman
from bcelldepl.comparison.statistics.concordance import lin_ccc, replicate_cv
from bcelldepl.comparison.statistics.decisions import DayShift, DecisionTable, day_shift, decision_table
from bcelldepl.comparison.statistics.estimate import Estimate
from bcelldepl.comparison.statistics.overlap import Overlap, Whereabouts, find_differences, overlap
from bcelldepl.comparison.statistics.regression import Line, deming, passing_bablok

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
