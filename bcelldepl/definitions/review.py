"""What a person can say of a tube: verdicts, their reasons, signatures, and the marks that tables carry of them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from bcelldepl.definitions.codes import ResultCode

__all__ = ["REVIEW_REASONS", "ReviewAction", "ReviewMark", "ReviewVerdict", "SignatureOrder"]


class ReviewVerdict(StrEnum):
    """What a reviewer says of a tube."""

    ACCEPT = "accept"
    REJECT = "reject"
    REPEAT = "repeat"

    @property
    def words(self) -> str:
        """As reasons and pages write it."""
        return _VERDICTS[self].words

    @property
    def result(self) -> ResultCode | None:
        """What its verdict makes of every result of the tube; None where they stay."""
        return _VERDICTS[self].result


@dataclass(frozen=True)
class _Verdict:
    words: str
    result: ResultCode | None = None


_VERDICTS: Final = {
    ReviewVerdict.ACCEPT: _Verdict("accepted"),
    ReviewVerdict.REJECT: _Verdict("rejected", ResultCode.NOT_EVALUABLE),
    ReviewVerdict.REPEAT: _Verdict("measurement to be repeated", ResultCode.NOT_DONE),
}

# Why a tube is rejected or measured again; a free text may say more.
REVIEW_REASONS: Final = (
    "blood clotted or haemolysed",
    "too old when it was stained",
    "wrong tube, subject or visit",
    "staining failed",
    "compensation is wrong",
    "flow disturbed, or tube ran dry",
    "too few events",
    "bead count or volume not known",
    "beads clumped or lost",
    "gates cannot be placed",
    "other",
)


class ReviewMark(StrEnum):
    """How the review of a tube stands, as the column ``review`` has it; empty for a tube that nobody has judged."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"
    CHANGED = "changed"

    @property
    def meaning(self) -> str:
        """What it means."""
        return _MARKS[self]


_MARKS: Final = {
    ReviewMark.ACCEPTED: "a reviewer accepted the tube as it is",
    ReviewMark.REJECTED: "a reviewer rejected it, or requested another measurement: its results are not used",
    ReviewMark.CHANGED: "an input, gate, setting or the program has changed since it was judged",
}


class SignatureOrder(StrEnum):
    """Which signature it is; the second is another person's."""

    FIRST = "first"
    SECOND = "second"

    @property
    def meaning(self) -> str:
        """What who signs declares."""
        return _MEANINGS[self]


_MEANINGS: Final = {
    SignatureOrder.FIRST: "I have reviewed the gates and numbers of this tube, and confirm the verdict",
    SignatureOrder.SECOND: "I have checked the first review of this tube, and agree with it",
}


class ReviewAction(StrEnum):
    """Entries of the audit record that a review makes."""

    GATES = "gates set by hand"
    VERDICT = "verdict"
    SIGNATURE = "signature"
    LOCK = "study locked"
    UNLOCK = "study unlocked"
