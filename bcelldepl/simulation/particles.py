"""Particles in the flow, as emitted light: cells of one kind, dead and sticky ones, pairs, clumps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bcelldepl.simulation.cells import BEAD, CELLS, LABELS, MARKERS, POPULATIONS, CellType
from bcelldepl.simulation.detectors import DETECTORS, SATURATION

__all__ = [
    "DAMAGES",
    "Damage",
    "Particles",
    "Staining",
    "background",
    "clumps",
    "concatenate",
    "damaged",
    "pairs",
    "single",
]

_HEIGHT_RATIO: Final = 0.90
_HEIGHT_RATIO_SD: Final = 0.022
# The anti-CAR reagent binds a little to every cell.
_REAGENT_BACKGROUND: Final = 1.5
_TORN_CD19: Final = (2.85, 0.25)
_CODE: Final = {label: np.uint8(code) for code, label in enumerate(LABELS)}
_KINDS: Final = (*CELLS.values(), BEAD)


@dataclass(frozen=True)
class Staining:
    """What sample preparation does to the light of a cell.

    Attributes
    ----------
    antigen_gain : ndarray of float64, shape (n_markers,)
        Factor on each reagent's specific light; 0 where the reagent was left out.
    unspecific : ndarray of float64, shape (n_markers,)
        Light of a lymphocyte without the antigen, channel units.
    antigen_shift : mapping of str to float
        Label of a cell type and marker, as ``"B.CD19"``, to the log10 by which the antigen is denser.
    shrunken : float
        Share of live cells with reduced scatter.
    trogocytosis : float
        Share of CAR+ T cells that carry CD19 torn from their targets.
    """

    antigen_gain: NDArray[np.float64]
    unspecific: NDArray[np.float64]
    antigen_shift: Mapping[str, float]
    shrunken: float
    trogocytosis: float = 0.0


@dataclass(frozen=True)
class Particles:
    """Particles before they are measured.

    Attributes
    ----------
    fsc, ssc, height_ratio : ndarray of float64, shape (n,)
        Scatter areas, and peak height over area.
    light : ndarray of float64, shape (n, n_markers)
        Light of each fluorochrome in the units of its own detector.
    label : ndarray of uint8, shape (n,)
        Place in `cells.LABELS`.
    """

    fsc: NDArray[np.float64]
    ssc: NDArray[np.float64]
    height_ratio: NDArray[np.float64]
    light: NDArray[np.float64]
    label: NDArray[np.uint8]


@dataclass(frozen=True)
class Damage:
    """How a damaged leukocyte differs from a sound one.

    Attributes
    ----------
    label : str
        Name of its events in the truth.
    fsc, ssc, antigen : float
        Factors on scatter and on specific light.
    sticky : tuple of float
        Median and sd of log10 of the light that it binds from every reagent.
    viability : tuple of float
        Median and sd of log10 of its 7-AAD.
    """

    label: str
    fsc: float
    ssc: float
    antigen: float
    sticky: tuple[float, float]
    viability: tuple[float, float]


DAMAGES: Final = {
    "dead": Damage("dead", 0.55, 1.10, 0.50, (2.45, 0.30), (3.85, 0.28)),
    # Dying, but the membrane still keeps 7-AAD out of half of them.
    "sticky": Damage("sticky", 0.90, 1.20, 0.80, (3.00, 0.35), (2.60, 0.45)),
}


def single(rng: np.random.Generator, kind: CellType, n: int, staining: Staining) -> Particles:
    """`n` sound cells (or beads) of one kind.

    Parameters
    ----------
    rng : numpy Generator
        Source of chance.
    kind : CellType
    n : int
        How many.
    staining : Staining

    Returns
    -------
    Particles
    """
    # A large cell glows more, scatters more and carries more antigen; some cells bind more of every reagent.
    # These two latent values tilt the clouds as in real tubes; squares of the weights sum to one.
    size, binding = rng.standard_normal((2, n))
    fsc = kind.fsc * np.exp(kind.fsc_sd * size)
    ssc = kind.ssc * np.exp(kind.ssc_sd * (0.8 * size + 0.6 * rng.standard_normal(n)))
    light = np.zeros((n, len(MARKERS)))
    if kind.glow:
        glow = kind.glow * np.exp(0.22 * (0.5 * size + 0.6 * binding + 0.62 * rng.standard_normal(n)))
        light += glow[:, None] * staining.unspecific * np.exp(0.18 * rng.standard_normal(light.shape))
    for marker, (median, sd) in kind.antigens.items():
        column = MARKERS.index(marker)
        shift = staining.antigen_shift.get(f"{kind.label}.{marker}", 0.0)
        level = median + shift + sd * (0.4 * size + 0.5 * binding + 0.77 * rng.standard_normal(n))
        stained = 1.0 if kind is BEAD else staining.antigen_gain[column]
        light[:, column] += stained * 10.0**level
    if staining.trogocytosis and kind.label in POPULATIONS["CAR_T"]:
        column = MARKERS.index("CD19")
        torn = rng.random(n) < staining.trogocytosis
        level = _TORN_CD19[0] + _TORN_CD19[1] * rng.standard_normal(n)
        light[:, column] += np.where(torn, staining.antigen_gain[column] * 10.0**level, 0.0)
    if staining.shrunken and kind.label in POPULATIONS["leukocytes"]:
        shrunken = rng.random(n) < staining.shrunken
        fsc = np.where(shrunken, 0.62 * fsc, fsc)
    ratio = _HEIGHT_RATIO * np.exp(_HEIGHT_RATIO_SD * rng.standard_normal(n))
    return Particles(fsc, ssc, ratio, light, np.full(n, _CODE[kind.label]))


def damaged(
    rng: np.random.Generator, kind: CellType, n: int, staining: Staining, damage: Damage
) -> Particles:
    """`n` damaged cells of one kind.

    Parameters
    ----------
    rng : numpy Generator
        Source of chance.
    kind : CellType
    n : int
        How many.
    staining : Staining
    damage : Damage

    Returns
    -------
    Particles
    """
    sound = single(rng, kind, n, staining)
    stickiness = rng.standard_normal((n, 1))
    reagents = 0.9 * stickiness + 0.436 * rng.standard_normal(sound.light.shape)
    light = damage.antigen * sound.light
    light += staining.antigen_gain * 10.0 ** (damage.sticky[0] + damage.sticky[1] * reagents)
    dye = MARKERS.index("Viability")
    light[:, dye] = 10.0 ** (damage.viability[0] + damage.viability[1] * rng.standard_normal(n))
    label = np.full(n, _CODE[damage.label])
    return Particles(damage.fsc * sound.fsc, damage.ssc * sound.ssc, sound.height_ratio, light, label)


def pairs(rng: np.random.Generator, n: int, per_ul: Mapping[str, float], staining: Staining) -> Particles:
    """`n` coincident pairs, both partners drawn by their concentration.

    Parameters
    ----------
    rng : numpy Generator
    n : int
    per_ul : mapping of str to float
        Concentration by label, ``"bead"`` included; debris is too small to be seen beside a cell.
    staining : Staining

    Returns
    -------
    Particles
    """
    small = ("debris", "fragment")
    weight = np.array([0.0 if kind.label in small else per_ul.get(kind.label, 0.0) for kind in _KINDS])
    share = weight / weight.sum() if weight.any() else np.full(len(_KINDS), 1.0 / len(_KINDS))
    partner = rng.choice(len(_KINDS), size=(2, n), p=share)
    fsc, ssc = np.zeros((2, n)), np.zeros((2, n))
    light = np.zeros((2, n, len(MARKERS)))
    for place, kind in enumerate(_KINDS):
        which = partner == place
        cells = single(rng, kind, int(which.sum()), staining)
        fsc[which], ssc[which], light[which] = cells.fsc, cells.ssc, cells.light
    # Two in a row: the pulse is as long as both and little higher than the larger one.
    overlap = rng.uniform(0.0, 0.5, n)
    height = fsc.max(axis=0) + overlap * fsc.min(axis=0)
    ratio = _HEIGHT_RATIO * np.exp(_HEIGHT_RATIO_SD * rng.standard_normal(n)) * height / fsc.sum(axis=0)
    labels = _pair_labels(partner[0], partner[1])
    return Particles(fsc.sum(axis=0), ssc.sum(axis=0), ratio, light.sum(axis=0), labels)


def clumps(rng: np.random.Generator, n: int) -> Particles:
    """`n` clumps and bubbles whose scatter lies beyond the scale.

    Parameters
    ----------
    rng : numpy Generator
        Source of chance.
    n : int
        How many.

    Returns
    -------
    Particles
    """
    fsc = SATURATION * rng.uniform(1.05, 2.0, n)
    ssc = SATURATION * rng.uniform(0.3, 2.0, n)
    light = 10.0 ** rng.normal(3.3, 0.6, (n, len(MARKERS)))
    return Particles(fsc, ssc, rng.uniform(0.4, 0.9, n), light, np.full(n, _CODE["margin"]))


def concatenate(parts: list[Particles]) -> Particles:
    """All particles of several groups, group by group.

    Parameters
    ----------
    parts : list of Particles

    Returns
    -------
    Particles
    """
    return Particles(
        np.concatenate([part.fsc for part in parts]),
        np.concatenate([part.ssc for part in parts]),
        np.concatenate([part.height_ratio for part in parts]),
        np.concatenate([part.light for part in parts]),
        np.concatenate([part.label for part in parts]),
    )


def background(*, car: bool) -> NDArray[np.float64]:
    """Light of a lymphocyte without any of the antigens; the anti-CAR reagent adds its own where it is in.

    Parameters
    ----------
    car : bool
        Whether the anti-CAR reagent is in.

    Returns
    -------
    ndarray of float64, shape (n_detectors,)
    """
    glow = np.array([detector.glow for detector in DETECTORS])
    if car:
        glow[MARKERS.index("CAR")] *= _REAGENT_BACKGROUND
    return glow


def _pair_labels(first: NDArray[np.int64], second: NDArray[np.int64]) -> NDArray[np.uint8]:
    def among(names: tuple[str, ...]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        places = [place for place, kind in enumerate(_KINDS) if kind.label in names]
        return np.isin(first, places), np.isin(second, places)

    t_first, t_second = among(POPULATIONS["T"])
    b_first, b_second = among(POPULATIONS["B"])
    bead_first, bead_second = among(POPULATIONS["beads"])
    return np.select(
        [
            bead_first & bead_second,
            bead_first | bead_second,
            t_first & t_second,
            (t_first & b_second) | (b_first & t_second),
            b_first | b_second,
        ],
        [
            _CODE[name]
            for name in ("bead_doublet", "doublet_cell_bead", "doublet_T_T", "doublet_T_B", "doublet_B_other")
        ],
        default=_CODE["doublet_other"],
    ).astype(np.uint8)
