"""Islands of cells in several markers: a robust mixture whose islands can be learned, carried, and absent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from bcelldepl.kernels.mixture import (
    accumulate_islands,
    island_densities,
    island_posteriors,
    island_shares,
)

__all__ = ["DEGREES", "Island", "fit_islands", "fit_weights", "posterior_of"]

DEGREES = 12.0  # tails of a stained population are heavier than a normal's
_BACKGROUND_SHARE = 1e-2  # of events that belong to no island, spread over the unit box
_RIDGE = 0.006**2  # no island is narrower than this
_ROUNDS = 60
_TOLERANCE = 1e-7


@dataclass(frozen=True)
class Island:
    """One island.

    Attributes
    ----------
    signature : str
        Its signs on the signature markers, such as ``"-+"``.
    mean : tuple of float, length k
    scale : tuple of tuple of float, shape (k, k)
        Scale matrix of the t distribution.
    events : float
        Expected events (sum of posteriors); 0 for one that was carried in.
    """

    signature: str
    mean: tuple[float, ...]
    scale: tuple[tuple[float, ...], ...]
    events: float

    def seen_in(self, axes: Sequence[int]) -> Island:
        """Return the island as it is seen in some of its axes alone."""
        mean = tuple(self.mean[i] for i in axes)
        return replace(self, mean=mean, scale=tuple(tuple(self.scale[i][j] for j in axes) for i in axes))


def fit_islands(points: NDArray[np.float32], seeds: Sequence[tuple[str, NDArray[np.bool_]]]) -> list[Island]:
    """Fit islands from seeds, with every event, by expectation and maximisation.

    Parameters
    ----------
    points : ndarray of float32, shape (k, n_events)
        Transformed markers.
    seeds : sequence of (str, ndarray of bool)
        Signature and events of each first guess.

    Returns
    -------
    list of Island
        In the order of the seeds.
    """
    k, n = points.shape
    means, scales, weights = [], [], []
    for _, chosen in seeds:
        part = points[:, chosen].astype(np.float64)
        middle = np.median(part, axis=1)
        spread = 1.4826 * np.median(np.abs(part - middle[:, None]), axis=1)
        means.append(middle)
        scales.append(np.diag(np.maximum(spread, 0.01) ** 2))
        weights.append(max(chosen.sum() / n, 1.0 / n))
    mean, scale, weight = np.array(means), np.array(scales), np.array(weights)
    last = -np.inf
    share = np.zeros(len(seeds))
    for _ in range(_ROUNDS):
        precision, height = _heights(mean, scale, weight)
        share, mass, first, second = (
            np.zeros(len(seeds)),
            np.zeros(len(seeds)),
            np.zeros_like(mean),
            np.zeros_like(scale),
        )
        likelihood = accumulate_islands(
            points, mean, precision, height, np.log(_BACKGROUND_SHARE), DEGREES, share, mass, first, second
        )
        alive = mass > 1.0
        mean[alive] = first[alive] / mass[alive, None]
        for i in np.flatnonzero(alive):
            scale[i] = (second[i] - np.outer(first[i], first[i]) / mass[i]) / share[i] + np.eye(k) * _RIDGE
        weight = np.maximum(share / n, 0.1 / n)
        if abs(likelihood - last) < _TOLERANCE * abs(likelihood):
            break
        last = likelihood
    return [
        Island(
            signature,
            tuple(map(float, mean[i])),
            tuple(tuple(map(float, row)) for row in scale[i]),
            float(share[i]),
        )
        for i, (signature, _) in enumerate(seeds)
    ]


def fit_weights(points: NDArray[np.float32], islands: Sequence[Island]) -> NDArray[np.float64]:
    """Share of each island among the events, with means and scales held; an island is free to be absent.

    Parameters
    ----------
    points : ndarray of float32, shape (k, n_events)
    islands : sequence of Island

    Returns
    -------
    ndarray of float64, shape (n_islands,)
        At least a tenth of an event each, so that a posterior stays defined.
    """
    n = max(points.shape[1], 1)
    densities = _densities(points, islands)
    weight = np.full(len(islands), 1.0 / len(islands))
    background = _BACKGROUND_SHARE
    for _ in range(_ROUNDS):
        share = np.zeros(len(islands))
        island_shares(densities, weight, background, share)
        background = _background(share / n, n)
        again = np.maximum(share / n, 0.1 / n)
        if np.max(np.abs(again - weight)) < 0.01 / n:
            break
        weight = again
    return weight


def posterior_of(
    points: NDArray[np.float32],
    islands: Sequence[Island],
    weights: NDArray[np.float64],
    wanted: str,
    probability: float = 1.0,
) -> NDArray[np.float64]:
    """Posterior of every event to belong to the island with the wanted signature.

    Parameters
    ----------
    points : ndarray of float32, shape (k, n_events)
    islands : sequence of Island
    weights : ndarray of float64, shape (n_islands,)
    wanted : str
    probability : float
        Part of a normal island within its edge.

    Returns
    -------
    ndarray of float64, shape (n_events,)
        0 beyond the island's edge.
    """
    out = np.empty(points.shape[1])
    chosen = np.array([island.signature == wanted for island in islands])
    densities = _densities(points, islands)
    island_posteriors(densities, weights, _background(weights, len(out)), chosen, out)
    if probability < 1.0:
        from scipy.special import gammaincinv  # slow to import

        k = len(points)
        edge = 2.0 * float(gammaincinv(0.5 * k, probability))  # of chi-square with k degrees
        fall = (1.0 + edge / DEGREES) ** (-0.5 * (DEGREES + k))
        scale = np.array([island.scale for island in islands])
        _, height = _heights(np.zeros(scale.shape[:2]), scale, np.ones(len(islands)))
        near = densities[chosen] >= fall * np.exp(height[chosen])[:, None]
        out[~near.any(axis=0)] = 0.0
    return out


def _background(weights: NDArray[np.float64], n: int) -> float:
    """Share of the events that the islands leave over, between one event and the usual share.

    A tube whose islands leave next to nothing over has next to no strays, and does not lose a small remnant to them.
    """
    return float(np.clip(1.0 - weights.sum(), min(1.0 / max(n, 1), _BACKGROUND_SHARE), _BACKGROUND_SHARE))


def _densities(points: NDArray[np.float32], islands: Sequence[Island]) -> NDArray[np.float64]:
    """Density of every island at every event, shape (n_islands, n_events)."""
    mean = np.array([island.mean for island in islands])
    scale = np.array([island.scale for island in islands])
    precision, height = _heights(mean, scale, np.ones(len(islands)))
    densities = np.empty((len(islands), points.shape[1]))
    island_densities(points, mean, precision, height, DEGREES, densities)
    return densities


def _heights(
    mean: NDArray[np.float64], scale: NDArray[np.float64], weight: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Precisions, and log weight plus log density of each multivariate t at its centre."""
    from scipy.special import gammaln  # slow to import, and only fits need it

    k = mean.shape[1]
    precision = np.asarray(np.linalg.inv(scale), dtype=np.float64)
    _, log_determinant = np.linalg.slogdet(scale)
    constant = gammaln(0.5 * (DEGREES + k)) - gammaln(0.5 * DEGREES) - 0.5 * k * np.log(DEGREES * np.pi)
    height: NDArray[np.float64] = np.log(weight) + constant - 0.5 * log_determinant
    return precision, height
