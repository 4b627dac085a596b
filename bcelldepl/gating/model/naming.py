"""Names of clusters by lineage: markers that are high and low beside the other clusters, and scatter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from bcelldepl.definitions.markers import VIABILITY
from bcelldepl.gating.model.cluster_summary import ClusterSummary, widest_gap
from bcelldepl.gating.model.lineages import Kind, Lineages

__all__ = ["Named", "name_clusters", "stains_that_t_cells_lack"]

_BRIGHT = 2.5  # natural units from which a signal says how evenly a particle shines
_EVEN = 0.12  # natural units; cells vary by twice as much and more
_FEW = 15  # events of a sample; a smaller cluster does not decide where high begins
_DECIDING = (
    0.01  # of the events; a smaller cluster, such as of doublets, does not decide where they are divided
)
_APART = 1.5  # pooled spreads by which a high marker lies above the reference,
_RISE = 2.0  # and natural units: seven times as bright
_FAINT = 1.2  # of a faint marker: three times as bright, if others of the same scatter are dimmer
_BESIDE = 0.7  # natural units, twice as bright: more than markers rise by that a cell should lack
_MORE = 0.25  # natural units, on average: a quarter more of each stain that a kind lacks
_LARGER = 1.2  # forward scatter of a plasmablast beside a B cell: more than a basophil has
_FAR_DIMMER = 1.2  # natural units: less than a third as bright as the brightest of a kind
_LESS_CD45 = 0.3  # natural units: three quarters of the B cells', less than B cells differ by
_GAP = 1.2  # pooled spreads that part the high from the low
_LOW = 3.0  # pooled spreads above the reference that a low marker may reach, and half of the way to the brightest
_STICKY = (0.6, 1.2)  # pooled spreads above the reference: in each stain, and on average
_MUCH = 1.4  # natural units, four times as bright, above the reference in each stain
_STICKY_MARKERS = 3  # fewer may all be high on one kind of cell
_FEWEST_STICKY = 2  # of these, each must be far brighter, or the cell more granular; of one, both
_SMALLER = 0.87  # forward scatter of a dead cell beside a living one,
_GRANULAR = 1.15  # and its side scatter
_DIM_CD45 = 0.1  # of the reference's, below which a particle is no leukocyte
_FAIR_SHARE = 0.02  # of all leukocytes, that the reference kind has over a whole study
_SURE_GAP = 2.0  # a narrower one is told in the record
_CD45 = "CD45"


@dataclass
class Named:
    """What the clusters are.

    Attributes
    ----------
    kinds : list of str
        Kind of each cluster; empty where none fits.
    reference : int
        The cluster that others are told beside; -1 where there is none.
    remarks : list of str
        How the kinds were told apart, and how surely.
    """

    kinds: list[str]
    reference: int = -1
    remarks: list[str] = field(default_factory=list)


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


@dataclass
class _Naming:
    clusters: ClusterSummary
    lineages: Lineages
    named: Named
    thresholds: dict[str, float] = field(default_factory=dict)  # of the reference's markers

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
        summary, free = self.clusters, self.free & (self.clusters.events >= _FEW)
        if not free.any():
            return
        leukocytes = free.copy()
        if _CD45 in summary.markers:
            cd45 = summary.of(_CD45)
            leukocytes &= cd45 > 0.5 * (cd45[free].min() + cd45[free].max())
        row = next((one for one in self.lineages.kinds if one.reference and self.applies(one)), None)
        if row is not None:
            marker = self._marker(row.high[0])
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
        deciding = among & (share >= _DECIDING * share[among].sum())
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
        fits = self.free & self._in_scatter(row.scatter) & self._cd45_within(row)
        if row.sticky:
            fits &= self._binds_much(row) if row.scatter else self._is_sticky(row)
        for marker in row.low:
            if marker in self.clusters.markers:
                fits &= self._is_low(marker)
        for markers in row.high:
            fits &= self._is_high(self._marker(markers), fits, row)
        fits &= self._stands_out_beside_low(row)
        if row.beside_brightest:
            fits &= ~(self._are_no_such(row) if row.like else self._are_dim_and_bind_more(row, fits))
        for number in np.flatnonzero(fits):
            self.named.kinds[number] = row.name

    def _divide(self, row: Kind) -> None:
        """Give some clusters of a kind the name of a part of it."""
        named = np.array([kind == row.within for kind in self.named.kinds])
        family = np.isin(self.named.kinds, self.lineages.family(row.within)) & (self.clusters.events >= _FEW)
        family &= self.clusters.share >= _DECIDING * self.clusters.share[family].sum()
        fits = named.copy()
        for markers in row.high:
            threshold, gap = self._gap_within(self._marker(markers), family)
            fits &= (self.clusters.of(self._marker(markers)) > threshold) & (gap >= _GAP)
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

    def _marker(self, markers: Sequence[str]) -> str:
        return next(marker for marker in markers if marker in self.clusters.markers)

    def _in_scatter(self, name: str) -> NDArray[np.bool_]:
        fits = np.ones(len(self.clusters), dtype=np.bool_)
        if not name or self.named.reference < 0:
            return fits
        allowed = self.lineages.scatter[name]
        pairs = ((self.clusters.forward, allowed.forward), (self.clusters.side, allowed.side))
        for values, (low, high) in pairs:
            ratio = values / values[self.named.reference]
            fits &= ~np.isfinite(ratio) | ((ratio >= low) & (ratio <= high))
        return fits

    def _cd45_within(self, row: Kind) -> NDArray[np.bool_]:
        if _CD45 not in self.clusters.markers or self.named.reference < 0:
            return np.ones(len(self.clusters), dtype=np.bool_)
        above = self._rise(_CD45)
        low = np.log(row.cd45_at_least) if row.cd45_at_least > 0 else -np.inf
        return np.asarray((above >= low) & (above <= np.log(row.cd45_at_most)))

    def _rise(self, marker: str, beside: int | None = None) -> NDArray[np.float64]:
        """How far each cluster lies above another, the reference by default, in natural units."""
        values = self.clusters.of(marker)
        return np.asarray(values - values[self.named.reference if beside is None else beside])

    def _above_reference(self, marker: str) -> NDArray[np.float64]:
        """How far each cluster lies above the reference, in pooled spreads."""
        spreads = self.clusters.spread_of(marker)
        return np.asarray(self._rise(marker) / np.hypot(spreads, spreads[self.named.reference]))

    def _stands_out(self, marker: str) -> NDArray[np.bool_]:
        """Clusters that are clearly brighter than the reference."""
        return np.asarray((self._above_reference(marker) > _APART) & (self._rise(marker) > _RISE))

    def _is_brightest(self, marker: str, fits: NDArray[np.bool_], scatter: str) -> NDArray[np.bool_]:
        """Clusters brighter than the reference, if less clearly, and than leukocytes of their scatter that do not fit.

        Larger and more granular cells have more background, and of some stains, such as CD16 and CD56 in one colour,
        the marker itself.
        """
        others = ~fits & ~np.isin(self.named.kinds, sorted(self.lineages.no_leukocytes))
        others &= self._in_scatter(scatter)
        others &= self.clusters.share >= _DECIDING * self.clusters.share[others].sum()
        rise = self._rise(marker)
        least = max(_FAINT, float(np.max(rise, initial=0.0, where=others)) + _BESIDE)
        return np.asarray((self._above_reference(marker) > _APART) & (rise > least))

    def _stands_out_beside_low(self, row: Kind) -> NDArray[np.bool_]:
        """Clusters that rise clearly more in each high marker than in any low one: others have some of every stain."""
        high = [one for one in map(self._marker, row.high) if one not in self.thresholds]
        low = [one for one in row.low if one in self.clusters.markers and one != _CD45]
        if self.named.reference < 0 or not high or not low:
            return np.ones(len(self.clusters), dtype=np.bool_)
        least = np.min([self._rise(one) for one in high], axis=0)
        most = np.max([self._rise(one) for one in low], axis=0)
        return np.asarray(least > most + _BESIDE)

    def _are_dim_and_bind_more(self, row: Kind, fits: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Clusters far dimmer than the brightest one of a kind, with less CD45, and more of each stain of other kinds.

        Basophils that bind more of all stains, and by chance most of those of a kind, pass for it; beside the kind
        itself they show. Plasmablasts, which may look so, are larger.
        """
        low = [one for one in row.low if one in self.clusters.markers]
        brightest = self._brightest(row, fits | np.array([kind == row.name for kind in self.named.kinds]))
        if brightest is None or not low:
            return np.zeros(len(self.clusters), dtype=np.bool_)
        others = np.array([self._rise(one, brightest) for one in low])
        found = self._far_dimmer(row, brightest) & (others.min(axis=0) > 0.0) & (others.mean(axis=0) > _MORE)
        larger = self.clusters.forward > _LARGER * self.clusters.forward[brightest]
        return np.asarray(found & ~larger & (self._rise(_CD45, brightest) < 0.0))

    def _are_no_such(self, row: Kind) -> NDArray[np.bool_]:
        """Clusters far dimmer than the kind that a kind is like, and with clearly less CD45: basophils."""
        brightest = self._brightest(row, np.array([kind == row.like for kind in self.named.kinds]))
        if brightest is None:
            return np.zeros(len(self.clusters), dtype=np.bool_)
        return np.asarray(self._far_dimmer(row, brightest) & (self._rise(_CD45, brightest) < -_LESS_CD45))

    def _brightest(self, row: Kind, among: NDArray[np.bool_]) -> int | None:
        """The brightest of some clusters in the markers that a kind is told by; None without CD45."""
        sound = among & (self.clusters.events >= _FEW)
        if _CD45 not in self.clusters.markers or not sound.any():
            return None
        signal = np.sum([self.clusters.of(one) for one in self._told_by(row)], axis=0)
        return int(np.argmax(np.where(sound, signal, -np.inf)))

    def _far_dimmer(self, row: Kind, brightest: int) -> NDArray[np.bool_]:
        """Clusters far dimmer than another in each marker that a kind is told by."""
        return np.asarray(
            np.max([self._rise(one, brightest) for one in self._told_by(row)], axis=0) < -_FAR_DIMMER
        )

    def _told_by(self, row: Kind) -> list[str]:
        return [one for markers in row.high for one in markers if one in self.clusters.markers]

    def _is_low(self, marker: str) -> NDArray[np.bool_]:
        """Clusters that are not high in a marker; of CD45, those that are no leukocytes."""
        values, reference = self.clusters.of(marker), self.named.reference
        cells = np.array([not kind.startswith("beads") for kind in self.named.kinds])
        if marker == _CD45:
            floor = min(float(values[cells].min()), values[reference] + np.log(_DIM_CD45))
            dim = values < 0.5 * (floor + values[reference])
            return np.asarray(dim & (values < values[reference] + np.log(2 * _DIM_CD45)))
        if marker in self.thresholds:
            return np.asarray(values < self.thresholds[marker])
        halfway = 0.5 * (values[reference] + np.max(values[cells]))
        return np.asarray((values < halfway) | (self._above_reference(marker) < _LOW))

    def _is_high(self, marker: str, fits: NDArray[np.bool_], row: Kind) -> NDArray[np.bool_]:
        """Clusters beyond the widest gap among those that may be of a kind, and the reference."""
        values, spreads, reference = (
            self.clusters.of(marker),
            self.clusters.spread_of(marker),
            self.named.reference,
        )
        if marker in self.thresholds:
            return values > self.thresholds[marker]
        compared = fits & (self.clusters.events >= _FEW)
        compared[reference] = True
        threshold, gap = widest_gap(values, spreads, compared, above=values[reference])
        high = values > threshold
        if reference < 0 or gap < _GAP:
            return np.zeros(len(values), dtype=np.bool_)
        stands_out = self._stands_out(marker)
        if row.faint and gap >= _SURE_GAP:
            stands_out |= self._is_brightest(marker, fits, row.scatter)
        if not (high & fits & stands_out).any():
            return np.zeros(len(values), dtype=np.bool_)
        if gap < _SURE_GAP:
            self.named.remarks.append(
                f"{row.name}: identified by a narrow gap in {marker} ({gap:.1f} spreads)"
            )
        return high

    def _is_sticky(self, row: Kind) -> NDArray[np.bool_]:
        """Clusters that are smaller than the reference, with some of every stain that it lacks.

        Where it lacks but two, they must be far brighter in both, or more granular as well, as dying lymphocytes are.
        Where it lacks but one, both, and be of a lineage: of other cells, that stain may be the marker.
        """
        summary, reference, others = self.clusters, self.named.reference, self._not_of_reference()
        if len(others) < (1 if row.high else _FEWEST_STICKY) or reference < 0:
            return np.zeros(len(summary), dtype=np.bool_)
        smaller = summary.forward < _SMALLER * summary.forward[reference]
        granular = summary.side > _GRANULAR * summary.side[reference]
        if len(others) < _FEWEST_STICKY:
            smaller &= self._rises_much(others) & granular
        elif len(others) < _STICKY_MARKERS:  # of two stains, some of each is not enough
            smaller &= self._rises_much(others) | granular
        above = np.array([self._above_reference(marker) for marker in others])
        least, average = _STICKY
        return np.asarray(smaller & (above.min(axis=0) > least) & (above.mean(axis=0) > average))

    def _binds_much(self, row: Kind) -> NDArray[np.bool_]:
        """Clusters that have several times as much of every stain as the reference, which lacks it.

        Those that rise clearly more in a stain of no lineage carry it, as CAR+ T cells do. Of cells with a marker of
        their own, so much on average is enough, if some of each; others could be of the lineage of any stain.
        """
        others, fewest = self._not_of_reference(), _STICKY_MARKERS
        if row.high:  # alive: they bind every stain, but take up no dye
            others, fewest = [one for one in others if one != VIABILITY], _FEWEST_STICKY
        if len(others) < fewest or self.named.reference < 0:
            return np.zeros(len(self.clusters), dtype=np.bool_)
        most = np.max([self._rise(one) for one in others], axis=0)
        much = self._rises_much(others, on_average=bool(row.high))
        for marker in set(self.clusters.markers).difference(self.lineages.markers):
            much &= self._rise(marker) <= most + _BESIDE
        return much

    def _rises_much(self, markers: Sequence[str], on_average: bool = False) -> NDArray[np.bool_]:
        """Clusters that are several times as bright as the reference in each marker, or on average and some in each."""
        rise = np.array([self._rise(marker) for marker in markers])
        above = np.array([self._above_reference(marker) for marker in markers])
        much = (
            (rise.mean(axis=0) > _MUCH) & (rise.min(axis=0) > _BESIDE)
            if on_average
            else rise.min(axis=0) > _MUCH
        )
        return np.asarray(much & (above.min(axis=0) > _STICKY[0]))

    def _not_of_reference(self) -> list[str]:
        return stains_that_t_cells_lack(self.clusters.markers, self.lineages)


def stains_that_t_cells_lack(markers: Sequence[str], lineages: Lineages) -> list[str]:
    """Choose the stains and dyes that T cells lack; those of no lineage do not count: a control may lack them (FMO).

    Parameters
    ----------
    markers : sequence of str
        Of the panel.
    lineages : Lineages

    Returns
    -------
    list of str
    """
    told = {"CD3", "CD4", "CD5", "CD8", _CD45}
    return [one for one in markers if one in lineages.markers and one not in told]
