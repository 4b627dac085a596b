"""What a check of a study finds: problems, doubts and notes; what many tubes have in common is told once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from bcelldepl.errors import Problem

__all__ = ["Severity", "StudyCheck", "StudyFinding", "TubeFinding", "gathered"]

_MOST_NAMED: Final = 3  # tubes of a finding; JSON has them all


class Severity(StrEnum):
    """How bad a finding is, worst first."""

    PROBLEM = "problem"  # the study, or a tube, cannot be counted so
    DOUBT = "doubt"  # it can, but a person should look first
    NOTE = "note"  # how something is read


@dataclass(frozen=True)
class StudyFinding:
    """One thing that is wrong or in doubt.

    Attributes
    ----------
    severity : Severity
    what, where, remedy : str
        As in `Problem`; `where` is empty for what concerns tubes.
    paste : str
        Lines of TOML for the study file, with gaps to fill in; empty where none would help.
    tubes : tuple of (str, str)
        Files that it concerns, each with what was found of it.
    """

    severity: Severity
    what: str
    where: str = ""
    remedy: str = ""
    paste: str = ""
    tubes: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of_problem(cls, problem: Problem) -> StudyFinding:
        """Return a problem of the study file or its sheet as a finding."""
        return cls(Severity.PROBLEM, problem.what, problem.where, problem.remedy)

    def sentence(self, all_tubes: int) -> str:
        """Say it in one line, with its tubes out of all of the study."""
        if self.where:
            return str(Problem(self.where, self.what, self.remedy))
        files = [file for file, _ in self.tubes]
        differ = any(what != self.what for _, what in self.tubes)
        what = f"such as {files[0]}: {self.what}" if differ else self.what
        return str(Problem(_named(files, all_tubes), what, self.remedy))

    def content(self) -> dict[str, Any]:
        """Return it for JSON."""
        return {
            "where": self.where,
            "what": self.what,
            "remedy": self.remedy,
            "paste": self.paste,
            "tubes": [{"file": file, "what": what} for file, what in self.tubes],
        }


@dataclass(frozen=True)
class TubeFinding:
    """A finding of one tube, before those of other tubes that are alike are told with it.

    Attributes
    ----------
    file, what, remedy, paste : str
    severity : Severity
    kind : str
        What alike findings share; empty: the sentence itself.
    """

    file: str
    severity: Severity
    what: str
    remedy: str = ""
    paste: str = ""
    kind: str = ""


def gathered(found: Iterable[TubeFinding]) -> list[StudyFinding]:
    """Tell findings of one kind as one.

    Parameters
    ----------
    found : iterable of TubeFinding

    Returns
    -------
    list of StudyFinding
        In the order in which each kind was first found.
    """
    kinds: dict[tuple[Severity, str], list[TubeFinding]] = {}
    for one in found:
        kinds.setdefault((one.severity, one.kind or one.what), []).append(one)
    return [
        StudyFinding(
            alike[0].severity,
            alike[0].what,
            remedy=alike[0].remedy,
            paste=alike[0].paste,
            tubes=tuple((one.file, one.what) for one in alike),
        )
        for alike in kinds.values()
    ]


@dataclass(frozen=True)
class StudyCheck:
    """What a check of a study found.

    Attributes
    ----------
    study : str
        Its name, or the study file's where that cannot be read.
    tubes : int
    facts : tuple of str
        How the study is understood, in sentences.
    findings : tuple of StudyFinding
        Worst first.
    can_run : bool
        Whether `run` would take the study and count any tube of it.
    """

    study: str
    tubes: int
    facts: tuple[str, ...] = ()
    findings: tuple[StudyFinding, ...] = ()
    can_run: bool = True

    def of(self, severity: Severity) -> list[StudyFinding]:
        """Return the findings of one severity."""
        return [one for one in self.findings if one.severity is severity]

    @property
    def exit_code(self) -> int:
        """0: nothing is in doubt; 1: something is; 2: the study cannot be run."""
        if not self.can_run:
            return 2
        return int(any(one.severity is not Severity.NOTE for one in self.findings))

    def content(self) -> dict[str, Any]:
        """Return it for JSON."""
        return {
            "study": self.study,
            "tubes": self.tubes,
            "can_run": self.can_run,
            "facts": list(self.facts),
            **{f"{one}s": [found.content() for found in self.of(one)] for one in Severity},
        }


def _named(files: Sequence[str], all_tubes: int) -> str:
    if len(files) <= _MOST_NAMED:
        return ", ".join(files)
    some = f"{', '.join(files[:_MOST_NAMED])} and {len(files) - _MOST_NAMED} more"
    return (
        f"all {len(files)} tubes"
        if len(files) == all_tubes
        else f"{len(files)} of {all_tubes} tubes ({some})"
    )
