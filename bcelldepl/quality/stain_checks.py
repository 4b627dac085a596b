"""Checks of stains: whether each kind of cell is as bright in a tube as in the study's other tubes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from bcelldepl.definitions.markers import is_stain
from bcelldepl.definitions.populations import label_of
from bcelldepl.gating.model.brightness import LEAST_CHANGE
from bcelldepl.gating.model.lineages import Lineages
from bcelldepl.gating.rules.kinds import KindsRule
from bcelldepl.gating.rules.positives import PositivesRule
from bcelldepl.gating.strategy import Strategy
from bcelldepl.quality.checks import CHECKS, Outcome
from bcelldepl.quality.stain_brightness import (
    OTHERS,
    StainBrightness,
    from_alike,
    in_common,
    in_most,
    largest_change,
)

__all__ = ["PlacedTube", "check_stains"]

LEAST_SPREAD: Final = 0.05  # natural units that a kind's background differs by between tubes, at least
FEW_SPREAD: Final = 0.25  # the same where few tubes tell
FEW: Final = 6  # tubes
BRIGHT_BEADS: Final = 2.5  # natural units, from which beads shine by themselves


class PlacedTube(Protocol):
    """What is known of a tube once its gates were placed."""

    @property
    def file(self) -> str:
        """As in the sheet."""

    @property
    def batch(self) -> str:
        """Of the sheet, or the day of acquisition."""

    @property
    def model(self) -> str:
        """By which its gates were placed; empty for none."""

    @property
    def brightness(self) -> Mapping[str, Mapping[str, float]]:
        """Median of each marker in natural units, by kind of cell."""


def check_stains(tubes: Sequence[tuple[PlacedTube, Strategy]]) -> dict[str, list[Outcome]]:
    """Compare how bright the kinds of cells are.

    A reagent that was left out takes the background away that it gives to every kind of cell; one that was exchanged
    brings another. Which cells carry the marker does not matter then: those kinds are looked at by themselves. Parts of
    a kind, such as CD8+ T cells, count as one: where many T cells carry the CAR, all parts bind more of every stain.
    What a tube has more or less of in most stains is its cells' own light, and what its counting beads have more or
    less of is the detector's gain: neither is a matter of one reagent.

    Parameters
    ----------
    tubes : sequence of (PlacedTube, Strategy)
        Samples of the study that were gated, each with its strategy.

    Returns
    -------
    dict of str to list of Outcome
        By file, the checks that failed: ``stain_background``, ``stain_brightness``.
    """
    by_model: dict[str, list[tuple[PlacedTube, Strategy]]] = defaultdict(list)
    for tube, strategy in tubes:
        if tube.model:
            by_model[tube.model].append((tube, strategy))
    failed: dict[str, list[Outcome]] = defaultdict(list)
    for group in by_model.values():
        if len(group) > OTHERS:
            _check_group([tube for tube, _ in group], group[0][1], failed)
    return failed


def _check_group(tubes: Sequence[PlacedTube], strategy: Strategy, failed: dict[str, list[Outcome]]) -> None:
    kinds = sorted({kind for tube in tubes for kind in tube.brightness})
    batches = [tube.batch for tube in tubes]
    stains = {
        marker: _stain(marker, kinds, tubes, strategy)
        for marker in sorted({name for tube in tubes for own in tube.brightness.values() for name in own})
    }
    backgrounds = {marker: one.background() for marker, one in stains.items() if is_stain(marker)}
    for marker in (one for one in _markers_of_results(strategy) if one in stains):
        in_all = in_most([own for name, own in backgrounds.items() if name != marker], len(tubes))
        gains = _gains(stains[marker], kinds, strategy.lineages)
        carriers = [kind for kind in _carriers(marker, strategy.lineages) if kind in kinds]
        columns = [stains[marker].position[:, kinds.index(kind)] for kind in carriers]
        changes = [from_alike(own, batches) for own in columns]
        for number, tube in enumerate(tubes):
            found = _check_background(marker, stains[marker], number, in_all[number], gains[number])
            found += _check_carriers(
                marker, {k: own[number] for k, own in zip(carriers, changes, strict=True)}
            )
            failed[tube.file] += [one for one in found if not one.passed]


def _stain(
    marker: str, kinds: Sequence[str], tubes: Sequence[PlacedTube], strategy: Strategy
) -> StainBrightness:
    lineages = strategy.lineages
    counted = [
        kind
        for rule in strategy.populations
        if isinstance(rule, PositivesRule) and rule.marker == marker
        for kind in lineages.family(rule.of)
    ]
    others = {*_carriers(marker, lineages), *counted, *lineages.no_leukocytes}
    position = np.array(
        [[tube.brightness.get(kind, {}).get(marker, np.nan) for kind in kinds] for tube in tubes]
    )
    least = LEAST_SPREAD if len(tubes) >= FEW else FEW_SPREAD
    plain = np.array([kind not in others for kind in kinds])
    whole = {row.name: row.within or row.name for row in lineages.kinds}
    _, witness = np.unique([whole.get(kind, kind) for kind in kinds], return_inverse=True)
    return StainBrightness.of(position, least, plain, witness)


def _gains(stain: StainBrightness, kinds: Sequence[str], lineages: Lineages) -> NDArray[np.float64]:
    """By how much beads that are bright in a marker's detector are off in each tube; 0 where there are none."""
    beads = [
        number
        for number, kind in enumerate(kinds)
        if any(row.even and row.name == kind for row in lineages.kinds)
    ]
    off = stain.away[:, beads].sum(axis=1)
    bright = np.nanmin(stain.position[:, beads], axis=1, initial=np.inf) > BRIGHT_BEADS
    return np.where(bright & np.isfinite(off), off, 0.0)


