"""Curves whose area is known in closed form: the rules are exact where they claim to be, and err as they must."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, stats

from bcelldepl.kinetics import analyse_study, endpoints_table, segments_table, terminal_table
from bcelldepl.kinetics.area import segments_to, total_area
from bcelldepl.kinetics.terminal import choose_terminal, terminal_fits

FAST, SLOW = math.log(2) / 5, math.log(2) / 40  # half-lives of contraction and persistence [day]


def biexponential(day, peak_day=10.0, peak=300.0, share=0.05):
    """Linear to the peak, then two exponentials [cells/uL]."""
    after = np.asarray(day, dtype=float) - peak_day
    falling = peak * ((1 - share) * np.exp(-FAST * after) + share * np.exp(-SLOW * after))
    return np.where(after < 0, peak * np.asarray(day) / peak_day, falling)


def area_to(end, peak_day=10.0, peak=300.0, share=0.05):
    span = end - peak_day
    tail = (1 - share) * -math.expm1(-FAST * span) / FAST + share * -math.expm1(-SLOW * span) / SLOW
    return peak * peak_day / 2 + peak * tail


def test_closed_form_agrees_with_quadrature() -> None:
    area, _ = integrate.quad(biexponential, 0, 90, points=[10], limit=200)
    assert area_to(90) == pytest.approx(area, rel=1e-9)


def test_single_exponential_is_exact_on_any_days(made, value_of) -> None:
    """Log trapezoids integrate an exponential without error, and so does the cut at the window's end."""
    days = [10, 11, 15, 26, 33, 61, 103]
    values = [200 * math.exp(-0.05 * (day - 10)) for day in days]
    table = endpoints_table(*made({"P": [(-1, 0.0), *zip(days, values, strict=True)]}, lloq=1e-6))
    for end in (28, 90):
        exact = 1000 + 200 * -math.expm1(-0.05 * (end - 10)) / 0.05
        assert value_of(table, f"AUC_0_{end}") == pytest.approx(exact, rel=5e-6)
    assert value_of(table, "HALF_LIFE") == pytest.approx(math.log(2) / 0.05, rel=5e-6)
    assert value_of(table, "HALF_LIFE", "n_points") == len(days) - 1


@pytest.mark.parametrize("step", [5.0, 2.0, 1.0, 0.5])
def test_biexponential_within_the_error_of_the_rule(step) -> None:
    """Between two points a sum of exponentials lies below the single exponential through them.

    ln(C) of two exponentials bends by at most (FAST - SLOW)^2 / 4, so that a chord of a step lies above it by
    one twelfth of step^2 times that on average, which is the relative error of the area.
    """
    days = np.arange(0, 90 + step, step)
    found = total_area(segments_to(days.tolist(), biexponential(days).tolist(), 90))
    bound = (FAST - SLOW) ** 2 / 4 * step**2 / 12
    assert 0 <= found / area_to(90) - 1 <= bound


def test_a_peak_between_visits_is_missed_by_what_the_rule_must_miss(made, value_of) -> None:
    """Weekly visits, peak on day 10: linear up from day 7 to 14 is the rule, and its area is known."""
    days = np.array([7, 14, 21, 28, 60, 90, 120.0])
    values = biexponential(days)
    table = endpoints_table(
        *made({"P": [(-1, 0.0), *zip(days.tolist(), values.tolist(), strict=True)]}, lloq=1e-3)
    )
    down = [
        (a - b) * 7 / math.log(a / b)
        for a, b in ((values[0], values[1]), (values[1], values[2]), (values[2], values[3]))
    ]
    by_rule = 3.5 * values[0] + sum(down)
    assert values[0] > values[1]  # the missed peak looks like a fall
    assert value_of(table, "AUC_0_28") == pytest.approx(by_rule, rel=5e-6)
    assert value_of(table, "CMAX") == pytest.approx(values[0], rel=5e-6)
    assert 0.70 < by_rule / area_to(28) < 0.95


def test_interpolated_end_is_the_sum_of_both_sides() -> None:
    days, values = [0, 7, 14, 35], [0, 40, 90, 10]
    at_28 = segments_to(days, values, 28)[-1].end_per_ul
    assert at_28 == pytest.approx(90 * (10 / 90) ** (2 / 3))
    whole, head = (total_area(segments_to(days, values, end)) for end in (35, 28))
    assert whole == pytest.approx(head + total_area(segments_to([28, 35], [at_28, 10], 35)))
    assert segments_to(days, values, 36)[-1].end_day == 35


