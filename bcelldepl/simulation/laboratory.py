"""What differs between days in the laboratory: reagents, instrument, beads, mishaps."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from bcelldepl.simulation.cells import MARKERS
from bcelldepl.simulation.detectors import DETECTORS, SPILLOVER
from bcelldepl.simulation.particles import Staining, background
from bcelldepl.simulation.people import Person
from bcelldepl.simulation.scenarios import Difficulty, Scenario
from bcelldepl.simulation.tube import Clog

__all__ = ["Batch", "batch_week", "draw_batch", "draw_clogs", "draw_spillover", "draw_staining"]


@dataclass(frozen=True)
class Batch:
    """One week of the laboratory: what its tubes share.

    Attributes
    ----------
    name : str
        ISO year and week.
    bead_count : int
        Beads per tube of this lot.
    gain, antigen_gain : ndarray of float64, shape (n_detectors,)
        Amplification of each detector and brightness of each reagent, relative to the set-up.
    scatter_gain : float
    """

    name: str
    bead_count: int
    gain: NDArray[np.float64]
    antigen_gain: NDArray[np.float64]
    scatter_gain: float


def batch_week(collected: datetime) -> tuple[int, int]:
    """ISO year and week in which blood of a day is measured.

    Parameters
    ----------
    collected : datetime

    Returns
    -------
    (int, int)
    """
    year, week, _ = collected.isocalendar()
    return year, week


def draw_batch(rng: np.random.Generator, scenario: Scenario, week: tuple[int, int]) -> Batch:
    """Draw one week's beads, reagents and instrument.

    Parameters
    ----------
    rng : numpy Generator
        The week's own stream.
    scenario : Scenario
    week : (int, int)
        ISO year and week.

    Returns
    -------
    Batch
    """
    drift = scenario.difficulty.drift
    bead_count = round(scenario.bead_count * float(1.0 + 0.03 * rng.standard_normal()))
    # Reagents and handling vary more than an instrument that is calibrated daily; with each tube's own part
    # (draw_staining) the squares sum to one.
    return Batch(
        name=f"{week[0]}-W{week[1]:02d}",
        bead_count=bead_count,
        gain=10.0 ** (0.3 * drift * rng.standard_normal(len(DETECTORS))),
        antigen_gain=10.0 ** (0.87 * drift * rng.standard_normal(len(DETECTORS))),
        scatter_gain=float(10.0 ** (0.2 * drift * rng.standard_normal())),
    )


def draw_staining(
    rng: np.random.Generator, hard: Difficulty, person: Person, batch: Batch, day: float, *, car: bool
) -> Staining:
    """Stain one tube; `car` is False for the tube without the anti-CAR reagent.

    Parameters
    ----------
    rng : numpy Generator
        Source of chance.
    hard : Difficulty
        What makes the scenario hard.
    person : Person
    batch : Batch
    day : float
        Days since infusion.
    car : bool
        Whether the anti-CAR reagent is in.

    Returns
    -------
    Staining
    """
    antigen_gain = batch.antigen_gain * 10.0 ** (0.39 * hard.drift * rng.standard_normal(len(MARKERS)))
    if not car:
        antigen_gain[MARKERS.index("CAR")] = 0.0
    return Staining(
        antigen_gain=antigen_gain,
        unspecific=background(car=car) * person.subject.glow,
        antigen_shift=person.antigen_shift(day),
        shrunken=float(np.clip(hard.shrunken * np.exp(0.5 * rng.standard_normal()), 0.0, 0.4)),
        # Only while there are targets to tear at.
        trogocytosis=hard.trogocytosis if day <= 14.0 else 0.0,
    )


def draw_spillover(rng: np.random.Generator, hard: Difficulty) -> NDArray[np.float64]:
    """Tandem dyes decay: the coefficients of the day are near, not at, those of the compensation controls.

    Parameters
    ----------
    rng : numpy Generator
        Source of chance.
    hard : Difficulty
        What makes the scenario hard.

    Returns
    -------
    ndarray of float64
    """
    matrix = SPILLOVER * (1.0 + hard.spillover_error * rng.standard_normal(SPILLOVER.shape))
    np.fill_diagonal(matrix, 1.0)
    return matrix


def draw_clogs(rng: np.random.Generator, hard: Difficulty, *, certain: bool) -> tuple[Clog, ...]:
    """No clog or one; always one where `certain`.

    Parameters
    ----------
    rng : numpy Generator
        Source of chance.
    hard : Difficulty
        What makes the scenario hard.
    certain : bool

    Returns
    -------
    tuple of Clog
    """
    chance, start, length, rate, scatter, light = (float(value) for value in rng.random(6))
    if not certain and chance >= hard.clog_probability:
        return ()
    begin = 0.15 + 0.55 * start
    return (
        Clog(
            start=begin,
            end=begin + 0.02 + 0.04 * length,
            rate=0.15 + 0.2 * rate,
            scatter=0.65 + 0.15 * scatter,
            light=0.65 + 0.2 * light,
        ),
    )
