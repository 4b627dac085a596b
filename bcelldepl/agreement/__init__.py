"""Agreement of automated with manual gating: statistics, and the gate at which the two part ways."""

from __future__ import annotations

from bcelldepl.agreement.attribution import Divergence, Share, Stage, first_divergence
from bcelldepl.agreement.concordance import lin_ccc, replicate_cv
from bcelldepl.agreement.decisions import DayShift, DecisionTable, day_shift, decision_table
from bcelldepl.agreement.differences import BlandAltman, bland_altman
from bcelldepl.agreement.estimate import Estimate
from bcelldepl.agreement.limits import AcceptanceLimits, TubePair, Verdict, judge_tube
from bcelldepl.agreement.lines import Line, deming, passing_bablok
from bcelldepl.agreement.overlap import Overlap, Whereabouts, find_differences, overlap

__all__ = [
    "AcceptanceLimits",
    "BlandAltman",
    "DayShift",
    "DecisionTable",
    "Divergence",
    "Estimate",
    "Line",
    "Overlap",
    "Share",
    "Stage",
    "TubePair",
    "Verdict",
    "Whereabouts",
    "bland_altman",
    "day_shift",
    "decision_table",
    "deming",
    "find_differences",
    "first_divergence",
    "judge_tube",
    "lin_ccc",
    "overlap",
    "passing_bablok",
    "replicate_cv",
]
