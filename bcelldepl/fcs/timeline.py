"""How long the acquisition took, and whether the events are all of it.

A few short runs of a channel are enough to tell its span and whether the events are in the order in which
they were measured. Events that a program drew from a larger file are often out of order, or cover only a
part of the time that the clock says; the volume of such a file belongs to events that are no longer in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from bcelldepl.fcs.acquisition import Channel
from bcelldepl.fcs.data import read_runs
from bcelldepl.fcs.locate import Place
from bcelldepl.fcs.scaling import is_time

__all__ = ["Timeline", "read_timeline"]

_VOLUME_CHANNEL: Final = "HDR-V"  # MACSQuant: volume taken up so far, in microlitres
_RUNS: Final = 24
_EVENTS_PER_RUN: Final = 16
_FEWEST_EVENTS: Final = 20
_SHUFFLED_FRACTION: Final = 0.2  # of steps that go back in time; a counter that rolls over gives far less
_LEAST_COVERAGE: Final = 0.5  # of the clock's time by the time channel
_LONGEST_S: Final = 1e6
_CLOCK_SLACK_S: Final = 2.0  # clocks tell whole seconds


@dataclass(frozen=True)
class Timeline:
    """The course of an acquisition.

    Attributes
    ----------
    seconds : float or None
        Its length: by the clock, else the span of the time channel.
    volume_ul : float or None
        The volume taken up until the last event, where a channel tells it.
    doubt : str
        Why the events are not all of the acquisition; empty where they seem to be.
    """

    seconds: float | None
    volume_ul: float | None = None
    doubt: str = ""


def read_timeline(
    path: Path, place: Place, channels: Sequence[Channel], time_step_s: float | None, clock_s: float | None
) -> Timeline:
    """Look along the channels of time and of volume, where there are any.

    Parameters
    ----------
    path : Path
    place : Place
    channels : sequence of Channel
    time_step_s, clock_s : float or None
        ``$TIMESTEP``; the length of the acquisition by the clock [s].
    """
    volume_ul = None
    for index, channel in enumerate(channels):
        if channel.name.upper() == _VOLUME_CHANNEL and place.n_events:
            volumes = _sample(path, place, index)
            volume_ul = float(volumes.max()) if len(volumes) and volumes.max() > 0 else None
    times = _times(path, place, channels)
    if times is None:
        return Timeline(clock_s, volume_ul)
    ticks = float(times.max() - times.min())
    span_s = ticks * time_step_s if time_step_s is not None else None
    if span_s is not None and not 0 < span_s < _LONGEST_S:
        span_s = None
    seconds = clock_s if clock_s is not None else span_s
    if place.n_events < _FEWEST_EVENTS:
        return Timeline(seconds, volume_ul)
    doubt = ""
    if np.mean(np.diff(times) < 0) > _SHUFFLED_FRACTION:
        doubt = (
            f"the {place.n_events} events are not in the order of their time: "
            "they were drawn from a larger acquisition"
        )
    elif volume_ul is None and clock_s and span_s is not None and _falls_short(span_s, clock_s):
        doubt = (
            f"the {place.n_events} events cover {span_s:.1f} s of an acquisition of {clock_s:.1f} s: "
            "the rest is missing"
        )
    return Timeline(seconds, volume_ul, doubt)


def _falls_short(span_s: float, clock_s: float) -> bool:
    return span_s < _LEAST_COVERAGE * clock_s - _CLOCK_SLACK_S


def _times(path: Path, place: Place, channels: Sequence[Channel]) -> NDArray[np.float64] | None:
    """Samples of the first time channel that moves [ticks]; a counter that rolls over goes on."""
    for index, channel in enumerate(channels):
        if not is_time(channel):
            continue
        times = _sample(path, place, index)
        if len(times) < 2 or times.max() == times.min():
            continue
        rolled = np.diff(times) < -0.5 * channel.range
        if channel.range > 0 and place.row.words[index].kind == "I":
            times[1:] += np.cumsum(rolled) * min(channel.range, 2.0**64)
        return times
    return None


def _sample(path: Path, place: Place, index: int) -> NDArray[Any]:
    """Finite values of short runs of a channel, spread over the file, first and last event included."""
    runs = min(_RUNS, place.n_events // _EVENTS_PER_RUN)
    if runs < 2:
        length = min(place.n_events, 2 * _EVENTS_PER_RUN)
        starts = [0]
    else:
        length = _EVENTS_PER_RUN
        starts = np.linspace(0, place.n_events - length, runs).astype(np.int64).tolist()
    values = read_runs(path, place.begin, starts, length, place.row, index)
    with np.errstate(invalid="ignore"):  # a signalling NaN
        flat = values.ravel().astype(np.float64)
    return flat[np.abs(flat) < 1e30]
