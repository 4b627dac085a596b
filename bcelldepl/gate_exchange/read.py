"""Read the gates that another program wrote."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bcelldepl.errors import ExchangeError
from bcelldepl.gate_exchange.manual import Manual
from bcelldepl.gate_exchange.read_flowjo import read_workspace
from bcelldepl.gate_exchange.read_gatingml import read_gating_ml
from bcelldepl.gate_exchange.xml_documents import parse_xml, tag_of

__all__ = ["gates_of_document", "read_gates"]


def read_gates(path: Path) -> Manual:
    """Read a FlowJo workspace or Gating-ML; which of the two it is is told by its content.

    Parameters
    ----------
    path : Path

    Returns
    -------
    Manual

    Raises
    ------
    ExchangeError
        For a file that is neither.
    """
    return gates_of_document(parse_xml(path), path)


def gates_of_document(root: Any, path: Path) -> Manual:
    """Read the gates of a document that was parsed.

    Parameters
    ----------
    root : lxml.etree._Element
    path : Path
        For messages.

    Returns
    -------
    Manual

    Raises
    ------
    ExchangeError
        As `read_gates`.
    """
    readers = {"Workspace": read_workspace, "Gating-ML": read_gating_ml}
    if tag_of(root) == "bdfacs":
        what = "an experiment of FACSDiva, whose gates are not read"
        raise ExchangeError(what, path.name, "export its statistics as CSV and give that table")
    if tag_of(root) not in readers:
        what = f"the file begins with <{tag_of(root)}>, which is neither a FlowJo workspace nor Gating-ML"
        raise ExchangeError(what, path.name, "give a .wsp of FlowJo 10, Gating-ML 2.0, or a count table")
    return readers[tag_of(root)](root, path)
