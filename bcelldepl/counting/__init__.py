"""From gated events to cells per microlitre: estimate, interval, limits, result code and the reason."""

from __future__ import annotations

from bcelldepl.counting.concentration import Concentration, count_tube, not_done
from bcelldepl.counting.facts import TubeFacts, tube_facts
from bcelldepl.counting.limits import ResultCode
from bcelldepl.counting.methods import Method
from bcelldepl.counting.table import COUNT_COLUMNS, CountRow, counts_table

__all__ = [
    "COUNT_COLUMNS",
    "Concentration",
    "CountRow",
    "Method",
    "ResultCode",
    "TubeFacts",
    "count_tube",
    "counts_table",
    "not_done",
    "tube_facts",
]
