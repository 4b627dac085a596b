"""What the events of a population are, by the study's model: are those inside a gate of the kinds it is drawn for?"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bcelldepl.definitions.populations import SINGLETS
from bcelldepl.gating.model.alignment import Alignment, expected_events
from bcelldepl.gating.model.place import natural_points
from bcelldepl.gating.model.study_model import StudyModel
from bcelldepl.gating.populations import Populations
from bcelldepl.gating.rules.kinds import KindsRule
from bcelldepl.kernels.membership import spaced_events
from bcelldepl.signal import Signal

if TYPE_CHECKING:
    from bcelldepl.gating.strategy import Strategy

__all__ = ["events_by_kind", "with_composition"]

_DOUBLETS = "doublets"  # the kind of two cells at once that pass as one
_MOST = 20_000  # events that are looked at; of more, every so many


def events_by_kind(
    model: StudyModel, alignment: Alignment, signal: Signal, events: NDArray[np.bool_]
) -> dict[str, float]:
    """How many of some events the model takes for each kind.

    Parameters
    ----------
    model : StudyModel
    alignment : Alignment
        Of the tube.
    signal : Signal
        Of the tube, on the model's scales.
    events : ndarray of bool, shape (n_events,)
        Those that are asked about.

    Returns
    -------
    dict of str to float
        Expected number by kind, and of those that no kind explains under ``""``; they add up to how many they are.
    """
    n = int(np.count_nonzero(events))
    if not n:
        return {}
    some = spaced_events(events, -(-n // _MOST))
    points = natural_points(model, signal.take(model.markers, some))
    expected = expected_events(model, points, alignment) * (n / len(some))
    found = {kind: float(expected[own].sum()) for kind, own in model.components_of.items()}
    return {**found, "": max(n - float(expected.sum()), 0.0)}


def with_composition(
    populations: Populations,
    strategy: Strategy,
    model: StudyModel,
    alignment: Alignment,
    signal: Signal,
    only: Collection[str] | None = None,
) -> Populations:
    """Add to each population how many of its events the model takes for the kinds that its gate is drawn for.

    Where they are fewer than the gate holds at the lower end of its interval, the interval reaches down to them. Of the
    events that the gate of singlets leaves out it is added how many are leukocytes: debris has any height.

    Parameters
    ----------
    populations : Populations
        With the membership of every event.
    strategy : Strategy
    model : StudyModel
    alignment : Alignment
        Of the tube.
    signal : Signal
        Of the tube, on the model's scales.
    only : collection of str, optional
        Populations that are looked at, where the others have it added already; default all.

    Returns
    -------
    Populations
    """
    members = dict(populations.members)
    singlets = members.get(SINGLETS) if only is None or SINGLETS in only else None
    if singlets is not None:
        within = populations.membership.get(singlets.parent, signal.quality.keep)
        left_out = within & ~populations.membership[SINGLETS]
        expected = events_by_kind(model, alignment, signal, left_out)
        others = strategy.lineages.no_leukocytes - {_DOUBLETS}
        cells = sum(events for kind, events in expected.items() if kind not in others)
        members[SINGLETS] = replace(singlets, left_out_cells=round(cells, 3))
    for rule in strategy.populations:
        found = members.get(rule.name) if only is None or rule.name in only else None
        if found is None or not rule.report or not isinstance(rule, KindsRule) or not rule.kinds:
            continue
        expected = events_by_kind(model, alignment, signal, populations.membership[rule.name])
        fitting = sum(expected.get(kind, 0.0) for kind in rule.kinds)
        low = min(found.events_low, round(fitting))
        members[rule.name] = replace(found, fitting=round(fitting, 3), events_low=low)
    return replace(populations, members=members)
