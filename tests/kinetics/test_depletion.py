"""Depletion, case by case. Thresholds 10, LLOQ 5, LOD 2 cells/uL unless said."""

from __future__ import annotations

import math

import pandas as pd
import pytest

from bcelldepl.kinetics import analyse_study, endpoints_table, visits_table


def courses_of(counts, study, population):
    return analyse_study(counts, study).courses[population]


PRE = (-5, 200)
BLIND = {"lloq_per_ul": 30.0, "lod_per_ul": 12.0}

# Visits after infusion -> depletion day, duration, reconstitution day, each with its qualifier.
NEVER = (None, "NE")
TIMES = {
    "down and back": ([(7, 4), (28, 0), (60, 15), (90, 40)], (7, "="), (53, "="), (60, "=")),
    "at the threshold is not below": (
        [(7, 10), (28, 9.9), (60, 10), (90, 10)],
        (28, "="),
        (32, "="),
        (60, "="),
    ),
    "never back": ([(7, 4), (28, 0), (90, 0)], (7, "="), (83, ">"), (90, ">")),
    "back once, at the end": ([(7, 4), (28, 0), (90, 15)], (7, "="), (83, ">"), (90, ">")),
    "back once, not confirmed": ([(7, 4), (28, 15), (60, 4), (90, 0)], (7, "="), (83, ">"), (90, ">")),
    "back, gone, back": ([(7, 4), (28, 15), (60, 4), (90, 20), (99, 20)], (7, "="), (83, "="), (90, "=")),
    "never down": ([(7, 40), (28, 50), (90, 60)], (90, ">"), NEVER, NEVER),
    "blind all along": ([(7, 1, BLIND), (28, 1, BLIND)], NEVER, NEVER, NEVER),
    "blind at first": ([(7, 1, BLIND), (28, 1), (60, 30), (90, 30)], (28, "="), (32, "="), (60, "=")),
    "never seen down, once blind": ([(7, 40), (28, 1, BLIND), (90, 60)], NEVER, NEVER, NEVER),
    "blind between confirms nothing": (
        [(7, 4), (28, 15), (60, 13, BLIND), (90, 15)],
        (7, "="),
        (21, "="),
        (28, "="),
    ),
    "detected under a high LLOQ is no recovery": (
        [(7, 4), (28, 13, BLIND), (60, 4)],
        (7, "="),
        (53, ">"),
        (60, ">"),
    ),
    "missing between": ([(7, 4), (28, 15), (60, None), (90, 15)], (7, "="), (21, "="), (28, "=")),
    "down on the only visit": ([(7, 4)], (7, "="), (0, ">"), (7, ">")),
    "nothing after": ([(7, None)], NEVER, NEVER, NEVER),
}


@pytest.mark.parametrize("case", TIMES)
def test_times(case, made, value_of) -> None:
    visits, *expected = TIMES[case]
    table = endpoints_table(*made({"P": [PRE, *visits]}, population="B"))
    codes = ("DEPLETION_DAY", "DEPLETION_DURATION", "RECONSTITUTION_DAY")
    for code, (value, qualifier) in zip(codes, expected, strict=True):
        assert value_of(table, code, "qualifier") == qualifier
        assert value_of(table, code) == value or value is None
        assert qualifier == "=" or value_of(table, code, "reason")


# Visits -> nadir, qualifier, its day.
NADIRS = {
    "measured": ([(7, 20), (28, 6), (60, 50)], 6, "=", 28),
    "first of equals": ([(7, 20), (28, 6), (60, 6)], 6, "=", 28),
    "not detected": ([(7, 20), (28, 0), (60, 50)], 2, "<", 28),
    "detected below LLOQ": ([(7, 20), (28, 3), (60, 50)], 5, "<", 28),
    "not detected beats detected": ([(7, 3), (28, 1), (60, 50)], 2, "<", 28),
    "first of several not detected": ([(7, 1), (28, 0, {"lod_per_ul": 1.5}), (60, 0)], 1.5, "<", 7),
    "a looser limit may hide a lower one": ([(7, 6), (28, 1, BLIND)], 6, "<", 7),
    "a looser limit is no nadir": ([(7, 0, BLIND), (28, 6), (60, 0)], 2, "<", 60),
}  # fmt: skip


@pytest.mark.parametrize("case", NADIRS)
def test_nadir(case, made, value_of) -> None:
    visits, value, qualifier, day = NADIRS[case]
    table = endpoints_table(*made({"P": [PRE, *visits]}, population="B"))
    assert value_of(table, "NADIR") == value
    assert value_of(table, "NADIR", "qualifier") == qualifier
    assert value_of(table, "NADIR_DAY") == day
    assert value_of(table, "NADIR_PERCENT_OF_BASELINE") == pytest.approx(value / 2)
    assert value_of(table, "NADIR_PERCENT_OF_BASELINE", "qualifier") == qualifier
    assert value_of(table, "LOG10_REDUCTION") == pytest.approx(-math.log10(value / 200), rel=1e-5)
    assert value_of(table, "LOG10_REDUCTION", "qualifier") == {"<": ">", "=": "="}[qualifier]


