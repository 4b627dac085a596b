"""Clusters of events that stand apart: small ones first, merged unless a significant valley lies between them.

References
----------
Magland and Barnett, arXiv:1508.04841 (2015): clusters that are merged where the line through them shows one mode.
Chan, Golub and LeVeque, Stanford STAN-CS-79-773 (1979): moments of two parts together.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from bcelldepl.gating.model.k_means import first_means, part_among_means
from bcelldepl.kernels.separation import BINS, line_ends, project, significant_valley

__all__ = ["find_clusters", "spread_within"]

_SMALL_CLUSTERS = 196  # to begin with: more than there are kinds of cells by far
_ROUNDS = 10  # times that their means are moved
_LEAST_Z = 4.0  # standard errors by which a valley must lie below its peaks,
_MORE_Z = 1.5  # and times as many where there are more clusters than kinds of cells, by far
_MOST_CLUSTERS = 150
_MOST_COMPARED = 3_000  # pairs, before which most of so many clusters have merged
_GREATEST_DEPTH = 0.7  # and the part of the lower peak that it may reach
_WIDTHS = np.array([2.0, 4.0, 8.0, 14.0])  # of smoothings, in bins
_ENDS = (0.1 / 100, 99.9 / 100)  # of the events on a line: between these a valley is looked for
_RIDGE = 1e-3  # natural units squared; keeps a direction defined where a cluster is flat
_FEW = 40  # events; a smaller cluster is not split again
_SPLITS = 3  # rounds of splitting
_AGAIN = 3  # times that two clusters are compared, although each may have changed since
_MOVED = 0.02  # part of the smaller cluster that must change sides for old comparisons to be void


def find_clusters(
    points: NDArray[np.float32], spread: NDArray[np.float64] | None = None
) -> NDArray[np.int32]:
    """Find the clusters of a sample.

    Where events repeat each other, chance explains deeper valleys than it does else: more is asked of a valley until
    there are no more clusters than cells can have.

    Parameters
    ----------
    points : ndarray of float32, shape (n_events, k)
        In natural units; finite.
    spread : ndarray of float64, shape (k,), optional
        Usual spread of a cluster by marker, which distances are measured in; default 1 for all.

    Returns
    -------
    ndarray of int32, shape (n_events,)
        Cluster of each event; the largest is 0.
    """
    unit = np.ones(points.shape[1]) if spread is None else spread
    scaled = (points / unit).astype(np.float32)
    small = part_among_means(scaled, first_means(scaled, _SMALL_CLUSTERS), _ROUNDS)
    least_z = _LEAST_Z
    while True:
        merging = _Merging(points, unit, small, least_z)
        if merging.settle():
            return merging.labels()
        least_z *= _MORE_Z


def spread_within(points: NDArray[np.float32], labels: NDArray[np.int32]) -> NDArray[np.float64]:
    """Usual standard deviation within clusters, by marker; large clusters weigh by the root of their size."""
    sizes = np.bincount(labels)
    chosen = [cluster for cluster in range(len(sizes)) if sizes[cluster] >= _FEW] or [0]
    spreads = np.array([points[labels == cluster].std(axis=0, dtype=np.float64) for cluster in chosen])
    return np.maximum(np.average(spreads, axis=0, weights=np.sqrt(sizes[chosen])), 1e-3)


@dataclass(frozen=True)
class _Moments:
    """Events, mean, and sums of products of distances from the mean."""

    events: int
    mean: NDArray[np.float64]
    products: NDArray[np.float64]

    @classmethod
    def of(cls, points: NDArray[np.float32]) -> _Moments:
        """Those of a cluster."""
        exact = points.astype(np.float64)
        mean = exact.mean(axis=0)
        away = exact - mean
        return cls(len(points), mean, away.T @ away)

    def covariance(self) -> NDArray[np.float64]:
        """Zero where there are too few events for one."""
        return self.products / (self.events - 1) if self.events > len(self.mean) else 0.0 * self.products

    def __add__(self, other: _Moments) -> _Moments:
        """Those of both clusters together."""
        events, between = self.events + other.events, other.mean - self.mean
        return _Moments(
            events,
            self.mean + between * (other.events / events),
            self.products
            + other.products
            + np.outer(between, between) * (self.events * other.events / events),
        )


@dataclass
class _Merging:
    """Clusters while they are merged and split.

    Attributes
    ----------
    points : ndarray of float32, shape (n_events, k)
    unit : ndarray of float64, shape (k,)
    first : ndarray of int32, shape (n_events,)
        The small clusters to begin with.
    least_z : float
        Standard errors by which a valley must lie below its peaks.
    members : dict of int to ndarray of int64
        Events by cluster.
    """

    points: NDArray[np.float32]
    unit: NDArray[np.float64]
    first: NDArray[np.int32]
    least_z: float
    members: dict[int, NDArray[np.int64]] = field(default_factory=dict)
    _known: dict[int, _Moments] = field(default_factory=dict)
    _apart: NDArray[np.bool_] = field(init=False)  # pairs that were found to stand apart, by name
    _compared: NDArray[np.int32] = field(init=False)  # how often
    _centres: NDArray[np.float64] = field(init=False)  # in units, by name

    def __post_init__(self) -> None:
        order = np.argsort(self.first, kind="stable")
        names, starts = np.unique(self.first[order], return_index=True)
        for name, events in zip(names.tolist(), np.split(order, starts[1:]), strict=True):
            self.members[name] = events.astype(np.int64)
        # Each round of splits may give every cluster a second one.
        room = 2**_SPLITS * (max(self.members) + 1)
        self._apart = np.zeros((room, room), dtype=np.bool_)
        self._compared = np.zeros((room, room), dtype=np.int32)
        self._centres = np.empty((room, len(self.unit)))

    def settle(self) -> bool:
        """Merge and split until neither changes a thing; False as soon as there are more clusters than can be."""
        if not self.merge():
            return False
        for _ in range(_SPLITS):
            before = len(self.members)
            if not self.split():
                break
            if not self.merge():
                return False
            if len(self.members) == before:
                break
        return True

    def labels(self) -> NDArray[np.int32]:
        """Cluster of each event, the largest first."""
        out = np.empty(len(self.points), dtype=np.int32)
        ordered = sorted(self.members, key=lambda name: (-len(self.members[name]), name))
        for number, name in enumerate(ordered):
            out[self.members[name]] = number
        return out

    def merge(self) -> bool:
        """Compare pairs that are each other's nearest until all stand apart; False where too many clusters do."""
        compared = 0
        while pairs := self._nearest_pairs():
            for one, other in pairs:
                self._compare(one, other)
            compared += len(pairs)
            if compared > _MOST_COMPARED and len(self.members) > _MOST_CLUSTERS:
                return False
        return len(self.members) <= _MOST_CLUSTERS

    def split(self) -> bool:
        """Part each cluster at the most significant valley of a marker, or of all markers together, where it has one.

        Events that bind some of every stain show in all markers together alone.
        """
        parted, number = False, max(self.members) + 1
        for name in sorted(self.members):
            events = self.members[name]
            if len(events) < _FEW:
                continue
            points = self.points[events].astype(np.float64)
            best, position = np.zeros(3), np.empty(0)
            together = points @ (1.0 / np.maximum(points.std(axis=0), 1e-6))
            for along in (*np.ascontiguousarray(points.T), together):
                found = _valley(along, self.least_z)
                if found is not None and found[1] > best[1]:
                    best, position = found, along
            if not len(position):
                continue
            above = position > best[0]
            self._set(name, events[~above])
            self._set(number, events[above])
            number, parted = number + 1, True
        return parted

    def _nearest_pairs(self) -> list[tuple[int, int]]:
        for name in self.members.keys() - self._known.keys():
            self._moments(name)
        names = np.array(sorted(self.members))
        centres = self._centres[names]
        squares = (centres**2).sum(axis=1)
        away = squares[:, None] + squares[None, :] - 2.0 * centres @ centres.T
        np.fill_diagonal(away, np.inf)
        away[self._apart[names][:, names]] = np.inf
        nearest = away.argmin(axis=1)
        numbers = np.arange(len(names))
        # The nearest of each other, once.
        ones = np.flatnonzero(
            (nearest[nearest] == numbers) & (numbers < nearest) & np.isfinite(away[numbers, nearest])
        )
        return list(zip(names[ones].tolist(), names[nearest[ones]].tolist(), strict=True))

    def _compare(self, one: int, other: int) -> None:
        """Merge two clusters, or part them at the valley between them."""
        events = np.concatenate((self.members[one], self.members[other]))
        first = len(self.members[one])
        along = np.empty(len(events))
        project(self.points, events, self._direction(one, other), along)
        found = _valley(along, self.least_z)
        above = along > found[0] if found is not None else np.empty(0, dtype=np.bool_)
        if found is None or above.all() or not above.any():
            together = self._moments(one) + self._moments(other)
            self._set(one, events)
            self._know(one, together)
            del self.members[other]
            self._forget(other)
            return
        moved = int(above[:first].sum() + (~above[first:]).sum())
        if moved:
            smaller = min(first, len(events) - first)
            self._set(one, events[~above], void=moved > _MOVED * smaller)
            self._set(other, events[above], void=moved > _MOVED * smaller)
        for pair in ((one, other), (other, one)):
            self._apart[pair] = True
            self._compared[pair] += 1

    def _direction(self, one: int, other: int) -> NDArray[np.float64]:
        """Fisher's discriminant, from the first cluster to the second."""
        a, b = self._moments(one), self._moments(other)
        k = len(self.unit)
        if min(a.events, b.events) > 2 * k:
            within = 0.5 * (a.covariance() + b.covariance())
            ridge = _RIDGE
        else:
            within = (a.events * a.covariance() + b.events * b.covariance()) / (a.events + b.events)
            ridge = _RIDGE if max(a.events, b.events) >= 4 * k else 50 * _RIDGE
        direction = np.linalg.solve(within + ridge * np.eye(k), b.mean - a.mean)
        length = float(np.linalg.norm(direction))
        return np.asarray(direction / length if length > 0.0 else np.eye(k)[0])

    def _moments(self, name: int) -> _Moments:
        if name not in self._known:
            self._know(name, _Moments.of(self.points[self.members[name]]))
        return self._known[name]

    def _know(self, name: int, moments: _Moments) -> None:
        self._known[name], self._centres[name] = moments, moments.mean / self.unit

    def _set(self, name: int, events: NDArray[np.int64], void: bool = True) -> None:
        self.members[name] = events
        if void:
            self._forget(name)
        else:
            self._known.pop(name, None)

    def _forget(self, name: int) -> None:
        self._known.pop(name, None)
        often = self._compared[name] >= _AGAIN
        self._apart[name] &= often
        self._apart[:, name] &= often


def _valley(along: NDArray[np.float64], least_z: float) -> NDArray[np.float64] | None:
    """Position, standard errors and depth of the valley on a line; None where there is none."""
    ends = np.empty(2)
    line_ends(along, *_ENDS, ends)
    low, high = ends.tolist()
    margin = (high - low) / BINS
    found = np.empty(3)
    if significant_valley(along, low - margin, high + margin, _WIDTHS, least_z, _GREATEST_DEPTH, found):
        return found
    return None
