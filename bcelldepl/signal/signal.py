"""The signals of one tube by marker, ready to be gated."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from bcelldepl.fcs.acquisition import Acquisition, Spillover
from bcelldepl.kernels.selection import gather
from bcelldepl.signal.marker_axis import MarkerAxis
from bcelldepl.signal.positions import Positions
from bcelldepl.signal.quality_mask import Quality
from bcelldepl.signal.recipe import plan_markers
from bcelldepl.signal.transform import Transform
from bcelldepl.signal.watch import watched

__all__ = ["Exact", "Signal", "make_signal"]

Exact = Callable[[str, NDArray[np.intp]], NDArray[np.float64]]


@dataclass(frozen=True)
class Signal:
    """One tube's signals.

    Attributes
    ----------
    columns : mapping of str to ndarray of float32, shape (n_events,)
        Transformed position of every event, by marker; scatter too. Where not all are kept in memory (`Positions`), it
        is better to ask for a `part` or to `take` some.
    quality : Quality
        The keep-mask and its reasons.
    scales : dict of str to str
        The scale of each marker in words; gates are carried only between tubes whose scales are the same.
    exact : callable or None
        Takes a marker and indices of events; gives their positions in float64, before they are rounded. None where
        the columns are all there is.
    axes : mapping of str to MarkerAxis
        By marker, from positions to the instrument's units and back; empty where these are not known.
    """

    columns: Mapping[str, NDArray[np.float32]]
    quality: Quality
    scales: dict[str, str]
    exact: Exact | None = None
    axes: Mapping[str, MarkerAxis] = field(default_factory=dict)

    @property
    def n_events(self) -> int:
        """Events of the file."""
        return int(self.quality.keep.size)

    def part(self, first: int, last: int) -> Signal:
        """Signals of the events from `first` to before `last`, numbered from 0."""
        columns, exact = self.columns, self.exact
        if isinstance(columns, Positions):
            columns = columns.span(first, last)
        else:
            columns = {marker: column[first:last] for marker, column in columns.items()}
        return replace(
            self,
            columns=columns,
            quality=replace(self.quality, keep=self.quality.keep[first:last]),
            exact=None if exact is None else lambda marker, events: exact(marker, events + first),
        )

    def take(self, markers: Sequence[str], events: NDArray[np.int32]) -> dict[str, NDArray[np.float32]]:
        """Positions of some events.

        Parameters
        ----------
        markers : sequence of str
        events : ndarray of int32, shape (n,)
            Their numbers, in ascending order.

        Returns
        -------
        dict of str to ndarray of float32, shape (n,)
        """
        if isinstance(self.columns, Positions):
            return self.columns.take(markers, events)
        taken = {marker: np.empty(len(events), dtype=np.float32) for marker in markers}
        for marker, values in taken.items():
            gather(self.columns[marker], events, values)
        return taken


def make_signal(
    acquisition: Acquisition,
    panel: Mapping[str, str],
    transforms: Mapping[str, Transform],
    spillover: Spillover | None,
    kept_events: int | None = None,
) -> Signal:
    """Read, compensate and transform the panel's channels, and judge the events.

    Parameters
    ----------
    acquisition : Acquisition
    panel : mapping of str to str
        Marker to channel name, from `resolve_panel`.
    transforms : mapping of str to Transform
        By marker, with ``"scatter"`` and ``"fluorescence"`` for those not named.
    spillover : Spillover or None
        The matrix to use; None for data that is already compensated or has but one fluorochrome.
    kept_events : int, optional
        Positions of so many events are kept in memory, the others are made of the file when they are asked for; default
        all.

    Returns
    -------
    Signal

    Raises
    ------
    FcsError
        Where the file's DATA cannot be read.
    CompensationError
        Where the matrix cannot be used.
    """
    recipe = plan_markers(acquisition, panel, transforms, spillover)
    positions = Positions(acquisition, recipe, kept_events)
    quality = watched(positions, panel)
    scales = {marker: one.words for marker, one in recipe.markers.items()}
    axes = {marker: one.axis for marker, one in recipe.markers.items()}
    return Signal(positions, quality, scales, positions.exact, axes)
