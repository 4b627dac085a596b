"""Read FlowJo 10 workspaces, sample by sample, so that one bad sample or gate does not cost the rest."""

from __future__ import annotations

from copy import deepcopy
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlparse

from lxml import etree  # type: ignore[import-untyped]

from bcelldepl.errors import Problem
from bcelldepl.gate_exchange.from_flowkit import tree_of
from bcelldepl.gate_exchange.gate import GateTree
from bcelldepl.gate_exchange.manual import Manual, ManualCount, ManualTube
from bcelldepl.gate_exchange.xml_documents import DATATYPES, TRANSFORMS, tag_of

__all__ = ["read_workspace"]

_NAME = f"{{{DATATYPES}}}name"
_SCALES = {"linear", "log", "logicle", "biex", "fasinh"}
_GATES = {"RectangleGate", "PolygonGate", "EllipsoidGate"}
_POPULATIONS = {"Population", "AndNode", "OrNode", "NotNode"}


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
        One tube per sample, with its gates, and the counts that FlowJo stored. FlowJo counts on binned values, so its
        counts may differ from the gates' by a few events.
    """
    skipped: list[Problem] = []
    tubes = []
    for number, sample in enumerate(root.iterfind("SampleList/Sample"), start=1):
        node, dataset = sample.find("SampleNode"), sample.find("DataSet")
        if node is None or dataset is None:
            skipped.append(
                Problem(f"{path.name}: sample {number}", "it has no data set or no gates: skipped")
            )
            continue
        name = _file_name(dataset.get("uri")) or str(node.get("name"))
        where = f"{path.name}: {node.get('name')}"
        tubes.append(_read_sample(root, sample, name, where, skipped))
    return Manual(path, "FlowJo workspace", tuple(tubes), tuple(skipped))


def _file_name(uri: str | None) -> str:
    return unquote(urlparse(uri or "").path).replace("\\", "/").rpartition("/")[2]


def _read_sample(root: Any, sample: Any, name: str, where: str, skipped: list[Problem]) -> ManualTube:
    copy = deepcopy(sample)
    node = copy.find("SampleNode")
    stated = _stated(node)
    own_name = str(node.get("name"))
    _drop_scales(copy, where, skipped)
    _drop_gates(node, where, skipped)
    tree = GateTree({})
    if node.find("Subpopulations") is not None:
        try:
            tree = _parse(root, copy)
        except Exception as error:  # flowkit raises many kinds for what it does not understand
            tree = _parse_what_can_be(root, copy, where, skipped, error)
    return ManualTube(tuple(dict.fromkeys((name, own_name))), tree=tree, stated=stated)


def _stated(node: Any, above: str = "") -> dict[str, ManualCount]:
    found: dict[str, ManualCount] = {}
    for population in node.iterfind("Subpopulations/*"):
        if tag_of(population) not in _POPULATIONS:
            continue
        path = f"{above}/{population.get('name')}" if above else str(population.get("name"))
        count = population.get("count", "")
        if count.isdigit():
            found[path] = ManualCount(events=int(count))
        found.update(_stated(population, path))
    return found


def _drop_scales(sample: Any, where: str, skipped: list[Problem]) -> None:
    """Take out the scales that cannot be reproduced, and the gates drawn on their channels."""
    lost: dict[str, str] = {}
    for scale in list(sample.iterfind("Transformations/*")):
        kind = tag_of(scale)
        parameter = scale.find(f"{{{DATATYPES}}}parameter")
        channel = "" if parameter is None else str(parameter.get(_NAME))
        length = scale.get(f"{{{TRANSFORMS}}}length")
        if kind in _SCALES and channel and not (kind == "biex" and length != "256"):
            continue
        if kind:
            detail = f"of {length} steps " if kind == "biex" else ""
            lost[channel] = f"the FlowJo scale {kind!r} {detail}of {channel or 'a channel'} is not published"
        scale.getparent().remove(scale)
    for population in list(sample.iter("Population")):
        for dimension in population.iterfind(f"Gate/*//{{{DATATYPES}}}fcs-dimension"):
            reason = lost.get(str(dimension.get(_NAME)))
            if reason:
                _drop(population, reason, where, skipped)
                break


def _drop_gates(node: Any, where: str, skipped: list[Problem]) -> None:
    """Take out gates of kinds that cannot be reproduced, and what is combined from gates that are gone."""
    for population in list(node.iter("Population")):
        shapes = population.findall("Gate/*")
        kinds = [tag_of(shape) for shape in shapes]
        if len(kinds) != 1:
            _drop(population, f"it has {len(kinds)} shapes where one is wanted", where, skipped)
        elif kinds[0] not in _GATES:
            _drop(population, f"gates of the kind {kinds[0]!r} are not supported", where, skipped)
    there: set[str] = set()
    while len(there) != len(list(node.iter(*_POPULATIONS))):  # until nothing more falls
        there = {_path_of(one, node) for one in node.iter(*_POPULATIONS)}
        for combined in list(node.iter("AndNode", "OrNode", "NotNode")):
            names = [dependent.get("name") for dependent in combined.iterfind("Dependents/Dependent")]
            lost = [one for one in names if one not in there]
            if lost or not names:
                _drop(
                    combined,
                    f"it is combined from {lost[0] if lost else 'nothing'!r}, which is missing",
                    where,
                    skipped,
                )
                break


def _path_of(population: Any, node: Any) -> str:
    names = []
    while population is not node and population is not None:
        if tag_of(population) in _POPULATIONS:
            names.append(str(population.get("name")))
        population = population.getparent()
    return "/".join(reversed(names))


def _drop(population: Any, reason: str, where: str, skipped: list[Problem]) -> None:
    parent = population.getparent()
    if parent is None:  # gone already with one above
        return
    under = sum(1 for _ in population.iter(*_POPULATIONS)) - 1
    tail = f", with {under} below it" if under else ""
    skipped.append(Problem(f"{where}: population {population.get('name')!r}", f"{reason}: skipped{tail}"))
    parent.remove(population)


def _parse(root: Any, sample: Any) -> GateTree:
    """Have flowkit read a workspace of this one sample."""
    import flowkit as fk

    document = etree.Element(root.tag, attrib=dict(root.attrib), nsmap=root.nsmap)
    etree.SubElement(document, "Groups")
    etree.SubElement(document, "SampleList").append(deepcopy(sample))
    workspace = fk.Workspace(BytesIO(etree.tostring(document)), fcs_samples=[], load_missing_file_data=True)
    (identity,) = workspace.get_sample_ids(loaded_only=False)
    return tree_of(workspace.get_gating_strategy(identity), identity)


def _parse_what_can_be(
    root: Any, sample: Any, where: str, skipped: list[Problem], error: Exception
) -> GateTree:
    """Find the populations that flowkit refuses by themselves, take them out, and read the rest."""
    for population in list(sample.find("SampleNode").iter("Population")):
        if sample.find("SampleNode") not in population.iterancestors():
            continue  # gone with one above
        alone = deepcopy(sample)
        _keep_only(alone.find("SampleNode"), _path_of(population, sample.find("SampleNode")))
        try:
            _parse(root, alone)
        except Exception as reason:
            _drop(population, str(reason), where, skipped)
    _drop_gates(sample.find("SampleNode"), where, skipped)
    try:
        return _parse(root, sample)
    except Exception:
        skipped.append(Problem(where, f"not understood ({error}): skipped"))
        return GateTree({})


def _keep_only(node: Any, path: str) -> None:
    """Keep one population and those above it."""
    for population in list(node.iter(*_POPULATIONS)):
        if population.getparent() is None or node not in population.iterancestors():
            continue
        own = _path_of(population, node)
        if not (path == own or path.startswith(own + "/")):
            population.getparent().remove(population)
