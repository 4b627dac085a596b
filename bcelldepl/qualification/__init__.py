"""Installation qualification: does this installation give the numbers that it should?"""

from __future__ import annotations

from bcelldepl.qualification.check import Qualification, SelfTestCheck
from bcelldepl.qualification.selftest import selftest

__all__ = ["Qualification", "SelfTestCheck", "selftest"]
