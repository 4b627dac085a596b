"""The signals of one tube by marker, ready to be gated."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial

import numpy as np
from numpy.typing import NDArray

from bcelldepl.definitions.markers import SCATTER
from bcelldepl.errors import CompensationError
from bcelldepl.fcs.acquisition import Acquisition, Spillover
from bcelldepl.fcs.timeline import unrolled
from bcelldepl.kernels.compensation import marker_positions
from bcelldepl.runtime.threads import over_spans
from bcelldepl.signal.marker_axis import MarkerAxis
from bcelldepl.signal.quality_mask import Quality, assess_quality
from bcelldepl.signal.recipe import Recipe, plan_markers
from bcelldepl.signal.transform import Transform

__all__ = ["Exact", "Measured", "Signal", "make_signal", "measure"]

_SPAN = 16_384  # events whose positions are worked out by one call for each marker

Exact = Callable[[str, NDArray[np.intp]], NDArray[np.float64]]


@dataclass(frozen=True)
class Signal:
    """One tube's signals.

    Attributes
    ----------
    columns : dict of str to ndarray of float32, shape (n_events,)
        Transformed position of every event, by marker; scatter too.
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

    columns: dict[str, NDArray[np.float32]]
    quality: Quality
    scales: dict[str, str]
    exact: Exact | None = None
    axes: Mapping[str, MarkerAxis] = field(default_factory=dict)

    @property
    def n_events(self) -> int:
        """Events of the file."""
        return int(self.quality.keep.size)


@dataclass(frozen=True)
class Measured:
    """One tube as it was read.

    Attributes
    ----------
    recipe : Recipe
    raw : ndarray of float32, shape (n_channels, n_events)
        Linear, of the recipe's channels; time is the last, where it is no marker's channel.
    columns : dict of str to ndarray of float32, shape (n_events,)
        Transformed position of every event, by marker.
    quality : Quality
    """

    recipe: Recipe
    raw: NDArray[np.float32]
    columns: dict[str, NDArray[np.float32]]
    quality: Quality


def make_signal(
    acquisition: Acquisition,
    panel: Mapping[str, str],
    transforms: Mapping[str, Transform],
    spillover: Spillover | None,
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
    read = measure(acquisition, panel, transforms, spillover)
    recipe, raw = read.recipe, read.raw
    scales = {marker: one.words for marker, one in recipe.markers.items()}
    axes = {marker: one.axis for marker, one in recipe.markers.items()}
    # Not a lambda: a signal may go to another process.
    return Signal(read.columns, read.quality, scales, partial(_exact_of, recipe, raw), axes)


def _exact_of(
    recipe: Recipe, raw: NDArray[np.float32], marker: str, events: NDArray[np.intp]
) -> NDArray[np.float64]:
    return recipe.exact(marker, raw[:, events])


def measure(
    acquisition: Acquisition,
    panel: Mapping[str, str],
    transforms: Mapping[str, Transform],
    spillover: Spillover | None,
) -> Measured:
    """Read a tube as `make_signal` does, and keep what its channels hold.

    Parameters
    ----------
    acquisition, panel, transforms, spillover
        As in `make_signal`, which raises the same.

    Returns
    -------
    Measured
    """
    time = [panel["Time"]] if "Time" in panel and acquisition.time_advances else []
    recipe = plan_markers(acquisition, panel, transforms, spillover, extra=time)
    raw = acquisition.columns(recipe.channels)
    columns = _positions(raw, recipe, acquisition)
    row = {name: i for i, name in enumerate(recipe.channels)}
    forward = {m: raw[row[panel[m]]] for m in ("FSC-A", "FSC-H") if m in panel}
    ranges = {channel.name: channel.range for channel in acquisition.channels}
    quality = assess_quality(
        forward=forward,
        forward_top=(ranges[panel["FSC-A"]] if "FSC-A" in panel else 0.0) or np.inf,
        time_s=_seconds(acquisition, time[0], raw[row[time[0]]]) if time else None,
        signals=columns,
    )
    return Measured(recipe, raw, columns, quality)


def _seconds(acquisition: Acquisition, name: str, ticks: NDArray[np.float32]) -> NDArray[np.float32]:
    """Time of every event [s], of a counter that rolls over too; ticks where their length is not known."""
    (index,) = acquisition.indices([name])
    channel_range = acquisition.channels[index].range
    step_s = np.float32(acquisition.time_step_s or 1.0)
    if acquisition.place.row.words[index].kind != "I" or not channel_range > 0:
        return ticks * step_s
    return (unrolled(ticks, channel_range) * step_s).astype(np.float32)


def _positions(
    raw: NDArray[np.float32], recipe: Recipe, acquisition: Acquisition
) -> dict[str, NDArray[np.float32]]:
    """Every marker's positions: all markers of some events, then of the next, while their signals are in the cache."""
    n_events = acquisition.n_events
    # One array, so that it comes in large pages; each is taken by the thread that fills it.
    table = np.empty((len(recipe.markers), n_events), dtype=np.float32)

    def fill(first: int, last: int) -> list[int]:
        return [
            marker_positions(raw, one.weights, *one.scale, column[first:last], first)
            for one, column in zip(recipe.markers.values(), table, strict=True)
        ]

    beyond = np.zeros(len(recipe.markers), dtype=np.int64)
    for found in over_spans(fill, n_events, _SPAN):
        beyond += found
    for marker, events in zip(recipe.markers, beyond, strict=True):
        if events and marker not in SCATTER:
            msg = f"signals of {marker} are infinite or no numbers in {events:,} of {n_events:,} events"
            remedy = "export the file again, or check its spillover matrix"
            raise CompensationError(msg, acquisition.path.name, remedy)
    return dict(zip(recipe.markers, table, strict=True))
