"""The cytometer: from what a particle emits to the numbers in the file.

Fluorochromes spill into each other's detectors, light arrives in photons, electronics add noise around zero,
and the scale ends. Values in the file are therefore uncompensated.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "DETECTORS",
    "FLUORESCENCE_CHANNELS",
    "FSC_THRESHOLD",
    "SATURATION",
    "SCATTER_CHANNELS",
    "SPILLOVER",
    "Detector",
    "detect_fluorescence",
    "detect_scatter",
]

SATURATION: Final = 262_143.0
FSC_THRESHOLD: Final = 10_000.0
SCATTER_CHANNELS: Final = ("FSC-A", "FSC-H", "FSC-W", "SSC-A", "SSC-H")
_WIDTH_UNIT: Final = 65_536.0
_SCATTER_NOISE: Final = 300.0


@dataclass(frozen=True)
class Detector:
    """One fluorescence detector and the reagent read in it.

    Attributes
    ----------
    channel : str
        ``$PnN``.
    label : str
        ``$PnS``.
    marker : str
        A name of ``cells.MARKERS``.
    glow : float
        Autofluorescence and unspecific binding of a lymphocyte, channel units.
    units_per_photoelectron : float
        Channel units of one photoelectron: large where light is scarce.
    noise : float
        Standard deviation of the electronic noise, channel units.
    """

    channel: str
    label: str
    marker: str
    glow: float
    units_per_photoelectron: float
    noise: float


# In the order of cells.MARKERS.
DETECTORS: Final = (
    Detector("FITC-A", "CD3 FITC", "CD3", 180.0, 9.0, 62.0),
    Detector("PE-A", "anti-FMC63 PE", "CAR", 80.0, 3.0, 28.0),
    Detector("PerCP-Cy5-5-A", "7-AAD Viability", "Viability", 70.0, 9.0, 55.0),
    Detector("PE-Cy7-A", "CD19 PE-Cy7", "CD19", 60.0, 5.0, 22.0),
    Detector("APC-A", "CD16+56 APC", "CD16+56", 110.0, 12.0, 45.0),
    Detector("APC-H7-A", "CD20 APC-H7", "CD20", 90.0, 8.0, 30.0),
    Detector("BV421-A", "CD14 BV421", "CD14", 150.0, 5.0, 40.0),
    Detector("V500-A", "CD45 V500-C", "CD45", 170.0, 12.0, 60.0),
)
FLUORESCENCE_CHANNELS: Final = tuple(detector.channel for detector in DETECTORS)

# Row: fluorochrome; column: detector, in the order above.
SPILLOVER: Final = np.array(
    [  # FITC   PE    PerCP  PE-Cy7 APC    APC-H7 BV421  V500
        [1.000, 0.120, 0.016, 0.002, 0.000, 0.000, 0.000, 0.035],  # CD3 FITC
        [0.012, 1.000, 0.105, 0.016, 0.000, 0.000, 0.000, 0.002],  # anti-FMC63 PE
        [0.000, 0.060, 1.000, 0.160, 0.045, 0.030, 0.000, 0.000],  # 7-AAD
        [0.001, 0.042, 0.012, 1.000, 0.000, 0.060, 0.000, 0.000],  # CD19 PE-Cy7
        [0.000, 0.000, 0.010, 0.004, 1.000, 0.070, 0.000, 0.000],  # CD16+56 APC
        [0.000, 0.000, 0.002, 0.025, 0.110, 1.000, 0.000, 0.000],  # CD20 APC-H7
        [0.000, 0.000, 0.000, 0.000, 0.000, 0.000, 1.000, 0.090],  # CD14 BV421
        [0.060, 0.012, 0.003, 0.000, 0.000, 0.000, 0.035, 1.000],  # CD45 V500-C
    ]
)


def detect_fluorescence(
    rng: np.random.Generator,
    emitted: NDArray[np.float64],
    spillover: NDArray[np.float64],
    gain: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Detector readings of particles, with spillover, photon and electronic noise and saturation.

    Parameters
    ----------
    rng : numpy Generator
    emitted : ndarray of float64, shape (n_events, n_detectors)
        Light of each fluorochrome in the units of its own detector.
    spillover : ndarray of float64, shape (n_detectors, n_detectors)
        Row i: what fluorochrome i gives to each detector.
    gain : ndarray of float64, shape (n_detectors,) or (n_events, n_detectors)
        Amplification relative to the day on which the instrument was set up.

    Returns
    -------
    ndarray of float64, shape (n_events, n_detectors)
        Multiples of 0.5 (the digitiser), at most 262,143; negative where noise exceeds the signal.
    """
    unit = np.array([detector.units_per_photoelectron for detector in DETECTORS])
    noise = np.array([detector.noise for detector in DETECTORS])
    photoelectrons = rng.poisson(np.maximum(emitted @ spillover, 0.0) / unit)
    reading = photoelectrons * unit * gain + noise * rng.standard_normal(emitted.shape)
    # Half units also keep the file free of the last bit, in which processors may differ.
    digitised: NDArray[np.float64] = np.minimum(np.round(reading * 2.0) / 2.0, SATURATION)
    return digitised


def detect_scatter(
    rng: np.random.Generator,
    fsc: NDArray[np.float64],
    ssc: NDArray[np.float64],
    height_ratio: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Scatter readings (`SCATTER_CHANNELS`) of particles of given areas.

    Parameters
    ----------
    rng : numpy Generator
    fsc, ssc : ndarray of float64, shape (n_events,)
        True areas, channel units.
    height_ratio : ndarray of float64, shape (n_events,)
        Peak height over area: about 0.9 for one cell, less for two in a row.

    Returns
    -------
    ndarray of float64, shape (n_events, 5)
        Whole numbers, at most 262,143.
    """
    n = fsc.size
    fsc_area = fsc + _SCATTER_NOISE * rng.standard_normal(n)
    ssc_area = ssc + 2.0 * _SCATTER_NOISE * rng.standard_normal(n)
    fsc_height = fsc_area * height_ratio * (1.0 + 0.02 * rng.standard_normal(n))
    ssc_height = ssc_area * height_ratio * (1.0 + 0.03 * rng.standard_normal(n))
    # Width is area over height; the electronics see both before the scale ends.
    width = _WIDTH_UNIT * fsc_area / np.maximum(fsc_height, 1.0)
    readings = np.stack([fsc_area, fsc_height, width, ssc_area, ssc_height], axis=1)
    return np.minimum(np.round(readings), SATURATION)
