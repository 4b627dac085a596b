"""Theophylline: published Cmax, Tmax, AUC and half-life of twelve people, by programs that are not ours.

The data are R's `datasets::Theoph`. Cmax, Tmax, half-life and AUC to the last sample by linear-up log-down:
Phoenix WinNonlin, as the report of the R package NonCompart prints them. The summary and the AUC of subject 1
to 12.12 h: the theophylline vignette of PKNCA.
"""

from __future__ import annotations

import numpy as np
import pytest

from bcelldepl.kinetics import endpoints_table
from bcelldepl.kinetics.area import segments_to, total_area
from bcelldepl.kinetics.terminal import choose_terminal, terminal_fits

HOURS = {
    1: (0, 0.25, 0.57, 1.12, 2.02, 3.82, 5.1, 7.03, 9.05, 12.12, 24.37),
    2: (0, 0.27, 0.52, 1, 1.92, 3.5, 5.02, 7.03, 9, 12, 24.3),
    3: (0, 0.27, 0.58, 1.02, 2.02, 3.62, 5.08, 7.07, 9, 12.15, 24.17),
    4: (0, 0.35, 0.6, 1.07, 2.13, 3.5, 5.02, 7.02, 9.02, 11.98, 24.65),
    5: (0, 0.3, 0.52, 1, 2.02, 3.5, 5.02, 7.02, 9.1, 12, 24.35),
    6: (0, 0.27, 0.58, 1.15, 2.03, 3.57, 5, 7, 9.22, 12.1, 23.85),
    7: (0, 0.25, 0.5, 1.02, 2.02, 3.48, 5, 6.98, 9, 12.05, 24.22),
    8: (0, 0.25, 0.52, 0.98, 2.02, 3.53, 5.05, 7.15, 9.07, 12.1, 24.12),
    9: (0, 0.3, 0.63, 1.05, 2.02, 3.53, 5.02, 7.17, 8.8, 11.6, 24.43),
    10: (0, 0.37, 0.77, 1.02, 2.05, 3.55, 5.05, 7.08, 9.38, 12.1, 23.7),
    11: (0, 0.25, 0.5, 0.98, 1.98, 3.6, 5.02, 7.03, 9.03, 12.12, 24.08),
    12: (0, 0.25, 0.5, 1, 2, 3.52, 5.07, 7.07, 9.03, 12.05, 24.15),
}
MG_PER_L = {
    1: (0.74, 2.84, 6.57, 10.5, 9.66, 8.58, 8.36, 7.47, 6.89, 5.94, 3.28),
    2: (0, 1.72, 7.91, 8.31, 8.33, 6.85, 6.08, 5.4, 4.55, 3.01, 0.9),
    3: (0, 4.4, 6.9, 8.2, 7.8, 7.5, 6.2, 5.3, 4.9, 3.7, 1.05),
    4: (0, 1.89, 4.6, 8.6, 8.38, 7.54, 6.88, 5.78, 5.33, 4.19, 1.15),
    5: (0, 2.02, 5.63, 11.4, 9.33, 8.74, 7.56, 7.09, 5.9, 4.37, 1.57),
    6: (0, 1.29, 3.08, 6.44, 6.32, 5.53, 4.94, 4.02, 3.46, 2.78, 0.92),
    7: (0.15, 0.85, 2.35, 5.02, 6.58, 7.09, 6.66, 5.25, 4.39, 3.53, 1.15),
    8: (0, 3.05, 3.05, 7.31, 7.56, 6.59, 5.88, 4.73, 4.57, 3, 1.25),
    9: (0, 7.37, 9.03, 7.14, 6.33, 5.66, 5.67, 4.24, 4.11, 3.16, 1.12),
    10: (0.24, 2.89, 5.22, 6.41, 7.83, 10.21, 9.18, 8.02, 7.14, 5.68, 2.42),
    11: (0, 4.86, 7.24, 8, 6.81, 5.87, 5.22, 4.45, 3.62, 2.69, 0.86),
    12: (0, 1.25, 3.96, 7.82, 9.72, 9.75, 8.57, 6.59, 6.11, 4.57, 1.17),
}
CMAX = (10.50, 8.33, 8.20, 8.60, 11.40, 6.44, 7.09, 7.56, 9.03, 10.21, 8.00, 9.75)
TMAX = (1.12, 1.92, 1.02, 1.07, 1.00, 1.15, 3.48, 2.02, 0.63, 3.55, 0.98, 3.52)
HALF_LIFE = (
    14.3043776, 6.6593416, 6.7660874, 6.9812467, 8.0022640, 7.8949979,
    7.8466683, 8.5100379, 8.4059988, 9.2469158, 7.2612365, 6.2865082,
)  # fmt: skip
AUC_LAST = (
    147.2347485, 88.7312755, 95.8781978, 102.6336232, 118.1793538, 71.6970150,
    87.9692274, 86.8065635, 83.9374360, 135.5760701, 77.8934723, 115.2202082,
)  # fmt: skip
PKNCA_AUC_TO_12_12_H = 92.365442  # subject 1; printed as auclast of the interval 0 to 24 h
PKNCA_LAMBDA_Z = 0.048457  # subject 1
PKNCA_SUMMARY = {  # geometric mean [geometric CV %] or mean [SD] of the twelve
    "cmax": (8.65, 17.0),
    "half_life": (8.18, 2.12),
    "auc_inf": (115.0, 28.4),
    "auc_to_last_sample_before_24_h": (74.6, 24.3),
}


