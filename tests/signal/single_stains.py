"""Single-stain controls with known truth: what each dye gives to each detector of the simulated cytometer."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bcelldepl.simulation.detectors import DETECTORS, SATURATION, SPILLOVER, detect_fluorescence

NAMES = tuple(detector.channel for detector in DETECTORS)
GLOW = np.array([detector.glow for detector in DETECTORS])


def control(
    own: int,
    seed: int = 0,
    n: int = 6_000,
    *,
    stained: float = 0.5,
    bright: float = 20_000.0,
    dying: float = 0.02,
    strays: float = 0.01,
    spillover: NDArray[np.float64] = SPILLOVER,
) -> NDArray[np.float64]:
    """Events of a control, (n_detectors, n_events): autofluorescence, dying cells and a few events of another dye too.

    Parameters
    ----------
    own : int
        Which dye.
    stained, dying, strays : float
        Parts of the events that carry it, that are dying, and that carry another dye.
    bright : float
        Median signal of the stained.
    """
    rng = np.random.default_rng([seed, own])
    emitted = GLOW * rng.lognormal(0, 0.5, (n, 1))
    emitted[:, own] += bright * rng.lognormal(0, 0.4, n) * (rng.random(n) < stained)
    emitted[rng.random(n) < dying] += 20 * GLOW
    other = (own + 1) % len(NAMES)
    emitted[:, other] += bright * rng.lognormal(0, 0.4, n) * (rng.random(n) < strays)
    readings = detect_fluorescence(rng, emitted, spillover, np.ones(len(NAMES)))
    return readings[(readings < SATURATION).all(axis=1)].T.copy()
