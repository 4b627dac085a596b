"""How many events of a tube belong to each of some islands that are known, and which."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
from numpy.typing import NDArray

from bcelldepl.gating.islands import BACKGROUND_SHARE, DEGREES, Island, island_frames
from bcelldepl.kernels.posteriors import island_densities, island_posteriors, island_shares
from bcelldepl.runtime.threads import over_spans

__all__ = ["Weighed", "squared_edge", "weigh_islands"]

_ROUNDS = 60


@dataclass(frozen=True)
class Weighed:
    """Islands of known place and width in one tube, and how many of its events belong to each.

    Attributes
    ----------
    islands : tuple of Island
    densities : ndarray of float32, shape (n_islands, n_events)
        Of each island at every event.
    weights : ndarray of float64, shape (n_islands,)
        At least a tenth of an event each, so that a posterior stays defined.
    background : float
        Share of the events that belong to none.
    """

    islands: tuple[Island, ...]
    densities: NDArray[np.float32]
    weights: NDArray[np.float64]
    background: float

    def posterior(self, wanted: str, probability: float = 1.0) -> NDArray[np.float32]:
        """Posterior of every event to belong to the island with the wanted signature.

        Parameters
        ----------
        wanted : str
        probability : float
            Part of a normal island within its edge.

        Returns
        -------
        ndarray of float32, shape (n_events,)
            0 beyond the island's edge.
        """
        least = np.zeros(len(self.islands), dtype=np.float32)
        if probability < 1.0:
            k = len(self.islands[0].mean)
            fall = (1.0 + squared_edge(k, probability) / DEGREES) ** (-0.5 * (DEGREES + k))
            _, height = island_frames(np.array([island.scale for island in self.islands]))
            least = (fall * height).astype(np.float32)
        out = np.empty(self.densities.shape[1], dtype=np.float32)
        chosen = np.array([island.signature == wanted for island in self.islands])
        weights, background = self.weights.astype(np.float32), np.float32(self.background)
        island_posteriors(self.densities, weights, background, chosen, least, out)
        return out

    def seen_in(self, axes: Sequence[int], points: NDArray[np.float32]) -> Weighed:
        """Return the same islands with the same weights, as some events see them in some of their axes alone.

        Parameters
        ----------
        axes : sequence of int
        points : ndarray of float32, shape (k, n_some_events)
        """
        partial = tuple(island.seen_in(axes) for island in self.islands)
        return replace(self, islands=partial, densities=_densities(points[list(axes)], partial))


@cache
def squared_edge(k: int, probability: float) -> float:
    """Squared Mahalanobis distance that holds a part of a normal island in k markers (chi-square, k degrees)."""
    from scipy.special import gammaincinv  # slow to import

    return 2.0 * float(gammaincinv(0.5 * k, probability))


def weigh_islands(points: NDArray[np.float32], islands: Sequence[Island]) -> Weighed:
    """Find how many events belong to each island, their places and widths fixed: an island is free to be absent.

    Parameters
    ----------
    points : ndarray of float32, shape (k, n_events)
        An event with a value that is not finite belongs to no island.
    islands : sequence of Island
    """
    n = max(points.shape[1], 1)
    densities = _densities(points, islands)
    weight = np.full(len(islands), 1.0 / len(islands))
    background = BACKGROUND_SHARE
    for _ in range(_ROUNDS):
        share = np.zeros(len(islands))
        island_shares(densities, weight.astype(np.float32), np.float32(background), share)
        background = _background(share / n, n)
        again = np.maximum(share / n, 0.1 / n)
        if np.max(np.abs(again - weight)) < 0.01 / n:
            break
        weight = again
    return Weighed(tuple(islands), densities, weight, _background(weight, n))


def _background(weights: NDArray[np.float64], n: int) -> float:
    """Share of the events that the islands leave over, between one event and the usual share.

    A tube whose islands leave next to nothing over has next to no strays, and does not lose a small remnant to them.
    """
    return float(np.clip(1.0 - weights.sum(), min(1.0 / max(n, 1), BACKGROUND_SHARE), BACKGROUND_SHARE))


def _densities(points: NDArray[np.float32], islands: Sequence[Island]) -> NDArray[np.float32]:
    """Density of every island at every event, shape (n_islands, n_events)."""
    mean = np.array([island.mean for island in islands], dtype=np.float32)
    whitener, height = island_frames(np.array([island.scale for island in islands]))
    densities = np.empty((len(islands), points.shape[1]), dtype=np.float32)

    def fill(first: int, last: int) -> None:
        heights = height.astype(np.float32)
        island_densities(points, first, last, mean, whitener, heights, DEGREES, densities)

    over_spans(fill, points.shape[1])
    return densities
