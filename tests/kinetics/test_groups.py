"""Dose groups: summaries, Kaplan-Meier curves, power model and exposure-response, against hand work and scipy."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from bcelldepl.definitions.endpoints import endpoint_definitions
from bcelldepl.kinetics import (
    analyse_study,
    dose_proportionality,
    endpoints_table,
    event_curves,
    exposure_response,
    kaplan_meier,
    summarise,
)
from bcelldepl.kinetics.dose_text import dose_of_group
from bcelldepl.kinetics.proportionality import fit_power_model
from bcelldepl.kinetics.statistics import statistics
from bcelldepl.kinetics.survival import median_day


def test_kaplan_meier_by_hand() -> None:
    """Six subjects: events on days 6, 6, 10 and 22, censored on 10 and 30."""
    curve = kaplan_meier([6, 6, 10, 10, 22, 30], [True, True, True, False, True, False])
    assert curve["day"].tolist() == [0, 6, 10, 22, 30]
    assert curve["n_at_risk"].tolist() == [6, 6, 4, 2, 1]
    assert curve["n_events"].tolist() == [0, 2, 1, 1, 0]
    assert curve["n_censored"].tolist() == [0, 0, 1, 0, 1]
    assert curve["survival"].tolist() == pytest.approx([1, 2 / 3, 1 / 2, 1 / 4, 1 / 4])
    assert median_day(curve) == 10
    # Greenwood by hand on day 10: 2/(6*4) + 1/(4*3) = 1/6; log(-log S) +/- 1.96 sqrt(1/6) / ln 2.
    spread = 1.959964 * math.sqrt(1 / 6) / math.log(2)
    low, high = 0.5 ** math.exp(spread), 0.5 ** math.exp(-spread)
    row = curve[curve["day"] == 10].iloc[0]
    assert (row["ci_low"], row["ci_high"]) == (pytest.approx(low, rel=1e-6), pytest.approx(high, rel=1e-6))


@pytest.mark.filterwarnings("ignore:The confidence interval is undefined")
@pytest.mark.parametrize("seed", range(5))
def test_kaplan_meier_agrees_with_scipy(seed) -> None:
    rng = np.random.default_rng(seed)
    days, events = rng.integers(1, 30, 25).astype(float), rng.random(25) < 0.6
    events[0] = True
    curve = kaplan_meier(days.tolist(), events.tolist())
    sample = stats.CensoredData.right_censored(days, ~events)
    survival = stats.ecdf(sample).sf
    ours = dict(zip(curve["day"], curve["survival"], strict=True))
    for day, expected in zip(survival.quantiles, survival.probabilities, strict=True):
        assert ours[day] == pytest.approx(expected)
    interval = survival.confidence_interval(0.95, method="log-log")
    at = {day: place for place, day in enumerate(survival.quantiles)}
    inner = curve[(curve["n_events"] > 0) & (curve["survival"] > 0) & (curve["survival"] < 1)]
    for row in inner.itertuples():
        assert row.ci_low == pytest.approx(interval.low.probabilities[at[row.day]])
        assert row.ci_high == pytest.approx(interval.high.probabilities[at[row.day]])


def test_no_event_and_nobody_left() -> None:
    none = kaplan_meier([10, 20], [False, False])
    assert none["survival"].tolist() == [1, 1, 1]
    assert median_day(none) is None
    everyone = kaplan_meier([10, 20], [True, True])
    assert everyone["survival"].tolist() == [1, 0.5, 0]
    assert everyone["ci_low"].isna().tolist() == [True, False, True]
    assert len(kaplan_meier([], [])) == 1


def test_power_model_agrees_with_the_normal_equations() -> None:
    doses, values = [0.3e5, 0.3e5, 1e5, 1e5, 3e5, 3e5], [10, 14, 60, 45, 200, 150]
    model = fit_power_model(doses, values)
    design = np.column_stack([np.ones(6), np.log(doses)])
    (a, b), rss, *_ = np.linalg.lstsq(design, np.log(values), rcond=None)
    error = math.sqrt(rss[0] / 4 * np.linalg.inv(design.T @ design)[1, 1])
    half = 2.131846786 * error  # t of 95 % with 4 degrees of freedom, from tables
    assert (model.intercept, model.slope) == (pytest.approx(a), pytest.approx(b))
    assert (model.ci_low, model.ci_high) == (pytest.approx(b - half), pytest.approx(b + half))
    assert model.low_limit == pytest.approx(1 - math.log(1.25) / math.log(10))
    assert model.high_limit == pytest.approx(1 + math.log(1.25) / math.log(10))


def test_power_model_agrees_with_scipy() -> None:
    rng = np.random.default_rng(3)
    for n in range(3, 12):
        doses = np.append(rng.choice([0.3e5, 1e5, 3e5], n - 2), [1e5, 1e6])
        values = np.exp(rng.normal(0, 1, n))
        model, fit = (
            fit_power_model(doses.tolist(), values.tolist()),
            stats.linregress(np.log(doses), np.log(values)),
        )
        half = stats.t.ppf(0.95, n - 2) * fit.stderr
        expected = (fit.slope, fit.slope - half, fit.slope + half, fit.intercept)
        assert (model.slope, model.ci_low, model.ci_high, model.intercept) == pytest.approx(
            expected, rel=1e-9
        )


def test_slope_interval_covers_as_often_as_it_says() -> None:
    rng = np.random.default_rng(7)
    doses = np.repeat([0.3e5, 1e5, 3e5], 4)
    trials = 2000
    hits = 0
    for _ in range(trials):
        model = fit_power_model(doses.tolist(), np.exp(1.3 * np.log(doses) + rng.normal(0, 0.5, 12)).tolist())
        hits += model.ci_low <= 1.3 <= model.ci_high
    assert abs(hits / trials - 0.90) < 3 * math.sqrt(0.09 / trials)


@pytest.mark.parametrize(
    ("slope", "verdict"), [(1.0, "proportional"), (2.0, "not proportional"), (1.1, "inconclusive")]
)
def test_verdict(slope, verdict) -> None:
    doses = [1e5, 1e5, 1e6, 1e6]
    noise = [1.0, 1.02, 1.01, 0.99]
    model = fit_power_model(doses, [n * (d / 1e5) ** slope for d, n in zip(doses, noise, strict=True)])
    assert model.verdict == verdict


@pytest.mark.parametrize(
    ("name", "dose"),
    [("0.3e5/kg", 3e4), ("1E6 cells/kg", 1e6), ("3 x 10^5/kg", 3e5), ("2.5\u00d710^6", 2.5e6), ("300000/kg", 3e5),
     ("DL2", None), ("cohort 1", None), ("low", None), ("", None), ("DL1 (1e5/kg)", 1e5),
     ("0,5e6 cells/kg", 5e5), ("1,5 x 10^6/kg", 1.5e6), ("100 000 cells/kg", 1e5), ("2024-A", None),
     ("CAR19-2021-DL1", None), ("100,000 cells/kg", 1e5), ("cohort 2, 1e5/kg", 1e5), ("DL2_3e5_kg", 3e5),
     ("1.0 x 10**5/kg", 1e5), ("0.3 \u00d7 10\u2075/kg", 3e4), ("2 x 100,000 cells/kg", None),
     ("1e5/kg, then 3e5/kg", None),
     ("1e5, low", 1e5)],
)  # fmt: skip
def test_dose_in_the_name_of_a_group(name, dose) -> None:
    assert dose_of_group(name) == (None if dose is None else pytest.approx(dose))


def trial(made):
    groups = {f"{dose}{n}": f"{dose}e5/kg" for dose in (1, 3) for n in range(3)}
    cart = {
        name: [
            (0, 0),
            *((day, 10 * float(name[0]) * (n + 2) * math.exp(-0.12 * (day - 7))) for day in (7, 14, 21, 28)),
        ]
        for n, name in enumerate(groups)
    }
    b = {
        name: [
            (-5, 200),
            (7, 4),
            (28, 0),
            (60, 30 if name[0] == "1" else 0),
            (90, 50 if name[0] == "1" else 20),
        ]
        for name in groups
    }
    counts, study = made(cart, groups=groups)
    return pd.concat([counts, made(b, population="B", groups=groups)[0]], ignore_index=True), study


def test_summary_of_a_trial(made) -> None:
    counts, study = trial(made)
    table = summarise(analyse_study(counts, study))
    row = table[(table["dose_group"] == "1e5/kg") & (table["parameter"] == "CMAX")].iloc[0]
    cmax = np.array([20, 30, 40.0])
    assert (row["n"], row["mean"], row["median"], row["min"], row["max"]) == (3, 30, 30, 20, 40)
    assert row["sd"] == pytest.approx(10)
    assert row["cv_percent"] == pytest.approx(100 / 3, rel=1e-5)
    assert row["geometric_mean"] == pytest.approx(stats.gmean(cmax), rel=1e-5)
    sigma = np.log(cmax).std(ddof=1)
    assert row["geometric_cv_percent"] == pytest.approx(100 * math.sqrt(math.exp(sigma**2) - 1), rel=1e-5)
    by_visit = table[(table["parameter"] == "CONCENTRATION") & (table["analyte"] == "B")]
    low = by_visit[by_visit["dose_group"] == "1e5/kg"]
    assert low["visit"].tolist() == ["D-5", "D7", "D28", "D60", "D90"]
    assert low["n_below_lloq"].tolist() == [0, 3, 3, 0, 0]
    assert low["geometric_mean"].tolist() == [200, 2.5, 1, 30, 50]  # below a limit of 5, and of 2: half of it
    slow = table[(table["dose_group"] == "3e5/kg") & (table["parameter"] == "RECONSTITUTION_DAY")].iloc[0]
    assert (slow["n"], slow["n_censored"]) == (0, 3)
    assert math.isnan(slow["median"])


def test_summary_by_another_column(made) -> None:
    counts, study = trial(made)
    kinetics = analyse_study(counts, study)
    arms = {key: "x" if key[0].endswith("0") else "y" for key in kinetics.groups}
    table = summarise(kinetics, "arm", arms)
    assert table.columns[0] == "arm"
    assert table.loc[table["parameter"] == "TMAX", "n"].tolist() == [2, 4]


def test_doubtful_values_are_counted_and_not_averaged(made) -> None:
    course = {"P": [(0, 0), *((day, 100 * math.exp(-0.05 * day)) for day in (7, 10, 14, 21))]}
    table = summarise(analyse_study(*made(course)))
    row = table[table["parameter"] == "HALF_LIFE"].iloc[0]
    assert (row["n"], row["n_doubtful"]) == (0, 1)


def test_a_visit_made_twice_counts_once(made) -> None:
    twice = {"visit": "D7", "day": 7.0}
    course = {
        "P": [(7, 8, {"actual": 9.0}), (7, 30, {"actual": 7.2, **twice}), (7, None, {"actual": 7.0, **twice})]
    }
    table = summarise(analyse_study(*made(course)))
    row = table[table["parameter"] == "CONCENTRATION"].iloc[0]
    assert (row["n"], row["mean"]) == (1, 30)


def test_curves_by_group(made) -> None:
    counts, study = trial(made)
    curves = event_curves(endpoints_table(counts, study))
    curves = curves[curves["event"] == "RECONSTITUTION_DAY"]
    low, high = (curves[curves["dose_group"] == group] for group in ("1e5/kg", "3e5/kg"))
    assert low["survival"].tolist() == [1, 0]
    assert low["day"].tolist() == [0, 60]
    assert high["survival"].tolist() == [1, 1]


def test_proportionality_and_exposure_tables(made) -> None:
    counts, study = trial(made)
    endpoints = endpoints_table(counts, study)
    table = dose_proportionality(endpoints, study)
    assert table["parameter"].tolist() == ["CMAX", "AUC_0_28", "AUC_0_90", "AUC_LAST"]
    assert table["n"].tolist()[0] == 6
    nameless = endpoints.assign(dose_group="DL1")
    assert dose_proportionality(nameless)["reason"].str.startswith("no dose is known").all()
    pairs = exposure_response(endpoints)
    row = pairs[(pairs["exposure"] == "CMAX") & (pairs["response"] == "DEPLETION_DURATION")].iloc[0]
    # Durations 53 of the low dose, beyond 83 of the high one: only pairs across the groups have an order.
    assert (row["n"], row["n_censored"], row["n_pairs"], row["kendall_tau"]) == (6, 3, 9, 1)


def test_statistics_of_little() -> None:
    assert statistics([])["mean"] is None
    one = statistics([4.0])
    assert (one["mean"], one["sd"], one["geometric_mean"], one["geometric_cv_percent"]) == (4, None, 4, None)
    assert statistics([0.0, 4.0])["geometric_mean"] is None


def test_registry_fits_transport() -> None:
    known = tuple(endpoint_definitions((28, 90, 180.5)).values())
    assert all(len(one.label) <= 40 and len(one.short) <= 8 and one.label.isascii() for one in known)
    assert len({one.short for one in known}) == len(known)
