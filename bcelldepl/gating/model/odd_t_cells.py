"""T cells in clusters of others, and others in clusters of T cells: cells that bind every stain, and dying ones.

Where they are few, or many lie between, no valley parts them in one marker, nor along one line; in several markers
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
from bcelldepl.gating.model.cluster_comparison import MUCH, stains_that_t_cells_lack
from bcelldepl.gating.model.lineages import Lineages

__all__ = ["part_odd_t_cells"]

Numbers = NDArray[np.float64]

_BRIGHT = 2.5  # natural units, by which those rise that carry one of the markers, as T cells do with CD56
_VARY = 0.5  # natural units, by which they, and those that bind every stain, vary more than the others
_FEW = 50  # events; fewer are no cloud
_PARTS = (0.9, 0.04, 0.06)  # at first: of most, of those that bind every stain, of those that carry a marker
_ROUNDS, _SETTLED = 100, 1e-5  # of a part of the events
_RIDGE = 1e-3  # natural units squared
_FORWARD = "FSC-A"


def part_odd_t_cells(
    points: NDArray[np.float32],
    clusters: NDArray[np.int32],
    markers: Sequence[str],
    name: Callable[[NDArray[np.int32]], Sequence[str]],
    lineages: Lineages,
) -> NDArray[np.int32]:
    """Part the events that bind every stain from clusters of T cells, and living cells from clusters of dead ones.

    Dead cells are those of a panel without a dye: known by what they bind, and smaller. Activated cells, CAR+ ones
    above all, bind more than others, too, and may have been taken for such.

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
        With further clusters, after the others: such as are named for living leukocytes of those that were not, or the
        other way round.
    """
    stains = [one for one in stains_that_t_cells_lack(markers, lineages) if one != VIABILITY]
    t_cells = lineages.family(next((row.name for row in lineages.kinds if row.reference), ""))
    kinds = name(clusters)
    parted = clusters.copy()
    origins: list[str] = []
    for cluster, kind in enumerate(kinds):
        events = np.flatnonzero(clusters == cluster)
        values = points[events].astype(np.float64)
        if kind in t_cells and len(stains) >= 2 and len(events) >= _FEW:
            of_stains = values[:, [markers.index(one) for one in stains]]
            own = _Clouds.unspecific(of_stains).likeliest(of_stains) == 1
        elif kind == "dead" and VIABILITY not in markers and _FORWARD in markers:
            forward = markers.index(_FORWARD)
            living = [
                float(np.median(points[clusters == n, forward]))
                for n, one in enumerate(kinds)
                if one in t_cells
            ]
            own = _larger(values, forward, living)
        else:
            continue
        if _FEW <= np.count_nonzero(own) <= len(own) - _FEW:
            parted[events[own]] = len(kinds) + len(origins)
            origins.append(kind)
    if not origins:
        return clusters
    out, number = clusters.copy(), len(kinds)
    after = name(parted)
    for cluster, origin in enumerate(origins, start=len(kinds)):
        if (after[cluster] in lineages.no_leukocytes) != (origin in lineages.no_leukocytes):
            out[parted == cluster], number = number, number + 1
    return out


def _larger(values: Numbers, forward: int, living: Sequence[float]) -> NDArray[np.bool_]:
    """Events of a cluster of dead cells that are of a second cloud, as large as living cells."""
    sizes = values[:, forward]
    larger = (
        sizes > 0.5 * (np.median(living) + np.median(sizes)) if living else np.zeros(len(values), np.bool_)
    )
    if not _FEW <= np.count_nonzero(larger) <= len(larger) - _FEW:
        return np.zeros(len(values), dtype=np.bool_)
    return np.asarray(_Clouds.of_both(values, larger).likeliest(values) == 1)


@dataclass(frozen=True)
class _Clouds:
    """Normal parts of a cluster.

    Attributes
    ----------
    mean : ndarray of float64, shape (m, k)
    covariance : ndarray of float64, shape (m, k, k)
    part : ndarray of float64, shape (m,)
        Of the events.
    """

    mean: Numbers
    covariance: Numbers
    part: Numbers

    @classmethod
    def unspecific(cls, values: Numbers) -> _Clouds:
        """Most events, those that bind every stain, and those that carry one of the markers."""
        k = values.shape[1]
        middle = np.median(values, axis=0)
        spread = 1.4826 * np.median(np.abs(values - middle), axis=0)
        start = middle + np.vstack((np.zeros(k), np.full(k, MUCH), _BRIGHT * np.eye(k)))
        wider = np.where(np.arange(k + 2) > 0, _VARY**2, 0.0)
        width = np.diag(spread**2 + _RIDGE) + wider[:, None, None] * np.eye(k)
        most, unspecific, others = _PARTS
        return cls(start, width, np.array([most, unspecific, *np.full(k, others / k)])).fitted(values)

    @classmethod
    def of_both(cls, values: Numbers, second: NDArray[np.bool_]) -> _Clouds:
        """Two parts, which to begin with are some events and the others."""
        groups = values[~second], values[second]
        ridge = _RIDGE * np.eye(values.shape[1])
        covariance = np.array([np.cov(one.T) + ridge for one in groups])
        mean = np.array([one.mean(axis=0) for one in groups])
        return cls(mean, covariance, np.array([np.mean(~second), np.mean(second)])).fitted(values)

    def fitted(self, values: Numbers) -> _Clouds:
        """Fit them to events of shape (n, k), as if `_FEW` had been seen where each begins: a small one stays there."""
        n, k = values.shape
        products = (values[:, :, None] * values[:, None, :]).reshape(n, k * k)
        begun = _FEW * (self.covariance + self.mean[:, :, None] * self.mean[:, None, :])
        clouds = self
        for _ in range(_ROUNDS):
            before = clouds.part
            weights = clouds._log_densities(values)
            weights = np.exp(weights - weights.max(axis=0))
            weights /= weights.sum(axis=0)
            events = weights.sum(axis=1)
            mean = (weights @ values + _FEW * self.mean) / (events + _FEW)[:, None]
            square = ((weights @ products).reshape(begun.shape) + begun) / (events + _FEW)[:, None, None]
            covariance = square - mean[:, :, None] * mean[:, None, :]
            clouds = _Clouds(mean, covariance, np.maximum(events / n, 1e-9))
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
