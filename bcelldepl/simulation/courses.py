"""What happens in the blood: cells per microlitre of one subject on any study day.

Lymphodepleting chemotherapy runs from day -5 to day -3, the infusion is day 0. Every course is a line through
a few points, log of the fraction of baseline against day, so that the table below is the whole story.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

__all__ = ["DOSE_GROUPS", "Subject", "concentrations_per_ul", "draw_subject"]

# Baseline: median cells per microlitre and sd of the natural logarithm between subjects.
BASELINE: Final = {
    "neutrophil": (3_300.0, 0.30),
    "eosinophil": (130.0, 0.50),
    "basophil": (45.0, 0.40),
    "monocyte": (420.0, 0.28),
    "T": (1_150.0, 0.30),
    "B": (190.0, 0.30),
    "NK": (210.0, 0.35),
    "lymphocyte_other": (45.0, 0.40),
    "debris": (1_500.0, 0.40),
    "fragment": (60.0, 0.50),
}

# Day and fraction of baseline, for the bystanders of chemotherapy.
RESPONSE: Final = {
    "neutrophil": ((-5, 1.0), (0, 0.75), (3, 0.45), (7, 0.18), (10, 0.2), (14, 0.45), (28, 0.8), (60, 0.95)),
    "eosinophil": ((-5, 1.0), (0, 0.40), (7, 0.15), (14, 0.40), (28, 1.00)),
    "basophil": ((-5, 1.0), (0, 0.60), (7, 0.30), (28, 0.90)),
    "monocyte": ((-5, 1.0), (0, 0.35), (3, 0.12), (7, 0.25), (14, 1.10), (28, 1.10), (60, 1.00)),
    "T": ((-5, 1.0), (0, 0.07), (3, 0.05), (7, 0.12), (14, 0.28), (28, 0.50), (90, 0.75), (180, 0.90)),
    "NK": ((-5, 1.0), (0, 0.12), (3, 0.08), (7, 0.20), (14, 0.50), (28, 0.90), (60, 1.00)),
    "lymphocyte_other": ((-5, 1.0), (0, 0.15), (3, 0.10), (14, 0.50), (28, 0.80)),
    "debris": ((-5, 1.0),),
    "fragment": ((-5, 1.0),),
}
# Sd of the natural logarithm of a count from one day to the next in the same healthy adult.
_WITHIN_SUBJECT_SD: Final = 0.14
_CD56_AMONG_T: Final = 0.06
_PLASMABLASTS_AMONG_B: Final = 0.01
# Fewer cells than this do not exist: five per millilitre in the whole blood sample.
_EXTINCT_PER_UL: Final = 0.005
_FIRST_RETURN_PER_UL: Final = 0.05


@dataclass(frozen=True)
class DoseGroup:
    """How a dose works on average.

    Attributes
    ----------
    name : str
        As written in the sample sheet.
    car_peak_per_ul : float
        Median Cmax of CAR+ T cells.
    b_log10_reduction : float
        Median depth of B-cell depletion, from the baseline.
    b_return_day : float
        Median day on which new B cells begin to leave the marrow.
    """

    name: str
    car_peak_per_ul: float
    b_log10_reduction: float
    b_return_day: float


DOSE_GROUPS: Final = (
    DoseGroup("0.3e5/kg", 14.0, 2.7, 26.0),
    DoseGroup("1e5/kg", 80.0, 4.2, 62.0),
    DoseGroup("3e5/kg", 380.0, 5.5, 105.0),
)


@dataclass(frozen=True)
class Subject:
    """One subject's biology, drawn once.

    Attributes
    ----------
    name : str
        Subject identifier.
    dose : DoseGroup
    baseline_per_ul : dict of str to float
        By row of `BASELINE`.
    chemotherapy : float
        Strength of lymphodepletion, 1 on average.
    car_peak_per_ul, car_peak_day : float
        Cmax and Tmax of CAR+ T cells.
    car_contraction_days, car_persistence_days, car_persisting_fraction : float
        Half-lives of the two phases after the peak, and the share of the slow one.
    car_dim_fraction : float
        Share of CAR+ T cells whose receptor is dim.
    b_log10_reduction, b_return_day, b_doubling_days, b_plateau_fraction : float
        Depth of depletion, start and speed of recovery, and where it ends relative to baseline.
    glow : float
        Autofluorescence relative to the average subject.
    """

    name: str
    dose: DoseGroup
    baseline_per_ul: dict[str, float]
    chemotherapy: float
    car_peak_per_ul: float
    car_peak_day: float
    car_contraction_days: float
    car_persistence_days: float
    car_persisting_fraction: float
    car_dim_fraction: float
    b_log10_reduction: float
    b_return_day: float
    b_doubling_days: float
    b_plateau_fraction: float
    glow: float


def draw_subject(rng: np.random.Generator, name: str, dose: DoseGroup, white_cells: float = 1.0) -> Subject:
    """Draw one subject.

    Parameters
    ----------
    rng : numpy Generator
    name : str
    dose : DoseGroup
    white_cells : float
        Leukocytes but B cells relative to the average adult; below 1 for the leukopenia of lupus.

    Returns
    -------
    Subject
    """

    def lognormal(median: float, sd: float) -> float:
        return float(median * np.exp(sd * rng.standard_normal()))

    baseline = {row: lognormal(median, sd) for row, (median, sd) in BASELINE.items()}
    for row in baseline:
        if row != "B":
            baseline[row] *= white_cells
    return Subject(
        name=name,
        dose=dose,
        baseline_per_ul=baseline,
        chemotherapy=float(rng.uniform(0.8, 1.15)),
        car_peak_per_ul=lognormal(dose.car_peak_per_ul, 0.5),
        car_peak_day=float(rng.uniform(8.0, 13.0)),
        car_contraction_days=float(rng.uniform(3.5, 6.0)),
        car_persistence_days=float(rng.uniform(25.0, 60.0)),
        car_persisting_fraction=float(rng.uniform(0.01, 0.05)),
        car_dim_fraction=float(rng.uniform(0.10, 0.35)),
        b_log10_reduction=dose.b_log10_reduction * float(rng.uniform(0.85, 1.15)),
        b_return_day=lognormal(dose.b_return_day, 0.20),
        b_doubling_days=float(rng.uniform(4.5, 6.5)),
        b_plateau_fraction=float(rng.uniform(0.35, 1.1)),
        glow=lognormal(1.0, 0.15),
    )


def concentrations_per_ul(subject: Subject, day: float, rng: np.random.Generator) -> dict[str, float]:
    """Single live cells (and debris and fragments) per microlitre of blood, by row of the cell table.

    Parameters
    ----------
    subject : Subject
    day : float
        Actual study day, 0 = infusion; a sample of day 0 was drawn before it.
    rng : numpy Generator
        The visit's own stream, for what varies from day to day in one person.

    Returns
    -------
    dict of str to float
    """
    today = {row: float(np.exp(_WITHIN_SUBJECT_SD * rng.standard_normal())) for row in BASELINE}
    level = {
        row: today[row] * subject.baseline_per_ul[row] * _response(row, day) ** subject.chemotherapy
        for row in BASELINE
        if row != "B"
    }
    t_cells = level.pop("T")
    b_cells = today["B"] * _b_per_ul(subject, day)
    car = _car_per_ul(subject, day)
    level |= {
        "T": t_cells * (1.0 - _CD56_AMONG_T),
        "T_CD56": t_cells * _CD56_AMONG_T,
        "T_CAR": car * (1.0 - subject.car_dim_fraction),
        "T_CAR_dim": car * subject.car_dim_fraction,
        "B": b_cells * (1.0 - _PLASMABLASTS_AMONG_B),
        "plasmablast": b_cells * _PLASMABLASTS_AMONG_B,
    }
    return level


def _response(row: str, day: float) -> float:
    days, fractions = zip(*RESPONSE[row], strict=True)
    return float(np.exp(np.interp(day, days, np.log(fractions))))


def _car_per_ul(subject: Subject, day: float) -> float:
    """Exponential expansion from a thousandth of the peak, then a fast and a slow decline."""
    if day <= 0.0:
        return 0.0
    after = day - subject.car_peak_day
    if after < 0.0:
        fraction = 1000.0 ** (after / subject.car_peak_day)
    else:
        slow = subject.car_persisting_fraction
        fraction = (1.0 - slow) * 0.5 ** (after / subject.car_contraction_days)
        fraction += slow * 0.5 ** (after / subject.car_persistence_days)
    return _alive(subject.car_peak_per_ul * fraction)


def _b_per_ul(subject: Subject, day: float) -> float:
    """Chemotherapy takes more than half, CAR-T cells the rest by day 10; recovery doubles steadily."""
    baseline = subject.baseline_per_ul["B"]
    depth = -subject.b_log10_reduction
    log10_fraction = np.interp(day, (-5, 0, 3, 7, 10), (0, -0.4, -0.8, 0.6 * depth, depth))
    remaining = baseline * 10.0 ** float(log10_fraction)
    doublings = (day - subject.b_return_day) / subject.b_doubling_days
    returning = _FIRST_RETURN_PER_UL * 2.0**doublings if doublings > 0.0 else 0.0
    return _alive(min(remaining + returning, max(remaining, baseline * subject.b_plateau_fraction)))


def _alive(per_ul: float) -> float:
    return per_ul if per_ul >= _EXTINCT_PER_UL else 0.0
