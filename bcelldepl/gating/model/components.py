"""Clusters as components: what is kept of a study's events once its model is learned."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from bcelldepl.kernels.components import accumulate_components, component_densities
from bcelldepl.runtime.threads import in_threads

__all__ = ["DEGREES", "Component", "Frame", "describe_clusters", "frame_of"]

DEGREES = (
    10.0  # of the t distributions that components are when events are given to them: stained cells have tails
)
_EVENTS = 4_000  # of a cluster that its shape is read from
_PER_MARKER = 6  # events, so that a covariance is known
_MOST = 3  # components of one cluster
_LEAST_WEIGHT = 0.04  # of a component in its cluster; fewer events are strays
_GAIN = 10.0  # by which Schwarz's criterion must fall for one more component
_ROUNDS = 25
_FAR = 1e-4  # part of a component's events beyond its edge
_RIDGE = 2e-3  # natural units squared
_THIN = 8  # events; a smaller cluster is a handful of strays
_WIDE = 0.02  # added to the variances of a cluster of few events


@dataclass(frozen=True)
class Component:
    """Cells of one cluster, or a part of them.

    Attributes
    ----------
    kind : str
    cluster : int
        Which.
    share : float
        Of all events of the study.
    mean : tuple of float, length k
        In natural units.
    covariance : tuple of tuple of float, shape (k, k)
    """

    kind: str
    cluster: int
    share: float
    mean: tuple[float, ...]
    covariance: tuple[tuple[float, ...], ...]


def describe_clusters(
    points: NDArray[np.float32],
    labels: NDArray[np.int32],
    worth: NDArray[np.float64],
    kinds: Sequence[str],
) -> tuple[Component, ...]:
    """Describe each cluster by as many components as its shape calls for.

    Parameters
    ----------
    points : ndarray of float32, shape (n_events, k)
        In natural units, in an order that does not depend on the files'.
    labels : ndarray of int32, shape (n_events,)
    worth : ndarray of float64, shape (n_events,)
        How many events of the study each stands for; the same within a cluster, nearly.
    kinds : sequence of str
        By cluster.
    """
    total = float(worth.sum())

    def of_cluster(cluster: int) -> list[Component]:
        mine = labels == cluster
        if np.count_nonzero(mine) < _THIN:
            return []
        share = float(worth[mine].sum()) / total
        return [
            Component(
                kinds[cluster] or "unknown",
                cluster,
                share * weight,
                tuple(np.round(mean, 6).tolist()),
                tuple(tuple(row) for row in np.round(covariance, 9).tolist()),
            )
            for weight, mean, covariance in _fit(points[mine][:_EVENTS])
        ]

    return tuple(chain.from_iterable(in_threads(of_cluster, range(len(kinds)))))


@dataclass(frozen=True)
class Frame:
    """Components as t distributions, in arrays.

    Attributes
    ----------
    mean : ndarray of float64, shape (n, k)
    covariance, whitener, precision : ndarray of float64, shape (n, k, k)
        Of each; inverse of the lower Cholesky factor of the covariance, and of the covariance.
    height : ndarray of float64, shape (n,)
        Logarithm of the density at the centre.
    edge : ndarray of float64, shape (n,)
        Density beyond which lies one in ten thousand of a component's own events.
    """

    mean: NDArray[np.float64]
    covariance: NDArray[np.float64]
    whitener: NDArray[np.float64]
    precision: NDArray[np.float64]
    height: NDArray[np.float64]
    edge: NDArray[np.float64]


def frame_of(components: Sequence[Component]) -> Frame:
    """Put components into arrays."""
    from scipy.special import fdtri  # slow to import

    mean = np.array([one.mean for one in components])
    covariance = np.array([one.covariance for one in components])
    whitener, height = _whitened(covariance)
    k = mean.shape[1]
    far = k * float(fdtri(k, DEGREES, 1.0 - _FAR))  # squared distances of a t distribution, over k, follow F
    edge = np.exp(height) * (1.0 + far / DEGREES) ** (-0.5 * (DEGREES + k))
    return Frame(mean, covariance, whitener, np.einsum("cji,cjk->cik", whitener, whitener), height, edge)


@dataclass(frozen=True)
class _Mixture:
    """Components of one cluster while they are fitted."""

    weight: NDArray[np.float64]
    mean: NDArray[np.float64]
    covariance: NDArray[np.float64]

    def parts(self) -> list[tuple[float, NDArray[np.float64], NDArray[np.float64]]]:
        """Weight, mean and covariance of each."""
        return [(float(w), m, c) for w, m, c in zip(self.weight, self.mean, self.covariance, strict=True)]


def _fit(points: NDArray[np.float32]) -> list[tuple[float, NDArray[np.float64], NDArray[np.float64]]]:
    """Weights, means and covariances of the components of one cluster: one more while that explains it better.

    A cluster may hold cells that differ and yet do not stand apart: T cells with and without the CAR.
    """
    n, k = points.shape
    mean = np.median(points, axis=0).astype(np.float64)
    if n < _PER_MARKER * k:
        return [(1.0, mean, np.diag(points.var(axis=0, dtype=np.float64) + _WIDE))]
    columns = np.ascontiguousarray(points.T)
    covariance = np.cov(points.T.astype(np.float64)) + _RIDGE * np.eye(k)
    best, lowest = _settled(columns, _Mixture(np.ones(1), mean[None], covariance[None]))
    while len(best.weight) < _MOST and n >= (len(best.weight) + 1) * _PER_MARKER * k:
        divided = _divided(points, best)
        if divided is None:
            break
        more, criterion = _settled(columns, divided)
        if criterion > lowest - _GAIN or more.weight.min() < _LEAST_WEIGHT:
            break
        best, lowest = more, criterion
    return best.parts()


def _settled(columns: NDArray[np.float32], mixture: _Mixture) -> tuple[_Mixture, float]:
    """Let components settle by expectation and maximisation; with Schwarz's criterion."""
    k, n = columns.shape
    worth = np.ones(n, dtype=np.float32)
    lower = np.tril_indices(k)
    ridge = _RIDGE * np.eye(k)
    for _ in range(_ROUNDS):
        whitener, height = _whitened(mixture.covariance)
        sums = np.zeros((len(mixture.weight), 2 + k + len(lower[0])))
        accumulate_components(
            columns, worth, 0, n, mixture.mean.astype(np.float32), whitener.astype(np.float32),
            (mixture.weight * np.exp(height)).astype(np.float32), np.float32(0.0), DEGREES, sums,
        )  # fmt: skip
        events, weights = np.maximum(sums[:, 0], 1e-3), np.maximum(sums[:, 1], 1e-3)
        away = sums[:, 2 : 2 + k] / weights[:, None]
        products = np.zeros((len(events), k, k))
        products[:, lower[0], lower[1]] = sums[:, 2 + k :]
        products += np.tril(products, -1).transpose(0, 2, 1)
        about_mean = products - weights[:, None, None] * away[:, :, None] * away[:, None, :]
        mixture = _Mixture(
            events / events.sum(), mixture.mean + away, about_mean / events[:, None, None] + ridge
        )
    whitener, height = _whitened(mixture.covariance)
    densities = np.empty((len(mixture.weight), n), dtype=np.float32)
    component_densities(
        columns, 0, n, mixture.mean.astype(np.float32), whitener.astype(np.float32),
        np.exp(height).astype(np.float32), DEGREES, densities,
    )  # fmt: skip
    likelihood = float(np.log(mixture.weight @ densities.astype(np.float64) + 1e-300).sum())
    parameters = len(mixture.weight) * (1 + k + len(lower[0])) - 1
    return mixture, parameters * math.log(n) - 2.0 * likelihood


