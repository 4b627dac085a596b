"""Names of clusters by lineage: markers that are high and low beside the other clusters, and scatter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from bcelldepl.gating.model.cluster_comparison import CD45, DECIDING, FEW, ClusterComparison, Named
from bcelldepl.gating.model.cluster_summary import ClusterSummary, widest_gap
from bcelldepl.gating.model.lineages import Kind, Lineages

__all__ = ["Named", "name_clusters"]

_BRIGHT = 2.5  # natural units from which a signal says how evenly a particle shines
_EVEN = 0.12  # natural units; cells vary by twice as much and more
_GAP = 1.2  # pooled spreads that part the high from the low
_LOW = 3.0  # pooled spreads above the reference that a low marker may reach, and half of the way to the brightest
_DIM_CD45 = 0.1  # of the reference's, below which a particle is no leukocyte
_FAIR_SHARE = 0.02  # of all leukocytes, that the reference kind has over a whole study
_SURE_GAP = 2.0  # a narrower one is told in the record


def name_clusters(clusters: ClusterSummary, lineages: Lineages, given: Mapping[str, Sequence[int]]) -> Named:
    """Name the clusters of a study, all at once and once.

    Parameters
    ----------
    clusters : ClusterSummary
    lineages : Lineages
    given : mapping of str to sequence of int
        Clusters that the user named, by kind; they keep that name.

    Returns
    -------
    Named
    """
    naming = _Naming(clusters, lineages, Named([""] * len(clusters)))
    for kind, numbers in given.items():
        for number in numbers:
            if 0 <= number < len(clusters):
                naming.named.kinds[number] = kind
    naming.find_reference()
    for row in lineages.kinds:
        if naming.applies(row):
            naming.take(row)
    return naming.named


class _Naming(ClusterComparison):
    @property
    def free(self) -> NDArray[np.bool_]:
        """Clusters without a name."""
        return np.array([not kind for kind in self.named.kinds])

    def applies(self, row: Kind) -> bool:
        """Whether the panel has what a row asks for."""
        have = set(self.clusters.markers)
        return (
            all(have.intersection(markers) for markers in row.high)
            and have.issuperset(row.needs)
            and not have.intersection(row.lacks)
        )

    def find_reference(self) -> None:
        """Find the largest cluster of the reference kind; without its marker, that of leukocytes with low scatter."""
        self._take_even(next((row for row in self.lineages.kinds if row.even), None))
        summary, free = self.clusters, self.free & (self.clusters.events >= FEW)
        if not free.any():
            return
        leukocytes = free.copy()
        if CD45 in summary.markers:
            cd45 = summary.of(CD45)
            leukocytes &= cd45 > 0.5 * (cd45[free].min() + cd45[free].max())
        row = next((one for one in self.lineages.kinds if one.reference and self.applies(one)), None)
        if row is not None:
            marker = self.marker_of(row.high[0])
            self.thresholds[marker] = self._below_brightest(marker, leukocytes)
            leukocytes &= summary.of(marker) > self.thresholds[marker]
            weight = summary.share
        else:
            side = np.nan_to_num(summary.side, nan=1.0)
            weight = np.sqrt(summary.share) / np.maximum(side / side[leukocytes].min(), 1.0)
        self.named.reference = int(np.argmax(np.where(leukocytes, weight, -1.0)))

    def _below_brightest(self, marker: str, among: NDArray[np.bool_]) -> float:
        """Middle of the highest wide gap of a marker below which a fair part of the events lies above it."""
        values, spreads, share = (
            self.clusters.of(marker),
            self.clusters.spread_of(marker),
            self.clusters.share,
        )
        deciding = among & (share >= DECIDING * share[among].sum())
        among = deciding if np.count_nonzero(deciding) > 1 else among
        ordered = np.flatnonzero(among)[np.argsort(-values[among], kind="stable")]
        middle, widest = widest_gap(values, spreads, among)
        for number, (upper, lower) in enumerate(pairwise(ordered), start=1):
            gap = (values[upper] - values[lower]) / np.hypot(spreads[upper], spreads[lower])
            fair = share[ordered[:number]].sum() >= _FAIR_SHARE * share[ordered].sum()
            if gap >= min(_SURE_GAP, widest) and fair:
                return float(0.5 * (values[upper] + values[lower]))
        return middle

    def take(self, row: Kind) -> None:
        """Name the free clusters that fit a row."""
        if row.even:
            return  # taken before the reference was found
        if row.within:
            self._divide(row)
            return
        fits = self.free & self.in_scatter(row.scatter) & self.cd45_within(row)
        if row.sticky:
            fits &= self.binds_much(row) if row.scatter else self.is_sticky(row)
        for marker in row.low:
            if marker in self.clusters.markers:
                fits &= self._is_low(marker)
        for markers in row.high:
            fits &= self._is_high(self.marker_of(markers), fits, row)
        fits &= self.stands_out_beside_low(row)
        if row.beside_brightest:
            fits &= ~(self.are_no_such(row) if row.like else self.are_dim_and_bind_more(row, fits))
        for number in np.flatnonzero(fits):
            self.named.kinds[number] = row.name

    def _divide(self, row: Kind) -> None:
        """Give some clusters of a kind the name of a part of it."""
        named = np.array([kind == row.within for kind in self.named.kinds])
        family = np.isin(self.named.kinds, self.lineages.family(row.within)) & (self.clusters.events >= FEW)
        family &= self.clusters.share >= DECIDING * self.clusters.share[family].sum()
        fits = named.copy()
        for markers in row.high:
            threshold, gap = self._gap_within(self.marker_of(markers), family)
            fits &= (self.clusters.of(self.marker_of(markers)) > threshold) & (gap >= _GAP)
        for marker in (one for one in row.low if one in self.clusters.markers):
            if not row.high:
                fits &= self._is_low(marker)
                continue
            threshold, gap = self._gap_within(marker, family)
            fits &= (self.clusters.of(marker) <= threshold) | (gap < _GAP)
        if not row.high and named.any():
            fits[np.argmax(np.where(named, self.clusters.share, -1.0))] = False
        for number in np.flatnonzero(fits):
            self.named.kinds[number] = row.name

    def _gap_within(self, marker: str, family: NDArray[np.bool_]) -> tuple[float, float]:
        # What lies below zero has as little of a marker as what lies at it: a matrix took too much off in some tubes.
        signal = np.maximum(self.clusters.of(marker), 0.0)
        return widest_gap(signal, self.clusters.spread_of(marker), family)

    def _take_even(self, row: Kind | None) -> None:
        """Name counting beads, and what else is as bright as they are: two or more that pass as one."""
        summary = self.clusters
        if row is None:
            return
        variation = np.full(len(summary), np.inf)
        for number in range(len(summary)):
            bright = summary.spread[number][summary.position[number] > _BRIGHT]
            if len(bright) >= 2:
                scatter = [summary.forward_variation[number], summary.side_variation[number]]
                variation[number] = max(float(np.median(bright)), *np.nan_to_num(scatter))
        even = self.free & (variation < _EVEN)
        if not even.any():
            return
        main = int(np.argmax(np.where(even, summary.share, -1.0)))
        bright = summary.position[main] > _BRIGHT
        above = summary.position[:, bright] - summary.position[main, bright]
        for number in np.flatnonzero(self.free).tolist():
            typical = float(np.median(above[number]))
            if even[number]:
                self.named.kinds[number] = row.name if abs(typical) < 0.5 * np.log(2) else f"{row.name}_other"
            elif np.mean(above[number] > -0.5 * np.log(2)) > 0.9:
                self.named.kinds[number] = f"{row.name}_other"

    def _is_low(self, marker: str) -> NDArray[np.bool_]:
        """Clusters that are not high in a marker; of CD45, those that are no leukocytes."""
        values, reference = self.clusters.of(marker), self.named.reference
        cells = np.array([not kind.startswith("beads") for kind in self.named.kinds])
        if marker == CD45:
            floor = min(float(values[cells].min()), values[reference] + np.log(_DIM_CD45))
            dim = values < 0.5 * (floor + values[reference])
            return np.asarray(dim & (values < values[reference] + np.log(2 * _DIM_CD45)))
        if marker in self.thresholds:
            return np.asarray(values < self.thresholds[marker])
        halfway = 0.5 * (values[reference] + np.max(values[cells]))
        return np.asarray((values < halfway) | (self.above_reference(marker) < _LOW))

    def _is_high(self, marker: str, fits: NDArray[np.bool_], row: Kind) -> NDArray[np.bool_]:
        """Clusters beyond the widest gap among those that may be of a kind, and the reference."""
        values, spreads, reference = (
            self.clusters.of(marker),
            self.clusters.spread_of(marker),
            self.named.reference,
        )
        if marker in self.thresholds:
            return values > self.thresholds[marker]
        compared = fits & (self.clusters.events >= FEW)
        compared[reference] = True
        threshold, gap = widest_gap(values, spreads, compared, above=values[reference])
        high = values > threshold
        if reference < 0 or gap < _GAP:
            return np.zeros(len(values), dtype=np.bool_)
        stands_out = self.stands_out(marker)
        if row.faint and gap >= _SURE_GAP:
            stands_out |= self.is_brightest(marker, fits, row.scatter)
        if not (high & fits & stands_out).any():
            return np.zeros(len(values), dtype=np.bool_)
        if gap < _SURE_GAP:
            self.named.remarks.append(
                f"{row.name}: identified by a narrow gap in {marker} ({gap:.1f} spreads)"
            )
        return high
