"""Manual results of any form: read, and what could not be read named."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bcelldepl.errors import Problem
from bcelldepl.interop.errors import ExchangeError
from bcelldepl.interop.gate import GateTree, path_text

__all__ = ["EVERY_FILE", "Manual", "ManualCount", "ManualTube", "read_manual"]

EVERY_FILE = "*"  # name of a tube whose gates are for any file


@dataclass(frozen=True)
class ManualCount:
    """A count that the manual source states.

    Attributes
    ----------
    events : int or None
    per_ul : float or None
        Concentration [cells/uL].
    """

    events: int | None = None
    per_ul: float | None = None


@dataclass(frozen=True)
class ManualTube:
    """The manual results of one file.

    Attributes
    ----------
    names : tuple of str
        Names by which the source calls the FCS file (FlowJo lets people rename a sample); `EVERY_FILE` for gates
        that are for any file.
    sha256 : str
        Of the FCS file, where the source says it.
    tree : GateTree or None
        None where the source is a table of counts.
    stated : mapping of str to ManualCount
        Counts that the source states, by population path (``A/B/C``).
    """

    names: tuple[str, ...]
    sha256: str = ""
    tree: GateTree | None = None
    stated: Mapping[str, ManualCount] = field(default_factory=dict)

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


def read_manual(path: Path) -> Manual:
    """Read manual results, whatever their form.

    Parameters
    ----------
    path : Path
        FlowJo workspace, Gating-ML, or a count table (``.csv``, ``.tsv``, ``.xlsx``). XML is told by its content.

    Returns
    -------
    Manual

    Raises
    ------
    ExchangeError
        For a file that is none of these or holds nothing to compare with.
    """
    from bcelldepl.interop.count_table import read_count_table
    from bcelldepl.interop.documents import parse_xml, tag_of
    from bcelldepl.interop.flowjo import read_workspace
    from bcelldepl.interop.gatingml import read_gating_ml

    if path.suffix.lower() in (".csv", ".tsv", ".txt", ".xlsx"):
        manual = read_count_table(path)
    else:
        root = parse_xml(path)
        readers = {"Workspace": read_workspace, "Gating-ML": read_gating_ml}
        if tag_of(root) not in readers:
            what = f"the file begins with <{tag_of(root)}>, which is neither a FlowJo workspace nor Gating-ML"
            raise ExchangeError(what, path.name, "give a .wsp of FlowJo 10, Gating-ML 2.0, or a count table")
        manual = readers[tag_of(root)](root, path)
    if not any(tube.populations for tube in manual.tubes):
        reasons = "; ".join(map(str, manual.skipped)) or "it names no population"
        raise ExchangeError(f"the {manual.form} holds nothing to compare with: {reasons}", path.name)
    return manual
