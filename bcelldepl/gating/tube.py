"""Gating one tube: first to see what it shows, then, with reconciled gates, to count."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from bcelldepl.gating.events import Events
from bcelldepl.gating.evidence import Evidence, weakest
from bcelldepl.gating.populations import GateView, Population, Populations
from bcelldepl.gating.rules.base import Applied, Columns, Fit, Rule, draw_plane
from bcelldepl.gating.rules.boolean import BooleanRule
from bcelldepl.gating.strategy import ALL, Strategy
from bcelldepl.kernels.selection import select
from bcelldepl.signal import Signal

__all__ = ["add_population", "apply_gates", "fit_gates", "membership_by", "with_wholes"]

ALL_EVENTS = "all events"  # as reports call them


@dataclass
class _Tube:
    """Memberships of one tube while it is gated."""

    signal: Signal
    members: dict[str, NDArray[np.int32]]
    last: tuple[str, Events] | None = None

    def columns(self, rule: Rule, population: str) -> Columns:
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
        """Tell of every event of the file whether a population holds it."""
        belongs = np.zeros(self.signal.n_events, dtype=np.bool_)
        belongs[self.members[population]] = True
        return belongs

    def early(self, population: str) -> int:
        """How many of a population's events came in the first half of those that are gated."""
        gated = self.members[ALL]
        middle = gated[len(gated) // 2] if len(gated) else 0
        return int(np.searchsorted(self.members[population], middle))

    def hold(self, population: str, index: NDArray[np.int32], inside: NDArray[np.bool_]) -> int:
        """Note the events of a population, which are some of its parent's; return how many."""
        held = np.empty(len(index) + 1, dtype=np.int32)
        events = select(index, inside, held)
        self.members[population] = held[:events].copy()  # not with the room for all of its parent's
        return events


def _walk(signal: Signal, strategy: Strategy) -> Iterator[tuple[_Tube, Rule, str]]:
    tube = _Tube(signal, {ALL: np.flatnonzero(signal.quality.keep).astype(np.int32)})
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
    members: dict[str, Population] = {}
    views: list[GateView] = []
    membership: dict[str, NDArray[np.bool_]] = {}
    settled: dict[str, Fit] = {}
    titles = {ALL: ALL_EVENTS}
    for tube, rule, parent in _walk(signal, strategy):
        fit = fits[rule.name]
        columns = tube.columns(rule, parent)
        index = tube.members[parent]
        if fit.evidence is Evidence.FAILED:
            applied = Applied(np.zeros(len(index), dtype=np.bool_), 0, 0)
        else:
            fit = rule.settle(fit, columns)
            applied = rule.apply(fit.shape, columns)
        events = tube.hold(rule.name, index, applied.inside)
        fit = settled[rule.name] = rule.standing(fit, events)
        add_population(
            members, rule, parent, fit, len(index), events, (applied.events_low, applied.events_high)
        )
        members[rule.name] = replace(members[rule.name], early=tube.early(rule.name))
        shape = fit.shape if fit.evidence is not Evidence.FAILED else None
        outline = rule.outline(shape, columns)
        titles[rule.name] = rule.title(signal.columns)
        picture = draw_plane(outline, columns, applied.inside)
        views.append(
            GateView(
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
                events=events,
                parent_events=len(index),
                evidence=fit.evidence,
                reason=fit.reason,
                label=titles[rule.name],
                parent_label=titles[parent],
                x_axis=signal.axes.get(outline.x),
                y_axis=signal.axes.get(outline.y),
            )
        )
        if keep_membership:
            membership[rule.name] = tube.belongs(rule.name)
    return Populations(with_wholes(members, strategy.populations), tuple(views), membership, settled)


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
