"""How bright kinds of cells are in a stain, tube by tube, beside the study's other tubes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "OTHERS",
    "STAINS",
    "USUAL",
    "StainBrightness",
    "from_alike",
    "in_common",
    "in_most",
    "largest_change",
]

OTHERS: Final = 3  # tubes that a tube is held against, at least; two kinds must tell of a background
STAINS: Final = 3  # others, that tell what a tube has in all
USUAL: Final = 0.2  # natural units, by which the cells of any tube differ in their own light
_DARK: Final = 0.1  # linear signal in natural units, below which a background is none


@dataclass(frozen=True)
class StainBrightness:
    """How bright each kind of cell is in a marker, tube by tube, beside the other tubes.

    Attributes
    ----------
    position, away, spread : ndarray of float64, shape (n_tubes, n_kinds)
        Natural units; how far the others lie from each other. NaN where a tube does not show the kind.
    plain : ndarray of bool, shape (n_kinds,)
        Kinds that show its background.
    witness : ndarray of int64, shape (n_kinds,)
        Kinds with the same number are parts of one: what befalls T cells befalls CD4+ and CD8+ T cells.
    """

    position: NDArray[np.float64]
    away: NDArray[np.float64]
    spread: NDArray[np.float64]
    plain: NDArray[np.bool_]
    witness: NDArray[np.int64]

    @classmethod
    def of(
        cls, position: NDArray[np.float64], least: float, plain: NDArray[np.bool_], witness: NDArray[np.int64]
    ) -> StainBrightness:
        """Hold each tube against the median of the others; these lie so far from it at least."""
        return cls(position, *_from_others(position, least), plain, witness)

    def tells(self, tube: int) -> NDArray[np.bool_]:
        """Which kinds tell of the background in a tube: two witnesses at least, or none; shape (n_kinds,)."""
        seen = self.plain & np.isfinite(self.away[tube])
        return seen if len(set(self.witness[seen])) >= 2 else np.zeros_like(seen)

    def middle(self, values: NDArray[np.float64], seen: NDArray[np.bool_]) -> float:
        """Median over witnesses of numbers by kind."""
        own, number = self.witness[seen], values[seen]
        return float(np.median([number[own == one].mean() for one in sorted(set(own))]))

    def background(self) -> NDArray[np.float64]:
        """How far the background of each tube is off; NaN where too few kinds tell."""
        tells = [self.tells(tube) for tube in range(len(self.away))]
        return np.array(
            [
                self.middle(own, seen) if seen.any() else np.nan
                for own, seen in zip(self.away, tells, strict=True)
            ]
        )


def largest_change(position: NDArray[np.float64], away: NDArray[np.float64]) -> float:
    """Logarithm of how many times as bright the kind is that has changed most.

    Near zero, positions are linear: a background that is half as bright has moved by little.

    Parameters
    ----------
    position, away : ndarray of float64, shape (n_kinds,)
        Of one tube, and how far it lies from the others, in natural units.

    Returns
    -------
    float
    """
    signal, usual = (np.maximum(np.sinh(one), _DARK) for one in (position, position - away))
    changes = np.log(signal / usual)
    return float(changes[np.argmax(np.abs(changes))])


def from_alike(values: NDArray[np.float64], batches: Sequence[str]) -> list[float]:
    """How far each tube lies from the middle of the others, or from the third of those that are nearest to it.

    Others of its batch share its reagents, and do not count among the nearest. The middle is not enough: an antibody of
    an earlier therapy covers CD20 in some subjects, and B cells that come back may have less CD19. A tube that is like
    three of other batches is no slip at the bench.

    Parameters
    ----------
    values : ndarray of float64, shape (n_tubes,)
        Natural units; NaN where a tube does not show the cells.
    batches : sequence of str
        Of the tubes.

    Returns
    -------
    list of float
        NaN where there are fewer than three others.
    """
    batch, away = np.array(batches), []
    for number, own in enumerate(values):
        known = np.isfinite(values) & (np.arange(len(values)) != number)
        elsewhere = known & (batch != batch[number])
        others = own - values[elsewhere if np.count_nonzero(elsewhere) >= OTHERS else known]
        if len(others) < OTHERS:
            away.append(np.nan)
            continue
        third = others[np.argsort(np.abs(others), kind="stable")[OTHERS - 1]]
        away.append(float(min(third, np.median(own - values[known]), key=abs)))
    return away


def in_most(backgrounds: Sequence[NDArray[np.float64]], n_tubes: int) -> NDArray[np.float64]:
    """How far the background of each tube is off in most of some stains.

    Parameters
    ----------
    backgrounds : sequence of ndarray of float64, each of shape (n_tubes,)
        By stain, from `StainBrightness.background`.
    n_tubes : int

    Returns
    -------
    ndarray of float64, shape (n_tubes,)
        Natural units; 0 where few stains tell, or by no more than usual.
    """
    known = np.reshape(backgrounds, (len(backgrounds), n_tubes)).T
    enough = np.count_nonzero(np.isfinite(known), axis=1) >= STAINS
    middle = np.array([np.nanmedian(own) if tells else 0.0 for own, tells in zip(known, enough, strict=True)])
    return np.where(np.abs(middle) >= USUAL, middle, 0.0)


def in_common(changes: NDArray[np.float64], other: float) -> NDArray[np.float64]:
    """What changes have in common with another: nothing where they go apart.

    Parameters
    ----------
    changes : ndarray of float64, shape (n,)
    other : float

    Returns
    -------
    ndarray of float64, shape (n,)
    """
    least = np.minimum(np.abs(changes), abs(other))
    return np.where(changes * other > 0.0, np.sign(changes) * least, 0.0)


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
