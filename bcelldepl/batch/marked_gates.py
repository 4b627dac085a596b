"""The gates of a tube with what its flags speak of: events that a check counts are marked, gates in doubt framed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bcelldepl.batch.flagged_events import EventFinder
from bcelldepl.gating.evidence import Evidence
from bcelldepl.gating.marked_view import mark_events
from bcelldepl.gating.model.alignment import Alignment
from bcelldepl.gating.model.study_model import StudyModel
from bcelldepl.gating.populations import GateView, Populations
from bcelldepl.gating.strategy import Strategy
from bcelldepl.quality.checks import Outcome
from bcelldepl.signal import Signal

__all__ = ["marked_gates"]


def marked_gates(
    populations: Populations,
    failed: Sequence[Outcome],
    signal: Signal,
    strategy: Strategy,
    model: StudyModel | None,
    alignment: Alignment | None,
) -> tuple[GateView, ...]:
    """Show in the pictures of a tube's gates what the checks that it failed speak of.

    Parameters
    ----------
    populations : Populations
        With the membership of every event.
    failed : sequence of Outcome
        Checks that did not pass: ``other_cells`` and ``missed_cells`` of a population, ``unexplained`` of the tube;
        others count no events of a gate.
    signal : Signal
    strategy : Strategy
    model : StudyModel or None
    alignment : Alignment or None
        Of the tube.

    Returns
    -------
    tuple of GateView
    """
    views = {view.population: view for view in populations.views}
    doubted = {one.population for one in failed if one.needs_review}
    doubted |= {
        name for name, fit in populations.fits.items() if fit.review and fit.evidence is not Evidence.FAILED
    }
    for name in doubted & set(views):
        views[name] = replace(views[name], in_doubt=True)
    if model is None or alignment is None:
        return tuple(views.values())
    finder = EventFinder(populations, signal, strategy, model, alignment)
    for found in (found for outcome in failed for found in finder.flagged(outcome)):
        view = views[found.population]
        views[found.population] = mark_events(view, signal, found.events, found.legend)
    return tuple(views.values())
