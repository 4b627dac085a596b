"""Read Gating-ML 2.0, also of the kind that holds other gates for every file."""

from __future__ import annotations

import re
from copy import deepcopy
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

from lxml import etree  # type: ignore[import-untyped]

from bcelldepl.errors import Problem
from bcelldepl.gate_exchange.from_flowkit import tree_of
from bcelldepl.gate_exchange.gate import GateTree
from bcelldepl.gate_exchange.manual import EVERY_FILE, Manual, ManualTube
from bcelldepl.gate_exchange.xml_documents import DATATYPES, GATING, TRANSFORMS, tag_of

__all__ = ["read_gating_ml"]

_ID, _PARENT, _REF = f"{{{GATING}}}id", f"{{{GATING}}}parent_id", f"{{{GATING}}}ref"
_IDENTIFIERS = (_ID, f"{{{TRANSFORMS}}}id")
_REFERENCES = (
    _PARENT,
    _REF,
    *(f"{{{GATING}}}{name}" for name in ("divider_ref", "transformation-ref", "compensation-ref")),
    f"{{{DATATYPES}}}transformation-ref",
)
_PLAIN = re.compile(r"[A-Za-z_][\w.-]*", re.ASCII)
_KINDS = {"RectangleGate", "PolygonGate", "EllipsoidGate", "QuadrantGate", "BooleanGate"}
_FLOREADA = "https://floreada.io/gatingml"


def read_gating_ml(root: Any, path: Path) -> Manual:
    """Read a Gating-ML document.

    Parameters
    ----------
    root : lxml.etree._Element
        From `parse_xml`.
    path : Path
        For messages.

    Returns
    -------
    Manual
        One tube for every file that the custom information of floreada.io names, else one tube of the name
        `EVERY_FILE`.
    """
    gates = {gate.get(_ID): gate for gate in root if tag_of(gate) in _KINDS}
    skipped = [
        Problem(
            f"{path.name}, line {gate.sourceline}", f"elements <{tag_of(gate)}> are not supported: skipped"
        )
        for gate in root
        if tag_of(gate)
        and tag_of(gate) not in {*_KINDS, "transformation", "spectrumMatrix", "custom-info", "custom_info"}
    ]
    shared = [element for element in root if tag_of(element) in ("transformation", "spectrumMatrix")]
    files = root.findall(f".//{{{_FLOREADA}}}fcsfile")
    if not files:
        tree = _read_gates(list(gates.values()), shared, path.name, skipped)
        return Manual(path, "Gating-ML", (ManualTube((EVERY_FILE,), tree=tree),), tuple(skipped))
    tubes = []
    for file in files:
        where = f"{path.name}: {file.get('name')}"
        chosen, names = _own_gates(file, gates, where, skipped)
        if not chosen:
            skipped.append(Problem(where, "no gates were drawn for this file"))
            continue
        tree = _read_gates(chosen, shared, where, skipped, names)
        sha256 = file.get("hash", "") if file.get("hash-type", "").casefold() == "sha256" else ""
        tubes.append(ManualTube((str(file.get("name")),), sha256, tree))
    return Manual(path, "Gating-ML", tuple(tubes), tuple(skipped))


def _own_gates(
    file: Any, gates: dict[str, Any], where: str, skipped: list[Problem]
) -> tuple[list[Any], dict[str, str]]:
    """Copy the gates of one file, each with its parent; and the name of each."""
    chosen: list[Any] = []
    names: dict[str, str] = {}

    def descend(node: Any, parent: str) -> None:
        for child in node.findall(f"{{{_FLOREADA}}}gate"):
            one, name = child.get("id"), child.get("name") or child.get("id")
            if one not in gates:
                skipped.append(
                    Problem(where, f"gate {name!r} is named but not drawn: skipped with those below it")
                )
                continue
            gate = deepcopy(gates[one])
            if parent:
                gate.set(_PARENT, parent)
            chosen.append(gate)
            names[one] = name
            descend(child, one)

    descend(file, "")
    return chosen, names


