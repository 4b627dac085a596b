"""Learning a study: its scales, its kinds of cells, where its gates lie; once, from samples of all tubes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bcelldepl.definitions.markers import SCATTER
from bcelldepl.gating.model.alignment import ALIGNED_EVENTS, Alignment, align
from bcelldepl.gating.model.cluster_summary import AREAS, ClusterSummary, summarise
from bcelldepl.gating.model.clusters import find_clusters, spread_within
from bcelldepl.gating.model.components import describe_clusters
from bcelldepl.gating.model.event_sample import EventSample, pool
from bcelldepl.gating.model.expected_kinds import add_expected
from bcelldepl.gating.model.gates import draw_gates
from bcelldepl.gating.model.naming import Named, name_clusters
from bcelldepl.gating.model.odd_t_cells import part_odd_t_cells
from bcelldepl.gating.model.positives import learn_positives
from bcelldepl.gating.model.questions import ask
from bcelldepl.gating.model.scales import choose_scales, natural_unit
from bcelldepl.gating.model.study_model import Cluster, StudyModel
from bcelldepl.gating.regions import inside
from bcelldepl.gating.rules.positives import PositivesRule
from bcelldepl.gating.rules.singlets import SingletRule
from bcelldepl.kernels.nearest import label_likeliest
from bcelldepl.runtime.threads import in_threads, over_spans
from bcelldepl.signal.transform import Transform

if TYPE_CHECKING:
    from bcelldepl.gating.strategy import Strategy

__all__ = ["learn"]

_FIRST_LOOK = 120_000  # events of all tubes, from which the clusters are found at first
_OF_A_CLUSTER = 6_000  # events at the second look: rare cells are not lost among the many


def learn(
    samples: Sequence[EventSample],
    strategy: Strategy,
    given: Mapping[str, Sequence[int]] | None = None,
    first_number: int = 1,
) -> StudyModel:
    """Learn the model of a study.

    Parameters
    ----------
    samples : sequence of EventSample
        Of all tubes that show all stains, in any order.
    strategy : Strategy
    given : mapping of str to sequence of int, optional
        Clusters that the user named, by kind.
    first_number : int
        Of the clusters.

    Returns
    -------
    StudyModel

    Raises
    ------
    ValueError
        Where there are too few events to learn from.
    """
    ordered = sorted(samples, key=lambda sample: sample.tube)
    # A copy of a tube shows no other cells; events that repeat each other seem to stand apart from the rest.
    contents = [sample.digest() for sample in ordered]
    distinct: dict[str, EventSample] = {}
    for content, sample in zip(contents, ordered, strict=True):
        distinct.setdefault(content, sample)
    shown = list(distinct.values())
    scales = choose_scales(shown, strategy.transforms)
    pooled = _Pooled.of(shown, scales, strategy)
    labels = _first_clusters(pooled)
    kinds = name_clusters(_summary(pooled.some(labels.events), labels.clusters), strategy.lineages, {})
    singlets = _find_singlets(pooled, labels, kinds, strategy)
    balanced, worth = _balance(pooled.some(np.flatnonzero(pooled.single)), labels)
    own = {kind: [number - first_number for number in numbers] for kind, numbers in (given or {}).items()}
    found = find_clusters(balanced.points, labels.spread)
    known = {kind: [number for number in numbers if number <= found.max()] for kind, numbers in own.items()}
    clusters = part_odd_t_cells(
        balanced.points,
        found,
        balanced.markers,
        lambda some: name_clusters(_summary(balanced, some, worth), strategy.lineages, known).kinds,
        strategy.lineages,
    )
    summary = _summary(balanced, clusters, worth)
    named = name_clusters(summary, strategy.lineages, own)
    model = StudyModel(
        markers=pooled.markers,
        units=pooled.units,
        scales=scales,
        clusters=_describe(summary, named, balanced, clusters, first_number),
        components=add_expected(
            describe_clusters(balanced.points, clusters, worth, named.kinds),
            strategy.lineages,
            pooled.markers,
        ),
        singlets=singlets,
        remarks=tuple(named.remarks),
    )
    of_distinct = dict(zip(distinct, _align_all(model, pooled), strict=True))
    aligned = [of_distinct[content] for content in contents]
    model = _with_tubes(model, aligned, ordered)
    boundaries, tight = draw_gates(model, strategy, balanced.points, clusters, named.kinds, worth)
    model = replace(model, boundaries=boundaries, tight=tight)
    model = replace(model, positives=learn_positives(model, strategy, ordered, aligned))
    return replace(model, questions=ask(model, strategy))


@dataclass(frozen=True)
class _Pooled:
    """Events of several tubes.

    Attributes
    ----------
    markers : tuple of str
    units : tuple of float
    points : ndarray of float32, shape (n_events, k)
        In natural units.
    linear : dict of str to ndarray of float32, shape (n_events,)
        Linear signals.
    positions : dict of str to ndarray of float32, shape (n_events,)
        Of all scatter signals.
    tube, number : ndarray of int32, shape (n_events,)
        Which tube an event is of, and its number there.
    single : ndarray of bool, shape (n_events,)
        Whether it is a single cell; filled once that is known.
    """

    markers: tuple[str, ...]
    units: tuple[float, ...]
    points: NDArray[np.float32]
    linear: Mapping[str, NDArray[np.float32]]
    positions: Mapping[str, NDArray[np.float32]]
    tube: NDArray[np.int32]
    number: NDArray[np.int32]
    single: NDArray[np.bool_]

    @classmethod
    def of(
        cls, samples: Sequence[EventSample], scales: Mapping[str, Transform], strategy: Strategy
    ) -> _Pooled:
        """Put the events of all tubes one after the other."""
        counted = [rule.marker for rule in strategy.populations if isinstance(rule, PositivesRule)]
        wanted = dict.fromkeys((*strategy.lineages.markers, *counted, *AREAS))
        markers = tuple(name for name in wanted if name in scales)
        linear = {name: pool(samples, name) for name in scales}
        units = tuple(natural_unit(scales[name], linear[name]) for name in markers)
        points = np.column_stack(
            [
                scales[name].apply(linear[name], 1.0) * np.float32(unit)
                for name, unit in zip(markers, units, strict=True)
            ]
        )
        sizes = [sample.events for sample in samples]
        positions = {name: scales[name].apply(linear[name], 1.0) for name in scales if name in SCATTER}
        if not len(points):
            msg = "no tube of the study has events to learn from"
            raise ValueError(msg)
        return cls(
            markers,
            units,
            points,
            linear,
            positions,
            np.repeat(np.arange(len(samples), dtype=np.int32), sizes),
            np.concatenate([np.arange(size, dtype=np.int32) for size in sizes]),
            np.ones(len(points), dtype=np.bool_),
        )

    def some(self, events: NDArray[np.int64]) -> _Pooled:
        """Return some of the events."""
        return _Pooled(
            self.markers,
            self.units,
            self.points[events],
            {name: values[events] for name, values in self.linear.items()},
            {name: values[events] for name, values in self.positions.items()},
            self.tube[events],
            self.number[events],
            self.single[events],
        )


@dataclass(frozen=True)
class _First:
    """The clusters of the first look: the events it was at, their clusters, and the usual spread within."""

    events: NDArray[np.int64]
    clusters: NDArray[np.int32]
    spread: NDArray[np.float64]
    centres: NDArray[np.float64]
    whiteners: NDArray[np.float64]

    def nearest(self, points: NDArray[np.float32]) -> NDArray[np.int32]:
        """Cluster that each event is most likely of, if all were as large."""
        labels = np.empty(len(points), dtype=np.int32)
        heights = 2.0 * np.log(np.abs(np.diagonal(self.whiteners, axis1=1, axis2=2))).sum(axis=1)
        centres, whiteners, heights = (
            one.astype(np.float32) for one in (self.centres, self.whiteners, heights)
        )

        def label(first: int, last: int) -> None:
            label_likeliest(points, centres, whiteners, heights, first, last, labels)

        over_spans(label, len(points))
        return labels


def _first_clusters(pooled: _Pooled) -> _First:
    """Cluster the first events of each tube."""
    tubes = int(pooled.tube.max()) + 1
    events = np.flatnonzero(pooled.number < max(_FIRST_LOOK // tubes, 1)).astype(np.int64)
    points = pooled.points[events]
    clusters = find_clusters(points)
    centres, whiteners = [], []
    k = points.shape[1]
    for number in range(int(clusters.max()) + 1):
        own = points[clusters == number].astype(np.float64)
        centres.append(np.median(own, axis=0))
        covariance = np.cov(own.T) + 0.01 * np.eye(k) if len(own) > 3 * k else 0.1 * np.eye(k)
        whiteners.append(np.linalg.inv(np.linalg.cholesky(covariance)))
    return _First(events, clusters, spread_within(points, clusters), np.array(centres), np.array(whiteners))


def _find_singlets(pooled: _Pooled, first: _First, named: Named, strategy: Strategy) -> dict[str, float]:
    """Find the ridge of single cells among leukocytes, and mark the single events of the pool."""
    rule = next((one for one in strategy.populations if isinstance(one, SingletRule)), None)
    if rule is None or not all(name in pooled.positions for name in rule.markers):
        return {}
    leukocytes = np.array(
        [bool(kind) and kind not in strategy.lineages.no_leukocytes for kind in named.kinds]
    )
    cells = first.events[leukocytes[first.clusters]]
    fit = rule.fit({name: pooled.positions[name][cells] for name in rule.markers}, {})
    if fit.shape is None:
        return {}
    pooled.single[:] = inside(rule.regions(fit.shape).gate, pooled.positions)
    return asdict(fit.shape)


def _balance(pooled: _Pooled, first: _First) -> tuple[_Pooled, NDArray[np.float64]]:
    """Keep so many events of each cluster, and how many each stands for."""
    cluster = first.nearest(pooled.points)
    sizes = np.bincount(cluster, minlength=len(first.centres))
    # Events of a sample are in an order as good as drawn; taken tube by tube in turn, every tube has its part.
    order = np.lexsort((pooled.tube, pooled.number, cluster))
    rank = np.empty(len(order), dtype=np.int64)
    starts = np.concatenate(([0], np.cumsum(sizes)[:-1]))
    rank[order] = np.arange(len(order)) - np.repeat(starts, sizes)
    kept = np.flatnonzero(rank < _OF_A_CLUSTER)
    worth = np.maximum(sizes / _OF_A_CLUSTER, 1.0)
    return pooled.some(kept), worth[cluster[kept]]


def _summary(
    pooled: _Pooled, clusters: NDArray[np.int32], worth: NDArray[np.float64] | None = None
) -> ClusterSummary:
    return summarise(pooled.markers, pooled.points, pooled.linear, clusters, worth)


def _describe(
    summary: ClusterSummary, named: Named, pooled: _Pooled, clusters: NDArray[np.int32], first_number: int
) -> tuple[Cluster, ...]:
    described = []
    for number, kind in enumerate(named.kinds):
        own = clusters == number
        medians = {name: round(float(np.median(pooled.linear[name][own])), 3) for name in pooled.markers}
        percent = round(100 * float(summary.share[number]), 4)
        events = int(summary.events[number])
        described.append(Cluster(first_number + number, kind or "unknown", events, percent, medians))
    return tuple(described)


def _align_all(model: StudyModel, pooled: _Pooled) -> list[Alignment]:
    """Align the single events of every tube."""
    tubes = int(pooled.tube.max()) + 1
    single = np.flatnonzero(pooled.single)
    starts = np.searchsorted(pooled.tube[single], np.arange(tubes + 1))

    def of_tube(ends: tuple[int, int]) -> Alignment:
        events = single[slice(*ends)][:ALIGNED_EVENTS]
        return align(model, np.ascontiguousarray(pooled.points[events].T))

    return in_threads(of_tube, pairwise(starts.tolist()))


def _with_tubes(
    model: StudyModel, aligned: Sequence[Alignment], samples: Sequence[EventSample]
) -> StudyModel:
    """Note how far tubes lie from each other, how well they fit, and which kinds each shows."""
    shifts = np.array([one.shift for one in aligned])
    unrest = 1.4826 * np.median(np.abs(shifts - np.median(shifts, axis=0)), axis=0)
    densities = np.array([one.log_density for one in aligned])
    middle = float(np.median(densities))
    seen = {}
    for sample, one in zip(samples, aligned, strict=True):
        shares = np.array(one.shares)
        kinds = {
            kind: round(one.events * float(shares[model.kinds == kind].sum())) for kind in set(model.kinds)
        }
        seen[sample.tube] = {str(kind): events for kind, events in sorted(kinds.items()) if events}
    return replace(
        model,
        unrest=tuple(np.round(unrest, 5).tolist()),
        typical=round(middle, 6),
        spread=round(1.4826 * float(np.median(np.abs(densities - middle))), 6),
        seen=seen,
    )
