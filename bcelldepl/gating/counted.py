"""Counted populations of a tube, each with the evidence and the reason that it inherits."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from bcelldepl.gating.evidence import Evidence, weakest
from bcelldepl.gating.populations import Population
from bcelldepl.gating.rules.base import Fit, Rule
from bcelldepl.gating.rules.boolean import BooleanRule

__all__ = ["add_population", "with_wholes"]


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
