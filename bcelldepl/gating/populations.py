"""What gating hands on: counted populations of one tube, with the evidence and the picture of each gate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from bcelldepl.gating.evidence import Evidence
from bcelldepl.gating.rules.base import Fit
from bcelldepl.signal.marker_axis import MarkerAxis

__all__ = ["GateView", "Population", "Populations"]


@dataclass(frozen=True)
class Population:
    """One gated population of one tube.

    Attributes
    ----------
    name, parent : str
        Its name and that of the population it was gated in (``"all"`` for the events that the quality mask kept).
    events, parent_events : int
        Events inside, and inside the parent.
    events_low, events_high : int
        Events with the gate at the two ends of its 95 % interval; equal to `events` where the gate is sure.
    evidence : Evidence
        The weakest rung on the way from the root to this population.
    reason : str
        One plain sentence, empty where nothing is to say.
    reported : bool
        Whether the strategy reports it in ``counts.csv``.
    percent_of : tuple of (str, int), or None
        The population that it is stated in percent of, and its events; None for the parent.
    fitting : float or None
        How many of its events the study's model takes for the kinds that its gate is drawn for; None where no model
        was asked.
    left_out_cells : float or None
        How many of the events that its gate leaves out the study's model takes for leukocytes; known of singlets.
    early : int or None
        How many of its events came in the first half of those that the quality mask kept; None where not known.
    """

    name: str
    parent: str
    events: int
    parent_events: int
    events_low: int
    events_high: int
    evidence: Evidence
    reason: str = ""
    reported: bool = False
    percent_of: tuple[str, int] | None = None
    fitting: float | None = None
    left_out_cells: float | None = None
    early: int | None = field(default=None, compare=False)  # not known where a file is streamed

    @property
    def whole(self) -> str:
        """The population that it is stated in percent of."""
        return self.percent_of[0] if self.percent_of else self.parent

    @property
    def whole_events(self) -> int:
        """Events of that."""
        return self.percent_of[1] if self.percent_of else self.parent_events


@dataclass(frozen=True)
class GateView:
    """A gate drawn over its parent's events, small enough to travel between processes.

    Attributes
    ----------
    population, parent : str
        Whose gate, over whose events.
    x_label, y_label : str
        Axis labels; `y_label` is empty for a histogram of one marker.
    x_limits, y_limits : tuple of float
        Lower and upper end of each axis, in transformed units.
    histogram : ndarray of uint32, shape (nx, ny) or (nx,)
        Parent events per bin; x is the first axis.
    inside : ndarray of uint32, same shape
        Events of the population per bin.
    outlines : tuple of ndarray of float64, shape (m, 2)
        Closed outlines of the gate in the plane (empty for one marker). Drawn even where they hold no event.
    cuts : tuple of float
        Positions of vertical lines (one-marker gates).
    cut_interval : tuple of float or None
        The 95 % interval of the first cut.
    events, parent_events : int
        As in `Population`.
    evidence : Evidence
        The gate's own rung.
    reason : str
        One plain sentence, or empty.
    label, parent_label : str
        What reports call the two populations; empty for their names.
    x_axis, y_axis : MarkerAxis or None
        From positions to the instrument's units; None where these are not known.
    marked : ndarray of uint32, same shape as `histogram`, or None
        Events that a check speaks of, per bin; None where none does.
    marked_as : str
        What they are.
    in_doubt : bool
        Whether the gate itself asks for review.
    is_absent : bool
        Whether there is no gate because the study has no such cells, and need not have them.
    """

    population: str
    parent: str
    x_label: str
    y_label: str
    x_limits: tuple[float, float]
    y_limits: tuple[float, float]
    histogram: NDArray[np.uint32]
    inside: NDArray[np.uint32]
    outlines: tuple[NDArray[np.float64], ...]
    cuts: tuple[float, ...]
    cut_interval: tuple[float, float] | None
    events: int
    parent_events: int
    evidence: Evidence
    reason: str = ""
    label: str = ""
    parent_label: str = ""
    x_axis: MarkerAxis | None = None
    y_axis: MarkerAxis | None = None
    marked: NDArray[np.uint32] | None = None
    marked_as: str = ""
    in_doubt: bool = False
    is_absent: bool = False

    @property
    def title(self) -> str:
        """What reports call the population."""
        return self.label or self.population

    @property
    def parent_title(self) -> str:
        """What reports call its parent."""
        return self.parent_label or self.parent


@dataclass(frozen=True)
class Populations:
    """All gated populations of one tube, in the order of the strategy.

    Attributes
    ----------
    members : dict of str to Population
    views : tuple of GateView
        One per gate, in the order of the strategy.
    membership : mapping of str to ndarray of bool, shape (n_events,)
        Per population and event of the file; empty unless asked for, so that a batch holds no events.
    fits : dict of str to Fit
        The gates as they were applied.
    """

    members: dict[str, Population]
    views: tuple[GateView, ...] = ()
    membership: Mapping[str, NDArray[np.bool_]] = field(default_factory=dict)
    fits: Mapping[str, Fit] = field(default_factory=dict)
