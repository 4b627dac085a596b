"""One tube: particles in the blood acquired, in order of time, measured."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bcelldepl.simulation.cells import BEAD, CELLS, LABELS, POPULATIONS
from bcelldepl.simulation.detectors import (
    FLUORESCENCE_CHANNELS,
    FSC_THRESHOLD,
    SCATTER_CHANNELS,
    detect_fluorescence,
    detect_scatter,
)
from bcelldepl.simulation.particles import (
    DAMAGES,
    Particles,
    Staining,
    clumps,
    concatenate,
    damaged,
    pairs,
    single,
)
from bcelldepl.simulation.scenarios import Difficulty

__all__ = ["CHANNELS", "TIMESTEP_S", "Clog", "SimulatedTube", "TubePlan", "acquire"]

TIMESTEP_S: Final = 0.01
CHANNELS: Final = (*SCATTER_CHANNELS, *FLUORESCENCE_CHANNELS, "Time")
_EVENTS_PER_SECOND: Final = 1_500.0


@dataclass(frozen=True)
class Clog:
    """A stretch of the acquisition in which the flow cell is half blocked.

    Attributes
    ----------
    start, end : float
        As fractions of the sample volume.
    rate : float
        Event rate relative to free flow.
    scatter, light : float
        Factors on scatter and fluorescence.
    """

    start: float
    end: float
    rate: float
    scatter: float
    light: float


@dataclass(frozen=True)
class TubePlan:
    """Everything that decides what a tube holds, but chance.

    Attributes
    ----------
    per_ul : mapping of str to float
        Single live cells, debris and single beads per microlitre of blood, by label.
    volume_ul : float
        Blood acquired.
    staining : Staining
    gain : ndarray of float64, shape (n_detectors,)
    scatter_gain : float
    spillover : ndarray of float64, shape (n_detectors, n_detectors)
        The true one, which the matrix in the file only approaches.
    difficulty : Difficulty
    clogs : tuple of Clog
    """

    per_ul: Mapping[str, float]
    volume_ul: float
    staining: Staining
    gain: NDArray[np.float64]
    scatter_gain: float
    spillover: NDArray[np.float64]
    difficulty: Difficulty
    clogs: tuple[Clog, ...] = ()


@dataclass(frozen=True)
class SimulatedTube:
    """A measured tube.

    Attributes
    ----------
    columns : ndarray of float32, shape (n_channels, n_events)
        In the order of `CHANNELS`, by time.
    labels : ndarray of uint8, shape (n_events,)
        Place in `cells.LABELS`.
    duration_s : float
    clogs_s : tuple of (float, float)
        When each clog began and ended, seconds.
    """

    columns: NDArray[np.float32]
    labels: NDArray[np.uint8]
    duration_s: float
    clogs_s: tuple[tuple[float, float], ...]

    def events(self, population: str) -> int:
        """Events of a reported population (a key of `cells.POPULATIONS`)."""
        codes = [LABELS.index(label) for label in POPULATIONS[population]]
        return int(np.isin(self.labels, codes).sum())


def acquire(rng: np.random.Generator, plan: TubePlan) -> SimulatedTube:
    """Draw the particles in the acquired blood and measure them.

    Parameters
    ----------
    rng : numpy Generator
    plan : TubePlan

    Returns
    -------
    SimulatedTube
    """
    particles = _draw(rng, plan)
    n = particles.label.size
    # Order of arrival; `place` is how much of the sample has gone by, which a clog does not change.
    order = rng.permutation(n)
    place = np.sort(rng.random(n))
    scatter_factor = np.full(n, plan.scatter_gain)
    light_factor = np.ones(n)
    for clog in plan.clogs:
        inside = (place >= clog.start) & (place < clog.end)
        scatter_factor[inside] *= clog.scatter
        light_factor[inside] *= clog.light
    seconds = _seconds(place, plan.clogs, n)
    scatter = detect_scatter(
        rng,
        particles.fsc[order] * scatter_factor,
        particles.ssc[order] * scatter_factor,
        particles.height_ratio[order],
    )
    emitted = particles.light[order] * light_factor[:, None]
    light = detect_fluorescence(rng, emitted, plan.spillover, plan.gain)
    ticks = np.floor(seconds / TIMESTEP_S)
    columns = np.concatenate([scatter.T, light.T, ticks[None, :]]).astype(np.float32)
    seen = scatter[:, 0] >= FSC_THRESHOLD
    clogs_s = tuple(
        (float(start), float(end))
        for start, end in (_seconds(np.array([c.start, c.end]), plan.clogs, n) for c in plan.clogs)
    )
    duration_s = float(_seconds(np.ones(1), plan.clogs, n)[0])
    return SimulatedTube(
        np.ascontiguousarray(columns[:, seen]), particles.label[order][seen], duration_s, clogs_s
    )


def _draw(rng: np.random.Generator, plan: TubePlan) -> Particles:
    """Poisson numbers of everything in the acquired volume."""
    hard = plan.difficulty
    parts: list[Particles] = []
    for label, cell in CELLS.items():
        expected = plan.per_ul.get(label, 0.0) * plan.volume_ul
        parts.append(single(rng, cell, int(rng.poisson(expected)), plan.staining))
        if label in POPULATIONS["leukocytes"]:
            for damage, share in ((DAMAGES["dead"], hard.dead), (DAMAGES["sticky"], hard.sticky)):
                parts.append(damaged(rng, cell, int(rng.poisson(share * expected)), plan.staining, damage))
    beads = plan.per_ul.get("bead", 0.0) * plan.volume_ul
    cells = sum(plan.per_ul.get(label, 0.0) for label in POPULATIONS["leukocytes"]) * plan.volume_ul
    parts.append(single(rng, BEAD, int(rng.poisson(beads)), plan.staining))
    n_pairs = int(rng.poisson(hard.doublets * (cells + beads)))
    parts.append(pairs(rng, n_pairs, plan.per_ul, plan.staining))
    n_aggregates = int(rng.poisson(hard.bead_doublets * beads))
    parts.append(pairs(rng, n_aggregates, {"bead": 1.0}, plan.staining))
    parts.append(clumps(rng, int(rng.poisson(hard.margin * (cells + beads)))))
    return concatenate(parts)


def _seconds(place: NDArray[np.float64], clogs: tuple[Clog, ...], n_events: int) -> NDArray[np.float64]:
    """Time at which a fraction of the sample has gone by: slower through a clog."""
    free = n_events / _EVENTS_PER_SECOND
    seconds = place * free
    for clog in clogs:
        delayed = np.clip(place, clog.start, clog.end) - clog.start
        seconds = seconds + delayed * free * (1.0 / clog.rate - 1.0)
    return seconds
