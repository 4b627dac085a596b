"""Automated gates as gates that other programs know."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from bcelldepl.definitions.markers import SCATTER, TIME
from bcelldepl.gate_exchange.evaluate import Channels, scaled
from bcelldepl.gate_exchange.gate import Axis, Gate, GateTree, Matrix, Path
from bcelldepl.gate_exchange.quality_gates import quality_gates
from bcelldepl.gate_exchange.scales import scale_of
from bcelldepl.gating.evidence import Evidence
from bcelldepl.gating.rules.base import Rule
from bcelldepl.gating.rules.boolean import BooleanRule
from bcelldepl.gating.rules.ellipse import EllipseRule
from bcelldepl.gating.rules.kinds import KindsRule
from bcelldepl.gating.rules.marker_cut import MarkerGate
from bcelldepl.gating.rules.polygon import PolygonRule
from bcelldepl.gating.rules.singlets import SingletRule
from bcelldepl.gating.strategy import ALL
from bcelldepl.signal.transform import transform_of
from bcelldepl.tubes.regate import GatedTube

__all__ = ["MATRIX", "PortableGates", "matrices_of", "portable_gates"]

MATRIX = "compensation"  # name of the matrix in what is written
_NARROW = 1e-6  # a cut nearer than this to an event is moved between its neighbours


@dataclass
class PortableGates:
    """Gates ready to be written.

    Attributes
    ----------
    tree : GateTree
    paths : dict of str to path
        Where each population of the strategy went; ``"all"`` too.
    notes : dict of str to str
        What a format cannot hold of a population, and what stands in.
    """

    tree: GateTree
    paths: dict[str, Path]
    notes: dict[str, str] = field(default_factory=dict)


def portable_gates(tube: GatedTube) -> PortableGates:
    """Turn the gates of a tube into shapes that Gating-ML and FlowJo hold.

    Parameters
    ----------
    tube : GatedTube

    Returns
    -------
    PortableGates
        Cuts become rectangles whose edges lie between two events, so that no rounding moves an event across; singlets,
        polygons and gates of the study's model become polygons, ellipses ellipsoids and combinations combinations. A
        failed gate becomes one that holds nothing.
    """
    return _Translation(tube).all_gates()


def matrices_of(tube: GatedTube) -> dict[str, Matrix]:
    """Return the matrix that a tube was compensated with, by its name; none where it changes nothing.

    Parameters
    ----------
    tube : GatedTube

    Returns
    -------
    dict of str to Matrix
    """
    own = tube.spillover
    if own is None or np.array_equal(own.matrix, np.eye(len(own.channels))):
        return {}
    return {MATRIX: Matrix(own.channels, own.channels, own.matrix)}


class _Translation:
    def __init__(self, tube: GatedTube) -> None:
        self.tube = tube
        transforms = tube.strategy.all_transforms
        scales = {
            _plain(f"{marker}_{transform_of(marker, transforms).kind}"): scale_of(tube, marker)
            for marker in tube.panel
            if marker != TIME
        }
        self.scale_names = {
            m: name for m in tube.panel for name in scales if name.startswith(_plain(f"{m}_"))
        }
        matrices = matrices_of(tube)
        self.tree = GateTree({}, scales, matrices)
        self.channels = Channels(tube.acquisition, matrices)
        self.done = PortableGates(self.tree, {ALL: ()})
        self.members = tube.membership

    def all_gates(self) -> PortableGates:
        for gate in quality_gates(self.tube, self.channels):
            self.tree.gates[gate.path] = gate
            self.done.paths[ALL] = gate.path
        for rule, parent in self.tube.strategy.rules_for(self.tube.signal.columns):
            path = (*self.done.paths[parent], rule.name)
            for gate in self._gates(rule, path, self.members[parent]):
                self.tree.gates[gate.path] = gate
            self.done.paths[rule.name] = path
        return self.done

    def _gates(self, rule: Rule, path: Path, parent: NDArray[np.bool_]) -> list[Gate]:
        fit = self.tube.fits[rule.name]
        columns = self.tube.signal.columns
        if isinstance(rule, BooleanRule):
            return self._combined(rule, path)
        if fit.evidence is Evidence.FAILED or fit.shape is None:
            self.done.notes[rule.name] = "no gate was found: written as an empty gate"
            return [Gate(path, "rectangle", (self._axis(self._any_marker(rule), 0.0, 0.0),))]
        if isinstance(rule, MarkerGate):
            return [self._cut(rule, path, parent)]
        if isinstance(rule, EllipseRule):
            axes = (self._axis(rule.x), self._axis(rule.y))
            shape = fit.shape
            centre, covariance = np.array(shape.centre), np.array(shape.covariance)
            return [
                Gate(
                    path,
                    "ellipsoid",
                    axes,
                    centre=centre,
                    covariance=covariance,
                    squared_radius=shape.squared_radius,
                )
            ]
        if isinstance(rule, PolygonRule):
            return [self._polygon(path, rule.x, rule.y, np.array(fit.shape.vertices))]
        if isinstance(rule, KindsRule):
            return [self._polygon(path, fit.shape.x, fit.shape.y, np.array(fit.shape.corners))]
        if isinstance(rule, SingletRule):
            area = columns[rule.area][parent]
            ends = (area.min() - 0.1, area.max() + 0.1) if area.size else (-1.0, 1.1)
            corners = rule.corners(fit.shape, *ends)
            return [self._polygon(path, rule.area, rule.height, corners)]
        msg = f"{type(rule).__name__} cannot be written for other programs"
        raise TypeError(msg)

    def _any_marker(self, rule: Rule) -> str:
        """A marker of the tube, the rule's own first."""
        candidates = (*rule.markers, *self.tube.panel)
        return next(marker for marker in candidates if marker in self.tube.panel and marker != TIME)

    def _axis(self, marker: str, low: float | None = None, high: float | None = None) -> Axis:
        channel = self.tube.panel[marker]
        matrix = self.tree.matrices.get(MATRIX)
        stained = marker not in SCATTER and matrix is not None and channel in matrix.outputs
        return Axis(channel, MATRIX if stained else "", self.scale_names.get(marker, ""), low, high)

    def _polygon(self, path: Path, x: str, y: str, corners: NDArray[np.float64]) -> Gate:
        return Gate(path, "polygon", (self._axis(x), self._axis(y)), corners=corners)

    def _cut(self, rule: MarkerGate, path: Path, parent: NDArray[np.bool_]) -> Gate:
        """Put the edge between the last event outside and the first inside."""
        axis = self._axis(rule.marker)
        values = scaled(axis, self.tree, self.channels, np.flatnonzero(parent))
        chosen = self.members[rule.name][parent]
        position = float(self.tube.fits[rule.name].shape.position)
        under, over = (
            (values[~chosen], values[chosen]) if rule.side == "above" else (values[chosen], values[~chosen])
        )
        last = float(np.max(under, initial=-np.inf, where=np.isfinite(under)))
        first = float(np.min(over, initial=np.inf, where=np.isfinite(over)))
        if np.isfinite(last) and np.isfinite(first) and min(position - last, first - position) < _NARROW:
            position = 0.5 * (last + first)
        if rule.side == "above":
            return Gate(path, "rectangle", (self._axis(rule.marker, low=position),))
        return Gate(path, "rectangle", (self._axis(rule.marker, high=position),))

    def _combined(self, rule: BooleanRule, path: Path) -> list[Gate]:
        paths = self.done.paths
        operands = [(paths[name], False) for name in rule.all_of] + [
            (paths[name], True) for name in rule.none_of
        ]
        made: list[Gate] = []
        if rule.any_of:
            either = tuple((paths[name], False) for name in rule.any_of)
            if not operands:
                return [Gate(path, "or", operands=either if len(either) > 1 else either * 2)]
            helper = (*path[:-1], f"{rule.name}_any")
            made.append(Gate(helper, "or", operands=either if len(either) > 1 else either * 2))
            operands.append((helper, False))
        if len(operands) == 1 and operands[0][1]:
            return [Gate(path, "not", operands=((operands[0][0], False),))]
        if len(operands) == 1:
            operands = operands * 2  # the standard wants two
        return [*made, Gate(path, "and", operands=tuple(operands))]


def _plain(text: str) -> str:
    """Spell a name as XML allows for identifiers."""
    return re.sub(r"[^A-Za-z0-9_.-]", "_", text if text[:1].isalpha() else f"s{text}")
