"""Which events of a sample a population holds, by the model's gates."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bcelldepl.gating.model.alignment import Alignment
from bcelldepl.gating.model.event_sample import EventSample
from bcelldepl.gating.model.gates import gate_in_tube
from bcelldepl.gating.model.study_model import StudyModel
from bcelldepl.gating.regions import inside
from bcelldepl.gating.rules.kinds import KindsRule
from bcelldepl.gating.rules.singlets import SingletRule, SingletShape

if TYPE_CHECKING:
    from bcelldepl.gating.strategy import Strategy

__all__ = ["members_of"]


def members_of(
    model: StudyModel, strategy: Strategy, sample: EventSample, alignment: Alignment, population: str
) -> NDArray[np.bool_]:
    """Gate a sample from the root down to a population.

    Parameters
    ----------
    model : StudyModel
    strategy : Strategy
    sample : EventSample
    alignment : Alignment
        Of the tube.
    population : str

    Returns
    -------
    ndarray of bool, shape (n_events,)
        None of the events where a gate on the way is not known.
    """
    rules = {rule.name: rule for rule in strategy.populations}
    members = np.ones(sample.events, dtype=np.bool_)
    name = population
    while name in rules:
        rule = rules[name]
        region = None
        if isinstance(rule, KindsRule):
            boundary = model.boundaries.get(name)
            if boundary is None:
                return np.zeros(sample.events, dtype=np.bool_)
            region = rule.gate(gate_in_tube(model, boundary, alignment))
        elif isinstance(rule, SingletRule) and model.singlets:
            region = rule.regions(SingletShape(**model.singlets)).gate
        if region is not None:
            positions = {one: model.scales[one].apply(sample.signals[one], 1.0) for one in region.markers}
            members &= inside(region, positions)
        name = rule.parent
    return members
