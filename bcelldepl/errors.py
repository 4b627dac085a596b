"""Typed errors: each says what is wrong, where, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = [
    "ArgumentError",
    "BcelldeplError",
    "CompensationError",
    "CountingError",
    "ExchangeError",
    "FcsError",
    "PanelError",
    "Problem",
    "ReviewConflictError",
    "ReviewError",
    "StrategyError",
    "StudyError",
    "WorkersError",
]


class BcelldeplError(Exception):
    """The base of every error that bcelldepl raises on purpose.

    Parameters
    ----------
    what : str
        What is wrong, in one sentence, with what was found and what was expected.
    where : str
        The file, row, field or keyword.
    remedy : str
        What the user can do.
    """

    def __init__(self, what: str, where: str = "", remedy: str = "") -> None:
        self.what = what
        self.where = where
        self.remedy = remedy
        super().__init__(what, where, remedy)

    def __str__(self) -> str:
        text = f"{self.where}: {self.what}" if self.where else self.what
        return f"{text} ({self.remedy})" if self.remedy else text


class ArgumentError(BcelldeplError):
    """An argument of a function is of the wrong kind, or out of its range."""


class FcsError(BcelldeplError):
    """An FCS file cannot be read, or cannot be read safely."""


class PanelError(BcelldeplError):
    """A marker is not found in a file, or found more than once.

    Parameters
    ----------
    what, where, remedy : str
        As in `BcelldeplError`.
    markers : tuple of str
        Those for which the study file needs a line under ``[panel]``.
    channels : str
        The channels of the file that they could be on; they follow `what` in the message.

    Attributes
    ----------
    complaint : str
        `what` alone, without the channels.
    """

    def __init__(
        self,
        what: str,
        where: str = "",
        remedy: str = "",
        markers: tuple[str, ...] = (),
        channels: str = "",
    ) -> None:
        self.complaint = what
        self.markers = markers
        super().__init__(f"{what}. Channels of the file: {channels}" if channels else what, where, remedy)
        self.args = (what, where, remedy, markers, channels)


class CompensationError(BcelldeplError):
    """A spillover matrix is singular, misnamed or missing."""


class StrategyError(BcelldeplError):
    """A gating strategy file is wrong."""


class CountingError(BcelldeplError):
    """Events cannot be turned into cells per microlitre."""


class ExchangeError(BcelldeplError):
    """Results cannot be exported, or a file of another program cannot be read or written."""


class WorkersError(BcelldeplError):
    """The processes or machines that do the work are not there, or were lost."""


class ReviewError(BcelldeplError):
    """A gate, a verdict or a signature cannot be taken as it was given."""


class ReviewConflictError(ReviewError):
    """What was to be changed is no longer what the reviewer saw."""


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong in a request, with its place and remedy."""

    where: str
    what: str
    remedy: str = ""

    def __str__(self) -> str:
        text = f"{self.where}: {self.what}" if self.where else self.what
        return f"{text} ({self.remedy})" if self.remedy else text


class StudyError(BcelldeplError):
    """A study file or sample sheet is wrong; carries every problem found, not only the first.

    Parameters
    ----------
    problems : list of Problem
        At least one.
    """

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))

    def __str__(self) -> str:
        return self.what
