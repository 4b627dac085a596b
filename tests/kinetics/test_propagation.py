"""Intervals of endpoints: against closed forms, and against drawing the visits again and again."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from bcelldepl.definitions.codes import ResultCode
from bcelldepl.kinetics import analyse_study, endpoints_table
from bcelldepl.kinetics.cellular import analyse_cellular
from bcelldepl.kinetics.lloq_uncertainty import plausible_courses


def courses_of(counts, study, population):
    return analyse_study(counts, study).courses[population]


ERROR = 0.1  # of the logarithm of every count
Z = 1.959964


def course(values, days=(3, 7, 14, 28), error: float = ERROR):
    factor = math.exp(Z * error)
    return [
        (day, value, {"ci_low_per_ul": value / factor, "ci_high_per_ul": value * factor})
        for day, value in zip(days, values, strict=True)
    ]


def endpoint(made, points, parameter: str, population: str = "CAR_T"):
    counts, study = made({"1": points}, population)
    table = endpoints_table(counts, study).set_index("parameter")
    return table.loc[parameter]


def test_the_peak_has_the_interval_of_its_own_visit(made) -> None:
    row = endpoint(made, course([20, 200, 60, 8]), "CMAX")
    assert row["ci_low"] == pytest.approx(200 / math.exp(Z * ERROR), rel=1e-5)
    assert row["ci_high"] == pytest.approx(200 * math.exp(Z * ERROR), rel=1e-5)


def test_depth_has_the_errors_of_baseline_and_nadir(made) -> None:
    points = course([400, 20, 8], days=(-5, 14, 28))
    share = endpoint(made, points, "NADIR_PERCENT_OF_BASELINE", "B")
    factor = math.exp(Z * ERROR * math.sqrt(2))
    assert share["ci_low"] == pytest.approx(2.0 / factor, rel=1e-5)
    assert share["ci_high"] == pytest.approx(2.0 * factor, rel=1e-5)
    reduction = endpoint(made, points, "LOG10_REDUCTION", "B")
    assert reduction["ci_low"] == pytest.approx(-math.log10(share["ci_high"] / 100), rel=1e-5)
    assert reduction["ci_high"] == pytest.approx(-math.log10(share["ci_low"] / 100), rel=1e-5)


def test_an_area_varies_as_its_visits_drawn_again_do(made) -> None:
    values = [20.0, 200.0, 60.0, 8.0]
    row = endpoint(made, course(values), "AUC_0_28")
    rng = np.random.default_rng(5)
    drawn = [
        endpoint(made, course(values * np.exp(ERROR * rng.standard_normal(4))), "AUC_0_28")["value"]
        for _ in range(400)
    ]
    width = math.log(row["ci_high"] / row["ci_low"]) / (2 * Z)
    assert width == pytest.approx(np.std(np.log(drawn)), rel=0.12)  # 400 draws know it to 3.5 %


def test_what_is_censored_or_a_day_has_none(made) -> None:
    points = course([20, 200, 60, 8])
    for parameter in ("TMAX", "TLAST", "AUC_0_90"):  # day 90 was not reached
        assert math.isnan(endpoint(made, points, parameter)["ci_low"])
    assert math.isnan(endpoint(made, [(7, 200)], "CMAX")["ci_low"])  # counts without an interval


def test_replicates_halve_the_variance(made) -> None:
    one = endpoint(made, course([100], days=(7,)), "CMAX")
    two = endpoint(made, course([100, 100], days=(7, 7)), "CMAX")
    widths = [math.log(row["ci_high"] / row["ci_low"]) for row in (one, two)]
    assert widths[0] / widths[1] == pytest.approx(math.sqrt(2), rel=1e-4)


LLOQ = 5.0


def redrawn(made, values, draws: int = 1500) -> dict[str, list[float]]:
    """Amounts of a course with all visits drawn again and coded by the LLOQ; 0 where they lie below it."""
    rng = np.random.default_rng(8)
    (whole,) = courses_of(*made({"1": course(values)}), "CAR_T")
    amounts: dict[str, list[float]] = {"AUC_0_28": [], "AUC_LAST": []}
    for _ in range(draws):
        visits = []
        for visit in whole.visits:
            value = visit.value * math.exp(ERROR * rng.standard_normal())
            result = ResultCode.QUANTIFIED if value >= LLOQ else ResultCode.DETECTED_BELOW_LLOQ
            visits.append(replace(visit, value=value, result=result))
        for one in analyse_cellular(replace(whole, visits=tuple(visits))).endpoints:
            if one.parameter in amounts:
                amounts[one.parameter].append(one.value)
    return amounts


@pytest.mark.parametrize(
    "values",
    [
        [4.8, 200.0, 60.0, 8.0],  # before the first quantified
        [20.0, 200.0, 5.3, 8.0],  # between quantified
        [20.0, 200.0, 60.0, 4.6],  # after the last
        [20.0, 200.0, 5.2, 4.9],  # two that hang together
        [1.0, 5.4, 1.0, 0.5],  # the only one
        [1.0, 4.7, 1.0, 0.5],  # perhaps the only one
    ],
)
def test_visits_near_the_lloq_fall_on_either_side(made, values) -> None:
    """The interval is that of visits drawn again and again, each judged anew by the rules."""
    for parameter, drawn in redrawn(made, values).items():
        row = endpoint(made, course(values), parameter)
        for end, tail in ((row["ci_low"], 0.025), (row["ci_high"], 0.975)):
            low, high = np.quantile(
                drawn, [tail - 0.012, tail + 0.012]
            )  # three standard errors of 1500 draws
            assert 0.97 * low <= end <= 1.03 * high


def test_a_peak_that_may_be_below_the_lloq_has_no_lower_end(made) -> None:
    row = endpoint(made, course([1.0, 5.4, 1.0, 0.5]), "CMAX")
    assert (row["value"], row["qualifier"], row["ci_low"]) == (5.4, "=", 0.0)
    assert row["ci_high"] == pytest.approx(5.4 * math.exp(Z * ERROR), rel=0.03)


def test_an_area_that_may_go_on_has_no_upper_end(made) -> None:
    """Below the LLOQ at the last visit, which counts as 0 from there; were it not, the rest would not be known."""
    row = endpoint(made, course([20.0, 200.0, 4.9], days=(3, 7, 14)), "AUC_0_28")
    assert row["qualifier"] == "="
    assert row["ci_low"] < row["value"]
    assert math.isnan(row["ci_high"])


def test_sides_share_the_whole_error(made) -> None:
    """Chances add up to 1; mean and variance of the parts are those of the visit."""
    (whole,) = courses_of(*made({"1": course([4.7], days=(7,))}), "CAR_T")
    parts = plausible_courses(whole)
    assert [one.visits[0].is_quantified for _, one in parts] == [False, True]
    chances = np.array([chance for chance, _ in parts])
    means = np.array([math.log(one.visits[0].value) for _, one in parts])
    errors = np.array([one.visits[0].log_error for _, one in parts])
    assert chances.sum() == pytest.approx(1)
    assert chances[1] == pytest.approx(stats.norm.sf(math.log(LLOQ / 4.7) / ERROR))
    mean = chances @ means
    assert mean == pytest.approx(math.log(4.7))
    assert chances @ (errors**2 + (means - mean) ** 2) == pytest.approx(ERROR**2, rel=1e-4)


def test_sides_of_many_visits_stay_few(made) -> None:
    (whole,) = courses_of(*made({"1": course([5.0] * 12, days=range(1, 13))}), "CAR_T")
    parts = plausible_courses(whole)
    assert 1 < len(parts) <= 32
    assert sum(chance for chance, _ in parts) == pytest.approx(1)


def test_a_visit_far_from_the_lloq_stays_as_it_is(made) -> None:
    (whole,) = courses_of(*made({"1": course([1.0, 200.0], days=(7, 14))}), "CAR_T")
    assert plausible_courses(whole) == [(1.0, whole)]
