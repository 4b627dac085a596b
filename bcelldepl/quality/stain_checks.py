"""Checks of stains: whether each kind of cell is as bright in a tube as in the study's other tubes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from bcelldepl.definitions.markers import is_stain
from bcelldepl.gating.model.brightness import LEAST_CHANGE
from bcelldepl.gating.model.lineages import Lineages
from bcelldepl.gating.rules.kinds import KindsRule
from bcelldepl.gating.rules.positives import PositivesRule
from bcelldepl.gating.strategy import Strategy
from bcelldepl.quality.checks import CHECKS, Outcome

__all__ = ["PlacedTube", "check_stains"]

OTHERS: Final = 3  # tubes that a tube is held against, and kinds that must agree about it at least: 2
LEAST_SPREAD: Final = 0.05  # natural units that a kind's background differs by between tubes, at least
FEW_SPREAD: Final = 0.25  # the same where few tubes tell
FEW: Final = 6  # tubes
STAINS: Final = 3  # others, that tell what a tube has in all
_DARK: Final = 0.1  # linear signal in natural units, below which a background is none


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
    brings another. Which cells carry the marker does not matter then: those kinds are looked at by themselves. What a
    tube has more or less of in most stains is its cells' own light, and no matter of one reagent.

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


@dataclass(frozen=True)
class _Stain:
    """How bright each kind of cell is in a marker, tube by tube, beside the other tubes.

    Attributes
    ----------
    position, away, spread : ndarray of float64, shape (n_tubes, n_kinds)
        Natural units; how far the others lie from each other. NaN where a tube does not show the kind.
    plain : ndarray of bool, shape (n_kinds,)
        Kinds that show its background.
    """

    position: NDArray[np.float64]
    away: NDArray[np.float64]
    spread: NDArray[np.float64]
    plain: NDArray[np.bool_]

    def tells(self) -> NDArray[np.bool_]:
        """Which kinds tell of the background in each tube: two at least, or none; shape (n_tubes, n_kinds)."""
        seen = self.plain & np.isfinite(self.away)
        return np.asarray(seen & (np.count_nonzero(seen, axis=1) >= 2)[:, None])

    def background(self) -> NDArray[np.float64]:
        """How far the background of each tube is off; NaN where too few kinds tell."""
        return np.array(
            [
                np.median(own[seen]) if seen.any() else np.nan
                for own, seen in zip(self.away, self.tells(), strict=True)
            ]
        )


def _check_group(tubes: Sequence[PlacedTube], strategy: Strategy, failed: dict[str, list[Outcome]]) -> None:
    kinds = sorted({kind for tube in tubes for kind in tube.brightness})
    lineages = strategy.lineages
    counted = {
        rule.marker: lineages.family(rule.of)
        for rule in strategy.populations
        if isinstance(rule, PositivesRule)
    }
    stains = {}
    for marker in sorted({name for tube in tubes for own in tube.brightness.values() for name in own}):
        table = np.array([[_of(tube, kind, marker) for kind in kinds] for tube in tubes])
        others = {*_carriers(marker, lineages), *counted.get(marker, ()), *lineages.no_leukocytes}
        compared = _from_others(table, LEAST_SPREAD if len(tubes) >= FEW else FEW_SPREAD)
        stains[marker] = _Stain(table, *compared, np.array([kind not in others for kind in kinds]))
    backgrounds = {marker: one.background() for marker, one in stains.items() if is_stain(marker)}
    for marker in (one for one in _markers_of_results(strategy) if one in stains):
        stain, carriers = stains[marker], _carriers(marker, lineages)
        in_all = _in_all([own for name, own in backgrounds.items() if name != marker], len(tubes))
        alone = stain.away - _shared(stain.away, in_all[:, None])
        for tube, row, own, scale, seen in zip(
            tubes, stain.position, alone, stain.spread, stain.tells(), strict=True
        ):
            if seen.any():
                # Of kinds that bind hardly any of it, the background is noise whatever the stain.
                change = _largest_change(row[seen], own[seen])
                outcome = CHECKS["stain_background"].judge(
                    float(np.median(own[seen] / scale[seen])), marker=marker, fold=float(np.exp(change))
                )
                if abs(change) >= LEAST_CHANGE and not outcome.passed:
                    failed[tube.file].append(outcome)
        for kind in (one for one in carriers if one in kinds):
            for tube, change in zip(
                tubes, _from_alike(stain.position[:, kinds.index(kind)], tubes), strict=True
            ):
                if np.isfinite(change):
                    outcome = CHECKS["stain_brightness"].judge(
                        change, marker=marker, kind=kind, fold=float(np.exp(change))
                    )
                    failed[tube.file] += [] if outcome.passed else [outcome]


def _largest_change(position: NDArray[np.float64], away: NDArray[np.float64]) -> float:
    """Logarithm of how many times as bright the kind is that has changed most.

    Near zero, positions are linear: a background that is half as bright has moved by little.
    """
    signal, usual = (np.maximum(np.sinh(one), _DARK) for one in (position, position - away))
    changes = np.log(signal / usual)
    return float(changes[np.argmax(np.abs(changes))])


def _from_alike(values: NDArray[np.float64], tubes: Sequence[PlacedTube]) -> list[float]:
    """How far each tube lies from the third of those that are nearest to it: others of its batch share its reagents.

    Not from the middle of all: an antibody of an earlier therapy covers CD20 in some subjects, and B cells that come
    back may have less CD19. A tube that is like three of other batches is no slip at the bench.
    """
    batches, away = np.array([tube.batch for tube in tubes]), []
    for number, own in enumerate(values):
        known = np.isfinite(values) & (np.arange(len(values)) != number)
        elsewhere = known & (batches != batches[number])
        others = own - values[elsewhere if np.count_nonzero(elsewhere) >= OTHERS else known]
        nearest = others[np.argsort(np.abs(others), kind="stable")]
        away.append(float(nearest[OTHERS - 1]) if len(nearest) >= OTHERS else np.nan)
    return away


def _in_all(backgrounds: Sequence[NDArray[np.float64]], n_tubes: int) -> NDArray[np.float64]:
    """How far the background of each tube is off in most of some stains; 0 where few tell."""
    known = np.reshape(backgrounds, (len(backgrounds), n_tubes)).T
    enough = np.count_nonzero(np.isfinite(known), axis=1) >= STAINS
    return np.array([np.nanmedian(own) if tells else 0.0 for own, tells in zip(known, enough, strict=True)])


def _shared(one: NDArray[np.float64], other: NDArray[np.float64]) -> NDArray[np.float64]:
    """What two changes have in common: nothing where they go apart."""
    least = np.minimum(np.abs(one), np.abs(other))
    return np.where(one * other > 0.0, np.sign(one) * least, 0.0)


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


def _of(tube: PlacedTube, kind: str, marker: str) -> float:
    return tube.brightness.get(kind, {}).get(marker, np.nan)


def _from_others(table: NDArray[np.float64], least: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """How far each tube lies from the median of the others, and how far those lie from it, by kind."""
    away, spreads = np.full_like(table, np.nan), np.full_like(table, least)
    for column in range(table.shape[1]):
        known = np.flatnonzero(np.isfinite(table[:, column]))
        values = table[known, column]
        if len(values) <= OTHERS:
            continue
        middles = _medians_of_others(values)
        away[known, column] = values - middles
        for middle in np.unique(middles):  # three at most
            own = middles == middle
            spread = 1.4826 * _medians_of_others(np.abs(values - middle))[own]
            spreads[known[own], column] = np.maximum(spread, least)
    return away, spreads


def _medians_of_others(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the median of all values but the one at each place."""
    order = np.argsort(values, kind="stable")
    rank = np.empty_like(order)
    rank[order] = np.arange(len(values))
    ascending = values[order]
    left = len(values) - 1

    def nth(place: int) -> NDArray[np.float64]:
        found: NDArray[np.float64] = ascending[place + (rank <= place)]
        return found

    return (nth((left - 1) // 2) + nth(left // 2)) / 2


def _carriers(marker: str, lineages: Lineages) -> list[str]:
    """Kinds that are told by carrying a marker, with the parts that they are divided into."""
    named = [row.name for row in lineages.kinds if any(marker in markers for markers in row.high)]
    return list(dict.fromkeys(kind for name in named for kind in lineages.family(name)))
