"""Intervals of endpoints: against closed forms, and against drawing the visits again and again."""

from __future__ import annotations

import math

import numpy as np
import pytest

from bcelldepl.kinetics import endpoints_table

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
