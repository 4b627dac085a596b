"""T cells that bind every stain, parted from those that they lie among.

Where they are few, no valley parts them in one marker, nor along one line; in all the markers that T cells lack
together they are a second cloud.

References
----------
Dempster, Laird and Rubin, J R Stat Soc B 39:1 (1977): the parts of a mixture by expectation and maximisation.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bcelldepl.definitions.markers import VIABILITY
from bcelldepl.gating.model.lineages import Lineages
from bcelldepl.gating.model.naming import stains_that_t_cells_lack

__all__ = ["part_unspecific"]

Numbers = NDArray[np.float64]

_RISE = (
    1.4  # natural units, four times as bright, by which they are looked for above the others in every marker
)
_BRIGHT = 2.5  # and by which those are that carry one of the markers, as T cells do with CD56
_VARY = 0.5  # natural units, by which both vary more than the others
_FEW = 50  # events; fewer are no cloud
_PARTS = (0.9, 0.04, 0.06)  # at first: of most, of those that bind every stain, of those that carry a marker
_ROUNDS, _SETTLED = 100, 1e-5  # of a part of the events
_RIDGE = 1e-3  # natural units squared


def part_unspecific(
    points: NDArray[np.float32],
    clusters: NDArray[np.int32],
    markers: Sequence[str],
    name: Callable[[NDArray[np.int32]], Sequence[str]],
    lineages: Lineages,
) -> NDArray[np.int32]:
    """Part the events that bind every stain from the clusters of the reference kind that hold them.

    Parameters
    ----------
    points : ndarray of float32, shape (n_events, n_markers)
        In natural units.
    clusters : ndarray of int32, shape (n_events,)
    markers : sequence of str
        Of the columns.
    name : callable
        Gives the kind of each cluster.
    lineages : Lineages

    Returns
    -------
    ndarray of int32, shape (n_events,)
        With further clusters, after the others; of these only such as are named for no living leukocytes.
    """
    stains = [one for one in stains_that_t_cells_lack(markers, lineages) if one != VIABILITY]
    reference = next((row.name for row in lineages.kinds if row.reference), "")
    if len(stains) < 2:
        return clusters
    of_stains = points[:, [markers.index(one) for one in stains]]
    first = int(clusters.max()) + 1
    parted, number = clusters.copy(), first
    for cluster, kind in enumerate(name(clusters)):
        events = (
            np.flatnonzero(clusters == cluster) if kind in lineages.family(reference) else np.empty(0, int)
        )
        if len(events) < _FEW:
            continue
        values = of_stains[events].astype(np.float64)
        own = _Clouds.fitted(values).likeliest(values) == 1
        if np.count_nonzero(own) >= _FEW:
            parted[events[own]], number = number, number + 1
    if number == first:
        return clusters
    out, kept = clusters.copy(), first
    for cluster, kind in list(enumerate(name(parted)))[first:]:
        if kind in lineages.no_leukocytes:
            out[parted == cluster], kept = kept, kept + 1
    return out


@dataclass(frozen=True)
class _Clouds:
    """Normal parts of a cluster: most events, those that bind every stain, and those that carry one of the markers.

    Attributes
    ----------
    mean : ndarray of float64, shape (k + 2, k)
    covariance : ndarray of float64, shape (k + 2, k, k)
    part : ndarray of float64, shape (k + 2,)
        Of the events.
    """

    mean: Numbers
    covariance: Numbers
    part: Numbers

    @classmethod
    def fitted(cls, values: Numbers) -> _Clouds:
        """Fit them to events of shape (n, k), as if `_FEW` had been seen where each begins: a small one stays there."""
        n, k = values.shape
        middle = np.median(values, axis=0)
        spread = 1.4826 * np.median(np.abs(values - middle), axis=0)
        start = middle + np.vstack((np.zeros(k), np.full(k, _RISE), _BRIGHT * np.eye(k)))
        wider = np.where(np.arange(k + 2) > 0, _VARY**2, 0.0)
        width = np.diag(spread**2 + _RIDGE) + wider[:, None, None] * np.eye(k)
        most, unspecific, others = _PARTS
        clouds = cls(start, width, np.array([most, unspecific, *np.full(k, others / k)]))
        products = (values[:, :, None] * values[:, None, :]).reshape(n, k * k)
        begun = _FEW * (width + start[:, :, None] * start[:, None, :])
        for _ in range(_ROUNDS):
            before = clouds.part
            weights = clouds._log_densities(values)
            weights = np.exp(weights - weights.max(axis=0))
            weights /= weights.sum(axis=0)
            events = weights.sum(axis=1)
            mean = (weights @ values + _FEW * start) / (events + _FEW)[:, None]
            square = ((weights @ products).reshape(begun.shape) + begun) / (events + _FEW)[:, None, None]
            covariance = square - mean[:, :, None] * mean[:, None, :]
            clouds = cls(mean, covariance, np.maximum(events / n, 1e-9))
            if np.abs(clouds.part - before).max() < _SETTLED:
                break
        return clouds

    def likeliest(self, values: Numbers) -> NDArray[np.int64]:
        """Part that each event is most likely of."""
        return np.asarray(self._log_densities(values).argmax(axis=0))

    def _log_densities(self, values: Numbers) -> Numbers:
        precision = np.linalg.inv(self.covariance)
        height = np.log(self.part) - 0.5 * np.linalg.slogdet(self.covariance)[1]
        out = np.empty((len(self.part), len(values)))
        for row, mean, one, top in zip(out, self.mean, precision, height, strict=True):
            away = values - mean
            row[:] = top - 0.5 * np.einsum("ij,ij->i", away @ one, away)
        return out
