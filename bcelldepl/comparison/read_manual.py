"""Read manual results, whatever their form."""

from __future__ import annotations

from pathlib import Path

from bcelldepl.comparison.count_table import read_count_table
from bcelldepl.errors import ExchangeError
from bcelldepl.gate_exchange.manual import Manual
from bcelldepl.gate_exchange.read import read_gates

__all__ = ["is_table", "read_manual"]


def is_table(path: Path) -> bool:
    """Whether manual results are a table of counts, by the name of the file.

    Parameters
    ----------
    path : Path

    Returns
    -------
    bool
    """
    return path.suffix.lower() in (".csv", ".tsv", ".txt", ".xlsx")


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
    manual = read_count_table(path) if is_table(path) else read_gates(path)
    if not any(tube.populations for tube in manual.tubes):
        reasons = "; ".join(map(str, manual.skipped)) or "it names no population"
        raise ExchangeError(f"the {manual.form} holds nothing to compare with: {reasons}", path.name)
    return manual