@given(
    st.lists(st.floats(0.01, 1e4), min_size=2, max_size=12),
    st.lists(st.floats(0.1, 20), min_size=12, max_size=12),
    st.floats(0.05, 200),
)
def test_segments_add_up_and_grow_with_the_window(values, gaps, end) -> None:
    days = np.cumsum([0, *gaps])[: len(values)].tolist()
    head = total_area(segments_to(days, values, end))
    longer = total_area(segments_to(days, values, end + 1))
    assert 0 <= head <= longer * (1 + 1e-12)
    linear = float(np.trapezoid(values, days))
    assert total_area(segments_to(days, values, math.inf)) <= linear * (1 + 1e-12)


@given(st.lists(st.floats(0.01, 1e4), min_size=3, max_size=9))
def test_terminal_fit_is_least_squares(values) -> None:
    days = [float(day) for day in range(len(values))]
    for fit in terminal_fits(days, values):
        n = len(fit.days)
        logs = np.log(values[-n:])
        if np.ptp(logs) > 1e-9:  # else the line is level but for rounding, and R2 has no meaning
            reference = stats.linregress(fit.days, logs)
            assert -fit.lambda_z_per_day == pytest.approx(reference.slope, abs=1e-9)
            assert fit.r2 == pytest.approx(reference.rvalue**2, abs=1e-6)


def test_longest_of_the_nearly_best_windows_is_taken() -> None:
    """Values of PKNCA's own tests: 1, 0.5, 0.25, 0.1251 at 0 to 3 has a half-life of 1.000346 with all points."""
    whole = terminal_fits([0, 1, 2, 3], [1, 0.5, 0.25, 0.1251])
    assert choose_terminal(whole).half_life_days == pytest.approx(1.000346, abs=1e-6)
    late = terminal_fits([1, 2, 3], [0.5, 0.25, 0.1251])
    assert choose_terminal(late).half_life_days == pytest.approx(1.000577, abs=1e-6)
    bent = terminal_fits([1, 2, 3, 4, 5], [100, 50, 8, 4, 2])
    assert choose_terminal(bent).days == (3, 4, 5)


def test_no_slope_without_a_fall() -> None:
    assert choose_terminal(terminal_fits([1, 2], [4, 2])) is None
    assert choose_terminal(terminal_fits([1, 2, 3], [1, 2, 4])) is None
    assert choose_terminal(terminal_fits([1, 2, 3], [2, 2, 2])) is None
    # The rising end fits best, so a fall before it is not taken for the terminal phase.
    assert choose_terminal(terminal_fits([1, 2, 3, 4, 5], [90, 20, 1, 2, 4])) is None


def test_extrapolation_is_limited_and_named(made, value_of) -> None:
    days = [10, 20, 30, 40, 50, 60, 70]
    course = [(-1, 0.0), *((day, 400 * math.exp(-0.1 * (day - 10))) for day in days)]
    counts, study = made({"P": course}, lloq=1e-6)
    table = endpoints_table(counts, study)
    assert value_of(table, "AUC_0_90", "qualifier") == "="
    assert value_of(table, "AUC_0_90") == pytest.approx(2000 + 4000 * -math.expm1(-8), rel=5e-6)
    assert value_of(table, "AUC_0_90", "reason").startswith("0.14 % extrapolated")
    segments = segments_table(analyse_study(counts, study))
    assert segments.loc[segments["parameter"] == "AUC_0_90", "rule"].tolist()[-1] == "extrapolated"
    assert terminal_table(analyse_study(counts, study))["chosen"].sum() == 1


def test_too_much_extrapolation_is_a_bound(made, value_of) -> None:
    course = [(-1, 0.0), *((day, 400 * math.exp(-0.02 * day)) for day in (5, 10, 20, 35, 50, 80))]
    table = endpoints_table(*made({"P": course}, lloq=1e-6, auc_days=(28, 300)))
    assert value_of(table, "AUC_0_300", "qualifier") == ">"
    assert value_of(table, "AUC_0_300", "window_end_day") == 80
    assert value_of(table, "AUC_0_300") == value_of(table, "AUC_LAST")
    assert "more than 20 %" in value_of(table, "AUC_0_300", "reason")


def test_segments_add_up_to_the_endpoints(made, value_of) -> None:
    course = [(0, 6), (3, 1), (7, 60), (10, 3), (14, 200), (21, 50), (35, 9), (60, 2)]
    counts, study = made({"P": course})
    table, segments = endpoints_table(counts, study), segments_table(analyse_study(counts, study))
    for code, rows in segments.groupby("parameter"):
        assert rows["area"].sum() == pytest.approx(value_of(table, code), rel=1e-5)