def test_baseline_is_the_last_evaluable_before_infusion(made, value_of) -> None:
    visits = [(-20, 300), (-5, 200), (0, None), (7, 4)]
    table = endpoints_table(*made({"P": visits}, population="B"))
    assert (value_of(table, "BASELINE"), value_of(table, "BASELINE", "window_start_day")) == (200, -5)


def test_day_0_is_before_infusion_unless_times_say_otherwise(made, value_of) -> None:
    before = endpoints_table(*made({"P": [(-5, 200), (0, 100), (7, 4)]}, population="B"))
    assert value_of(before, "BASELINE") == 100
    late = [(-5, 200), (0, 100, {"actual": 0.1}), (7, 4)]
    after = endpoints_table(*made({"P": late}, population="B"))
    assert value_of(after, "BASELINE") == 200


@pytest.mark.parametrize("before", [-5, 0])
def test_dates_alone_leave_the_order_of_one_day_to_the_plan(made, value_of, before: float) -> None:
    """A tube of six hours after the infusion, on its date, is no baseline, nor a part of it."""
    dates = {"has_time": False}
    points = [
        (before, 200.0, dates | {"actual": before}),
        (0.25, 20.0, dates | {"actual": 0}),
        (7, 6.0, dates | {"actual": 7}),
    ]
    counts, study = made({"P": points}, population="B")
    assert value_of(endpoints_table(counts, study), "BASELINE") == 200.0
    (course,) = courses_of(counts, study, "B")
    assert [visit.day for visit in course.visits] == [before, 0.25, 7.0]


def test_without_baseline_days_stand_and_depth_does_not(made, value_of) -> None:
    table = endpoints_table(*made({"P": [(7, 4), (28, 0), (60, 15), (90, 40)]}, population="B"))
    for code in ("BASELINE", "NADIR_PERCENT_OF_BASELINE", "LOG10_REDUCTION"):
        assert value_of(table, code, "qualifier") == "NE"
        assert "no evaluable visit before infusion" in value_of(table, code, "reason")
    assert (value_of(table, "NADIR"), value_of(table, "DEPLETION_DAY")) == (2, 7)
    assert "no quantified baseline" in value_of(table, "DEPLETION_DAY", "reason")


def test_baseline_below_lloq_is_a_bound(made, value_of) -> None:
    table = endpoints_table(*made({"P": [(-5, 3), (7, 0)]}, population="B"))
    assert (value_of(table, "BASELINE"), value_of(table, "BASELINE", "qualifier")) == (5, "<")
    assert value_of(table, "LOG10_REDUCTION", "qualifier") == "NE"


@pytest.mark.parametrize(("confirm", "day"), [(1, 28), (2, 60), (3, 90)])
def test_confirmation_rule_is_the_studys(confirm, day, made, value_of) -> None:
    visits = [PRE, (7, 4), (28, 15), (42, 4), (60, 15), (70, 15), (80, 4), (90, 15), (100, 15), (110, 15)]
    table = endpoints_table(*made({"P": visits}, population="B", confirm_visits=confirm))
    assert value_of(table, "RECONSTITUTION_DAY") == day


def test_thresholds_are_the_studys(made, value_of) -> None:
    settings = {"depletion_threshold_per_ul": 6.0, "reconstitution_threshold_per_ul": 50.0}
    visits = [PRE, (7, 8), (28, 5.5), (60, 40), (90, 60), (120, 70)]
    table = endpoints_table(*made({"P": visits}, population="B", **settings))
    assert (value_of(table, "DEPLETION_DAY"), value_of(table, "RECONSTITUTION_DAY")) == (28, 90)


def test_change_at_each_visit(made) -> None:
    counts, study = made({"P": [PRE, (7, 20), (28, 3), (60, 0), (90, None), (120, 1, BLIND)]}, population="B")
    table = visits_table(analyse_study(counts, study))
    assert table["percent_of_baseline"].tolist()[:4] == [100, 10, 2.5, 1]
    assert table["qualifier"].tolist() == ["=", "=", "<", "<", "NE", "<"]
    assert table["evidence"].tolist() == [
        "recovered", "recovered", "depleted", "depleted", "no evidence", "no evidence",
    ]  # fmt: skip
    assert table["log10_reduction"].tolist()[:3] == pytest.approx([0, 1, -math.log10(0.025)], rel=1e-5)
    assert table["is_baseline"].tolist() == [True] + 5 * [False]


def test_confirmation_within_days(made, value_of) -> None:
    visits = [PRE, (7, 4), (28, 15), (90, 15), (100, 15)]
    for within, day in ((None, 28), (62, 28), (61, 90)):
        table = endpoints_table(*made({"P": visits}, population="B", confirm_within_days=within))
        assert value_of(table, "RECONSTITUTION_DAY") == day


