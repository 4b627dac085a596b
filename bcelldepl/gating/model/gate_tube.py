"""Every event of a tube gated, and held against the study's model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from bcelldepl.gating.model.alignment import Alignment
from bcelldepl.gating.model.composition import with_composition
from bcelldepl.gating.model.study_model import StudyModel
from bcelldepl.gating.model.tight_gates import tighter_gates
from bcelldepl.gating.populations import Populations
from bcelldepl.gating.rules.base import Fit
from bcelldepl.gating.tube import apply_gates

if TYPE_CHECKING:
    from bcelldepl.gating.strategy import Strategy
    from bcelldepl.signal import Signal

__all__ = ["automated_gates", "gate_by_model"]


def gate_by_model(
    signal: Signal,
    strategy: Strategy,
    fits: Mapping[str, Fit],
    model: StudyModel | None,
    alignment: Alignment | None,
) -> Populations:
    """Gate every event, and say how many of each population the model takes for the kinds that its gate is drawn for.

    Parameters
    ----------
    signal : Signal
    strategy : Strategy
    fits : mapping of str to Fit
        By population.
    model : StudyModel or None
        None where the strategy learns none.
    alignment : Alignment or None
        Of the tube; None where it lacks a marker of the model.

    Returns
    -------
    Populations
        With the membership of every event.
    """
    populations = apply_gates(signal, strategy, fits, keep_membership=True)
    if model is None or alignment is None:
        return populations
    return with_composition(populations, strategy, model, alignment, signal)


def automated_gates(
    signal: Signal,
    strategy: Strategy,
    fits: Mapping[str, Fit],
    model: StudyModel | None,
    alignment: Alignment | None,
    most_others: float,
) -> tuple[Populations, dict[str, Fit]]:
    """Gate every event by the gates as they were placed, and anew where some are to be drawn tighter.

    Parameters
    ----------
    signal, strategy, fits, model, alignment
        As in `gate_by_model`.
    most_others : float
        As in `tighter_gates`.

    Returns
    -------
    populations : Populations
    tighter : dict of str to Fit
        The gates that were drawn tighter than they were placed, by population.
    """
    populations = gate_by_model(signal, strategy, fits, model, alignment)
    if model is None or alignment is None:
        return populations, {}
    tighter = tighter_gates(populations, strategy, signal, model, alignment, most_others)
    if tighter:
        populations = gate_by_model(signal, strategy, {**fits, **tighter}, model, alignment)
    return populations, tighter
