"""The way to a population, gate by gate, in automated and in manual gating."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from bcelldepl.comparison.divergence import Stage
from bcelldepl.gate_exchange.evaluate import Channels
from bcelldepl.gate_exchange.gate import Gate, GateTree, Path
from bcelldepl.gating.rules.base import Rule
from bcelldepl.gating.strategy import ALL
from bcelldepl.tubes.regate import GatedTube

__all__ = ["QUALITY", "auto_stages", "gate_channels", "manual_stages"]

QUALITY = "quality mask"


def auto_stages(tube: GatedTube, population: str) -> list[Stage]:
    """List the automated gates on the way to a population; the quality mask comes first.

    Parameters
    ----------
    tube : GatedTube
    population : str

    Returns
    -------
    list of Stage
    """
    rules = {rule.name: (rule, parent) for rule, parent in tube.strategy.rules_for(tube.signal.columns)}
    stages: list[Stage] = []
    name = population
    while name != ALL:
        rule, parent = rules[name]
        stages.append(Stage(name, tube.membership[name], _rule_channels(rule, tube, rules)))
        name = parent
    watched = frozenset(tube.panel[m] for m in ("Time", "FSC-A", "FSC-H") if m in tube.panel)
    return [Stage(QUALITY, tube.membership[ALL], watched), *reversed(stages)]


def _rule_channels(rule: Rule, tube: GatedTube, rules: Mapping[str, tuple[Rule, str]]) -> frozenset[str]:
    if not rule.uses:
        return frozenset(tube.panel[marker] for marker in rule.axes(tube.fits[rule.name].shape))
    parts = [_rule_channels(rules[name][0], tube, rules) for name in rule.uses]
    return frozenset().union(*parts)


def manual_stages(
    tree: GateTree,
    path: Path,
    members: Mapping[Path, NDArray[np.bool_]],
    channels: Channels,
    ours: Mapping[Path, str] | None = None,
) -> list[Stage]:
    """List the manual gates on the way to a population.

    Parameters
    ----------
    tree : GateTree
    path : tuple of str
    members : mapping of path to ndarray of bool
        From `evaluate`.
    channels : Channels
        Of the file.
    ours : mapping of path to str, optional
        Our population that a manual one is known to mean.

    Returns
    -------
    list of Stage
    """
    also = ours or {}
    return [
        Stage(gate.name, members[gate.path], gate_channels(gate, tree, channels), also.get(gate.path, ""))
        for gate in tree.chain(path)
    ]


def gate_channels(gate: Gate, tree: GateTree, channels: Channels) -> frozenset[str]:
    """Return the ``$PnN`` of the channels that a gate is drawn on, or those of the gates that it combines.

    Parameters
    ----------
    gate : Gate
    tree : GateTree
        That it is of.
    channels : Channels
        Of the file.

    Returns
    -------
    frozenset of str
    """
    if gate.operands:
        parts = [gate_channels(tree.gates[path], tree, channels) for path, _ in gate.operands]
        return frozenset().union(*parts)
    names = [
        n for axis in gate.axes for n in ((axis.ratio.x, axis.ratio.y) if axis.ratio else (axis.channel,))
    ]
    return frozenset(channels.name_of(name) for name in names)
