"""The trial's outcome tables: by hand, by statsmodels, by lifelines."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pandas as pd
import pytest

from bcelldepl.kinetics import (
    analyse_study,
    changes_table,
    event_curves,
    event_summary,
    exposure_response,
    rates_table,
    visits_table,
)
from bcelldepl.kinetics.censored_correlation import censored_tau

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    lifelines = pytest.importorskip("lifelines")
    proportion = pytest.importorskip("statsmodels.stats.proportion")

GROUPS = {"A1": "1e5/kg", "A2": "1e5/kg", "A3": "1e5/kg", "C1": "3e5/kg", "C2": "3e5/kg"}
# LLOQ 5, LOD 2, threshold 10. Not detected: below the LOD, for no interval is given.
COURSES = {
    "A1": [(-5, 100), (7, 8), (28, 1), (60, 50)],
    "A2": [(-5, 200), (7, 20), (28, 4), (60, 40)],
    "A3": [(-5, 50), (7, None), (28, 3, {"lloq_per_ul": 12.0, "lod_per_ul": 2.0})],
    "C1": [(-5, 3), (7, 0), (28, 0)],
    "C2": [(-5, 400), (28, 6), (60, 90)],
}


@pytest.fixture
def kinetics(made):
    return analyse_study(*made(COURSES, population="B", groups=GROUPS))


def row_of(table: pd.DataFrame, **cells) -> pd.Series:
    for name, cell in cells.items():
        table = table[table[name] == cell]
    assert len(table) == 1
    return table.iloc[0]


def test_rates_by_hand(kinetics) -> None:
    table = rates_table(kinetics)
    told = ["n_evaluable", "n_depleted", "n_no_evidence", "n_not_evaluable", "n_missed", "n_not_reached"]
    expected = {
        ("1e5/kg", "D7"): [2, 1, 0, 1, 0, 0],  # 8 is below 10; 20 is not; A3 cannot be evaluated
        ("1e5/kg", "D28"): [2, 2, 1, 0, 0, 0],  # an LLOQ of 12 is no evidence
        ("1e5/kg", "D60"): [2, 0, 0, 0, 0, 1],  # A3 is not followed so far
        ("3e5/kg", "D7"): [1, 1, 0, 0, 1, 0],  # C2 has none on day 7, but a later one
        ("3e5/kg", "D60"): [1, 0, 0, 0, 0, 1],
        ("all subjects", "D28"): [4, 4, 1, 0, 0, 0],
    }
    for (group, visit), numbers in expected.items():
        row = row_of(table, dose_group=group, visit=visit)
        assert row[told].tolist() == numbers, (group, visit)
    assert (table["n_subjects"] == table[["n_evaluable", *told[2:]]].sum(axis=1)).all()
    assert set(table["threshold"]) == {"< 10 cells/uL"}


def test_exact_intervals_are_those_of_statsmodels(kinetics) -> None:
    table = rates_table(kinetics)
    for row in table[table["n_evaluable"] > 0].itertuples():
        low, high = proportion.proportion_confint(row.n_depleted, row.n_evaluable, 0.05, "beta")
        assert row.percent_depleted == pytest.approx(100 * row.n_depleted / row.n_evaluable, rel=1e-5)
        assert row.ci_low_percent == pytest.approx(100 * np.nan_to_num(low), rel=1e-5, abs=1e-9)
        assert row.ci_high_percent == pytest.approx(100 * np.nan_to_num(high, nan=1.0), rel=1e-5)


def test_changes_by_hand(kinetics) -> None:
    """Percent of baseline: 8 of 100 and 20 of 200; below a limit half of it: 1 of 100 (LOD 2), 2.5 of 200 (LLOQ 5)."""
    table = changes_table(kinetics)
    cells = {"dose_group": "1e5/kg", "measure": "PERCENT_OF_BASELINE"}
    first = row_of(table, visit="D7", **cells)
    assert (first["n"], first["n_below_limit"], first["n_no_baseline"]) == (2, 0, 0)
    assert first["mean"] == pytest.approx(9)
    assert first["sd"] == pytest.approx(math.sqrt(2), rel=1e-5)
    assert first["geometric_mean"] == pytest.approx(math.sqrt(80), rel=1e-5)
    logs = np.log([8.0, 10.0])
    cv = 100 * math.sqrt(math.exp(logs.var(ddof=1)) - 1)
    assert first["geometric_cv_percent"] == pytest.approx(cv, rel=1e-5)
    deep = row_of(table, visit="D28", **cells)
    values = [1.0, 1.25, 100 * 6 / 50]  # half of the LOD; half of the LLOQ; half of an LLOQ of 12
    assert (deep["n"], deep["n_below_limit"]) == (3, 3)
    assert (deep["min"], deep["median"], deep["max"]) == pytest.approx(tuple(sorted(values)), rel=1e-5)
    change = row_of(table, visit="D28", dose_group="1e5/kg", measure="LOG10_CHANGE")
    assert change["mean"] == pytest.approx(np.mean(np.log10(values)) - 2, rel=1e-5)
    assert math.isnan(change["geometric_mean"])
    none = row_of(table, visit="D28", dose_group="3e5/kg", measure="LOG10_CHANGE")
    assert (none["n"], none["n_no_baseline"]) == (1, 1)  # the baseline of C1 is below its LLOQ
    assert set(table["baseline"]) == {"last before infusion"}


def test_depletion_is_not_empty_where_it_happened(kinetics) -> None:
    visits = visits_table(kinetics)
    below = visits[visits["result"].isin(["NOT_DETECTED", "DETECTED_BELOW_LLOQ"]) & (visits["day"] > 0)]
    assert below["imputed_per_ul"].tolist() == pytest.approx((below["upper_limit_per_ul"] / 2).tolist())
    known = below[below["subject"] != "C1"]
    assert known["imputed_percent_of_baseline"].notna().all()
    assert (known["qualifier"] == "<").all()


@pytest.mark.filterwarnings("ignore")
def test_times_to_events_are_those_of_lifelines(made) -> None:
    """30 subjects of one group: curve, interval and median of duration and recovery."""
    rng = np.random.default_rng(11)
    courses = {}
    for number in range(30):
        back = int(rng.choice([60, 90, 120, 500]))
        days = [7, 28, 60, 90, 120, 150][: rng.integers(3, 7)]
        courses[f"S{number}"] = [(-5, 100), *((day, 40 if day >= back else 1) for day in days)]
    kinetics = analyse_study(*made(courses, population="B"))
    curves, summary = event_curves(kinetics.endpoints), event_summary(kinetics.endpoints)
    for event in ("RECONSTITUTION_DAY", "DEPLETION_DURATION", "DEPLETION_DAY"):
        own = kinetics.endpoints[kinetics.endpoints["parameter"] == event].dropna(subset=["value"])
        fitted = lifelines.KaplanMeierFitter().fit(own["value"], own["qualifier"] == "=")
        curve = curves[curves["event"] == event].set_index("day")
        for day, survival in fitted.survival_function_["KM_estimate"].items():
            assert curve.loc[day, "survival"] == pytest.approx(survival, rel=1e-5, abs=1e-9)
        low, high = (fitted.confidence_interval_[f"KM_estimate_{end}_0.95"] for end in ("lower", "upper"))
        for day, row in curve[curve["ci_low"].notna()].iterrows():
            assert (row["ci_low"], row["ci_high"]) == pytest.approx((low[day], high[day]), rel=1e-5)
        row = row_of(summary, event=event)
        assert (row["n"], row["n_events"]) == (len(own), (own["qualifier"] == "=").sum())
        median = fitted.median_survival_time_
        assert row["median"] == median or (math.isinf(median) and math.isnan(row["median"]))


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("seed", range(4))
def test_tau_of_censored_responses_is_harrells_index(seed) -> None:
    rng = np.random.default_rng(seed)
    exposure, length = rng.lognormal(size=20), rng.lognormal(size=20)
    signs = np.where(rng.random(20) < 0.4, ">", "=")
    found = censored_tau(exposure.tolist(), ["="] * 20, length.tolist(), signs.tolist())
    index = lifelines.utils.concordance_index(length, exposure, signs == "=")
    assert found.tau == pytest.approx(2 * index - 1)


def test_tau_without_censoring_is_kendalls() -> None:
    from scipy import stats

    rng = np.random.default_rng(5)
    x, y = rng.normal(size=40), rng.normal(size=40)
    y += 0.4 * x
    found, expected = censored_tau(x.tolist(), ["="] * 40, y.tolist(), ["="] * 40), stats.kendalltau(x, y)
    assert found.tau == pytest.approx(expected.statistic)
    assert found.p_value == pytest.approx(stats.kendalltau(x, y, method="asymptotic").pvalue, rel=1e-6)


@pytest.mark.parametrize("n", [3, 4, 6, 7])
def test_p_of_few_subjects_is_exact(n) -> None:
    """Four in perfect order have a p of 2 / 24, not the 0.04 of the normal curve."""
    from scipy import stats

    rng = np.random.default_rng(n)
    x = np.arange(n, dtype=float)
    for y in (x, rng.permutation(x), rng.permutation(x)):
        found = censored_tau(x.tolist(), ["="] * n, y.tolist(), ["="] * n)
        assert found.p_value == pytest.approx(stats.kendalltau(x, y, method="exact").pvalue)


def test_p_of_few_censored_is_that_of_all_their_permutations() -> None:
    """By another's enumeration, with Harrell's index as the statistic."""
    from scipy import stats

    exposure, length = np.array([1.0, 2.0, 3.0, 4.0, 5.0, 6.0]), np.array([9.0, 3.0, 14.0, 12.0, 30.0, 30.5])
    seen = np.array([True, True, True, False, True, False])
    found = censored_tau(exposure.tolist(), ["="] * 6, length.tolist(), ["=" if one else ">" for one in seen])

    def score(x: np.ndarray) -> float:
        return abs(2 * lifelines.utils.concordance_index(length, x, seen) - 1)

    expected = stats.permutation_test(
        (exposure,), score, permutation_type="pairings", alternative="greater", n_resamples=720
    )
    assert found.tau == pytest.approx(score(exposure))
    assert found.p_value == pytest.approx(expected.pvalue)


def test_p_of_eight_is_by_the_normal_curve() -> None:
    from scipy import stats

    x = np.arange(8, dtype=float)
    y = np.array([0.0, 2, 1, 4, 3, 7, 5, 6])
    found = censored_tau(x.tolist(), ["="] * 8, y.tolist(), ["="] * 8)
    assert found.p_value == pytest.approx(stats.kendalltau(x, y, method="asymptotic").pvalue, rel=1e-6)


def test_bounds_of_one_limit_tell_nothing(made) -> None:
    """Depths that are all bounds have no order among themselves: nothing is correlated."""
    b = {f"S{n}": [(-5, 100), (7, 0), (28, 0)] for n in range(6)}
    cart = {f"S{n}": [(0, 0), (7, 10 * (n + 1)), (28, 6)] for n in range(6)}
    counts, study = made(cart)
    both = pd.concat([counts, made(b, population="B")[0]], ignore_index=True)
    table = exposure_response(analyse_study(both, study).endpoints)
    row = row_of(table, exposure="CMAX", response="LOG10_REDUCTION")
    assert (row["n"], row["n_censored"], row["n_pairs"]) == (6, 6, 0)
    assert math.isnan(row["kendall_tau"])
    assert math.isnan(row["p_value"])
