"""Gating one tube: first to see what it shows, then, with reconciled gates, to count."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from bcelldepl.gating.events import Events
from bcelldepl.gating.evidence import Evidence, weakest
from bcelldepl.gating.membership import Membership
from bcelldepl.gating.populations import GateView, Population, Populations
from bcelldepl.gating.rules.base import Applied, Fit, Outline, Picture, Rule, draw_plane
from bcelldepl.gating.rules.boolean import BooleanRule
from bcelldepl.gating.strategy import ALL, Strategy
from bcelldepl.kernels.selection import select
from bcelldepl.runtime.threads import in_threads
from bcelldepl.signal import Signal

__all__ = ["add_population", "apply_gates", "fit_gates", "membership_by", "with_wholes"]

ALL_EVENTS = "all events"  # as reports call them
_PART = 131_072  # events that are gated at a time


@dataclass
class _Tube:
    """Memberships of one tube, or of a part of it, while it is gated."""

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

    def apply(self, rule: Rule, parent: str, fit: Fit) -> tuple[_Gated, Fit]:
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
        return _Gated(len(applied.inside), events, *applied.at_ends, outline, picture), fit


@dataclass
class _Gated:
    """What a gate holds of a tube, or of parts of it."""

    parent_events: int
    events: int
    at_one_end: int
    at_other_end: int
    outline: Outline
    picture: Picture

    def add(self, other: _Gated) -> None:
        """Add what it holds of another part: sums of whole numbers, the same in any order of the parts."""
        self.parent_events += other.parent_events
        self.events += other.events
        self.at_one_end += other.at_one_end
        self.at_other_end += other.at_other_end
        self.picture.add(other.picture)


def _kept(signal: Signal) -> NDArray[np.int32]:
    return np.flatnonzero(signal.quality.keep).astype(np.int32)


def _walk(signal: Signal, strategy: Strategy) -> Iterator[tuple[_Tube, Rule, str]]:
    tube = _Tube(signal, {ALL: _kept(signal)})
    for rule, parent in strategy.rules_for(signal.columns):
        yield tube, rule, parent


def fit_gates(signal: Signal, strategy: Strategy) -> dict[str, Fit]:
    """First pass: let each gate look for evidence in this tube alone.

    Parameters
    ----------
    signal : Signal
    strategy : Strategy

    Returns
    -------
    dict of str to Fit
        By population. Where a gate finds none, its strategy's fixed gate stands in so that its children can be
        fitted; without one its children see no events.
    """
    fits: dict[str, Fit] = {}
    rules = strategy.rules_for(signal.columns)
    looked_into = {name for rule, parent in rules for name in (parent, *rule.uses)}
    for tube, rule, parent in _walk(signal, strategy):
        columns = tube.columns(rule, parent)
        references = {name: tube.columns(rule, name) for name in rule.uses} if rule.markers else {}
        fit = rule.fit(columns, references)
        fits[rule.name] = fit
        if rule.name not in looked_into:
            continue  # nothing is looked for in it: its members are found when they are counted
        stand_in = fit if fit.evidence is not Evidence.FAILED else rule.fallback(fit)
        index = tube.members[parent]
        inside = rule.holds(stand_in.shape, columns) if stand_in else np.zeros(len(index), dtype=np.bool_)
        tube.hold(rule.name, index, inside)
    return fits


def apply_gates(
    signal: Signal, strategy: Strategy, fits: Mapping[str, Fit], *, keep_membership: bool = False
) -> Populations:
    """Last pass: count with the reconciled gates.

    Parameters
    ----------
    signal : Signal
    strategy : Strategy
    fits : mapping of str to Fit
        By population, reconciled.
    keep_membership : bool
        Whether to return the membership of every event.

    Returns
    -------
    Populations
        A failed gate holds no event, and its population and children say so in their evidence.
    """
    rules = strategy.rules_for(signal.columns)
    names = [rule.name for rule, _ in rules]
    membership = Membership(names, signal.n_events)
    gated = _gate_by_parts(signal, _settled(rules, fits), fits, membership)
    settled = {name: fits[name] for name in gated}
    for rule, parent in rules:
        if rule.name not in gated:  # settled by all events of its parent, or in one that is
            among = (parent, *rule.uses)
            tube = _Tube(
                signal, {one: _kept(signal) if one == ALL else membership.events(one) for one in among}
            )
            gated[rule.name], settled[rule.name] = tube.apply(rule, parent, fits[rule.name])
            membership.add(rule.name, tube.members[rule.name])
    middle = _middle(signal.quality.keep)
    members: dict[str, Population] = {}
    views: list[GateView] = []
    titles = {ALL: ALL_EVENTS}
    for rule, parent in rules:
        name, found = rule.name, gated[rule.name]
        fit = settled[name] = rule.standing(settled[name], found.events)
        ends = found.at_one_end, found.at_other_end
        add_population(members, rule, parent, fit, found.parent_events, found.events, ends)
        members[name] = replace(members[name], early=membership.count(name, middle))
        titles[name] = rule.title(signal.columns)
        views.append(_view(rule, parent, fit, found, signal, titles))
    members = with_wholes(members, strategy.populations)
    return Populations(members, tuple(views), membership if keep_membership else {}, settled)


def _settled(rules: Sequence[tuple[Rule, str]], fits: Mapping[str, Fit]) -> list[tuple[Rule, str]]:
    """Rules whose gates stand before any event is seen, in populations of which the same is true."""
    known: list[tuple[Rule, str]] = []
    waiting: set[str] = set()
    for rule, parent in rules:
        fit = fits[rule.name]
        unsettled = fit.evidence is not Evidence.FAILED and rule.settled_by(fit.shape)
        if unsettled or waiting.intersection((parent, *rule.uses)):
            waiting.add(rule.name)
        else:
            known.append((rule, parent))
    return known


def _gate_by_parts(
    signal: Signal, rules: Sequence[tuple[Rule, str]], fits: Mapping[str, Fit], membership: Membership
) -> dict[str, _Gated]:
    """Apply gates part by part of the events, so that no more of them are in memory than these."""

    gated: dict[str, _Gated] = {}
    counting = Lock()

    def gate(first: int) -> None:
        part = signal.part(first, min(first + _PART, signal.n_events))
        tube = _Tube(part, {ALL: _kept(part)})
        for rule, parent in rules:
            name = rule.name
            found, _ = tube.apply(rule, parent, fits[name])
            membership.add(name, tube.members[name], first)
            with counting:
                if gated.setdefault(name, found) is not found:
                    gated[name].add(found)

    in_threads(gate, range(0, max(signal.n_events, 1), _PART))
    return gated


def _middle(keep: NDArray[np.bool_]) -> int:
    """The event before which half of those that are gated came."""
    before = np.cumsum(
        [np.count_nonzero(keep[first : first + _PART]) for first in range(0, len(keep), _PART)]
    )
    if not len(before) or not before[-1]:
        return 0
    half = int(before[-1]) // 2
    part = int(np.searchsorted(before, half, side="right"))
    return part * _PART + int(
        np.flatnonzero(keep[part * _PART :][:_PART])[half - (int(before[part - 1]) if part else 0)]
    )


def _view(
    rule: Rule, parent: str, fit: Fit, found: _Gated, signal: Signal, titles: Mapping[str, str]
) -> GateView:
    outline, picture = found.outline, found.picture
    return GateView(
        population=rule.name,
        parent=parent,
        x_label=outline.x,
        y_label=outline.y,
        x_limits=picture.x_limits,
        y_limits=picture.y_limits,
        histogram=picture.histogram,
        inside=picture.inside,
        outlines=outline.outlines,
        cuts=outline.cuts,
        cut_interval=outline.cut_interval,
        events=found.events,
        parent_events=found.parent_events,
        evidence=fit.evidence,
        reason=fit.reason,
        label=titles[rule.name],
        parent_label=titles[parent],
        x_axis=signal.axes.get(outline.x),
        y_axis=signal.axes.get(outline.y),
    )


def membership_by(
    signal: Signal, strategy: Strategy, fits: Mapping[str, Fit]
) -> dict[str, NDArray[np.bool_]]:
    """Which events each population holds by gates as they stand: they are settled already, and nothing is counted.

    Parameters
    ----------
    signal : Signal
    strategy : Strategy
    fits : mapping of str to Fit
        By population, as they were applied.

    Returns
    -------
    dict of str to ndarray of bool, shape (n_events,)
        By population; ``"all"`` are the events that the quality mask kept. A failed gate holds none.
    """
    membership = {ALL: signal.quality.keep}
    for tube, rule, parent in _walk(signal, strategy):
        fit, index = fits[rule.name], tube.members[parent]
        if fit.evidence is Evidence.FAILED:
            inside = np.zeros(len(index), dtype=np.bool_)
        else:
            inside = rule.holds(fit.shape, tube.columns(rule, parent))
        tube.hold(rule.name, index, inside)
        membership[rule.name] = tube.belongs(rule.name)
    return membership


def add_population(
    members: dict[str, Population],
    rule: Rule,
    parent: str,
    fit: Fit,
    parent_events: int,
    events: int,
    ends: tuple[int, int],
) -> None:
    """Add a counted population to those gated before it, with the evidence and the reason that it inherits.

    Parameters
    ----------
    members : dict of str to Population
        Added to.
    rule, parent, fit
        The gate, what it was gated in, and how it was found.
    parent_events, events : int
    ends : tuple of int
        Events with the gate at the two ends of its interval.
    """
    above = members[parent].evidence if parent in members else Evidence.DATA
    members[rule.name] = Population(
        name=rule.name,
        parent=parent,
        events=events,
        parent_events=parent_events,
        events_low=min(*ends, events),
        events_high=max(*ends, events),
        evidence=weakest(above, fit.evidence, *_borrowed(rule, members)),
        reason=_first_reason(fit, rule, members, parent),
        reported=rule.report,
    )


def with_wholes(members: dict[str, Population], rules: Iterable[Rule]) -> dict[str, Population]:
    """Say what each population is in percent of, once all are counted.

    Parameters
    ----------
    members : dict of str to Population
    rules : iterable of Rule

    Returns
    -------
    dict of str to Population
    """
    for rule in rules:
        if rule.name in members and rule.percent_of in members:
            whole = rule.percent_of, members[rule.percent_of].events
            members[rule.name] = replace(members[rule.name], percent_of=whole)
    return members


def _borrowed(rule: Rule, members: Mapping[str, Population]) -> list[Evidence]:
    """Evidence of the populations that a combination stands on."""
    if not isinstance(rule, BooleanRule):
        return []
    optional = [members[name].evidence for name in (*rule.any_of, *rule.none_of)]
    if rule.tolerate_absent:
        optional = [one for one in optional if one is not Evidence.FAILED]
    return [*(members[name].evidence for name in rule.all_of), *optional]


def _first_reason(fit: Fit, rule: Rule, members: Mapping[str, Population], parent: str) -> str:
    """The reason of the gate, or that of the parent it inherits its weakness from."""
    if fit.reason:
        return f"{rule.name}: {fit.reason}"
    return members[parent].reason if parent in members else ""
