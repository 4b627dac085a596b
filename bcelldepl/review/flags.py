"""The events that flags of a tube speak of, found again for its pictures."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from bcelldepl.batch.flagged_events import EventFinder
from bcelldepl.batch.tube import single_events
from bcelldepl.gating.model.alignment import Alignment
from bcelldepl.gating.model.gate_tube import gate_by_model
from bcelldepl.gating.model.study_model import StudyModel
from bcelldepl.quality.model_checks import check_by_model
from bcelldepl.tubes.regate import GatedTube

__all__ = ["Flag", "flags_of"]


@dataclass(frozen=True)
class Flag:
    """A flag whose events can be shown.

    Attributes
    ----------
    sentence : str
        As ``quality_flags`` of ``tubes.csv`` has it.
    population : str
        The gate whose picture shows most of them.
    legend : str
        How many they are, and what.
    events : ndarray of bool, shape (n_events,)
    """

    sentence: str
    population: str
    legend: str
    events: NDArray[np.bool_]


def flags_of(gated: GatedTube, model: StudyModel, alignment: Alignment) -> tuple[Flag, ...]:
    """Hold a tube against the study's model again, as the run did, and keep the events that a failed check counts.

    Parameters
    ----------
    gated : GatedTube
        With the gates that it was counted by.
    model : StudyModel
    alignment : Alignment
        Of the tube.

    Returns
    -------
    tuple of Flag
    """
    signal, strategy = gated.signal, gated.strategy
    populations = gate_by_model(signal, strategy, gated.fits, model, alignment)
    single = single_events(populations, signal.quality)
    finder = EventFinder(populations, signal, strategy, model, alignment)
    flags = []
    for outcome in check_by_model(populations, strategy, model, alignment, single):
        found = [] if outcome.passed else list(finder.flagged(outcome))
        if found:
            events = np.logical_or.reduce([one.events for one in found])
            most = max(found, key=lambda one: np.count_nonzero(one.events))
            flags.append(Flag(outcome.sentence, most.population, replace(most, events=events).legend, events))
    return tuple(flags)
