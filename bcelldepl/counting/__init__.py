"""From gated events to cells per microlitre, and to percentages: estimate, interval, limits, result code and reason."""

from __future__ import annotations

from bcelldepl.counting.concentration import Concentration, count_tube, not_done, without_result
from bcelldepl.counting.facts import TubeFacts, tube_facts
from bcelldepl.counting.percentages import Percentage
from bcelldepl.counting.table import CountRow, counts_table

__all__ = [
    "Concentration",
    "CountRow",
    "Percentage",
    "TubeFacts",
    "count_tube",
    "counts_table",
    "not_done",
    "tube_facts",
    "without_result",
]
