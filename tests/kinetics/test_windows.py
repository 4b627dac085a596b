"""Ends of AUC windows: draws a little early, plans or actual days, and interim cuts; worked by hand."""

from __future__ import annotations

import math

import pytest

from bcelldepl.kinetics import analyse_study, endpoints_table, rates_table, segments_table

# No slope: two points after the peak.
EARLY = [(0, 0), (7, 80), (14, 40), (28, 20, {"actual": 27.95})]
DATED = [(0, 0, {"actual": -0.1}), (7, 80, {"actual": 7}), (14, 40, {"actual": 14}), EARLY[-1]]


def log_area(days: float, start: float, end: float) -> float:
    return days * (start - end) / math.log(start / end)


def test_a_draw_an_hour_early_is_not_a_subject_lost(made, value_of) -> None:
    kinetics = analyse_study(*made({"P": DATED}))
    inside = 0.5 * 7 * 80 + log_area(7, 80, 40) + log_area(13.95, 40, 20)
    assert value_of(kinetics.endpoints, "AUC_0_28") == pytest.approx(inside + 0.05 * 20, rel=1e-5)
    assert value_of(kinetics.endpoints, "AUC_0_28", "qualifier") == "="
    assert value_of(kinetics.endpoints, "AUC_0_28", "reason") == "the draw of day 27.95 is used for day 28"
    rules = segments_table(kinetics)
    assert rules[rules["parameter"] == "AUC_0_28"]["rule"].tolist() == ["linear", "log", "log", "level"]


@pytest.mark.parametrize(("tolerance", "qualifier"), [(0.0, ">"), (0.05, "="), (1.0, "=")])
def test_the_tolerance_is_a_setting(tolerance, qualifier, made, value_of) -> None:
    table = endpoints_table(*made({"P": DATED}, window_tolerance_days=tolerance))
    assert value_of(table, "AUC_0_28", "qualifier") == qualifier
    assert value_of(table, "AUC_0_90", "qualifier") == ">"


def test_by_the_plan_the_same_draw_is_of_day_28(made, value_of) -> None:
    table = endpoints_table(*made({"P": DATED}, time="nominal"))
    assert value_of(table, "TLAST") == 28
    expected = 0.5 * 7 * 80 + log_area(7, 80, 40) + log_area(14, 40, 20)
    assert value_of(table, "AUC_0_28") == pytest.approx(expected, rel=1e-5)


def test_an_interim_cut_says_what_it_lacks(made, value_of) -> None:
    b = [(day, value, {"actual": day}) for day, value in ((-5, 100), (7, 1), (28, 1), (60, 50), (90, 50))]
    cut = "2025-02-24"  # 40 days after the infusion
    counts, study = made({"P": b}, population="B", data_cutoff=cut)
    kinetics = analyse_study(counts, study)
    assert value_of(kinetics.endpoints, "RECONSTITUTION_DAY", "qualifier") == ">"
    assert value_of(kinetics.endpoints, "RECONSTITUTION_DAY") == 28
    assert "data cut-off at day 40" in value_of(kinetics.endpoints, "RECONSTITUTION_DAY", "reason")
    assert rates_table(kinetics)["visit"].tolist() == ["D-5", "D7", "D28"]
    cart, study = made({"P": DATED}, data_cutoff=cut)
    assert "data cut-off at day 40" in value_of(endpoints_table(cart, study), "AUC_0_90", "reason")


def test_a_window_that_ends_between_tlast_and_the_first_below_the_lloq(made, value_of) -> None:
    """Day 21 of a straight line from 40 at day 14 to 0 at day 28 is 20; the piece is a trapezoid.

    `pk.calc.aucint.all` of PKNCA takes the same 20, and a logarithmic piece: 7 * 20 / ln 2 in place of 210.
    """
    course = {"P": [(0, 0), (7, 80), (14, 40), (28, 0)]}
    table = endpoints_table(*made(course, auc_days=(21.0,)))
    expected = 0.5 * 7 * 80 + log_area(7, 80, 40) + 0.5 * 7 * (40 + 20)
    assert value_of(table, "AUC_0_21") == pytest.approx(expected, rel=1e-5)
