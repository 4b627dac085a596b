"""From gated events to cells per microlitre: estimate, interval, limits, result code and the reason."""

from __future__ import annotations

from bcelldepl.counting.concentration import Concentration, count_tube, not_done
from bcelldepl.counting.facts import TubeFacts, tube_facts
from bcelldepl.counting.limits import ResultCode
from bcelldepl.counting.methods import Method

__all__ = [
    "Concentration",
    "Method",
    "ResultCode",
    "TubeFacts",
    "count_tube",
    "not_done",
    "tube_facts",
]
