"""The gates of a tube with what its flags speak of: events that a check counts are marked, gates in doubt framed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bcelldepl.definitions.populations import SINGLETS
from bcelldepl.gating.evidence import Evidence
from bcelldepl.gating.marked_view import mark_events
from bcelldepl.gating.model.alignment import Alignment, posteriors, unexplained_events
from bcelldepl.gating.model.place import natural_points
from bcelldepl.gating.model.study_model import StudyModel
from bcelldepl.gating.populations import GateView, Populations
from bcelldepl.gating.rules.kinds import KindsRule
from bcelldepl.gating.strategy import ALL, Strategy
from bcelldepl.quality.checks import CHECKS, Outcome
from bcelldepl.signal import Signal

__all__ = ["marked_gates"]

_AT_ONCE: Final = 50_000  # events that the model is asked for at a time
_SURE: Final = 0.5  # probability from which an event is of a kind
Events = NDArray[np.bool_]
Say = Callable[[NDArray[np.float32]], Events]


@dataclass(frozen=True)
class _Mark:
    """Events that stand out in one view."""

    population: str
    events: Events
    words: str


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
    asked = _Asked(populations, signal, strategy, model, alignment)
    for outcome in failed:
        for mark in asked.marks(outcome):
            if mark.events.any():
                view = views[mark.population]
                views[mark.population] = mark_events(view, signal.columns, mark.events, mark.words)
    return tuple(views.values())


@dataclass(frozen=True)
class _Asked:
    """What the model takes a tube's events for."""

    populations: Populations
    signal: Signal
    strategy: Strategy
    model: StudyModel
    alignment: Alignment

    def marks(self, outcome: Outcome) -> Iterator[_Mark]:
        """The events that a check speaks of, in each view that shows them."""
        views = {view.population: view for view in self.populations.views}
        rule = next((one for one in self.strategy.populations if one.name == outcome.population), None)
        if outcome.check is CHECKS["unexplained"]:
            view = next((one for one in views.values() if one.parent == SINGLETS), next(iter(views.values())))
            events = self._where(self._members(view.parent), self._unexplained)
            yield _Mark(view.population, events, f"{np.count_nonzero(events):,} like no kind of cell")
        if not isinstance(rule, KindsRule) or rule.name not in views:
            return
        own = self._members(rule.name)
        if outcome.check is CHECKS["other_cells"]:
            events = self._where(own, lambda points: ~self._of(points, rule.kinds))
            yield _Mark(rule.name, events, f"{np.count_nonzero(events):,} look like other cells")
        if outcome.check is CHECKS["missed_cells"]:
            missed = self._where(self._members(ALL) & ~own, lambda points: self._of(points, rule.kinds))
            name = rule.name
            while name in views:  # up to the gate that lost them
                view = views[name]
                lost = missed & self._members(view.parent) & ~self._members(name)
                yield _Mark(name, lost, f"{np.count_nonzero(lost):,} look like {views[rule.name].title}")
                name = view.parent

    def _members(self, population: str) -> Events:
        return self.signal.quality.keep if population == ALL else self.populations.membership[population]

    def _where(self, among: Events, say: Say) -> Events:
        """Events among some, of which a question is answered with yes."""
        found = np.zeros(len(among), dtype=np.bool_)
        index = np.flatnonzero(among)
        for first in range(0, len(index), _AT_ONCE):
            some = index[first : first + _AT_ONCE]
            positions = {marker: self.signal.columns[marker][some] for marker in self.model.markers}
            found[some] = say(natural_points(self.model, positions))
        return found

    def _of(self, points: NDArray[np.float32], kinds: Sequence[str]) -> Events:
        probability = posteriors(self.model, points, self.alignment)
        of_kinds: Events = probability[np.isin(self.model.kinds, list(kinds))].sum(axis=0) >= _SURE
        return of_kinds

    def _unexplained(self, points: NDArray[np.float32]) -> Events:
        return unexplained_events(self.model, points, self.alignment)
