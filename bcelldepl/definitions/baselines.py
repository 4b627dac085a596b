"""Which result before the infusion is the baseline; one row each."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

__all__ = ["BaselineRule"]


class BaselineRule(StrEnum):
    """As ``[endpoints] baseline`` takes it."""

    LAST_BEFORE_INFUSION = "last_before_infusion"
    LAST_BEFORE_LYMPHODEPLETION = "last_before_lymphodepletion"
    MEAN = "mean_of_both"
    VISIT = "visit"

    @property
    def words(self) -> str:
        """As tables and footnotes write it."""
        return _WORDS[self]

    @property
    def needs_lymphodepletion(self) -> bool:
        """Whether the day of lymphodepletion has to be known."""
        return self in (BaselineRule.LAST_BEFORE_LYMPHODEPLETION, BaselineRule.MEAN)


_WORDS: Final = {
    BaselineRule.LAST_BEFORE_INFUSION: "last before infusion",
    BaselineRule.LAST_BEFORE_LYMPHODEPLETION: "last before lymphodepletion",
    BaselineRule.MEAN: "mean of the last before lymphodepletion and the last before infusion",
    BaselineRule.VISIT: "named visit",
}
