"""Spillover from single-stain controls, against the truth of a simulated cytometer."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from single_stains import NAMES, control

from bcelldepl.errors import CompensationError
from bcelldepl.signal.spillover_controls import (
    CLEAR_RANGE,
    FEWEST_EVENTS,
    LARGEST_SLOPE,
    MOST_ERROR,
    fit_lines,
    matrix_from_controls,
)
from bcelldepl.simulation.detectors import SPILLOVER


def controls(seed=0, **how):
    return {name: control(own, seed, **how) for own, name in enumerate(NAMES)}


@pytest.mark.parametrize("stained", [0.1, 0.5, 0.9])
def test_the_matrix_is_that_of_the_cytometer(stained):
    """Two dying cells and one of another dye in a hundred move no part by more than 0.2 %."""
    found = matrix_from_controls(controls(stained=stained), NAMES)
    np.testing.assert_array_equal(np.diag(found.spillover.matrix), 1.0)
    np.testing.assert_allclose(found.spillover.matrix, SPILLOVER, atol=0.002)
    assert found.spillover.channels == NAMES


def test_without_strays_the_errors_are_those_that_are_told():
    found = matrix_from_controls(controls(dying=0.0, strays=0.0), NAMES)
    others = ~np.eye(len(NAMES), dtype=bool)
    away = (found.spillover.matrix - SPILLOVER)[others] / found.errors[others]
    assert np.sqrt(np.mean(away**2)) < 2.0


def test_nothing_is_left_in_the_compensated_controls():
    made = controls()
    found = matrix_from_controls(made, NAMES)
    inverse = np.linalg.inv(found.spillover.matrix)
    for own, name in enumerate(NAMES):
        compensated = inverse.T @ made[name]
        left = fit_lines(compensated[own], compensated).slopes
        np.testing.assert_allclose(np.delete(left, own), 0.0, atol=1e-4)


@pytest.mark.parametrize("seed", range(3))
def test_any_matrix_comes_back(seed):
    rng = np.random.default_rng(seed)
    n = len(NAMES)
    truth = np.eye(n) + np.where(rng.random((n, n)) < 0.4, rng.uniform(0, 0.3, (n, n)), 0.0) * (1 - np.eye(n))
    found = matrix_from_controls(controls(seed, spillover=truth), NAMES)
    np.testing.assert_allclose(found.spillover.matrix, truth, atol=0.003)


def test_least_squares_is_tilted_where_the_robust_line_is_not():
    rng = np.random.default_rng(1)
    x = rng.lognormal(8, 1, 4_000)
    y = 0.1 * x + rng.normal(0, 30, 4_000)
    y[:80] += 20_000
    robust, plain = fit_lines(x, y[np.newaxis]), stats.linregress(x, y)
    assert robust.slopes[0] == pytest.approx(0.1, abs=0.001)
    assert robust.intercepts[0] == pytest.approx(0, abs=5)
    assert abs(plain.intercept) > 200


def test_on_normal_errors_the_line_is_that_of_least_squares():
    rng = np.random.default_rng(2)
    x = rng.uniform(0, 1_000, 5_000)
    y = np.vstack([0.3 * x + 5, 0.0 * x, -0.1 * x + 2]) + rng.normal(0, 10, (3, 5_000))
    lines = fit_lines(x, y)
    for row, (slope, intercept, error) in enumerate(
        zip(lines.slopes, lines.intercepts, lines.errors, strict=True)
    ):
        plain = stats.linregress(x, y[row])
        assert slope == pytest.approx(plain.slope, abs=plain.stderr)
        assert intercept == pytest.approx(plain.intercept, abs=plain.intercept_stderr)
        assert error == pytest.approx(plain.stderr, rel=0.15)


def test_order_of_events_and_of_detectors_does_not_matter():
    made = controls(n=3_000)
    found = matrix_from_controls(made, NAMES)
    rng = np.random.default_rng(3)
    back = rng.permutation(len(NAMES))
    turned = {name: events[back][:, rng.permutation(events.shape[1])] for name, events in made.items()}
    other = matrix_from_controls(turned, [NAMES[i] for i in back])
    np.testing.assert_allclose(other.spillover.matrix, found.spillover.matrix[np.ix_(back, back)], atol=1e-6)


def refusal(made, names=NAMES):
    with pytest.raises(CompensationError) as caught:
        matrix_from_controls(made, names, where="batch B")
    assert caught.value.where == "batch B"
    assert caught.value.remedy
    return caught.value.what


@pytest.mark.parametrize("n", [FEWEST_EVENTS - 1, FEWEST_EVENTS])
def test_enough_events(n):
    made = controls()
    made["PE-A"] = made["PE-A"][:, :n]
    if n < FEWEST_EVENTS:
        assert f"the control of PE-A has {n:,} events on the scale" in refusal(made)
    else:
        matrix_from_controls(made, NAMES)


@pytest.mark.parametrize("how", [{"stained": 0.0}, {"stained": 1.0}])
def test_dim_and_bright_events_are_needed(how):
    made = controls()
    made["APC-A"] = control(NAMES.index("APC-A"), dying=0.0, strays=0.0, **how)
    assert "the control of APC-A has no dim and bright events" in refusal(made)
    unstained = control(NAMES.index("APC-A"), seed=9, stained=0.0, strays=0.0)
    made["APC-A"] = np.concatenate([made["APC-A"], unstained], axis=1)
    if how["stained"]:
        matrix_from_controls(made, NAMES)


@pytest.mark.parametrize("times", [0.97, 1.03])
def test_how_far_dim_and_bright_events_must_be_apart(times):
    """Dim events over one unit, of which the twentieth is a twentieth wide, and a bright one as far as it takes."""
    dim = np.linspace(0.0, 1.0, 1_900)
    low, twentieth = np.quantile(np.concatenate([dim, np.full(100, 1e9)]), (0.005, 0.05))
    bright = low + times * CLEAR_RANGE * (twentieth - low)
    own = np.concatenate([dim, np.full(100, bright)])
    made = {"A": np.vstack([own, 0.1 * own]), "B": np.vstack([0.1 * own, own])}
    if times < 1:
        assert "no dim and bright events" in refusal(made, ("A", "B"))
    else:
        assert matrix_from_controls(made, ("A", "B")).spillover.matrix[0, 1] == pytest.approx(0.1)


@pytest.mark.parametrize("slope", [LARGEST_SLOPE - 0.02, LARGEST_SLOPE + 0.02])
def test_a_dye_is_brightest_in_its_own_detector(slope):
    rng = np.random.default_rng(5)
    own = rng.normal(0, 5, 2_000) + 5_000 * (rng.random(2_000) < 0.5) * rng.lognormal(0, 0.3, 2_000)
    noise = rng.normal(0, 5, (2, 2_000))
    made = {"A": np.vstack([own, slope * own]) + noise, "B": np.vstack([0 * own, own]) + noise}
    if slope > LARGEST_SLOPE:
        assert refusal(made, ("A", "B")) == "the control of A is brighter in B"
    else:
        assert matrix_from_controls(made, ("A", "B")).spillover.matrix[0, 1] == pytest.approx(slope, abs=0.01)


@pytest.mark.parametrize("times", [0.7, 1.4])
def test_what_a_control_must_tell(times):
    """The error of a slope is the noise by the spread along the line, and by the root of the number of events."""
    rng = np.random.default_rng(6)
    n = 20_000
    own = rng.normal(0, 1, n) + 1_000 * (rng.random(n) < 0.5)
    noise = times * MOST_ERROR * own.std() * np.sqrt(n)
    made = {
        "A": np.vstack([own, rng.normal(0, noise, n)]),
        "B": np.vstack([rng.normal(0, 1, n), own]),
    }
    if times > 1:
        assert "gives its spillover into B only to" in refusal(made, ("A", "B"))
    else:
        matrix_from_controls(made, ("A", "B"))
