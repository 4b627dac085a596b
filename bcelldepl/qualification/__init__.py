"""Installation qualification: does this installation give the numbers that it should?"""

from __future__ import annotations

from bcelldepl.qualification.check import Check, Qualification
from bcelldepl.qualification.selftest import selftest

__all__ = ["Check", "Qualification", "selftest"]
