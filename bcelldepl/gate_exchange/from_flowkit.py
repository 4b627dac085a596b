"""Between flowkit's gating strategies and trees of gates."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from bcelldepl.gate_exchange.gate import Axis, Gate, GateTree, Matrix, Path, Ratio, in_order

__all__ = ["tree_of"]

_ROOT = "root"


def tree_of(strategy: Any) -> GateTree:
    """Turn a flowkit GatingStrategy into a tree of gates.

    Parameters
    ----------
    strategy : flowkit.GatingStrategy

    Returns
    -------
    GateTree
        A quadrant gate becomes its quadrants, which stand under the gate's parent.

    Raises
    ------
    ValueError
        For a gate of a kind that is not known.
    """
    import flowkit as fk

    waiting: dict[Path, list[Gate]] = {}
    quadrant_home: dict[Path, Path] = {}
    for name, ancestors in strategy.get_gate_ids():
        try:
            gate = strategy.get_gate(name, ancestors)
        except fk.exceptions.QuadrantReferenceError:
            continue
        path = _path((*ancestors, name))
        if isinstance(gate, fk.gates.QuadrantGate):
            for quadrant, made in _quadrants(gate, path).items():
                quadrant_home[(*path, quadrant)] = made.path
                waiting[made.path] = [made]
        else:
            waiting[path] = [_gate(gate, path, strategy)]
    gates = [_moved(gate, quadrant_home) for found in waiting.values() for gate in found]
    scales = {name: one for name, one in strategy.transformations.items() if not _is_ratio(one)}
    ordered, circle = in_order(gates)
    if circle:
        msg = "gates refer to one another in a circle"
        raise ValueError(msg)
    return GateTree(ordered, scales, {k: _matrix(m) for k, m in strategy.comp_matrices.items()})


def _path(names: tuple[str, ...]) -> Path:
    return tuple(names[1:] if names and names[0] == _ROOT else names)


def _gate(gate: Any, path: Path, strategy: Any) -> Gate:
    import flowkit as fk

    if isinstance(gate, fk.gates.BooleanGate):
        operands = tuple(
            (_path((*ref["path"], ref["ref"])), bool(ref["complement"])) for ref in gate.gate_refs
        )
        return Gate(path, gate.type, operands=operands)
    axes = tuple(_axis(dimension, strategy) for dimension in gate.dimensions)
    outside = bool(getattr(gate, "use_complement", False))
    if isinstance(gate, fk.gates.RectangleGate):
        return Gate(path, "rectangle", axes, complement=outside)
    if isinstance(gate, fk.gates.PolygonGate):
        return Gate(
            path, "polygon", axes, corners=np.array(gate.vertices, dtype=np.float64), complement=outside
        )
    if isinstance(gate, fk.gates.EllipsoidGate):
        centre, covariance = np.array(gate.coordinates), np.array(gate.covariance_matrix)
        radius = float(gate.distance_square)
        return Gate(path, "ellipsoid", axes, centre=centre, covariance=covariance, squared_radius=radius)
    msg = f"gates of the kind {type(gate).__name__} are not supported"
    raise ValueError(msg)


def _axis(dimension: Any, strategy: Any) -> Axis:
    compensation = dimension.compensation_ref
    compensation = "" if compensation in (None, "uncompensated") else str(compensation)
    low, high = getattr(dimension, "min", None), getattr(dimension, "max", None)
    scale = dimension.transformation_ref or ""
    name = getattr(dimension, "ratio_ref", None)
    if name is None:
        return Axis(dimension.id, compensation, scale, low, high)
    found = strategy.transformations[name]
    x, y = found.dimensions
    return Axis(
        name, compensation, scale, low, high, Ratio(x, y, found.param_a, found.param_b, found.param_c)
    )


def _quadrants(gate: Any, path: Path) -> dict[str, Gate]:
    dividers = {divider.id: divider for divider in gate.dimensions}
    made = {}
    for name, quadrant in gate.quadrants.items():
        axes = []
        for reference in quadrant.divider_refs:
            divider = dividers[reference]
            low, high = quadrant.get_divider_range(reference)
            compensation = divider.compensation_ref
            compensation = "" if compensation in (None, "uncompensated") else str(compensation)
            axes.append(
                Axis(divider.dimension_ref, compensation, divider.transformation_ref or "", low, high)
            )
        made[name] = Gate((*path[:-1], name), "rectangle", tuple(axes), quadrant=True)
    return made


def _moved(gate: Gate, quadrant_home: dict[Path, Path]) -> Gate:
    """Leave the quadrant gate itself out of every path."""

    def home(path: Path) -> Path:
        for old, new in quadrant_home.items():
            if path[: len(old)] == old:
                return (*new, *path[len(old) :])
        return path

    operands = tuple((home(path), turned) for path, turned in gate.operands)
    return replace(gate, path=home(gate.path), operands=operands)


def _matrix(matrix: Any) -> Matrix:
    detectors = tuple(matrix.detectors)
    outputs = tuple(getattr(matrix, "true_detectors", detectors))
    other = tuple(getattr(matrix, "fluorochromes", ()) or ())
    return Matrix(
        outputs, detectors, np.asarray(matrix.matrix, dtype=np.float64), other if any(other) else ()
    )


def _is_ratio(transform: Any) -> bool:
    import flowkit as fk

    return isinstance(transform, fk.transforms.RatioTransform)
