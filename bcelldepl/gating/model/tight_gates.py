"""Gates of kinds that may be gone from a tube, drawn tighter where part of what they hold is of other kinds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bcelldepl.definitions.reasons import Reason
from bcelldepl.gating.model.alignment import Alignment
from bcelldepl.gating.model.gates import gate_in_tube
from bcelldepl.gating.model.place import natural_points
from bcelldepl.gating.model.rare_kinds import probability_of
from bcelldepl.gating.model.study_model import StudyModel
from bcelldepl.gating.populations import Populations
from bcelldepl.gating.rules.base import Fit
from bcelldepl.gating.rules.kinds import KindsRule, KindsShape
from bcelldepl.kernels.membership import spaced_events
from bcelldepl.signal import Signal

if TYPE_CHECKING:
    from bcelldepl.gating.strategy import Strategy

__all__ = ["clearest_gate", "tighter_gates"]

_OTHERS = 0.1  # of the events in a gate: fewer of other kinds do not move it
_FEWER = 0.5  # events: so many fewer must be on the wrong side of another gate


def tighter_gates(
    populations: Populations,
    strategy: Strategy,
    signal: Signal,
    model: StudyModel,
    alignment: Alignment,
    most_others: float,
) -> dict[str, Fit]:
    """Find the gates that hold nearer to the events that are of their kinds in this tube.

    A gate stands where an event is as likely of its kinds as of the others in a study that has both, and in the two
    markers that part most of these. In a tube whose B cells are gone, the few events that cross it are mostly others,
    such as fragments of cells, and may be parted from B cells in two other markers. Which they are is known from all
    markers at once, with the shares of this tube.

    Parameters
    ----------
    populations : Populations
        By the gates as they were placed: with the membership of every event, and what the study's model takes the
        events for.
    strategy : Strategy
    signal : Signal
        Of the tube, on the model's scales.
    model : StudyModel
    alignment : Alignment
        Of the tube.
    most_others : float
        Events of other kinds; more need review, and the gate stays as it was placed, with them in it.

    Returns
    -------
    dict of str to Fit
        By population, of the gates that are to be drawn where an event is 95 % likely of its kinds, in the markers in
        which the fewest events are on the wrong side. The upper end of their interval is the gate as it was placed.
    """
    tighter = {}
    for rule in strategy.populations:
        found, fit = populations.members.get(rule.name), populations.fits.get(rule.name)
        if not (isinstance(rule, KindsRule) and rule.rare and rule.report) or found is None or fit is None:
            continue
        if found.fitting is None or not isinstance(fit.shape, KindsShape):
            continue
        others = found.events - found.fitting
        if not max(1.0, _OTHERS * found.events) <= others <= most_others:
            continue
        within = populations.membership.get(found.parent, signal.quality.keep)
        events = spaced_events(within, 1)
        columns = signal.take(model.markers, events)
        points = natural_points(model, columns)
        kept = int(np.count_nonzero(signal.quality.keep))
        own = probability_of(model, points, alignment, rule.kinds, kept)
        shapes = _tight_shapes(fit.shape, model, alignment, rule.name)
        chosen = clearest_gate(
            populations.membership[rule.name][events], [rule.holds(one, columns) for one in shapes], own
        )
        if chosen is not None:
            shape = shapes[chosen]
            reason = Reason.DRAWN_TIGHT.format(
                others=round(others), events=found.events, x=shape.x, y=shape.y
            )
            tighter[rule.name] = replace(fit, shape=shape, reason=reason)
    return tighter


def clearest_gate(
    placed: NDArray[np.bool_], gates: Sequence[NDArray[np.bool_]], own: NDArray[np.float64]
) -> int | None:
    """Choose the gate with the fewest events on the wrong side.

    Parameters
    ----------
    placed : ndarray of bool, shape (n_events,)
        Events of the parent that the gate as it was placed holds.
    gates : sequence of ndarray of bool, each of shape (n_events,)
        What other gates hold.
    own : ndarray of float64, shape (n_events,)
        Probability that an event is of the kinds to hold.

    Returns
    -------
    int or None
        Which; None where none is better than the gate as it was placed.
    """

    def wrong(held: NDArray[np.bool_]) -> float:
        return round(float(np.where(held, 1.0 - own, own).sum()), 3)

    if not gates:
        return None
    amiss = [wrong(held) for held in gates]
    best = int(np.argmin(amiss))  # of equals the first: the markers of the gate as it was placed
    return best if amiss[best] <= wrong(placed) - _FEWER else None


def _tight_shapes(
    placed: KindsShape, model: StudyModel, alignment: Alignment, population: str
) -> list[KindsShape]:
    """The inner end of a gate as it was placed, and the tight gates in other markers."""
    shapes = [replace(placed, corners=placed.inner, outer=placed.corners)] if placed.inner else []
    for boundary in model.tight.get(population, ()):
        gate = gate_in_tube(model, boundary, alignment)
        plane = placed.x, placed.y
        shapes.append(replace(gate, inner=gate.corners, outer=placed.corners, outer_plane=plane))
    return shapes
