"""Checks of stains: whether each kind of cell is as bright in a tube as in the study's other tubes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

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
_DARK: Final = 0.1  # linear signal in natural units, below which a background is none


class PlacedTube(Protocol):
    """What is known of a tube once its gates were placed."""

    @property
    def file(self) -> str:
        """As in the sheet."""

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
    lineages = strategy.lineages
    families = [_family(kind, lineages) for kind in kinds]
    counted = {
        rule.marker: lineages.family(rule.of)
        for rule in strategy.populations
        if isinstance(rule, PositivesRule)
    }
    for marker in _markers_of_results(strategy):
        carriers = _carriers(marker, lineages)
        table = np.array([[_of(tube, kind, marker) for kind in kinds] for tube in tubes])
        away, spreads = _from_others(table, LEAST_SPREAD if len(tubes) >= FEW else FEW_SPREAD)
        plain = [
            kind not in carriers
            and kind not in counted.get(marker, ())
            and kind not in lineages.no_leukocytes
            for kind in kinds
        ]
        for tube, row, own, scale in zip(tubes, table, away, spreads, strict=True):
            seen = np.array(plain) & np.isfinite(own)
            by_family = _by_family(own / scale, seen, families)
            if len(by_family) >= 2:
                # Of kinds that bind hardly any of it, the background is noise whatever the stain.
                change = _largest_change(row[seen], own[seen])
                outcome = CHECKS["stain_background"].judge(
                    float(np.median(by_family)), marker=marker, fold=float(np.exp(change))
                )
                if abs(change) >= LEAST_CHANGE and not outcome.passed:
                    failed[tube.file].append(outcome)
            for kind in (one for one in carriers if one in kinds):
                change = own[kinds.index(kind)]
                if np.isfinite(change):
                    outcome = CHECKS["stain_brightness"].judge(
                        float(change), marker=marker, kind=kind, fold=float(np.exp(change))
                    )
                    failed[tube.file] += [] if outcome.passed else [outcome]


def _by_family(away: NDArray[np.float64], seen: NDArray[np.bool_], families: Sequence[str]) -> list[float]:
    """Mean over the parts of each kind: what befalls T cells befalls CD4+ and CD8+ T cells, and is told once."""
    found: dict[str, list[float]] = defaultdict(list)
    for family, value, shown in zip(families, away.tolist(), seen.tolist(), strict=True):
        if shown:
            found[family].append(value)
    return [fmean(values) for values in found.values()]


def _family(kind: str, lineages: Lineages) -> str:
    """The kind that a kind is a part of; itself where it is none."""
    return next((row.within for row in lineages.kinds if row.name == kind and row.within), kind)


def _largest_change(position: NDArray[np.float64], away: NDArray[np.float64]) -> float:
    """Logarithm of how many times as bright the kind is that has changed most.

    Near zero, positions are linear: a background that is half as bright has moved by little.
    """
    signal, usual = (np.maximum(np.sinh(one), _DARK) for one in (position, position - away))
    changes = np.log(signal / usual)
    return float(changes[np.argmax(np.abs(changes))])


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