def _divided(points: NDArray[np.float32], mixture: _Mixture) -> _Mixture | None:
    """Divide the component that is most lopsided in a marker, at one standard deviation towards its longer tail."""
    whitener, height = _whitened(mixture.covariance)
    white = np.einsum("cij,cnj->cni", whitener, points[None] - mixture.mean[:, None])
    nearest = (height[:, None] + np.log(mixture.weight)[:, None] - 0.5 * (white**2).sum(axis=2)).argmax(
        axis=0
    )
    best, chosen = 0.0, (0, 0, 1.0)
    for component in range(len(mixture.weight)):
        own = points[nearest == component].astype(np.float64)
        if len(own) < 2 * _PER_MARKER * points.shape[1]:
            continue
        standard = (own - own.mean(axis=0)) / np.maximum(own.std(axis=0), 1e-9)
        lopsided = (standard**3).mean(axis=0)
        marker = int(np.argmax(np.abs(lopsided)))
        if abs(lopsided[marker]) > best:
            best, chosen = float(abs(lopsided[marker])), (component, marker, float(np.sign(lopsided[marker])))
    component, marker, side = chosen
    own = points[nearest == component].astype(np.float64)
    along = side * (own[:, marker] - own[:, marker].mean()) / max(float(own[:, marker].std()), 1e-9)
    halves = [own[along <= 1.0], own[along > 1.0]]
    if min(map(len, halves)) <= points.shape[1]:
        return None
    ridge = _RIDGE * np.eye(points.shape[1])
    kept = [number for number in range(len(mixture.weight)) if number != component]
    return _Mixture(
        np.concatenate(
            [mixture.weight[kept], [mixture.weight[component] * len(half) / len(own) for half in halves]]
        ),
        np.concatenate([mixture.mean[kept], [half.mean(axis=0) for half in halves]]),
        np.concatenate([mixture.covariance[kept], [np.cov(half.T) + ridge for half in halves]]),
    )


def _whitened(covariance: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Inverse Cholesky factors, and the logarithms of the densities at the centres."""
    whitener = np.linalg.inv(np.linalg.cholesky(covariance))
    k = covariance.shape[1]
    constant = (
        math.lgamma(0.5 * (DEGREES + k)) - math.lgamma(0.5 * DEGREES) - 0.5 * k * math.log(DEGREES * math.pi)
    )
    return whitener, np.log(np.diagonal(whitener, axis1=1, axis2=2)).sum(axis=1) + constant