def _read_gates(
    gates: list[Any],
    shared: list[Any],
    where: str,
    skipped: list[Problem],
    names: dict[str, str] | None = None,
) -> GateTree:
    """Have flowkit read the gates; where it refuses, leave out the gates that it refuses by themselves."""
    left = gates
    try:
        tree = _parse(left, shared)
    except Exception:  # flowkit raises many kinds for a document that it does not understand
        left = _readable(gates, shared, where, skipped)
        tree = _parse(left, shared) if left else GateTree({})
    return _renamed(tree, names or {})


def _readable(gates: list[Any], shared: list[Any], where: str, skipped: list[Problem]) -> list[Any]:
    known: dict[str, Any] = {}
    waiting = list(gates)
    progress = True
    while waiting and progress:
        progress = False
        for gate in list(waiting):
            needs = [gate.get(_PARENT), *(ref.get(_REF) for ref in gate.iter(f"{{{GATING}}}gateReference"))]
            if any(need and need not in known for need in needs):
                continue
            waiting.remove(gate)
            progress = True
            try:
                _parse([*_unique(known.values()), gate], shared)
            except Exception as error:
                skipped.append(Problem(f"{where}: gate {gate.get(_ID)!r}", *_fault(gate, error)))
                continue
            known[gate.get(_ID)] = gate
            known.update({part.get(_ID): gate for part in gate.iter(f"{{{GATING}}}Quadrant")})
    skipped.extend(
        Problem(f"{where}: gate {gate.get(_ID)!r}", "its parent gate is missing: skipped") for gate in waiting
    )
    return _unique(known.values())


def _fault(gate: Any, error: Exception) -> tuple[str, str]:
    """What is wrong with a gate that flowkit refuses, and the remedy."""
    dimensions = gate.iter(f"{{{GATING}}}dimension")
    if any(one.get(f"{{{GATING}}}compensation-ref") is None for one in dimensions):
        what = "it does not say by what its channels are compensated (compensation-ref), nor their scales: skipped"
        return what, "give the workspace that it was exported from"
    return f"not understood ({error}): skipped", ""


def _unique(gates: Any) -> list[Any]:
    return list(dict.fromkeys(gates))


def _parse(gates: list[Any], shared: list[Any]) -> GateTree:
    import flowkit as fk

    document = etree.Element(
        f"{{{GATING}}}Gating-ML", nsmap={"gating": GATING, "transforms": TRANSFORMS, "data-type": DATATYPES}
    )
    document.extend(deepcopy([*shared, *gates]))
    names = _spell_identifiers(document)
    return _renamed(tree_of(fk.parse_gating_xml(BytesIO(etree.tostring(document)))), names)


def _spell_identifiers(document: Any) -> dict[str, str]:
    """Respell identifiers that XML does not allow, which programs write all the same; return the old ones."""
    new: dict[str, str] = {}
    for element in document.iter(etree.Element):
        for key in _IDENTIFIERS:
            name = element.get(key)
            if name is not None and not _PLAIN.fullmatch(name):
                new.setdefault(name, f"identifier-{len(new) + 1}")
    for element in document.iter(etree.Element):
        for key in (*_IDENTIFIERS, *_REFERENCES):
            if element.get(key) in new:
                element.set(key, new[element.get(key)])
    return {spelt: name for name, spelt in new.items()}


def _renamed(tree: GateTree, names: dict[str, str]) -> GateTree:
    """Give gates the names that people see; of two alike under one parent the second keeps its identifier."""
    new: dict[tuple[str, ...], tuple[str, ...]] = {(): ()}
    taken: set[tuple[str, ...]] = set()
    for path in tree.gates:
        parent = new[path[:-1]]
        wanted = (*parent, names.get(path[-1], path[-1]))
        new[path] = wanted if wanted not in taken else (*parent, path[-1])
        taken.add(new[path])
    gates = {
        new[path]: replace(
            gate, path=new[path], operands=tuple((new[one], turned) for one, turned in gate.operands)
        )
        for path, gate in tree.gates.items()
    }
    return GateTree(gates, tree.scales, tree.matrices)
