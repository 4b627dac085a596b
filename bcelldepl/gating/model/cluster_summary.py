"""The clusters of a study in numbers: where each lies, how wide it is, how it scatters, and how many events it has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from bcelldepl.definitions.markers import SCATTER
from bcelldepl.kernels.quantiles import quantiles

__all__ = ["AREAS", "ClusterSummary", "summarise", "widest_gap"]

AREAS = ("FSC-A", "SSC-A")


@dataclass(frozen=True)
class ClusterSummary:
    """The clusters of a study, in numbers.

    Attributes
    ----------
    markers : tuple of str
        Stains, in the order of the columns.
    position, spread : ndarray of float64, shape (n_clusters, n_markers)
        Median, and robust standard deviation, in natural units.
    forward, side : ndarray of float64, shape (n_clusters,)
        Median linear scatter; NaN where there is none.
    forward_variation, side_variation : ndarray of float64, shape (n_clusters,)
        Robust standard deviation over the median.
    events : ndarray of int64, shape (n_clusters,)
        Of the sample.
    share : ndarray of float64, shape (n_clusters,)
        Of all events of the study.
    """

    markers: tuple[str, ...]
    position: NDArray[np.float64]
    spread: NDArray[np.float64]
    forward: NDArray[np.float64]
    side: NDArray[np.float64]
    forward_variation: NDArray[np.float64]
    side_variation: NDArray[np.float64]
    events: NDArray[np.int64]
    share: NDArray[np.float64]

    def of(self, marker: str) -> NDArray[np.float64]:
        """Median of a marker in every cluster."""
        return self.position[:, self.markers.index(marker)]

    def spread_of(self, marker: str) -> NDArray[np.float64]:
        """Spread of a marker in every cluster."""
        return np.maximum(self.spread[:, self.markers.index(marker)], 0.05)

    def __len__(self) -> int:
        return len(self.events)


def summarise(
    markers: Sequence[str],
    points: NDArray[np.float32],
    linear: Mapping[str, NDArray[np.float32]],
    clusters: NDArray[np.int32],
    worth: NDArray[np.float64] | None = None,
) -> ClusterSummary:
    """Describe clusters for naming.

    Parameters
    ----------
    markers : sequence of str
        Stains first, then scatter.
    points : ndarray of float32, shape (n_events, n_markers)
        In natural units.
    linear : mapping of str to ndarray of float32, shape (n_events,)
        Linear scatter, as far as there is any.
    clusters : ndarray of int32, shape (n_events,)
        Of each event.
    worth : ndarray of float64, shape (n_events,), optional
        How many events each stands for; default 1.

    Returns
    -------
    ClusterSummary
    """
    worth = np.ones(len(clusters)) if worth is None else worth
    stains = tuple(name for name in markers if name not in SCATTER)
    members = [clusters == number for number in range(int(clusters.max()) + 1)]
    columns = np.ascontiguousarray(points[:, : len(stains)].T)
    position, spread = (
        np.array(found)
        for found in zip(*(_middle_and_spread(columns[:, own]) for own in members), strict=True)
    )
    scatter = {}
    for name in AREAS:
        values = linear.get(name)
        if values is None:
            scatter[name] = np.full(len(members), np.nan), np.full(len(members), np.nan)
            continue
        middle, width = np.array([_middle_and_spread(values[own]) for own in members]).T
        scatter[name] = middle, width / np.maximum(middle, 1e-9)
    events = np.array([np.count_nonzero(own) for own in members])
    share = np.array([worth[own].sum() for own in members])
    (forward, forward_width), (side, side_width) = scatter["FSC-A"], scatter["SSC-A"]
    return ClusterSummary(
        stains, position, spread, forward, side, forward_width, side_width, events, share / share.sum()
    )


def _middle_and_spread(values: NDArray[np.float32]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Median and robust standard deviation, along the last axis."""
    lower, middle, upper = np.moveaxis(quantiles(values, (0.25, 0.5, 0.75)), -1, 0)
    return middle, 0.7413 * (upper - lower)


def widest_gap(
    values: NDArray[np.float64],
    spreads: NDArray[np.float64],
    among: NDArray[np.bool_],
    above: float = -np.inf,
) -> tuple[float, float]:
    """Middle of the widest gap between neighbouring clusters, and its width in pooled spreads.

    Parameters
    ----------
    values, spreads : ndarray of float64, shape (n_clusters,)
    among : ndarray of bool, shape (n_clusters,)
    above : float
        Only gaps that begin there or higher.

    Returns
    -------
    float, float
        The end of the range and 0 where there is no gap.
    """
    ordered = np.flatnonzero(among)[np.argsort(values[among], kind="stable")]
    best = (np.inf, 0.0)
    for lower, upper in pairwise(ordered):
        if values[lower] < above:
            continue
        gap = float((values[upper] - values[lower]) / np.hypot(spreads[lower], spreads[upper]))
        if gap > best[1]:
            best = (float(0.5 * (values[lower] + values[upper])), gap)
    return best