def _check_background(
    marker: str, stain: StainBrightness, number: int, in_all: float, gain: float
) -> list[Outcome]:
    """Judge the kinds that do not carry a marker in one tube, but for what other causes than its reagent explain."""
    seen, away = stain.tells(number), stain.away[number]
    if not seen.any():
        return []
    own_light, by_gain = in_common(away, in_all), in_common(away, gain)
    # Of kinds that bind hardly any of it, the background is noise whatever the stain.
    change = largest_change(stain.position[number][seen], (away - own_light)[seen])
    if abs(change) < LEAST_CHANGE:
        return []
    explained = np.where(np.abs(by_gain) > np.abs(own_light), by_gain, own_light)
    score = stain.middle((away - explained) / stain.spread[number], seen)
    return [CHECKS["stain_background"].judge(score, marker=marker, fold=float(np.exp(change)))]


def _check_carriers(marker: str, changes: Mapping[str, float]) -> list[Outcome]:
    """Judge the kinds that carry a marker: a slip changes all, so that what has changed least is said."""
    known = {kind: change for kind, change in changes.items() if np.isfinite(change)}
    if not known:
        return []
    kind = min(known, key=lambda one: abs(known[one]))
    change = known[kind]
    fold = float(np.exp(change))
    return [CHECKS["stain_brightness"].judge(change, marker=marker, kind=label_of(kind), fold=fold)]


def _markers_of_results(strategy: Strategy) -> list[str]:
    """Stains that reported populations are told by: what they carry, and what positives are counted of."""
    reported = {
        kind
        for rule in strategy.populations
        if isinstance(rule, KindsRule) and rule.report
        for kind in rule.kinds
    }
    told = [
        m for row in strategy.lineages.kinds if row.name in reported for markers in row.high for m in markers
    ]
    counted = [rule.marker for rule in strategy.populations if isinstance(rule, PositivesRule)]
    return list(dict.fromkeys((*told, *counted)))


def _carriers(marker: str, lineages: Lineages) -> list[str]:
    """Kinds that are told by carrying a marker, with the parts that they are divided into."""
    named = [row.name for row in lineages.kinds if any(marker in markers for markers in row.high)]
    return list(dict.fromkeys(kind for name in named for kind in lineages.family(name)))
