"""The events that a failed check of the study's model speaks of, found one by one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bcelldepl.definitions.populations import SINGLETS
from bcelldepl.gating.model.alignment import Alignment, posteriors, unexplained_events
from bcelldepl.gating.model.place import natural_points
from bcelldepl.gating.model.study_model import StudyModel
from bcelldepl.gating.populations import Populations
from bcelldepl.gating.rules.kinds import KindsRule
from bcelldepl.gating.strategy import ALL, Strategy
from bcelldepl.quality.checks import CHECKS, Outcome
from bcelldepl.signal import Signal

__all__ = ["EventFinder", "FlaggedEvents"]

_AT_ONCE: Final = 50_000  # events of which the model is asked for some at a time
_SURE: Final = 0.5  # probability from which an event is of a kind
Events = NDArray[np.bool_]
Say = Callable[[NDArray[np.float32]], Events]


@dataclass(frozen=True)
class FlaggedEvents:
    """Events that a check speaks of, in the picture of one gate.

    Attributes
    ----------
    population : str
        Whose gate shows them.
    events : ndarray of bool, shape (n_events,)
        Some of the events of its parent.
    words : str
        What they are, without their number.
    """

    population: str
    events: Events
    words: str

    @property
    def legend(self) -> str:
        """How many they are, and what."""
        return f"{np.count_nonzero(self.events):,} {self.words}"


@dataclass(frozen=True)
class EventFinder:
    """Asks the study's model what a tube's events are.

    Attributes
    ----------
    populations : Populations
        With the membership of every event.
    signal : Signal
    strategy : Strategy
    model : StudyModel
    alignment : Alignment
        Of the tube.
    """

    populations: Populations
    signal: Signal
    strategy: Strategy
    model: StudyModel
    alignment: Alignment

    def flagged(self, outcome: Outcome) -> Iterator[FlaggedEvents]:
        """Find the events that a failed check speaks of, in each gate whose picture shows some.

        Parameters
        ----------
        outcome : Outcome
            ``other_cells`` or ``missed_cells`` of a population, ``unexplained`` of the tube; others count no events.

        Yields
        ------
        FlaggedEvents
        """
        yield from (found for found in self._of_check(outcome) if found.events.any())

    def _of_check(self, outcome: Outcome) -> Iterator[FlaggedEvents]:
        views = {view.population: view for view in self.populations.views}
        rule = next((one for one in self.strategy.populations if one.name == outcome.population), None)
        if outcome.check is CHECKS["unexplained"]:
            view = next((one for one in views.values() if one.parent == SINGLETS), next(iter(views.values())))
            events = self._where(self._members(view.parent), self._unexplained)
            yield FlaggedEvents(view.population, events, "like no kind of cell")
        if not isinstance(rule, KindsRule) or rule.name not in views:
            return
        own = self._members(rule.name)
        if outcome.check is CHECKS["other_cells"]:
            events = self._where(own, lambda points: ~self._of(points, rule.kinds))
            yield FlaggedEvents(rule.name, events, "look like other cells")
        if outcome.check is CHECKS["missed_cells"]:
            missed = self._where(self._members(ALL) & ~own, lambda points: self._of(points, rule.kinds))
            name = rule.name
            while name in views:  # up to the gate that lost them
                view = views[name]
                lost = missed & self._members(view.parent) & ~self._members(name)
                yield FlaggedEvents(name, lost, f"look like {views[rule.name].title}")
                name = view.parent

    def _members(self, population: str) -> Events:
        return self.signal.quality.keep if population == ALL else self.populations.membership[population]

    def _where(self, among: Events, say: Say) -> Events:
        """Events among some, of which a question is answered with yes."""
        found = np.zeros(len(among), dtype=np.bool_)
        for first in range(0, len(among), _AT_ONCE):
            some = (first + np.flatnonzero(among[first : first + _AT_ONCE])).astype(np.int32)
            if len(some):
                found[some] = say(natural_points(self.model, self.signal.take(self.model.markers, some)))
        return found

    def _of(self, points: NDArray[np.float32], kinds: Sequence[str]) -> Events:
        probability = posteriors(self.model, points, self.alignment)
        of_kinds: Events = probability[np.isin(self.model.kinds, list(kinds))].sum(axis=0) >= _SURE
        return of_kinds

    def _unexplained(self, points: NDArray[np.float32]) -> Events:
        return unexplained_events(self.model, points, self.alignment)
