"""Simulated acquisitions: a steady stream of cells, and what can go wrong with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bcelldepl.signal.quality_mask import Quality, assess_quality, on_scale
from bcelldepl.signal.time_bins import TimeBins
from bcelldepl.signal.time_profile import TimeProfile, bright_levels, level_step

TOP = 262_144.0
POPULATIONS = ((0.55, 0.20, 0.06), (0.30, 0.45, 0.05), (0.15, 0.75, 0.03))  # share, place, spread


def judge_in_memory(
    forward: Mapping[str, NDArray[np.float32]],
    forward_top: float,
    time_s: NDArray[np.float32] | None,
    signals: Mapping[str, NDArray[np.float32]],
) -> Quality:
    """Judge events that are in memory: all of them are watched at once."""
    columns = np.array(list(signals.values()), dtype=np.float32)
    n = columns.shape[1]

    def watch(timeline: TimeBins | None) -> tuple[NDArray[np.bool_], TimeProfile | None]:
        keep = np.ones(n, dtype=np.bool_)
        for column in forward.values():
            keep &= on_scale(column, forward_top)
        if timeline is None:
            return keep, None
        profile = TimeProfile.of(timeline, bright_levels(columns[:, :: level_step(n)]))
        profile.add(columns, 0, 0, len(timeline.bins))
        return keep, profile

    return assess_quality(n, time_s, watch)


@dataclass(frozen=True)
class Timeline:
    """Events of a tube in the order of acquisition: times [s], a transformed signal, forward scatter."""

    time_s: NDArray[np.float32]
    signal: NDArray[np.float32]
    forward: NDArray[np.float32]

    def judge(self, **changes: object) -> Quality:
        """Quality of the tube, with some of its parts replaced."""
        parts: dict[str, object] = {
            "forward": {"FSC-A": self.forward},
            "forward_top": TOP,
            "time_s": self.time_s,
            "signals": {"CD45": self.signal},
        }
        return judge_in_memory(**{**parts, **changes})  # type: ignore[arg-type]

    def where(self, start: float, end: float) -> NDArray[np.bool_]:
        """Events acquired within a stretch of time."""
        return (self.time_s >= start) & (self.time_s < end)

    def only(self, chosen: NDArray[np.bool_]) -> Timeline:
        """The chosen events."""
        return Timeline(self.time_s[chosen], self.signal[chosen], self.forward[chosen])

    def thinned(self, start: float, end: float, keep: float, seed: int = 0) -> Timeline:
        """A clog: within a stretch of time only a part of the events arrives."""
        lucky = np.random.default_rng(seed).random(len(self.time_s)) < keep
        return self.only(~self.where(start, end) | lucky)

    def shifted(self, start: float, end: float, by: float) -> Timeline:
        """A drop or rise of the signal within a stretch of time."""
        moved = self.signal + np.float32(by) * self.where(start, end)
        return Timeline(self.time_s, moved.astype(np.float32), self.forward)


def steady(
    n: int = 30_000, seconds: float = 100.0, seed: int | list[int] = 0, tick: float = 0.01
) -> Timeline:
    """A clean tube: a Poisson stream of three populations, time in the ticks of the cytometer."""
    rng = np.random.default_rng(seed)
    n = int(rng.poisson(n))
    time = np.floor(np.sort(rng.uniform(0, seconds, n)) / tick) * tick
    share, place, spread = np.array(POPULATIONS).T
    kind = rng.choice(len(share), n, p=share)
    signal = rng.normal(place[kind], spread[kind])
    forward = np.clip(rng.lognormal(11.0, 0.3, n), 1.0, TOP - 2.0)
    return Timeline(time.astype(np.float32), signal.astype(np.float32), forward.astype(np.float32))
