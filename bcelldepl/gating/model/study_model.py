"""The model of a study's cells: learned once, kept with the results, and the same for every tube."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bcelldepl.gating.model.components import Component, Frame, frame_of
from bcelldepl.signal.transform import Transform

__all__ = ["Binding", "Boundary", "Cluster", "Corners", "PositiveModel", "StudyModel", "plain"]

Corners = tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class Boundary:
    """A gate in a plane, where a tube without any shift has it.

    Attributes
    ----------
    x, y : str
        Markers.
    gate, inner, outer : tuple of (float, float)
        Corners in natural units; those of the ends of its interval: surely of the kinds, and possibly. Empty where
        there is no such place.
    """

    x: str
    y: str
    gate: Corners
    inner: Corners
    outer: Corners


@dataclass(frozen=True)
class Cluster:
    """One cluster of the study, as it was named.

    Attributes
    ----------
    number : int
        By which a study names it.
    kind : str
    events : int
        Of the sample.
    percent : float
        Of all events of the study.
    medians : dict of str to float
        Linear signal by marker and scatter.
    """

    number: int
    kind: str
    events: int
    percent: float
    medians: Mapping[str, float]


@dataclass(frozen=True)
class Binding:
    """How a cell is told that binds some of every stain.

    Attributes
    ----------
    markers : tuple of str
        That cells of its kind lack.
    spreads : tuple of float
        Of each among such cells, in transformed units.
    limit : float
        Of the mean over the markers, each measured from the cells' median in spreads.
    """

    markers: tuple[str, ...]
    spreads: tuple[float, ...]
    limit: float


@dataclass(frozen=True)
class PositiveModel:
    """What controls show of a marker that they lack, and what the study shows of positives.

    Attributes
    ----------
    marker : str
    unit : float
        Natural units that a position of 1 is worth.
    low, step : float
        First bin's centre and width, in natural units.
    place, spread : float
        Middle of the controls' negatives, and its distance to their lower standard deviation: linear signal, in units
        of the linear part of the scale.
    negative : tuple of float
        Density of the controls' negatives, by spreads from the middle (`bcelldepl.gating.model.negative.ZONE`).
    signal_means, signal_spreads : tuple of float
        Of bright and of dim positives: natural logarithm of the signal beyond that of a negative.
    dim_part : float
        Of the positives.
    signals_seen : bool
        Whether the study showed positives; else they may be anywhere, and a tube that shows them has its own.
    unspecific : tuple of float
        Density by bin of cells that bind every stain.
    binding : tuple of float
        Part of negatives, positives and cells that bind every stain that other markers show to do so.
    unspecific_part : float
        Part of the controls' cells that bind every stain.
    binding_by : Binding or None
        None where too few markers tell.
    spilling : tuple of (str, float)
        Markers that these cells carry, of which compensation may leave some in the marker, and the natural units that
        a position of 1 of each is worth.
    controls : tuple of str
        Tubes that the negative was read from.
    control_events : int
    background : float or None
        Median of the negatives of tubes stained with the reagent, in natural units; None where none was.
    unstained : float or None
        Median of the negatives of tubes without the reagent (FMO); None where there is none.
    """

    marker: str
    unit: float
    low: float
    step: float
    place: float
    spread: float
    negative: tuple[float, ...]
    signal_means: tuple[float, ...]
    signal_spreads: tuple[float, ...]
    dim_part: float
    signals_seen: bool
    unspecific: tuple[float, ...]
    binding: tuple[float, ...]
    unspecific_part: float
    binding_by: Binding | None
    spilling: tuple[tuple[str, float], ...]
    controls: tuple[str, ...]
    control_events: int
    background: float | None = None
    unstained: float | None = None


@dataclass(frozen=True)
class StudyModel:
    """What was learned of a study.

    Attributes
    ----------
    markers : tuple of str
        Stains and scatter that components lie in, in order.
    units : tuple of float
        Natural units that a position of 1 is worth, by marker.
    scales : dict of str to Transform
        By marker; of heights and widths too.
    clusters : tuple of Cluster
    components : tuple of Component
    boundaries : dict of str to Boundary
        Gates by population of the strategy.
    tight : dict of str to tuple of Boundary
        By reported population that may be gone from a tube: in every two markers that tell it from others, the gate at
        whose edge an event is 95 % likely of its kinds.
    singlets : dict of str to float
        The ridge of single cells (`SingletShape`); empty where no height was recorded.
    positives : dict of str to PositiveModel
        By population.
    seen : dict of str to dict of str to int
        By tube and kind, events of the sample that were of the kind.
    unrest : tuple of float
        How far tubes lie from each other, by marker: a robust standard deviation of their shifts.
    typical : float
        Mean log density of the events of a usual tube, and `spread` its standard deviation between tubes.
    spread : float
    remarks : tuple of str
        How surely kinds were told apart.
    questions : tuple of str
        What the study must be asked.
    """

    markers: tuple[str, ...]
    units: tuple[float, ...]
    scales: Mapping[str, Transform]
    clusters: tuple[Cluster, ...]
    components: tuple[Component, ...]
    boundaries: Mapping[str, Boundary] = field(default_factory=dict)
    tight: Mapping[str, tuple[Boundary, ...]] = field(default_factory=dict)
    singlets: Mapping[str, float] = field(default_factory=dict)
    positives: Mapping[str, PositiveModel] = field(default_factory=dict)
    seen: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    unrest: tuple[float, ...] = ()
    typical: float = 0.0
    spread: float = 0.0
    remarks: tuple[str, ...] = ()
    questions: tuple[str, ...] = ()

    @cached_property
    def kinds(self) -> NDArray[np.str_]:
        """Kind of each component."""
        return np.array([one.kind for one in self.components])

    @cached_property
    def components_of(self) -> dict[str, NDArray[np.bool_]]:
        """Which components each kind has, kinds in the order of their names."""
        return {str(kind): self.kinds == kind for kind in np.unique(self.kinds)}

    @cached_property
    def frame(self) -> Frame:
        """The components in arrays."""
        return frame_of(self.components)

    @cached_property
    def levels(self) -> NDArray[np.float64]:
        """How much of a shift each component takes part in, by marker; shape (n_components, k)."""
        columns = [
            self.level_of(marker, self.frame.mean[:, axis]) for axis, marker in enumerate(self.markers)
        ]
        return np.column_stack(columns)

    def level_of(self, marker: str, position: NDArray[np.float64]) -> NDArray[np.float64]:
        """How much of a shift a level takes part in: all where the scale is logarithmic, none at zero signal.

        A shift is a change of gain or of stain, and multiplies the signal.

        Parameters
        ----------
        marker : str
        position : ndarray of float64
            In natural units.
        """
        if self.scales[marker].kind == "linear":
            return np.ones_like(position)
        weight: NDArray[np.float64] = np.tanh(np.abs(position))
        return weight

    def shares(self) -> NDArray[np.float64]:
        """Share of each component in the study."""
        return np.array([one.share for one in self.components])

    def unit_of(self, marker: str) -> float:
        """Natural units that a position of 1 is worth."""
        return self.units[self.markers.index(marker)]

    @cached_property
    def digest(self) -> str:
        """Of everything in it."""
        return hashlib.sha256(json.dumps(self, sort_keys=True, default=plain).encode()).hexdigest()


def plain(value: Any) -> Any:
    """Say in JSON what a model holds beside numbers and text, its parts among them."""
    if is_dataclass(value):
        return {one.name: getattr(value, one.name) for one in fields(value)}
    return value.model_dump(mode="json") if isinstance(value, Transform) else str(value)
