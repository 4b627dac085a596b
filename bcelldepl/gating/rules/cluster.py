"""Anchored clusters: islands in all informative markers, recognised by their marker signature."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import product
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from bcelldepl.gating.density import Density, make_density
from bcelldepl.gating.drift import ClusterShape, distance, moved_islands, unrest
from bcelldepl.gating.evidence import Evidence
from bcelldepl.gating.islands import Island, approach_islands
from bcelldepl.gating.landmarks import find_landmark
from bcelldepl.gating.rules.base import Applied, Columns, Fit, Outline, Rule
from bcelldepl.gating.rules.ellipse import ellipse_edge
from bcelldepl.gating.valleys import find_valleys
from bcelldepl.gating.weighing import Weighed, squared_edge, weigh_islands

__all__ = ["ClusterRule"]

_FEW_EVENTS = 150  # an island of fewer events is held to where and how wide other tubes have it
_WIDE = 1.5
_SURE = 0.95  # posterior beyond which an event belongs whatever the gate's error
_OUTLINE_RADIUS = 9.21  # squared distance that holds 99 % of a normal island in two markers


class ClusterRule(Rule):
    """Events of the island whose markers have the given signs.

    Every combination of signs that enough events show seeds an island; the islands then settle in all markers, over
    an even background that takes what belongs to none. The wanted island may be absent: it is then carried in from
    tubes that have it, moved with the islands that both tubes share.

    Attributes
    ----------
    signature : dict of str to "+" or "-"
        Marker to sign.
    informative : tuple of str
        Further markers that are used where the panel has them.
    blind : tuple of str
        Markers that do not speak against an event for which all others speak: a T cell that tore CD19 off its target
        is a T cell still. Heeded only where the panel has an informative marker to tell doublets and sticky events by.
    larger : str
        Marker such as FSC-A, in which an event that only blindness lets in must lie above the middle of those of the
        island: a plasmablast without CD20 is larger than a B cell, debris is smaller. Empty: it need not.
    probability : float
        Part of a normal island that belongs to it; what lies farther out belongs to none.
    splits : dict of str to float
        Where a marker is cut for the seeds if it has no significant valley, in spreads above its negative.
    windows : dict of str to (float, float)
        Where a marker's valley may lie, in transformed units.
    min_events : int
        An island of fewer events is no evidence.
    min_distance : float
        Mahalanobis distance from every other island; nearer is no island of its own.
    max_spread : float
        Of an island in a signature marker, in transformed units; wider is a smear.
    max_shift : float
        Islands are not carried farther than this in any marker.
    """

    rule: Literal["cluster"]
    signature: dict[str, Literal["+", "-"]] = Field(min_length=1)
    informative: tuple[str, ...] = ()
    blind: tuple[str, ...] = ()
    larger: str = ""
    probability: float = Field(1.0, gt=0, le=1)
    splits: dict[str, float] = Field(default_factory=dict)
    windows: dict[str, tuple[float, float]] = Field(default_factory=dict)
    min_events: int = 30
    min_distance: float = 4.0
    max_spread: float = 0.12
    max_shift: float = 0.15

    @model_validator(mode="after")
    def _known(self) -> ClusterRule:
        unknown = [m for m in self.blind if m not in (*self.signature, *self.informative)]
        if unknown:
            msg = f"blind for {', '.join(unknown)}, which is neither in the signature nor informative"
            raise ValueError(msg)
        if self.larger and not self.blind:
            msg = "larger tells what blindness may let in: name a marker in blind"
            raise ValueError(msg)
        return self

    @property
    def markers(self) -> tuple[str, ...]:
        """Markers of the signature."""
        return tuple(self.signature)

    @property
    def extra_markers(self) -> tuple[str, ...]:
        """Informative markers, and the one that tells size."""
        return (*self.informative, *((self.larger,) if self.larger else ()))

    @property
    def wanted(self) -> str:
        """Signs of the signature, in the order of its markers."""
        return "".join(self.signature.values())

    def _points(self, columns: Columns, markers: Sequence[str]) -> NDArray[np.float32]:
        return np.stack([columns[marker] for marker in markers])

    def fit(self, columns: Columns, references: Mapping[str, Columns]) -> Fit:  # noqa: ARG002
        """Seed an island for every combination of signs, let them settle, and judge the wanted one."""
        markers = (*self.signature, *(m for m in self.informative if m in columns))
        points = self._points(columns, markers)
        n = points.shape[1]
        if n < self.min_events:
            return Fit(None, Evidence.FAILED, f"{n} events are too few to find islands", n)
        whole = np.isfinite(points).all(axis=0)  # an event that lacks a value tells nothing of islands
        if not whole.all():
            points = np.ascontiguousarray(points[:, whole])
        cuts = [self._split(marker, make_density(points[i])) for i, marker in enumerate(self.signature)]
        corner = np.zeros(points.shape[1], dtype=np.intp)  # signs as the digits of a number, + being 1
        for values, cut in zip(points, cuts, strict=False):
            corner += corner + (values > cut)
        held = np.bincount(corner, minlength=2 ** len(cuts))
        seeds = [int(number) for number in np.flatnonzero(held >= self.min_events)]
        if not seeds:
            return Fit(None, Evidence.FAILED, f"no island among {n} events", n)
        islands = self._settle_islands(points, corner, seeds)
        shape = ClusterShape(markers, islands)
        complaint = self._complaint(shape)
        if complaint:
            kept = tuple(one for one in islands if one.signature != self.wanted)
            return Fit(ClusterShape(markers, kept), Evidence.FAILED, complaint, n)
        return Fit(shape, Evidence.DATA, "", n)

    def _settle_islands(
        self, points: NDArray[np.float32], corner: NDArray[np.intp], seeds: list[int]
    ) -> tuple[Island, ...]:
        """Fit the islands; a smaller one that leans on the wanted one is part of it, cut off by a seed's edge."""
        corners = ["".join(signs) for signs in product("-+", repeat=len(self.signature))]
        while True:
            number = np.full(len(corners), -1, dtype=np.int16)
            number[seeds] = np.arange(len(seeds))
            for fitted in approach_islands(points, [corners[seed] for seed in seeds], number[corner]):
                islands = tuple(one for one in fitted if one.events >= self.min_events)
                leaning = self._leaning(islands)
                if leaning:
                    break  # no use in going on from these seeds
            else:
                return islands
            seeds = [seed for seed in seeds if corners[seed] not in leaning]

    def _leaning(self, islands: Sequence[Island]) -> list[str]:
        """Signatures of smaller islands that lean on the wanted one."""
        target = next((one for one in islands if one.signature == self.wanted), None)
        return [
            one.signature
            for one in islands
            if target is not None
            and one.signature != self.wanted
            and one.events < target.events
            and distance(one, target) < self.min_distance
        ]

    def _split(self, marker: str, density: Density) -> float:
        """Where the seeds of a marker part: its deepest significant valley, else well above its negative."""
        low, high = self.windows.get(marker, (0.0, 1.0))
        valleys = [v for v in find_valleys(density) if low <= v.position <= high]
        if valleys:
            return min(valleys, key=lambda v: v.depth).position
        negative = find_landmark(density, below=high)
        if negative is None:
            return 0.5 * (low + high)
        return float(np.clip(negative.centre + self.splits.get(marker, 6.0) * negative.spread, low, high))

    def _complaint(self, shape: ClusterShape) -> str:
        """Say why the wanted island is none; empty where it is one."""
        target = shape.island(self.wanted)
        name = " ".join(f"{marker}{sign}" for marker, sign in self.signature.items())
        if target is None:
            return f"no island of {name} with at least {self.min_events} events"
        scale = np.array(target.scale)
        for i, (marker, sign) in enumerate(self.signature.items()):
            if np.sqrt(scale[i, i]) > self.max_spread:
                return f"what is {name} is a smear in {marker}, no island"
            low, high = self.windows.get(marker, (-np.inf, np.inf))
            if target.mean[i] < low if sign == "+" else target.mean[i] > high:
                # Without such cells the seed settles on whatever else has no island of its own.
                return f"what began as {name} settled at {target.mean[i]:.2f} in {marker}, on the other side"
        for other in shape.islands:
            if other is target:
                continue
            if distance(target, other) < self.min_distance:
                return f"what is {name} does not stand apart from its neighbours"
        return ""

    def carry(self, own: Fit, donors: Sequence[Fit], peers: Sequence[Fit] = ()) -> Fit | None:
        """Bring in the wanted island, moved by the islands that both tubes have, widened by how it varies."""
        if own.shape is None or not own.shape.islands:
            return None
        moved = self._moved(own.shape, donors)
        if not moved:
            return None
        mean = np.median([island.mean for island in moved], axis=0)
        scale = np.mean([island.scale for island in moved], axis=0)
        scale = scale + np.diag(unrest(self._moved(own.shape, [*donors, *peers]), len(mean)))
        carried = Island(self.wanted, tuple(mean.tolist()), tuple(tuple(row) for row in scale.tolist()), 0.0)
        # A few strays that settled beside it must not take the events of the island that is brought in.
        others = [
            one
            for one in own.shape.islands
            if one.signature != self.wanted
            and (one.events >= _FEW_EVENTS or distance(one, carried) >= self.min_distance)
        ]
        # A neighbour that is too small to show itself here still has its place, or its cells would be taken for ours.
        for signature in {
            one.signature for donor in donors for one in donor.shape.islands if one.events >= _FEW_EVENTS
        }:
            if signature != self.wanted and own.shape.island(signature) is None:
                others += self._moved(own.shape, donors, signature)[:1]
        others.sort(key=lambda one: one.signature)
        return replace(own, shape=ClusterShape(own.shape.markers, (*others, carried)))

    def _moved(self, here: ClusterShape, donors: Sequence[Fit], signature: str = "") -> list[Island]:
        """The donors' islands of a signature where they would lie in this tube; those out of reach are left out."""
        shapes = [donor.shape for donor in donors]
        return moved_islands(here, shapes, signature or self.wanted, self.max_shift)

    def implausible(self, own: Fit, others: Sequence[Fit]) -> str:
        """Compare where the island lies, seen from the landmarks, and how wide it is, with other tubes.

        A small island is held to more: what few events show may be strays that settled between islands.
        """
        moved = self._moved(own.shape, others)
        if len(moved) < 4:
            return ""
        target = own.shape.island(self.wanted)
        means = np.array([island.mean for island in moved])
        off = np.abs(np.array(target.mean) - np.median(means, axis=0))
        few = target.events < _FEW_EVENTS
        allowed = 3.0 * np.sqrt(unrest(moved, len(off))) if few else np.full(len(off), 0.2)
        spread = np.sqrt(np.diag(np.array(target.scale)))
        usual = np.median(np.sqrt([np.diag(island.scale) for island in moved]), axis=0) if few else spread
        for i, marker in enumerate(self.signature):
            if off[i] > allowed[i]:
                return f"the island lies {off[i]:.2f} away in {marker} from where other tubes have it"
            if few and spread[i] > _WIDE * usual[i]:
                times = spread[i] / usual[i]
                return f"the {target.events:.0f} events spread {times:.1f} times as wide in {marker} as in other tubes"
        return ""

    def apply(self, shape: ClusterShape, columns: Columns) -> Applied:
        """Give every event to its likeliest island; the interval takes in what is more likely than 5 % or 95 %."""
        points = self._points(columns, shape.markers)
        target = shape.island(self.wanted)
        if points.shape[1] == 0 or target is None:
            return Applied(np.zeros(points.shape[1], dtype=np.bool_), 0, 0)
        weighed = weigh_islands(points, shape.islands)
        posterior = weighed.posterior(self.wanted, self.probability)
        if target.events:
            self._admit(posterior, points, weighed, shape, columns)
        low, high = (int(np.count_nonzero(posterior > doubt)) for doubt in (_SURE, 1.0 - _SURE))
        return Applied(posterior > 0.5, low, high)

    def _admit(
        self,
        posterior: NDArray[np.float32],
        points: NDArray[np.float32],
        weighed: Weighed,
        shape: ClusterShape,
        columns: Columns,
    ) -> None:
        """Raise the posterior of events for which all markers speak but the blind ones."""
        sighted = [i for i, marker in enumerate(shape.markers) if marker not in self.blind]
        informed = any(marker in self.informative for marker in shape.markers)
        core = posterior > 0.5
        if len(sighted) == len(shape.markers) or not informed or not core.any():
            return
        unsure = posterior <= _SURE
        if self.larger in columns:
            size = columns[self.larger]
            unsure &= size > np.median(size[core])
        if self.probability < 1.0:  # what lies beyond the island's edge in one marker alone lies beyond it
            target, edge = shape.island(self.wanted), squared_edge(len(sighted), self.probability)
            assert target is not None
            for i in sighted:
                reach = np.float32(1.001 * math.sqrt(edge * target.scale[i][i]))
                unsure &= np.abs(points[i] - np.float32(target.mean[i])) <= reach
        asked = np.flatnonzero(unsure)
        admitted = weighed.seen_in(sighted, points[:, asked]).posterior(self.wanted, self.probability)
        posterior[asked] = np.maximum(posterior[asked], admitted)

    def outline(self, shape: ClusterShape | None, columns: Columns) -> Outline:
        """Draw the wanted island in the first two markers."""
        names = [*self.signature, *(m for m in self.informative if m in columns)]
        x, y = names[0], names[1] if len(names) > 1 else ""
        target = shape.island(self.wanted) if shape is not None else None
        if target is None or not y:
            return Outline(x, y)
        scale = np.array(target.scale)[:2, :2] * 1.3
        return Outline(x, y, (ellipse_edge(np.array(target.mean[:2]), scale, _OUTLINE_RADIUS),))
