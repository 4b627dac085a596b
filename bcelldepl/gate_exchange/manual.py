"""Manual results as another program or a table gives them: gates and counts by file, and what was left out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bcelldepl.errors import Problem
from bcelldepl.gate_exchange.gate import GateTree, path_text

__all__ = ["EVERY_FILE", "Manual", "ManualCount", "ManualTube"]

EVERY_FILE = "*"  # name of a tube whose gates are for any file


@dataclass(frozen=True)
class ManualCount:
    """A count that the manual source states.

    Attributes
    ----------
    events : int or None
    per_ul : float or None
        Concentration [cells/uL].
    percent : float or None
        Of the events of the parent.
    parent : str
        Its name, where the source states it.
    volume_ul : float or None
        Volume in which the events were counted [uL], where the source states it.
    below : bool
        Whether the numbers are bounds that the count lies below (``<5``).
    """

    events: int | None = None
    per_ul: float | None = None
    percent: float | None = None
    parent: str = ""
    volume_ul: float | None = None
    below: bool = False


@dataclass(frozen=True)
class ManualTube:
    """The manual results of one file.

    Attributes
    ----------
    names : tuple of str
        Names by which the source calls the FCS file, with its folders where it states them (FlowJo lets people rename
        a sample); `EVERY_FILE` for gates that are for any file.
    sha256 : str
        Of the FCS file, where the source says it.
    tree : GateTree or None
        None where the source is a table of counts.
    stated : mapping of str to ManualCount
        Counts that the source states, by population path (``A/B/C``).
    keywords : mapping of str to str
        Those of the FCS file that the source repeats, such as ``$TOT`` and ``TUBE NAME``.
    """

    names: tuple[str, ...]
    sha256: str = ""
    tree: GateTree | None = None
    stated: Mapping[str, ManualCount] = field(default_factory=dict)
    keywords: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The last of the names: the one that people see."""
        return self.names[-1]

    @property
    def populations(self) -> list[str]:
        """Paths of all populations, gated or stated."""
        gated = [path_text(path) for path in self.tree.gates] if self.tree else []
        return list(dict.fromkeys([*gated, *self.stated]))


@dataclass(frozen=True)
class Manual:
    """Everything that a manual source gave.

    Attributes
    ----------
    path : Path
    form : str
        ``"FlowJo workspace"``, ``"Gating-ML"`` or ``"count table"``.
    tubes : tuple of ManualTube
    skipped : tuple of Problem
        What was left out, each with its place and reason.
    """

    path: Path
    form: str
    tubes: tuple[ManualTube, ...]
    skipped: tuple[Problem, ...] = ()
