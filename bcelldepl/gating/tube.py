"""Gating one tube: first to see what it shows, then, with reconciled gates, to count."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from bcelldepl.gating.counted import add_population, with_wholes
from bcelldepl.gating.evidence import Evidence
from bcelldepl.gating.membership import Membership
from bcelldepl.gating.parts import GatedPart, TubePart, gate_by_parts, kept_events
from bcelldepl.gating.populations import GateView, Population, Populations
from bcelldepl.gating.rules.base import Fit, Rule
from bcelldepl.gating.strategy import ALL, Strategy
from bcelldepl.kernels.membership import nth_event
from bcelldepl.signal import Signal

__all__ = ["apply_gates", "fit_gates", "membership_by"]

ALL_EVENTS = "all events"  # as reports call them


def _walk(signal: Signal, strategy: Strategy) -> Iterator[tuple[TubePart, Rule, str]]:
    tube = TubePart(signal, {ALL: kept_events(signal)})
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
    gated = gate_by_parts(signal, _settled(rules, fits), fits, membership)
    settled: dict[str, Fit] = {}
    for rule, parent in rules:
        settled[rule.name] = fits[rule.name]
        if rule.name not in gated:  # settled by all events of its parent, or in one that is
            among = (parent, *rule.uses)
            tube = TubePart(
                signal, {one: kept_events(signal) if one == ALL else membership.events(one) for one in among}
            )
            gated[rule.name], settled[rule.name] = tube.apply(rule, parent, fits[rule.name])
            membership.add(rule.name, tube.members[rule.name])
    keep = signal.quality.keep
    middle = nth_event(keep, int(np.count_nonzero(keep)) // 2)
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


def _view(
    rule: Rule, parent: str, fit: Fit, found: GatedPart, signal: Signal, titles: Mapping[str, str]
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
        is_absent=rule.is_absent(fit),
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
