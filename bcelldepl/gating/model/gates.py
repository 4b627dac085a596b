"""The gates of a strategy drawn by the model, and where one tube has them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bcelldepl.definitions.markers import SCATTER
from bcelldepl.gating.model.alignment import Alignment
from bcelldepl.gating.model.boundaries import clearest_plane, draw_boundary, draw_tight, holds
from bcelldepl.gating.model.lineages import Lineages
from bcelldepl.gating.model.study_model import Boundary, Corners, StudyModel
from bcelldepl.gating.rules.kinds import KindsRule, KindsShape
from bcelldepl.runtime.threads import in_threads

if TYPE_CHECKING:
    from bcelldepl.gating.strategy import Strategy

__all__ = ["draw_gates", "gate_in_tube"]

_RARE = 5e-4  # of all events: a tube of 100,000 that holds 50
_TOLD_LATER = 50.0  # times as many events may pass of kinds that later gates tell
_LEAST = 1e-6  # of all events, that a kind is reckoned with even where hardly one reaches a gate
_EVERYWHERE: Corners = ((-40.0, -40.0), (40.0, -40.0), (40.0, 40.0), (-40.0, 40.0))


def draw_gates(
    model: StudyModel,
    strategy: Strategy,
    points: NDArray[np.float32],
    clusters: NDArray[np.int32],
    kinds: Sequence[str],
    worth: NDArray[np.float64],
) -> tuple[dict[str, Boundary], dict[str, tuple[Boundary, ...]]]:
    """Draw the gates of a strategy, each for what the gates before it let through.

    Parameters
    ----------
    model : StudyModel
    strategy : Strategy
    points : ndarray of float32, shape (n_events, k)
        Of the sample, in natural units.
    clusters : ndarray of int32, shape (n_events,)
    kinds : sequence of str
        By cluster.
    worth : ndarray of float64, shape (n_events,)
        How many events each stands for.

    Returns
    -------
    boundaries : dict of str to Boundary
        By population; one whose kinds the study does not have is left out.
    tight : dict of str to tuple of Boundary
        As in `StudyModel`.
    """
    kind = np.array([name or "unknown" for name in kinds])[clusters]
    members = {"all": np.ones(len(points), dtype=np.bool_)}
    drawn: dict[str, Boundary] = {}
    tight: dict[str, tuple[Boundary, ...]] = {}
    for rule in strategy.populations:
        reached = members[rule.parent]
        members[rule.name] = reached
        if not isinstance(rule, KindsRule):
            continue
        told = reached & ~np.isin(kind, rule.either_way)
        here = _Reached(points[told], kind[told], worth[told], float(worth.sum()))
        boundary, in_all_planes = _draw(model, rule, strategy.lineages, here)
        if boundary is None:
            continue
        drawn[rule.name] = boundary
        if in_all_planes:
            tight[rule.name] = in_all_planes
        x, y = (points[:, model.markers.index(marker)] for marker in (boundary.x, boundary.y))
        members[rule.name] = reached & holds(boundary.gate, x, y)
    return drawn, tight


@dataclass(frozen=True)
class _Reached:
    """Events of the sample that a gate tells apart, and how many events the whole sample stands for."""

    points: NDArray[np.float32]
    kind: NDArray[np.str_]
    worth: NDArray[np.float64]
    total: float

    def share(self, kind: str) -> float:
        """Of all events, those of a kind that reach the gate; a few even where none does."""
        return max(float(self.worth[self.kind == kind].sum()) / self.total, _LEAST)


def _draw(
    model: StudyModel, rule: KindsRule, lineages: Lineages, reached: _Reached
) -> tuple[Boundary | None, tuple[Boundary, ...]]:
    present = sorted(set(model.kinds.tolist()) - {*rule.either_way})
    asked = rule.kinds or rule.without
    chosen = [name for name in present if name in asked]
    others = [name for name in present if name not in asked]
    plane = (rule.x, rule.y) if rule.x in model.markers and rule.y in model.markers else None
    if not chosen:
        if rule.kinds:
            return None, ()
        x, y = plane or model.markers[:2]
        return Boundary(x, y, _EVERYWHERE, _EVERYWHERE, _EVERYWHERE), ()
    kept, left_out = (chosen, others) if rule.kinds else (others, chosen)
    weights = {name: reached.share(name) for name in present}
    if rule.rare:
        weights |= {name: (weights[name] * _RARE) ** 0.5 for name in kept}
    weights |= {name: weights[name] * rule.favour for name in kept}
    weights |= {name: weights[name] / _TOLD_LATER for name in left_out if name in rule.told_later}
    # What kinds that are held together differ in does not tell them from the others.
    differ = {m for row in lineages.kinds if {row.name, row.like} <= set(chosen) for m in row.but}
    telling = [
        marker
        for marker in model.markers
        if (marker in SCATTER or marker in lineages.markers) and marker not in differ
    ]
    if plane is None or rule.unless_clearer:
        is_kept = np.isin(reached.kind, kept)
        # Of a rare kind, every event that crosses its gate counts.
        plane = clearest_plane(
            model,
            telling,
            kept,
            weights,
            reached.points,
            is_kept,
            reached.worth,
            first_of_clear=not rule.rare,
            preferred=plane,
        )
    boundary = draw_boundary(model, plane, kept, left_out, closed=bool(rule.kinds), weights=weights)
    if not (rule.rare and rule.report and rule.kinds):
        return boundary, ()
    return boundary, _in_all_planes(model, telling, kept, left_out, weights)


def _in_all_planes(
    model: StudyModel,
    markers: Sequence[str],
    kept: Sequence[str],
    left_out: Sequence[str],
    weights: Mapping[str, float],
) -> tuple[Boundary, ...]:
    """Tight gates for tubes in which other cells reach the gate: as many of these as of its kinds."""
    own, others = sum(weights[name] for name in kept), sum(weights[name] for name in left_out)
    of_half = {**weights, **{name: weights[name] * min(1.0, others / own) for name in kept}}
    planes = list(combinations(markers, 2))
    drawn = in_threads(lambda plane: draw_tight(model, plane, kept, left_out, of_half), planes)
    return tuple(Boundary(*plane, gate, (), ()) for plane, gate in zip(planes, drawn, strict=True) if gate)


def gate_in_tube(model: StudyModel, boundary: Boundary, alignment: Alignment) -> KindsShape:
    """Move a gate as far as a tube's signals are shifted, and put it on the axes' positions."""
    parts = boundary.gate, boundary.inner, boundary.outer
    corners = np.array([corner for part in parts for corner in part], dtype=np.float64).reshape(-1, 2)
    for column, marker in enumerate((boundary.x, boundary.y)):
        axis, natural = model.markers.index(marker), corners[:, column]
        natural += alignment.shift[axis] * model.level_of(marker, natural)
        natural /= model.units[axis]
    moved = [(x, y) for x, y in np.round(corners, 6).tolist()]
    first, second = len(parts[0]), len(parts[0]) + len(parts[1])
    gate, inner, outer = tuple(moved[:first]), tuple(moved[first:second]), tuple(moved[second:])
    return KindsShape(boundary.x, boundary.y, gate, inner, outer)
