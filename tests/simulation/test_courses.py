"""What happens in the blood: depletion, expansion, return."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from bcelldepl.simulation.courses import DOSE_GROUPS, Subject, concentrations_per_ul, draw_subject


def subject_of(dose: int, seed: int = 0) -> Subject:
    return draw_subject(np.random.default_rng(seed), "S01", DOSE_GROUPS[dose])


def level(subject: Subject, day: float, *labels: str) -> float:
    per_ul = concentrations_per_ul(subject, day, np.random.default_rng(0))
    return sum(per_ul[label] for label in labels)


@pytest.mark.parametrize("seed", range(5))
def test_no_car_t_cell_before_the_infusion(seed: int) -> None:
    subject = subject_of(2, seed)
    assert [level(subject, day, "T_CAR", "T_CAR_dim") for day in (-5, -0.1, 0)] == [0.0, 0.0, 0.0]
    assert level(subject, 3, "T_CAR", "T_CAR_dim") > 0.0


@pytest.mark.parametrize("dose", [0, 1, 2])
def test_car_t_cells_rise_to_their_peak_and_fall(dose: int) -> None:
    subject = subject_of(dose)
    days = np.linspace(1.0, 120.0, 400)
    course = [level(subject, day, "T_CAR", "T_CAR_dim") for day in days]
    assert days[int(np.argmax(course))] == pytest.approx(subject.car_peak_day, abs=0.5)
    assert max(course) == pytest.approx(subject.car_peak_per_ul, rel=0.1)
    falling = course[int(np.argmax(course)) :]
    assert all(after <= before for before, after in pairwise(falling))


def test_lymphodepletion_leaves_few_t_cells() -> None:
    subject = subject_of(1)
    assert level(subject, 3, "T") < 0.15 * level(subject, -5, "T")


@pytest.mark.parametrize("seed", range(5))
def test_the_highest_dose_leaves_no_b_cell_and_they_come_back(seed: int) -> None:
    subject = subject_of(2, seed)
    assert level(subject, -5, "B") > 40.0
    assert level(subject, 28, "B", "plasmablast") < 0.02
    assert level(subject, 400, "B", "plasmablast") > 10.0


def test_true_zero_is_reached() -> None:
    assert any(level(subject_of(2, seed), 28, "B", "plasmablast") == 0.0 for seed in range(5))


def test_plasmablasts_are_few_among_b_cells() -> None:
    subject = subject_of(0)
    assert level(subject, -5, "plasmablast") < 0.02 * level(subject, -5, "B")
