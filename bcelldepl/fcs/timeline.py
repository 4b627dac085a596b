"""How long the acquisition took, and whether the events are all of it.

A few short runs of a channel are enough to tell its span and whether the events are in the order in which
they were measured. Events that a program drew from a larger file are often out of order, or cover only a
part of the time that the clock says; the volume of such a file belongs to events that are no longer in it.

A time channel is no better than what was written into it: it may be cut to its range, be in seconds already, or have a
wrong ``$TIMESTEP``. Then it tells nothing of the duration, and the clock (``$BTIM``, ``$ETIM``) alone does.
"""

from __future__ import annotations

import re
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

__all__ = [
    "CROWDED",
    "LEAST_COVERAGE",
    "MOST_AT_TOP",
    "MOST_EVENTS_PER_S",
    "SHUFFLED_FRACTION",
    "Timeline",
    "read_timeline",
    "unrolled",
]

_VOLUME_CHANNEL: Final = "HDR-V"  # MACSQuant: volume taken up so far, in microlitres
_HIGH_WORD: Final = re.compile(r"\bMSW\b", re.IGNORECASE)  # CyAn, MoFlo: upper bits of the time
_RUNS: Final = 24
_EVENTS_PER_RUN: Final = 16
_FEWEST_EVENTS: Final = 20
SHUFFLED_FRACTION: Final = 0.2  # of steps that go back in time; a counter that rolls over gives far less
LEAST_COVERAGE: Final = 0.5  # of the clock's time by the time channel
MOST_AT_TOP: Final = 0.05  # of the events, at the highest time that there is room for
CROWDED: Final = 3.0  # times as many as at another tick
MOST_EVENTS_PER_S: Final = 250_000.0  # no cytometer measures more
_LONGEST_S: Final = 1e6
_CLOCK_SLACK_S: Final = 2.0  # clocks tell whole seconds


@dataclass(frozen=True)
class Timeline:
    """The course of an acquisition.

    Attributes
    ----------
    seconds : float or None
        Its length: by the clock, else the span of the time channel.
    time_step_s : float or None
        ``$TIMESTEP``, where the time channel bears it out [s].
    volume_ul : float or None
        The volume taken up until the last event, where a channel tells it.
    doubt : str
        Why the events are not all of the acquisition; empty where they seem to be.
    clock_doubt : str
        Why the time channel does not tell how long the events took; empty where it does.
    advances : bool
        Whether events at different times have different values in the time channel.
    """

    seconds: float | None
    time_step_s: float | None = None
    volume_ul: float | None = None
    doubt: str = ""
    clock_doubt: str = ""
    advances: bool = True


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
    found = _times(path, place, channels)
    if found is None:
        return Timeline(clock_s, time_step_s, volume_ul)
    channel, times = found
    at_top = _share_at_top(times, channel.range)
    if at_top:
        doubt = (
            f"{channel.name} is cut to its range of {channel.range:,.10g} in {100 * at_top:.0f} % of the events: "
            "it does not show how long they took"
        )
        return Timeline(clock_s, time_step_s, volume_ul, clock_doubt=doubt, advances=False)
    ticks = float(times.max() - times.min())
    time_step_s, clock_doubt = _tested_step(channel.name, ticks, time_step_s, clock_s, place.n_events)
    span_s = None if time_step_s is None else ticks * time_step_s
    if span_s is not None and not 0 < span_s < _LONGEST_S:
        span_s = None
    seconds = clock_s if clock_s is not None else span_s
    doubt = ""
    if place.n_events >= _FEWEST_EVENTS:
        if np.mean(np.diff(times) < 0) > SHUFFLED_FRACTION:
            doubt = (
                f"the {place.n_events} events are not in the order of their time: "
                "they were drawn from a larger acquisition"
            )
        elif volume_ul is None and clock_s and span_s is not None and _falls_short(span_s, clock_s):
            doubt = (
                f"the {place.n_events} events cover {span_s:.1f} s of an acquisition of {clock_s:.1f} s: "
                "the rest is missing"
            )
    return Timeline(seconds, time_step_s, volume_ul, doubt, clock_doubt)


def _tested_step(
    name: str, ticks: float, step_s: float | None, clock_s: float | None, n_events: int
) -> tuple[float | None, str]:
    """``$TIMESTEP`` held against the clock and against what a cytometer can measure, and what is wrong with it."""
    if step_s is None or ticks <= 0:
        return step_s, ""
    span_s = ticks * step_s
    in_seconds = (
        clock_s is not None and not _falls_short(ticks, clock_s) and ticks <= clock_s + _CLOCK_SLACK_S
    )
    if in_seconds and clock_s is not None and _falls_short(span_s, clock_s):
        return 1.0, f"{name} is in seconds already: $TIMESTEP {step_s:g} is not applied to it again"
    wrong = f"{name} and $TIMESTEP {step_s:g} give {span_s:.3g} s for {n_events:,} events"
    if clock_s is not None and _falls_short(clock_s, span_s):
        return None, f"{wrong}, $BTIM and $ETIM say {clock_s:.1f} s: $TIMESTEP is not used"
    if n_events > MOST_EVENTS_PER_S * span_s:
        return None, f"{wrong}, faster than any cytometer: $TIMESTEP is not used"
    return step_s, ""


def _share_at_top(times: NDArray[np.float64], channel_range: float) -> float:
    """Part of the times that were cut to the range; 0 where the last tick holds no more than others."""
    top = float(times.max())
    share = float(np.mean(times == top))
    crowded = share > max(MOST_AT_TOP, CROWDED / len(np.unique(times)))
    return share if crowded and 0 < channel_range - 1 <= top <= channel_range else 0.0


def _falls_short(span_s: float, clock_s: float) -> bool:
    return span_s < LEAST_COVERAGE * clock_s - _CLOCK_SLACK_S


def _times(
    path: Path, place: Place, channels: Sequence[Channel]
) -> tuple[Channel, NDArray[np.float64]] | None:
    """Samples of the first time channel that moves [ticks]; a counter that rolls over goes on."""
    high = next((i for i, channel in enumerate(channels) if _HIGH_WORD.search(_names(channel))), None)
    for index, channel in enumerate(channels):
        if not is_time(channel) or index == high:
            continue
        times = _sample(path, place, index)
        if len(times) < 2 or times.max() == times.min():
            continue
        if place.row.words[index].kind != "I" or channel.range <= 0:
            return channel, times
        if high is not None:
            rolled = _sample(path, place, high)
            return channel, times + rolled * channel.range if len(rolled) == len(times) else times
        return channel, unrolled(times, channel.range)
    return None


def _names(channel: Channel) -> str:
    return f"{channel.name} {channel.label}"


def unrolled(times: NDArray[Any], channel_range: float) -> NDArray[np.float64]:
    """Times of a counter that begins again at 0 when it reaches its range, as if it went on.

    Parameters
    ----------
    times : ndarray, shape (n_events,)
        In the order of the events [ticks].
    channel_range : float
        ``$PnR`` of the time channel.

    Returns
    -------
    ndarray of float64, shape (n_events,)
    """
    on = times.astype(np.float64)
    on[1:] += np.cumsum(np.diff(on) < -0.5 * channel_range) * min(channel_range, 2.0**64)
    return on


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
