"""Clusters of a self-organising map, recognised by their marker signature: the plainer way to find islands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from bcelldepl.gating.density import make_density
from bcelldepl.gating.drift import ClusterShape
from bcelldepl.gating.evidence import Evidence
from bcelldepl.gating.islands import Island
from bcelldepl.gating.rules.base import Applied, Columns, Fit
from bcelldepl.gating.rules.cluster import ClusterRule
from bcelldepl.gating.som import map_events, train_map

__all__ = ["MapRule", "MapShape"]

_RIDGE = 0.006**2  # no cluster is taken for narrower than this
_REACH = 1.5  # times the distance that 99 % of a cluster's own events keep to their prototypes
_DOUBT = 1.1  # of two distances: events that are about as near to another cluster make the interval


@dataclass(frozen=True)
class MapShape(ClusterShape):
    """The map of one tube.

    Attributes
    ----------
    prototypes : tuple of tuple of float
        Those that hold events, and those that were carried in.
    owners : tuple of str
        Signature of each prototype.
    reach : float
        An event farther than this from every prototype belongs to none of the wanted.
    """

    prototypes: tuple[tuple[float, ...], ...]
    owners: tuple[str, ...]
    reach: float


class MapRule(ClusterRule):
    """Events whose nearest prototype belongs to the clusters with the given signs.

    A map of 10 x 10 prototypes is stretched over the parent's events, the prototypes are joined to clusters (Ward), and
    each cluster has the signs of its events' medians. The wanted clusters may be absent: their prototypes are then
    carried in from a tube that has them, moved with what both tubes share, as islands are.

    Attributes
    ----------
    metaclusters : int
        Clusters that prototypes are joined to.

    References
    ----------
    Van Gassen et al., Cytometry A 87A:636-645 (2015), doi:10.1002/cyto.a.22625.
    """

    rule: Literal["map"]  # type: ignore[assignment]  # the word by which a strategy file chooses the class
    metaclusters: int = Field(12, gt=1, le=50)

    @model_validator(mode="after")
    def _without_odds(self) -> MapRule:
        if self.blind or self.larger or self.probability < 1.0:
            msg = "blind, larger and probability ask for odds, which a map does not know: take them out"
            raise ValueError(msg)
        return self

    @model_validator(mode="after")
    def _whole(self) -> MapRule:
        if self.blind or self.probability < 1.0:
            msg = "a map judges by the nearest prototype: blind, larger and probability are for the rule cluster"
            raise ValueError(msg)
        return self

    def fit(self, columns: Columns, references: Mapping[str, Columns]) -> Fit:  # noqa: ARG002
        """Stretch the map, join and name its prototypes, and judge the wanted cluster."""
        markers = (*self.signature, *(m for m in self.informative if m in columns))
        points = self._points(columns, markers)
        n = points.shape[1]
        whole = np.all(np.isfinite(points), axis=0)
        points = np.ascontiguousarray(points[:, whole])
        if points.shape[1] < self.min_events:
            return Fit(None, Evidence.FAILED, f"{n} events are too few to find clusters", n)
        cuts = [self._split(marker, make_density(columns[marker][whole])) for marker in self.signature]
        prototypes = train_map(points)
        labels, distances = map_events(points, prototypes)
        held = np.unique(labels)
        cluster = np.zeros(len(prototypes), dtype=np.intp)
        cluster[held] = _join(prototypes[held], self.metaclusters)
        owners = np.zeros(len(prototypes), dtype=f"<U{len(self.signature)}")
        for one in np.unique(cluster[held]):
            middle = np.median(points[: len(cuts), cluster[labels] == one], axis=1)
            owners[cluster == one] = "".join(
                "+" if m > cut else "-" for m, cut in zip(middle, cuts, strict=True)
            )
        signs, islands = self._absorb(points, owners, labels)
        own = signs == self.wanted
        shape = MapShape(
            markers=markers,
            islands=tuple(one for one in islands if one.signature == self.wanted or self._is_landmark(one)),
            prototypes=tuple(tuple(map(float, prototypes[p])) for p in held),
            owners=tuple(str(owners[p]) for p in held),
            reach=_REACH * float(np.quantile(distances[own], 0.99)) if own.any() else 0.0,
        )
        complaint = self._complaint(shape)
        if complaint:
            return Fit(self._without_wanted(shape), Evidence.FAILED, complaint, n)
        return Fit(shape, Evidence.DATA, "", n)

    def _absorb(
        self, points: NDArray[np.float32], owners: NDArray[np.str_], labels: NDArray[np.int32]
    ) -> tuple[NDArray[np.str_], tuple[Island, ...]]:
        """Signs of the events, and a summary of each; what leans on the wanted and is smaller is part of it."""
        signs = owners[labels]
        seen = [str(sign) for sign in np.unique(signs) if (signs == sign).sum() >= self.min_events]
        islands = tuple(_summary(sign, points[:, signs == sign]) for sign in seen)
        leaning = self._leaning(islands)
        if not leaning:
            return signs, islands
        owners[np.isin(owners, leaning)] = self.wanted
        return self._absorb(points, owners, labels)

    def _is_landmark(self, island: Island) -> bool:
        """Whether clusters of the same signs lie together, so that their middle means something in another tube."""
        spread = np.sqrt(np.diag(np.array(island.scale)))[: len(self.signature)]
        return bool(np.all(spread <= self.max_spread))

    def _without_wanted(self, shape: MapShape) -> MapShape:
        kept = [i for i, owner in enumerate(shape.owners) if owner != self.wanted]
        return MapShape(
            markers=shape.markers,
            islands=tuple(one for one in shape.islands if one.signature != self.wanted),
            prototypes=tuple(shape.prototypes[i] for i in kept),
            owners=tuple(shape.owners[i] for i in kept),
            reach=0.0,
        )

    def carry(self, own: Fit, donors: Sequence[Fit], peers: Sequence[Fit] = ()) -> Fit | None:
        """Bring in the wanted prototypes of the nearest tube that has them, moved by what both tubes share."""
        carried = super().carry(own, donors, peers)
        if carried is None:
            return None
        lender, moved = next((d.shape, m[0]) for d in donors if (m := self._moved(own.shape, [d])))
        shift = np.array(moved.mean) - np.array(lender.island(self.wanted).mean)
        wanted = [
            tuple((np.array(prototype) + shift).tolist())
            for prototype, owner in zip(lender.prototypes, lender.owners, strict=True)
            if owner == self.wanted
        ]
        here = self._without_wanted(own.shape)
        shape = MapShape(
            markers=here.markers,
            islands=carried.shape.islands,
            prototypes=(*here.prototypes, *wanted),
            owners=(*here.owners, *[self.wanted] * len(wanted)),
            reach=lender.reach,
        )
        return replace(own, shape=shape)

    def apply(self, shape: MapShape, columns: Columns) -> Applied:  # type: ignore[override]
        """Give every event to its nearest prototype; the interval takes in those that another is about as near to."""
        points = self._points(columns, shape.markers)
        prototypes = np.array(shape.prototypes, dtype=np.float32)
        own = np.array(shape.owners) == self.wanted
        if points.shape[1] == 0 or not own.any():
            return Applied(np.zeros(points.shape[1], dtype=np.bool_), 0, 0)
        _, near = map_events(points, prototypes[own])
        other = np.full_like(near, np.inf)
        if not own.all():
            _, other = map_events(points, prototypes[~own])
        inside = (near < other) & (near <= shape.reach)
        low = (_DOUBT * near < other) & (_DOUBT * near <= shape.reach)
        high = (near < _DOUBT * other) & (near <= _DOUBT * shape.reach)
        return Applied(inside, int(low.sum()), int(high.sum()))


def _join(prototypes: NDArray[np.float32], n_clusters: int) -> NDArray[np.intp]:
    """Cluster of each prototype."""
    from sklearn.cluster import AgglomerativeClustering  # slow to import, and few strategies have a map

    if len(prototypes) <= n_clusters:
        return np.arange(len(prototypes))
    joined: NDArray[np.intp] = AgglomerativeClustering(n_clusters).fit_predict(prototypes)
    return joined


def _summary(signature: str, points: NDArray[np.float32]) -> Island:
    """What other tubes are told of the events of a signature."""
    mean = points.mean(axis=1, dtype=np.float64)
    scale = np.atleast_2d(np.cov(points)) + np.eye(len(points)) * _RIDGE
    return Island(
        signature, tuple(mean.tolist()), tuple(tuple(row) for row in scale.tolist()), float(points.shape[1])
    )
