"""Write gates as Gating-ML 2.0."""

from __future__ import annotations

from io import BytesIO
from typing import Any

from bcelldepl.gate_exchange.gate import Axis, Gate, GateTree

__all__ = ["gating_ml"]


def gating_ml(tree: GateTree) -> bytes:
    """Write a tree of gates.

    Parameters
    ----------
    tree : GateTree
        Names of gates must be unique: they become identifiers.

    Returns
    -------
    bytes
        A document that the schema of Gating-ML 2.0 accepts.
    """
    import flowkit as fk

    strategy = fk.GatingStrategy()
    for name, matrix in tree.matrices.items():
        fluorochromes = list(matrix.fluorochromes or matrix.outputs)
        strategy.add_comp_matrix(name, fk.Matrix(matrix.spectra, list(matrix.detectors), fluorochromes))
    for name in dict.fromkeys(axis.scale for gate in tree.gates.values() for axis in gate.axes if axis.scale):
        strategy.add_transform(name, tree.scales[name])
    for gate in tree.gates.values():
        strategy.add_gate(_flowkit_gate(gate), ("root", *gate.parent))
    out = BytesIO()
    fk.export_gatingml(strategy, out)
    return out.getvalue()


def _flowkit_gate(gate: Gate) -> Any:
    import flowkit as fk

    dimensions = [_dimension(axis) for axis in gate.axes]
    if gate.kind == "rectangle":
        return fk.gates.RectangleGate(gate.name, dimensions)
    if gate.kind == "polygon" and gate.corners is not None:
        return fk.gates.PolygonGate(gate.name, dimensions, gate.corners.tolist())
    if gate.kind == "ellipsoid" and gate.centre is not None and gate.covariance is not None:
        centre, covariance = gate.centre.tolist(), gate.covariance.tolist()
        return fk.gates.EllipsoidGate(gate.name, dimensions, centre, covariance, gate.squared_radius)
    references = [
        {"ref": path[-1], "path": ("root", *path[:-1]), "complement": turned}
        for path, turned in gate.operands
    ]
    return fk.gates.BooleanGate(gate.name, gate.kind, references)


def _dimension(axis: Axis) -> Any:
    import flowkit as fk

    compensation = axis.compensation or "uncompensated"
    return fk.Dimension(
        axis.channel, compensation, axis.scale or None, range_min=axis.low, range_max=axis.high
    )
