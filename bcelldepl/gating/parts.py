"""Gates applied to a tube part by part: what a gate holds of each part is added up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from bcelldepl.gating.events import Events
from bcelldepl.gating.evidence import Evidence
from bcelldepl.gating.membership import Membership
from bcelldepl.gating.rules.base import Applied, Fit, Outline, Picture, Rule, draw_plane
from bcelldepl.gating.strategy import ALL
from bcelldepl.kernels.selection import select
from bcelldepl.runtime.threads import in_threads
from bcelldepl.signal import Signal

__all__ = ["GatedPart", "TubePart", "gate_by_parts", "kept_events"]

_PART = 131_072  # events that are gated at a time


@dataclass
class GatedPart:
    """What a gate holds of a part of a tube, or of several.

    Attributes
    ----------
    parent_events, events : int
        Events of the parent, and of these inside.
    at_one_end, at_other_end : int
        Events with the gate at the two ends of its interval.
    outline : Outline
    picture : Picture
    """

    parent_events: int
    events: int
    at_one_end: int
    at_other_end: int
    outline: Outline
    picture: Picture

    def add(self, other: GatedPart) -> None:
        """Add what it holds of another part: sums of whole numbers, the same in any order of the parts."""
        self.parent_events += other.parent_events
        self.events += other.events
        self.at_one_end += other.at_one_end
        self.at_other_end += other.at_other_end
        self.picture.add(other.picture)


@dataclass
class TubePart:
    """A part of a tube, or all of it, while it is gated.

    Attributes
    ----------
    signal : Signal
        Of its events.
    members : dict of str to ndarray of int32
        Numbers of the events of each population that was gated.
    last : (str, Events) or None
        The population that was looked at last, and what was gathered of it.
    """

    signal: Signal
    members: dict[str, NDArray[np.int32]]
    last: tuple[str, Events] | None = None

    def columns(self, rule: Rule, population: str) -> Events:
        """Signals of a population's events, and its uses as columns of 0 and 1 for boolean rules."""
        index = self.members[population]
        if not rule.uses or rule.markers:
            # Gates in one parent follow each other: what one has gathered serves the next.
            if self.last is None or self.last[0] != population:
                self.last = population, Events(self.signal, index)
            return self.last[1]
        uses = {}
        for name in rule.uses:
            uses[name] = self.belongs(name)[index].astype(np.float32)
        return Events(self.signal, index, uses)

    def belongs(self, population: str) -> NDArray[np.bool_]:
        """Tell of every event whether a population holds it."""
        belongs = np.zeros(self.signal.n_events, dtype=np.bool_)
        belongs[self.members[population]] = True
        return belongs

    def hold(self, population: str, index: NDArray[np.int32], inside: NDArray[np.bool_]) -> None:
        """Note the events of a population, which are some of its parent's."""
        held = np.empty(len(index) + 1, dtype=np.int32)
        events = select(index, inside, held)
        self.members[population] = held[:events].copy()  # not with the room for all of its parent's

    def apply(self, rule: Rule, parent: str, fit: Fit) -> tuple[GatedPart, Fit]:
        """Apply a gate, settled where it was not yet."""
        columns = self.columns(rule, parent)
        if fit.evidence is Evidence.FAILED:
            shape, applied = None, Applied(np.zeros(len(self.members[parent]), dtype=np.bool_), (0, 0))
        else:
            columns.gather(rule.settled_by(fit.shape))
            fit = rule.settle(fit, columns)
            shape, applied = fit.shape, rule.apply(fit.shape, columns)
        self.hold(rule.name, self.members[parent], applied.inside)
        outline = rule.outline(shape, columns)
        picture = draw_plane(outline, columns, applied.inside)
        events = len(self.members[rule.name])
        return GatedPart(len(applied.inside), events, *applied.at_ends, outline, picture), fit


def kept_events(signal: Signal) -> NDArray[np.int32]:
    """Numbers of the events that the quality mask kept.

    Parameters
    ----------
    signal : Signal

    Returns
    -------
    ndarray of int32
    """
    return np.flatnonzero(signal.quality.keep).astype(np.int32)


def gate_by_parts(
    signal: Signal, rules: Sequence[tuple[Rule, str]], fits: Mapping[str, Fit], membership: Membership
) -> dict[str, GatedPart]:
    """Apply gates part by part of the events, so that no more of them are in memory than these.

    Parameters
    ----------
    signal : Signal
        Of the tube.
    rules : sequence of (Rule, str)
        Each with its parent, parents first.
    fits : mapping of str to Fit
        By population; settled.
    membership : Membership
        Added to.

    Returns
    -------
    dict of str to GatedPart
        Of the whole tube, by population.
    """
    gated: dict[str, GatedPart] = {}
    counting = Lock()

    def gate(first: int) -> None:
        part = signal.part(first, min(first + _PART, signal.n_events))
        tube = TubePart(part, {ALL: kept_events(part)})
        for rule, parent in rules:
            name = rule.name
            found, _ = tube.apply(rule, parent, fits[name])
            membership.add(name, tube.members[name], first)
            with counting:
                if gated.setdefault(name, found) is not found:
                    gated[name].add(found)

    in_threads(gate, range(0, max(signal.n_events, 1), _PART))
    return gated
