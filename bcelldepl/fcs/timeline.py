"""How long the acquisition took, and whether the events are all of it.

A few short runs of the time channel are enough: they tell its span and whether the events are in the order in which
they were measured. Events that were drawn from a larger file by a program are often out of order, or cover only a part
of the time that the clock says; the volume of such a file belongs to events that are no longer in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from bcelldepl.fcs.acquisition import Channel
from bcelldepl.fcs.data import exact_dtype, read_words
from bcelldepl.fcs.locate import Place
from bcelldepl.fcs.scaling import is_time

__all__ = ["Timeline", "read_timeline"]

_RUNS: Final = 48
_EVENTS_PER_RUN: Final = 16
_FEWEST_EVENTS: Final = 50
_SHUFFLED_FRACTION: Final = 0.2  # of steps that go back in time; a counter that rolls over gives far less
_LEAST_COVERAGE: Final = 0.5  # of the clock's time by the time channel


@dataclass(frozen=True)
class Timeline:
    """The time of an acquisition.

    Attributes
    ----------
    seconds : float or None
        Its length: by the clock, else the span of the time channel.
    doubt : str
        Why the events are not all of the acquisition; empty where they seem to be.
    """

    seconds: float | None
    doubt: str = ""


def read_timeline(
    path: Path, place: Place, channels: Sequence[Channel], time_step_s: float | None, clock_s: float | None
) -> Timeline:
    """Look along the time channel, where there is one.

    Parameters
    ----------
    path : Path
    place : Place
    channels : sequence of Channel
    time_step_s, clock_s : float or None
        ``$TIMESTEP``; the length of the acquisition by the clock [s].
    """
    index = next((i for i, channel in enumerate(channels) if is_time(channel)), None)
    if index is None or place.n_events < 2:
        return Timeline(clock_s)
    times = _sample(path, place, index)
    times = times[np.isfinite(times)]
    if len(times) < 2:
        return Timeline(clock_s)
    steps = np.diff(times)
    backward = float(np.mean(steps < 0))
    span_s = None if time_step_s is None else float(times.max() - times.min()) * time_step_s
    seconds = clock_s if clock_s is not None else span_s or None
    if place.n_events < _FEWEST_EVENTS:
        return Timeline(seconds)
    if backward > _SHUFFLED_FRACTION:
        return Timeline(
            seconds,
            f"the {place.n_events} events are not in the order of their time: they were drawn from a larger acquisition",
        )
    rolled_over = backward > 0
    if clock_s and span_s is not None and not rolled_over and span_s < _LEAST_COVERAGE * clock_s - 2.0:
        return Timeline(
            seconds,
            f"the {place.n_events} events cover {span_s:.1f} s of an acquisition of {clock_s:.1f} s: the rest is missing",
        )
    return Timeline(seconds)


def _sample(path: Path, place: Place, index: int) -> NDArray[Any]:
    """Short runs of the time channel, spread over the file, first and last event included."""
    dtype = exact_dtype([place.row.words[index]])
    runs = min(_RUNS, place.n_events // _EVENTS_PER_RUN)
    if runs < 2:
        starts, length = np.array([0]), min(place.n_events, 2 * _EVENTS_PER_RUN)
    else:
        starts, length = (
            np.linspace(0, place.n_events - _EVENTS_PER_RUN, runs).astype(np.int64),
            _EVENTS_PER_RUN,
        )
    times = np.empty((len(starts), length), dtype)
    for k, start in enumerate(starts):
        begin = place.begin + int(start) * place.row.n_bytes
        read_words(path, begin, length, place.row, [index], times[k : k + 1], [None])
    return times.ravel().astype(np.float64)
