"""Gates set by hand: each replaces the strategy's rule in its own tube, and leaves every other gate as it was."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

import numpy as np

from bcelldepl.errors import Problem
from bcelldepl.gating.evidence import Evidence
from bcelldepl.gating.rules.base import Fit, Rule
from bcelldepl.gating.rules.boolean import BooleanRule
from bcelldepl.gating.rules.cut import CutRule
from bcelldepl.gating.rules.kinds import KindsRule
from bcelldepl.gating.rules.marker_cut import CutShape, MarkerGate
from bcelldepl.gating.rules.polygon import PolygonRule, PolygonShape
from bcelldepl.gating.strategy import Strategy
from bcelldepl.study import OVERRIDES_FILE, Override, Study

__all__ = ["check_overrides", "fits_with_overrides", "standing_on", "strategy_with_overrides"]


def check_overrides(study: Study, strategy: Strategy) -> list[Problem]:
    """Name every override that the strategy has no place for.

    Parameters
    ----------
    study : Study
    strategy : Strategy

    Returns
    -------
    list of Problem
    """
    problems = []
    for override in study.overrides:
        try:
            strategy_with_overrides(strategy, [override])
        except ValueError as error:
            where = f"{OVERRIDES_FILE}, {override.file}, {override.population}"
            problems.append(Problem(where, str(error), "see docs/strategies.md"))
    return problems


def strategy_with_overrides(strategy: Strategy, overrides: Iterable[Override]) -> Strategy:
    """Return the strategy of one tube, with the gates that were set by hand in place of its own.

    Parameters
    ----------
    strategy : Strategy
    overrides : iterable of Override
        Of this tube.

    Returns
    -------
    Strategy

    Raises
    ------
    ValueError
        For a population that the strategy does not have or combines from others, a marker that it does not use, or a
        gate without axes.
    """
    by_hand = {override.population: override for override in overrides}
    known = {rule.name for rule in strategy.populations}
    unknown = next((name for name in by_hand if name not in known), None)
    if unknown is not None:
        msg = (
            f"the strategy {strategy.name!r} has no population {unknown!r}; it has {', '.join(sorted(known))}"
        )
        raise ValueError(msg)
    if not by_hand:
        return strategy
    rules = tuple(
        _rule(rule, by_hand[rule.name], strategy) if rule.name in by_hand else rule
        for rule in strategy.populations
    )
    return strategy.with_changed(populations=rules)


def fits_with_overrides(
    fits: Mapping[str, Fit], strategy: Strategy, overrides: Iterable[Override]
) -> dict[str, Fit]:
    """Put the gates set by hand in place of the reconciled ones.

    Parameters
    ----------
    fits : mapping of str to Fit
        Of the tube, reconciled.
    strategy : Strategy
        From `strategy_with_overrides`.
    overrides : iterable of Override
        Of this tube.

    Returns
    -------
    dict of str to Fit
        An override is a gate that stands ``FIXED``; it has no interval of its own, for nobody measured one.
    """
    rules = {rule.name: rule for rule in strategy.populations}
    changed = dict(fits)
    for override in overrides:
        own, rule = fits.get(override.population), rules[override.population]
        if own is None:
            continue  # an optional gate that this tube's panel skips
        shape: CutShape | PolygonShape
        if isinstance(rule, PolygonRule):
            shape = PolygonShape(rule.vertices)
        else:
            assert override.cut is not None
            negative = own.shape.negative if isinstance(own.shape, CutShape) else None
            shape = CutShape(override.cut, override.cut, override.cut, negative)
        changed[override.population] = replace(
            own, shape=shape, evidence=Evidence.FIXED, reason=override.sentence, review=False
        )
    return changed


def standing_on(population: str, strategy: Strategy) -> set[str]:
    """Name the populations whose gates decide about a population, itself among them.

    Parameters
    ----------
    population : str
        Name of the population.
    strategy : Strategy

    Returns
    -------
    set of str
    """
    rules = {rule.name: rule for rule in strategy.populations}
    names: set[str] = set()
    waiting = [population]
    while waiting:
        name = waiting.pop()
        if name in rules and name not in names:
            names.add(name)
            waiting += [rules[name].parent, *rules[name].uses]
    return names


def _rule(rule: Rule, override: Override, strategy: Strategy) -> CutRule | PolygonRule:
    """Return the rule that a gate set by hand amounts to."""
    if isinstance(rule, BooleanRule):
        msg = f"{rule.name!r} is combined from other populations; set one of those by hand"
        raise ValueError(msg)
    kept = {"name", "parent", "label", "report", "optional", "leaves_out", "percent_of"}
    common = rule.model_dump(include=kept)
    if override.polygon is not None:
        x, y = (override.x, override.y) if override.x and override.y else _axes(rule)
        _check_markers(strategy, x, y)
        return PolygonRule(rule="polygon", x=x, y=y, vertices=override.polygon, **common)
    marker = override.marker or (rule.marker if isinstance(rule, MarkerGate) else "")
    side = override.side or (rule.side if isinstance(rule, MarkerGate) else None)
    if not marker or side is None:
        msg = f"{rule.name!r} is not a cut; give `polygon`, or a `cut` with `marker` and `side`"
        raise ValueError(msg)
    _check_markers(strategy, marker)
    against = rule.against if isinstance(rule, MarkerGate) else ""
    return CutRule(
        rule="cut", method="fixed", marker=marker, side=side, fixed=override.cut, against=against, **common
    )  # fmt: skip


def _axes(rule: Rule) -> tuple[str, str]:
    """Axes that a rule is drawn on when its tube has all its markers."""
    if isinstance(rule, KindsRule) and not rule.x:
        msg = (
            f"the axes of {rule.name!r} are learned from the study; give the axes `x` and `y` of the polygon"
        )
        raise ValueError(msg)
    names = (*rule.markers, *rule.extra_markers)
    drawn = rule.outline(None, dict.fromkeys(names, np.empty(0, dtype=np.float32)))
    if not drawn.y:
        msg = f"{rule.name!r} is drawn on {drawn.x} alone; give `cut`, or the axes `x` and `y` of the polygon"
        raise ValueError(msg)
    return drawn.x, drawn.y


def _check_markers(strategy: Strategy, *markers: str) -> None:
    unknown = [marker for marker in markers if marker not in strategy.markers]
    if unknown:
        msg = f"the strategy uses no marker {unknown[0]!r}; it uses {', '.join(strategy.markers)}"
        raise ValueError(msg)
