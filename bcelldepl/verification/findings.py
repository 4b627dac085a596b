"""What a verification finds: each thing that is no longer as recorded, with its place."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

__all__ = ["CheckedPart", "Finding", "Part", "Verification"]


class Part(StrEnum):
    """What of a results folder is checked."""

    INPUTS = "inputs"
    STUDY = "study"
    OUTPUTS = "outputs"
    STORE = "store"
    RECORD = "audit record"
    REVIEW = "review"
    RERUN = "rerun"


@dataclass(frozen=True)
class Finding:
    """One thing that is no longer so.

    Attributes
    ----------
    part : Part
    where : str
        The file, entry or setting.
    what : str
        What is not as recorded, in words.
    """

    part: Part
    where: str
    what: str

    def __str__(self) -> str:
        return f"{self.part}: {self.where}: {self.what}"


@dataclass
class CheckedPart:
    """One part of the verification, as it goes on.

    Attributes
    ----------
    part : Part
    checked : int
        Things that were looked at: files, settings, entries.
    findings : list of Finding
    """

    part: Part
    checked: int = 0
    findings: list[Finding] = field(default_factory=list)

    def found(self, where: str, what: str) -> None:
        """Add a finding."""
        self.findings.append(Finding(self.part, where, what))


@dataclass(frozen=True, repr=False)
class Verification:
    """What was checked of a results folder, and what is no longer as recorded.

    Attributes
    ----------
    folder : Path
    study : str
        Its id.
    when, user : str
        Of this verification.
    checks : tuple of CheckedPart
    notes : tuple of str
        What a reader should know and is no finding, such as another version of the program.
    """

    folder: Path
    study: str
    when: str
    user: str
    checks: tuple[CheckedPart, ...]
    notes: tuple[str, ...] = ()

    def __repr__(self) -> str:
        checked = sum(check.checked for check in self.checks)
        return f"Verification({self.study}: {checked} checked, {len(self.findings)} not as recorded)"

    def _repr_html_(self) -> str:
        import pandas as pd

        from bcelldepl.html_pages import titled_table

        rows = [(str(one.part), one.where, one.what) for one in self.findings]
        return titled_table(repr(self), pd.DataFrame(rows, columns=["part", "where", "what"]))

    @property
    def findings(self) -> list[Finding]:
        """Everything that is no longer as recorded."""
        return [finding for check in self.checks for finding in check.findings]

    @property
    def exit_code(self) -> int:
        """0 where everything is as recorded, 1 where something is not."""
        return 1 if self.findings else 0

    def content(self) -> dict[str, Any]:
        """Return the verification as plain data, for JSON."""
        return {
            "results": str(self.folder),
            "study": self.study,
            "when": self.when,
            "user": self.user,
            "as_recorded": not self.findings,
            "checked": {str(check.part): check.checked for check in self.checks},
            "findings": [
                {"part": str(one.part), "where": one.where, "what": one.what} for one in self.findings
            ],
            "notes": list(self.notes),
        }
