"""Clusters of a study beside each other: how far each rises above the reference, and which bind more of every stain."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from bcelldepl.definitions.markers import VIABILITY
from bcelldepl.gating.model.cluster_summary import ClusterSummary
from bcelldepl.gating.model.lineages import Kind, Lineages

__all__ = [
    "BESIDE",
    "CD45",
    "DECIDING",
    "FEW",
    "MUCH",
    "ClusterComparison",
    "Named",
    "stains_that_t_cells_lack",
]

FEW = 15  # events of a sample; a smaller cluster does not decide where high begins
DECIDING = 0.01  # of the events; a smaller cluster, such as of doublets, does not decide where others part
_APART = 1.5  # pooled spreads by which a high marker lies above the reference,
_RISE = 2.0  # and natural units: seven times as bright
_FAINT = 1.2  # of a faint marker: three times as bright, if others of the same scatter are dimmer
BESIDE = 0.7  # natural units, twice as bright: more than markers rise by that a cell should lack
_MORE = 0.25  # natural units, on average: a quarter more of each stain that a kind lacks
_LARGER = 1.2  # forward scatter of a plasmablast beside a B cell: more than a basophil has
_FAR_DIMMER = 1.2  # natural units: less than a third as bright as the brightest of a kind
_LESS_CD45 = 0.3  # natural units: three quarters of the B cells', less than B cells differ by
_STICKY = (0.6, 1.2)  # pooled spreads above the reference: in each stain, and on average
MUCH = 1.4  # natural units, four times as bright, above the reference in each stain
_STICKY_MARKERS = 3  # fewer may all be high on one kind of cell
_FEWEST_STICKY = 2  # of these, each must be far brighter, or the cell more granular; of one, both
_SMALLER = 0.87  # forward scatter of a dead cell beside a living one,
_GRANULAR = 1.15  # and its side scatter
CD45 = "CD45"


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


@dataclass
class ClusterComparison:
    """The clusters of a study, as far as they are named.

    Attributes
    ----------
    clusters : ClusterSummary
    lineages : Lineages
    named : Named
    thresholds : dict of str to float
        Where a marker of the reference kind is high.
    """

    clusters: ClusterSummary
    lineages: Lineages
    named: Named
    thresholds: dict[str, float] = field(default_factory=dict)

    def marker_of(self, markers: Sequence[str]) -> str:
        """Choose the first of some markers that the panel has."""
        return next(marker for marker in markers if marker in self.clusters.markers)

    def in_scatter(self, name: str) -> NDArray[np.bool_]:
        """Clusters whose scatter, beside the reference's, lies in a range of that name; all without one."""
        fits = np.ones(len(self.clusters), dtype=np.bool_)
        if not name or self.named.reference < 0:
            return fits
        allowed = self.lineages.scatter[name]
        pairs = ((self.clusters.forward, allowed.forward), (self.clusters.side, allowed.side))
        for values, (low, high) in pairs:
            ratio = values / values[self.named.reference]
            fits &= ~np.isfinite(ratio) | ((ratio >= low) & (ratio <= high))
        return fits

    def cd45_within(self, row: Kind) -> NDArray[np.bool_]:
        """Clusters that have as much CD45, beside the reference, as a kind may have."""
        if CD45 not in self.clusters.markers or self.named.reference < 0:
            return np.ones(len(self.clusters), dtype=np.bool_)
        above = self.rise(CD45)
        low = np.log(row.cd45_at_least) if row.cd45_at_least > 0 else -np.inf
        return np.asarray((above >= low) & (above <= np.log(row.cd45_at_most)))

    def rise(self, marker: str, beside: int | None = None) -> NDArray[np.float64]:
        """How far each cluster lies above another, the reference by default, in natural units."""
        values = self.clusters.of(marker)
        return np.asarray(values - values[self.named.reference if beside is None else beside])

    def above_reference(self, marker: str) -> NDArray[np.float64]:
        """How far each cluster lies above the reference, in pooled spreads."""
        spreads = self.clusters.spread_of(marker)
        return np.asarray(self.rise(marker) / np.hypot(spreads, spreads[self.named.reference]))

    def stands_out(self, marker: str) -> NDArray[np.bool_]:
        """Clusters that are clearly brighter than the reference."""
        return np.asarray((self.above_reference(marker) > _APART) & (self.rise(marker) > _RISE))

    def is_brightest(self, marker: str, fits: NDArray[np.bool_], scatter: str) -> NDArray[np.bool_]:
        """Clusters brighter than the reference, if less clearly, and than leukocytes of their scatter that do not fit.

        Larger and more granular cells have more background, and of some stains, such as CD16 and CD56 in one colour,
        the marker itself.
        """
        others = ~fits & ~np.isin(self.named.kinds, sorted(self.lineages.no_leukocytes))
        others &= self.in_scatter(scatter)
        others &= self.clusters.share >= DECIDING * self.clusters.share[others].sum()
        rise = self.rise(marker)
        least = max(_FAINT, float(np.max(rise, initial=0.0, where=others)) + BESIDE)
        return np.asarray((self.above_reference(marker) > _APART) & (rise > least))

    def stands_out_beside_low(self, row: Kind) -> NDArray[np.bool_]:
        """Clusters that rise clearly more in each high marker than in any low one: others have some of every stain."""
        high = [one for one in map(self.marker_of, row.high) if one not in self.thresholds]
        low = [one for one in row.low if one in self.clusters.markers and one != CD45]
        if self.named.reference < 0 or not high or not low:
            return np.ones(len(self.clusters), dtype=np.bool_)
        least = np.min([self.rise(one) for one in high], axis=0)
        most = np.max([self.rise(one) for one in low], axis=0)
        return np.asarray(least > most + BESIDE)

    def are_dim_and_bind_more(self, row: Kind, fits: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Clusters far dimmer than the brightest one of a kind, with less CD45, and more of each stain of other kinds.

        Basophils that bind more of all stains, and by chance most of those of a kind, pass for it; beside the kind
        itself they show. Plasmablasts, which may look so, are larger.
        """
        low = [one for one in row.low if one in self.clusters.markers]
        brightest = self._brightest(row, fits | np.array([kind == row.name for kind in self.named.kinds]))
        if brightest is None or not low:
            return np.zeros(len(self.clusters), dtype=np.bool_)
        others = np.array([self.rise(one, brightest) for one in low])
        found = self._far_dimmer(row, brightest) & (others.min(axis=0) > 0.0) & (others.mean(axis=0) > _MORE)
        larger = self.clusters.forward > _LARGER * self.clusters.forward[brightest]
        return np.asarray(found & ~larger & (self.rise(CD45, brightest) < 0.0))

    def are_no_such(self, row: Kind) -> NDArray[np.bool_]:
        """Clusters far dimmer than the kind that a kind is like, and with clearly less CD45: basophils."""
        brightest = self._brightest(row, np.array([kind == row.like for kind in self.named.kinds]))
        if brightest is None:
            return np.zeros(len(self.clusters), dtype=np.bool_)
        return np.asarray(self._far_dimmer(row, brightest) & (self.rise(CD45, brightest) < -_LESS_CD45))

    def _brightest(self, row: Kind, among: NDArray[np.bool_]) -> int | None:
        """The brightest of some clusters in the markers that a kind is told by; None without CD45."""
        sound = among & (self.clusters.events >= FEW)
        if CD45 not in self.clusters.markers or not sound.any():
            return None
        signal = np.sum([self.clusters.of(one) for one in self._told_by(row)], axis=0)
        return int(np.argmax(np.where(sound, signal, -np.inf)))

    def _far_dimmer(self, row: Kind, brightest: int) -> NDArray[np.bool_]:
        """Clusters far dimmer than another in each marker that a kind is told by."""
        return np.asarray(
            np.max([self.rise(one, brightest) for one in self._told_by(row)], axis=0) < -_FAR_DIMMER
        )

    def _told_by(self, row: Kind) -> list[str]:
        return [one for markers in row.high for one in markers if one in self.clusters.markers]

    def is_sticky(self, row: Kind) -> NDArray[np.bool_]:
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
        above = np.array([self.above_reference(marker) for marker in others])
        least, average = _STICKY
        return np.asarray(smaller & (above.min(axis=0) > least) & (above.mean(axis=0) > average))

    def binds_much(self, row: Kind) -> NDArray[np.bool_]:
        """Clusters that have several times as much of every stain as the reference, which lacks it.

        Those that rise clearly more in a stain of no lineage carry it, as CAR+ T cells do. Of cells with a marker of
        their own, so much on average is enough, if some of each; others could be of the lineage of any stain.
        """
        others, fewest = self._not_of_reference(), _STICKY_MARKERS
        if row.high:  # alive: they bind every stain, but take up no dye
            others, fewest = [one for one in others if one != VIABILITY], _FEWEST_STICKY
        if len(others) < fewest or self.named.reference < 0:
            return np.zeros(len(self.clusters), dtype=np.bool_)
        most = np.max([self.rise(one) for one in others], axis=0)
        much = self._rises_much(others, on_average=bool(row.high))
        for marker in set(self.clusters.markers).difference(self.lineages.markers):
            much &= self.rise(marker) <= most + BESIDE
        return much

    def _rises_much(self, markers: Sequence[str], on_average: bool = False) -> NDArray[np.bool_]:
        """Clusters that are several times as bright as the reference in each marker, or on average and some in each."""
        rise = np.array([self.rise(marker) for marker in markers])
        above = np.array([self.above_reference(marker) for marker in markers])
        much = (
            (rise.mean(axis=0) > MUCH) & (rise.min(axis=0) > BESIDE)
            if on_average
            else rise.min(axis=0) > MUCH
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
    told = {"CD3", "CD4", "CD5", "CD8", CD45}
    return [one for one in markers if one in lineages.markers and one not in told]