def terminal(subject: int):
    hours, values = np.array(HOURS[subject]), np.array(MG_PER_L[subject])
    late = hours > hours[values.argmax()]
    return choose_terminal(terminal_fits(hours[late].tolist(), values[late].tolist()))


@pytest.mark.parametrize("subject", HOURS)
def test_area_and_half_life_agree_with_winnonlin(subject: int) -> None:
    hours, values = HOURS[subject], MG_PER_L[subject]
    assert total_area(segments_to(hours, values, hours[-1])) == pytest.approx(AUC_LAST[subject - 1], abs=5e-8)
    assert terminal(subject).half_life_days == pytest.approx(HALF_LIFE[subject - 1], abs=5e-8)


def test_subject_1_agrees_with_pknca() -> None:
    area = total_area(segments_to(HOURS[1], MG_PER_L[1], 12.12))
    assert area == pytest.approx(PKNCA_AUC_TO_12_12_H, abs=5e-7)
    assert terminal(1).lambda_z_per_day == pytest.approx(PKNCA_LAMBDA_Z, abs=5e-7)


def test_summary_agrees_with_pknca() -> None:
    """Geometric means and CVs of the twelve, to the digits that the vignette prints."""
    to_last, infinite, half_lives = [], [], []
    for subject, hours in HOURS.items():
        values = MG_PER_L[subject]
        inside = [hour for hour in hours if hour <= 24]
        to_last.append(total_area(segments_to(hours, values, inside[-1])))
        fit = terminal(subject)
        infinite.append(total_area(segments_to(hours, values, hours[-1])) + values[-1] / fit.lambda_z_per_day)
        half_lives.append(fit.half_life_days)

    def geometric(numbers) -> tuple[float, float]:
        logs = np.log(numbers)
        return float(np.exp(logs.mean())), float(100 * np.sqrt(np.expm1(logs.var(ddof=1))))

    assert geometric(CMAX) == pytest.approx(PKNCA_SUMMARY["cmax"], rel=5e-3)
    assert geometric(to_last) == pytest.approx(PKNCA_SUMMARY["auc_to_last_sample_before_24_h"], rel=5e-3)
    assert geometric(infinite) == pytest.approx(PKNCA_SUMMARY["auc_inf"], rel=5e-3)
    mean_sd = (np.mean(half_lives), np.std(half_lives, ddof=1))
    assert mean_sd == pytest.approx(PKNCA_SUMMARY["half_life"], rel=5e-3)


def test_endpoints_table_gives_the_published_values(made, value_of) -> None:
    course = {f"{s}": list(zip(HOURS[s], MG_PER_L[s], strict=True)) for s in HOURS}
    table = endpoints_table(*made(course, lloq=1e-3, lod=1e-4, auc_days=(12.0, 36.0)))
    for subject in HOURS:
        found = {code: value_of(table, code, subject=str(subject)) for code in
                 ("CMAX", "TMAX", "AUC_LAST", "HALF_LIFE", "TLAST", "CLAST")}  # fmt: skip
        assert found["CMAX"] == CMAX[subject - 1]
        assert found["TMAX"] == TMAX[subject - 1]
        assert found["AUC_LAST"] == pytest.approx(AUC_LAST[subject - 1], rel=5e-6)
        assert found["HALF_LIFE"] == pytest.approx(HALF_LIFE[subject - 1], rel=5e-6)
        assert (found["TLAST"], found["CLAST"]) == (HOURS[subject][-1], MG_PER_L[subject][-1])
    # Three points over one half-life: the value stands, with its doubt.
    assert value_of(table, "HALF_LIFE", "reason", "1").startswith(
        "not for summaries: the points span 1.1 half-lives"
    )
    assert value_of(table, "AUC_0_36", "qualifier", "1") == ">"