def test_thresholds_in_percent_of_lymphocytes(made, value_of) -> None:
    """B cells of 10 000 lymphocytes; the LLOQ of 50 events is 0.5 %, of 4 000 lymphocytes 1.25 %."""
    b_events = {-5: 2000, 7: 80, 28: 10, 60: 120, 90: 300}
    b, study = made(
        {"P": [(day, 50, {"events": events, "result": "QUANTIFIED" if events >= 50 else "NOT_DETECTED"})
               for day, events in b_events.items()]},
        population="B", denominator="lymphocytes", depletion_threshold_percent=1.0,
        reconstitution_threshold_percent=2.0, confirm_visits=1,
    )  # fmt: skip
    lymphocytes, _ = made(
        {"P": [(day, 900, {"events": 10_000}) for day in b_events]}, population="lymphocytes"
    )
    table = endpoints_table(pd.concat([b, lymphocytes]), study)
    assert (value_of(table, "DEPLETION_DAY"), value_of(table, "RECONSTITUTION_DAY")) == (7, 90)
    assert value_of(table, "BASELINE", "unit") == "cells/uL"
    few = lymphocytes.assign(events=[10_000, 10_000, 4_000, 10_000, 10_000])
    visits = visits_table(analyse_study(pd.concat([b, few]), study))
    assert visits["evidence"].tolist() == [
        "recovered",
        "depleted",
        "no evidence",
        "between thresholds",
        "recovered",
    ]
    none = endpoints_table(b, study)
    assert value_of(none, "DEPLETION_DAY", "qualifier") == "NE"


def test_without_concentrations_thresholds_in_percent_are_judged_all_the_same(made, value_of) -> None:
    b_events = {-5: 2000, 7: 80, 28: 10, 60: 120, 90: 300}
    percent = {
        "method": "percent",
        "lloq_per_ul": None,
        "lod_per_ul": None,
        "parent": "x",
        "parent_events": 5_000,
    }

    def b_cells(**settings):
        points = [
            (day, None, percent | {"events": n, "result": "QUANTIFIED" if n >= 50 else "NOT_DETECTED",
                                   "percent_of_parent_ci_low": n / 60, "percent_of_parent_ci_high": n / 40})
            for day, n in b_events.items()
        ]  # fmt: skip
        return made({"P": points}, population="B", confirm_visits=1, **settings)

    whole = dict.fromkeys(b_events, 10000)
    for denominator in ("lymphocytes", "leukocytes"):
        counts, study = b_cells(
            denominator=denominator, depletion_threshold_percent=1.0, reconstitution_threshold_percent=2.0
        )
        others, _ = made(
            {"P": [(day, None, percent | {"events": n}) for day, n in whole.items()]}, denominator
        )
        rows = [*counts.to_dict("records"), *others.to_dict("records")]
        kinetics = analyse_study(pd.DataFrame(rows), study)
        table = kinetics.endpoints
        assert (value_of(table, "DEPLETION_DAY"), value_of(table, "RECONSTITUTION_DAY")) == (7, 90)
        for code in ("BASELINE", "NADIR", "LOG10_REDUCTION"):
            assert value_of(table, code, "qualifier") == "NE"
            assert "the results are percentages" in value_of(table, code, "reason")
        assert visits_table(kinetics)["cells_per_ul"].isna().all()
        (course,) = kinetics.percentages["B"]
        assert course.unit == "%"
        assert [visit.value for visit in course.visits] == pytest.approx([40, 1.6, 0.2, 2.4, 6])
        assert [visit.at_most for visit in course.visits][2] == pytest.approx(
            10 / 40
        )  # upper end of its interval
        assert course.visits[0].lloq == pytest.approx(100 * 50 / 5_000)
    counts, study = b_cells()
    table = endpoints_table(counts, study)
    assert value_of(table, "DEPLETION_DAY", "qualifier") == "NE"  # nothing is judged in cells/uL
    assert "the results are percentages" in value_of(table, "DEPLETION_DAY", "reason")


def test_a_visit_below_a_limit_that_is_not_known_may_lie_lower_than_the_nadir(made, value_of) -> None:
    unknown = {"lloq_per_ul": None, "lod_per_ul": None, "result": "NOT_DETECTED"}
    counts, study = made({"P": [(0, 100), (7, 0), (14, 60)]}, population="B")
    counts.loc[1, list(unknown)] = list(unknown.values())
    table = endpoints_table(counts, study)
    assert (value_of(table, "NADIR"), value_of(table, "NADIR", "qualifier")) == (60, "<")
    assert "not known" in value_of(table, "NADIR", "reason")


def test_pooled_limits_that_add_up_to_the_threshold_are_evidence(made, value_of) -> None:
    """Four tubes of 0.75 uL and one of 2 uL are 5 uL: an LLOQ of 10 cells/uL, in 6 digits a little more."""
    volumes = [0.75, 0.75, 0.75, 0.75, 2.0]
    tubes = [
        (
            14,
            0,
            {"lloq_per_ul": float(f"{50 / v:.6g}"), "lod_per_ul": float(f"{20 / v:.6g}"), "file": f"{n}.fcs"},
        )
        for n, v in enumerate(volumes)
    ]
    table = endpoints_table(*made({"P": [(0, 100), *tubes]}, population="B"))
    assert value_of(table, "DEPLETION_DAY") == 14
