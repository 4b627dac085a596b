"""Read FlowJo 10 workspaces, sample by sample, so that one bad sample or gate does not cost the rest."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlparse

from bcelldepl.errors import ExchangeError, Problem
from bcelldepl.gate_exchange.flowjo_gates import read_gates_of_sample
from bcelldepl.gate_exchange.flowjo_parameters import read_parameters
from bcelldepl.gate_exchange.manual import Manual, ManualTube

__all__ = ["read_workspace"]


def read_workspace(root: Any, path: Path) -> Manual:
    """Read a FlowJo workspace.

    Parameters
    ----------
    root : lxml.etree._Element
        From `parse_xml`.
    path : Path
        For messages.

    Returns
    -------
    Manual
        One tube per sample, with its gates, its keywords, and the counts that FlowJo stored. FlowJo counts on binned
        values, so its counts may differ from the gates' by a few events.

    Raises
    ------
    ExchangeError
        For a workspace of FlowJo 9 or before, which is of another form.
    """
    version = str(root.get("flowJoVersion", ""))
    if version.partition(".")[0] in {"6", "7", "8", "9"} or (not version and root.find("SampleList") is None):
        what = f"a workspace of FlowJo {version}" if version else "a workspace without a list of samples"
        raise ExchangeError(what, path.name, "open it in FlowJo 10 and save it as a workspace (.wsp)")
    skipped: list[Problem] = []
    tubes = []
    for number, sample in enumerate(root.iterfind("SampleList/Sample"), start=1):
        node, dataset = sample.find("SampleNode"), sample.find("DataSet")
        if node is None or dataset is None:
            skipped.append(
                Problem(f"{path.name}: sample {number}", "it has no data set or no gates: skipped")
            )
            continue
        where = f"{path.name}: {node.get('name')}"
        read = read_gates_of_sample(node, read_parameters(sample), where, skipped)
        keywords = {
            str(one.get("name")).upper(): str(one.get("value", "")).strip()
            for one in sample.iterfind("Keywords/Keyword")
        }
        names = tuple(dict.fromkeys(filter(None, (_file(dataset.get("uri")), str(node.get("name"))))))
        tubes.append(ManualTube(names, tree=read.tree, stated=read.stated, keywords=keywords))
    return Manual(path, "FlowJo workspace", tuple(tubes), tuple(skipped))


def _file(uri: str | None) -> str:
    """Path of an FCS file, with its folders and forward slashes."""
    return unquote(urlparse(uri or "").path).replace("\\", "/")
