"""Write gates as a FlowJo 10 workspace.

FlowJo keeps gates on the measured scale of signals, one scale per channel for the pictures, and knows neither
ellipsoids that a reader could rely on nor complements inside a combination: the first become polygons, the second
combinations of their own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from lxml import etree  # type: ignore[import-untyped]
from numpy.typing import NDArray

from bcelldepl.fcs.acquisition import Acquisition
from bcelldepl.gate_exchange.flowjo_parameters import COMPENSATED
from bcelldepl.gate_exchange.gate import Axis, Gate, GateTree, Path, path_text
from bcelldepl.gate_exchange.write_flowjo_parameters import (
    matrix_element,
    parameter_name,
    scales_of_channels,
    write_scale,
)
from bcelldepl.gate_exchange.xml_documents import DATATYPES, GATING, TRANSFORMS
from bcelldepl.gating.rules.ellipse import ellipse_edge

__all__ = ["WorkspaceSample", "for_flowjo", "sample_element", "workspace"]

_CORNERS = 180
_NODES = {"and": "AndNode", "or": "OrNode", "not": "NotNode"}


@dataclass(frozen=True)
class WorkspaceSample:
    """One file of a workspace.

    Attributes
    ----------
    name : str
        Path of the FCS file, as FlowJo is to look for it.
    acquisition : Acquisition
    tree : GateTree
        From `for_flowjo`.
    counts : mapping of path to int
        Events of each gate, stored beside it.
    """

    name: str
    acquisition: Acquisition
    tree: GateTree
    counts: Mapping[Path, int]


def for_flowjo(tree: GateTree) -> GateTree:
    """Replace what FlowJo does not hold: ellipsoids by polygons, complements inside combinations by ``not`` gates.

    Parameters
    ----------
    tree : GateTree

    Returns
    -------
    GateTree
    """
    gates: dict[Path, Gate] = {}
    for path, gate in tree.gates.items():
        if gate.kind == "ellipsoid" and gate.centre is not None and gate.covariance is not None:
            # Of the polygons with as many corners, the one of equal area.
            step = 2 * np.pi / _CORNERS
            corners = ellipse_edge(
                gate.centre, gate.covariance, gate.squared_radius * step / np.sin(step), _CORNERS
            )
            gates[path] = replace(gate, kind="polygon", corners=corners)
        elif gate.kind in ("and", "or") and any(turned for _, turned in gate.operands):
            operands = []
            for operand, turned in gate.operands:
                if turned:
                    outside = (*gate.parent, f"not_{operand[-1]}_for_{gate.name}")
                    gates[outside] = Gate(outside, "not", operands=((operand, False),))
                    operand = outside
                operands.append((operand, False))
            gates[path] = replace(gate, operands=tuple(operands))
        else:
            gates[path] = gate
    return replace(tree, gates=gates)


def workspace(samples: Sequence[WorkspaceSample | bytes], group: str) -> bytes:
    """Write a workspace.

    Parameters
    ----------
    samples : sequence of WorkspaceSample or bytes
        What `sample_element` wrote may stand for a sample; their numbers go from 1.
    group : str
        Name of the group that holds them.

    Returns
    -------
    bytes
        The same for the same samples: it bears no date.
    """
    names = {"gating": GATING, "transforms": TRANSFORMS, "data-type": DATATYPES}
    root = etree.Element("Workspace", nsmap=names, version="20.0", flowJoVersion="10.8.1", curGroup=group)
    matrices = etree.SubElement(root, "Matrices")
    groups, listed = etree.SubElement(root, "Groups"), etree.SubElement(root, "SampleList")
    for title in dict.fromkeys(("All Samples", group)):
        node = etree.SubElement(
            groups, "GroupNode", name=title, annotation="", owningGroup=title, expanded="1"
        )
        references = etree.SubElement(etree.SubElement(node, "Group", name=title), "SampleRefs")
        for number in range(1, len(samples) + 1):
            etree.SubElement(references, "SampleRef", sampleID=str(number))
    written: set[bytes] = set()
    for number, sample in enumerate(samples, start=1):
        element = etree.fromstring(sample if isinstance(sample, bytes) else sample_element(sample, number))
        listed.append(element)
        for matrix in element.iterfind(f"{{{TRANSFORMS}}}spilloverMatrix"):
            text = etree.tostring(matrix)
            if text not in written:
                matrices.append(etree.fromstring(text))
                written.add(text)
    document: bytes = etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)
    return document


def sample_element(sample: WorkspaceSample, number: int) -> bytes:
    """Write one sample of a workspace.

    Parameters
    ----------
    sample : WorkspaceSample
    number : int
        Its place in the workspace, from 1.

    Returns
    -------
    bytes
    """
    names = {"gating": GATING, "transforms": TRANSFORMS, "data-type": DATATYPES}
    element = etree.Element("Sample", nsmap=names)
    etree.SubElement(element, "DataSet", uri=sample.name, sampleID=str(number))
    for name, matrix in sample.tree.matrices.items():
        element.append(matrix_element(name, matrix))
    scales = etree.SubElement(element, "Transformations")
    for channel, (scale, compensated) in scales_of_channels(sample.tree).items():
        called = parameter_name(channel)
        for spelt in (called, f"{COMPENSATED}{called}") if compensated else (called,):
            write_scale(scales, spelt, scale)
    keywords = etree.SubElement(element, "Keywords")
    for key, value in sample.acquisition.keywords.items():
        etree.SubElement(keywords, "Keyword", name=_clean(key), value=_clean(value))
    node = etree.SubElement(
        element,
        "SampleNode",
        name=sample.name.rpartition("/")[2],
        annotation="",
        owningGroup="",
        expanded="1",
        sortPriority="10",
        count=str(sample.acquisition.n_events),
        sampleID=str(number),
    )
    _populations(node, (), sample, number)
    written: bytes = etree.tostring(element)
    return written


def _populations(parent_element: Any, parent: Path, sample: WorkspaceSample, number: int) -> None:
    children = [gate for gate in sample.tree.gates.values() if gate.parent == parent]
    if not children:
        return
    group = etree.SubElement(parent_element, "Subpopulations")
    identity = {path: f"ID{number:04d}{i:04d}" for i, path in enumerate(sample.tree.gates, start=1)}
    for gate in children:
        tag = _NODES.get(gate.kind, "Population")
        shared = {"annotation": "", "owningGroup": "", "expanded": "1", "sortPriority": "10"}
        count = str(sample.counts.get(gate.path, -1))
        element = etree.SubElement(group, tag, name=gate.name, count=count, **shared)
        if gate.operands:
            dependents = etree.SubElement(element, "Dependents")
            for path, _ in gate.operands:
                etree.SubElement(dependents, "Dependent", name=path_text(path))
        else:
            frame = etree.SubElement(element, "Gate", {f"{{{GATING}}}id": identity[gate.path]})
            if parent in identity:
                frame.set(f"{{{GATING}}}parent_id", identity[parent])
            _shape(frame, gate, sample.tree, identity)
        _populations(element, gate.path, sample, number)


def _shape(frame: Any, gate: Gate, tree: GateTree, identity: Mapping[Path, str]) -> None:
    tag = "RectangleGate" if gate.kind == "rectangle" else "PolygonGate"
    inside = "0" if gate.complement else "1"
    shape = etree.SubElement(frame, f"{{{GATING}}}{tag}", eventsInside=inside, userDefined="1", tint="#000000",
                             isTinted="0", lineWeight="Normal")  # fmt: skip
    shape.set(f"{{{GATING}}}id", identity[gate.path])
    if gate.kind == "rectangle":
        shape.set("percentX", "0")
        shape.set("percentY", "0")
    else:
        shape.set("quadId", "-1")
        shape.set("gateResolution", "256")
    for axis in gate.axes:
        dimension = etree.SubElement(shape, f"{{{GATING}}}dimension")
        for end, value in (("min", axis.low), ("max", axis.high)):
            if value is not None:
                dimension.set(f"{{{GATING}}}{end}", repr(float(_signal(np.array([value]), axis, tree)[0])))
        named = etree.SubElement(dimension, f"{{{DATATYPES}}}fcs-dimension")
        prefix = COMPENSATED if axis.compensation else ""
        named.set(f"{{{DATATYPES}}}name", f"{prefix}{parameter_name(axis.channel)}")
    if gate.corners is not None and gate.kind != "rectangle":
        sides = [_signal(gate.corners[:, i], axis, tree) for i, axis in enumerate(gate.axes)]
        for corner in zip(*sides, strict=True):
            vertex = etree.SubElement(shape, f"{{{GATING}}}vertex")
            for value in corner:
                point = etree.SubElement(vertex, f"{{{GATING}}}coordinate")
                point.set(f"{{{DATATYPES}}}value", repr(float(value)))


def _signal(values: NDArray[np.float64], axis: Axis, tree: GateTree) -> NDArray[np.float64]:
    """Return positions on an axis to signals."""
    if not axis.scale:
        return values
    scale = tree.scales[axis.scale]
    return np.asarray(
        scale.inverse(np.ascontiguousarray(values, dtype=np.float64)[:, None]), dtype=np.float64
    )[:, 0]


def _clean(text: str) -> str:
    """Leave out characters that XML cannot hold."""
    return "".join(
        c
        for c in text
        if c in "\t\n\r" or (c >= " " and not 0xD800 <= ord(c) < 0xE000 and c not in "\ufffe\uffff")
    )
