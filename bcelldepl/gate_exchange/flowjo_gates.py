"""The gates of one FlowJo sample: each population read by itself, so that one that cannot be read costs no other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from bcelldepl.errors import Problem
from bcelldepl.gate_exchange.flowjo_parameters import Parameters
from bcelldepl.gate_exchange.flowjo_shapes import GateError, shape_of
from bcelldepl.gate_exchange.gate import Gate, GateTree, Path, Scale, below, in_order, path_text
from bcelldepl.gate_exchange.manual import ManualCount
from bcelldepl.gate_exchange.xml_documents import tag_of

__all__ = ["FlowJoSample", "read_gates_of_sample"]

_COMBINATIONS: Final = {"AndNode": "and", "OrNode": "or", "NotNode": "not"}
_NO_POPULATIONS: Final = {"Statistic"}


@dataclass(frozen=True)
class FlowJoSample:
    """The gates of a sample, and the counts that FlowJo stored with them.

    Attributes
    ----------
    tree : GateTree
    stated : dict of str to ManualCount
        By path (``A/B/C``), also of populations whose gates cannot be read.
    """

    tree: GateTree
    stated: dict[str, ManualCount]


@dataclass(frozen=True)
class _Node:
    """One population of the document, under a path that no other has."""

    element: Any
    path: Path


def read_gates_of_sample(
    node: Any, parameters: Parameters, where: str, skipped: list[Problem]
) -> FlowJoSample:
    """Read every population of a sample.

    Parameters
    ----------
    node : lxml.etree._Element
        ``<SampleNode>``.
    parameters : Parameters
    where : str
        Of the sample, for messages.
    skipped : list of Problem
        Gets what is left out, with its reason.

    Returns
    -------
    FlowJoSample
        Siblings of one name are numbered, ``B cells #1`` and ``B cells #2``, in the order of the workspace.
    """
    nodes = list(_populations(node, ()))
    paths = [one.path for one in nodes]
    gates: dict[Path, Gate] = {}
    scales: dict[str, Scale] = {}
    faults: dict[Path, str] = {}
    for one in nodes:
        try:
            gate = _gate(one, parameters, paths)
        except GateError as error:
            faults[one.path] = str(error)
            continue
        gates[one.path] = gate
        scales |= {axis.scale: parameters.scales[axis.scale] for axis in gate.axes if axis.scale}
    ordered = _standing(gates, faults)
    for path, reason in faults.items():
        if any(path[:depth] in faults for depth in range(1, len(path))):
            continue  # gone with one above
        under = sum(below(other, path) for other in paths) - 1
        tail = f", with {under} below it" if under else ""
        skipped.append(Problem(f"{where}: population {path_text(path)!r}", f"{reason}: skipped{tail}"))
    stated = {
        path_text(one.path): ManualCount(events=int(count))
        for one in nodes
        if (count := one.element.get("count", "")).isdigit()
    }
    return FlowJoSample(GateTree(ordered, scales, parameters.matrices), stated)


def _populations(node: Any, above: Path) -> Iterator[_Node]:
    children = [
        one
        for one in node.iterfind("Subpopulations/*")
        if one.get("name") is not None and tag_of(one) not in _NO_POPULATIONS
    ]
    for child, name in zip(children, _told_apart([str(one.get("name")) for one in children]), strict=True):
        yield _Node(child, (*above, name))
        yield from _populations(child, (*above, name))


def _told_apart(names: Sequence[str]) -> list[str]:
    """Number siblings that share a name."""
    shared = {name for name, times in Counter(names).items() if times > 1}
    taken = set(names)
    told: list[str] = []
    for name in names:
        number = 1
        while name in shared and f"{name} #{number}" in taken:
            number += 1
        told.append(f"{name} #{number}" if name in shared else name)
        taken.add(told[-1])
    return told


def _standing(gates: dict[Path, Gate], faults: dict[Path, str]) -> dict[Path, Gate]:
    """Keep the gates that all that they stand on is there for; of the others only the first is a fault of its own."""
    kept = {path: gate for path, gate in gates.items() if not any(below(path, lost) for lost in faults)}
    while True:
        lost = {
            path: needed
            for path, gate in kept.items()
            for needed in gate.needs
            if needed not in kept and needed != gate.parent
        }
        if not lost:
            break
        faults |= {
            path: f"it is combined from {path_text(needed)!r}, which is missing"
            for path, needed in lost.items()
        }
        kept = {path: gate for path, gate in kept.items() if not any(below(path, one) for one in lost)}
    ordered, circle = in_order(kept.values())
    tops = [
        gate.path
        for gate in circle
        if not any(gate.path != o.path and below(gate.path, o.path) for o in circle)
    ]
    faults |= dict.fromkeys(tops, "it is combined from gates that refer to one another in a circle")
    return ordered


def _gate(one: _Node, parameters: Parameters, paths: Sequence[Path]) -> Gate:
    tag = tag_of(one.element)
    if tag in _COMBINATIONS:
        return _combined(one, paths)
    if tag != "Population":
        raise GateError(f"populations of the kind {tag!r} are made by a plug-in, not by a gate")
    shapes = [shape for shape in one.element.iterfind("Gate/*") if tag_of(shape)]
    return shape_of(one.path, shapes, parameters)


def _combined(one: _Node, paths: Sequence[Path]) -> Gate:
    names = [str(dependent.get("name")) for dependent in one.element.iterfind("Dependents/Dependent")]
    if not names:
        raise GateError("it is combined from nothing")
    operands = tuple((_meant(name, one.path[:-1], paths), False) for name in names)
    kind = _COMBINATIONS[tag_of(one.element)]
    if kind == "not" and len(operands) != 1:
        raise GateError(f"it is the complement of {len(operands)} populations where one is expected")
    return Gate(one.path, kind, operands=operands)  # type: ignore[arg-type]


def _meant(name: str, parent: Path, paths: Sequence[Path]) -> Path:
    """Find the population that a combination names: by its path, or seen from the combination's own parent."""
    above, rest = parent, name
    while rest.startswith("../"):
        above, rest = above[:-1], rest.removeprefix("../")
    relative = path_text((*above, rest))
    for spelling in (relative,) if rest != name else (name, relative):
        found = next((path for path in paths if path_text(path) == spelling), None)
        if found is not None:
            return found
        if any(path_text(path).startswith(f"{spelling} #") for path in paths):
            raise GateError(f"it is combined from {name!r}, and several populations have this name")
    raise GateError(f"it is combined from {name!r}, which is missing")
