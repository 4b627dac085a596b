"""Companions with the kinetics: responder status by visit, and parameters of those with it and those without."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from bcelldepl.kinetics import analyse_study, subgroup_summary
from bcelldepl.kinetics.companion_summary import companion_summary, companions_table
from bcelldepl.study.companions import CompanionResult
from bcelldepl.study.config import SubgroupSettings

GROUPS = {"A": "low", "B": "low", "C": "high", "D": "high"}


def result(subject, test, visit, day, value=None, text="", qualifier="=", unit=""):
    return CompanionResult(subject=subject, test=test, visit=visit, day=day, value=value, text=text,
                           qualifier=qualifier, unit=unit)  # fmt: skip


@pytest.fixture
def study_and_counts(made):
    peaks = dict(zip("ABCD", (20, 40, 80, 160), strict=True))
    cart = {name: [(0, 0), (7, peak), (14, peak / 2), (28, 6)] for name, peak in peaks.items()}
    counts, study = made(cart, groups=GROUPS, subgroups=(SubgroupSettings(test="SRI-4", visit="M6"),))
    companions = (
        result("A", "SRI-4", "M6", 180, text="Y"),
        result("B", "SRI-4", "M6", 180, text="N"),
        result("C", "SRI-4", "M6", 180, text="Responder"),
        result("A", "SRI-4", "M3", 90, text="N"),
        result("A", "anti-CAR", "M3", 90, value=160, text="1:160"),
        result("B", "anti-CAR", "M3", 90, text="NEGATIVE"),
        result("A", "IgG", "M3", 90, value=4.0, qualifier="<", unit="g/L"),
        result("B", "IgG", "M3", 90, value=8.0, unit="g/L"),
    )
    return counts, study.model_copy(update={"companion_results": companions})


def test_responders_by_visit(study_and_counts) -> None:
    """n/N of SRI-4 at month 6: one of two at the low dose, one of one at the high."""
    table = companion_summary(study_and_counts[1])
    own = table[(table["test"] == "SRI-4") & (table["visit"] == "M6") & (table["category"] == "yes")]
    shares = own.set_index("dose_group")[["n_category", "n", "percent"]]
    assert shares.loc["low"].tolist() == [1, 2, 50]
    assert shares.loc["high"].tolist() == [1, 1, 100]
    assert shares.loc["all subjects"].tolist()[:2] == [2, 3]
    assert own.set_index("dose_group").loc["low", "ci_low_percent"] == pytest.approx(1.2579, rel=1e-4)


def test_numbers_are_averaged_and_bounds_counted(study_and_counts) -> None:
    table = companion_summary(study_and_counts[1])
    row = table[(table["test"] == "IgG") & (table["dose_group"] == "low")].iloc[0]
    assert (row["n"], row["n_censored"], row["mean"]) == (2, 1, 5)  # half of 4, and 8
    assert row["sd"] == pytest.approx(np.std([2, 8], ddof=1), rel=1e-5)


def test_parameters_by_responder_status(study_and_counts) -> None:
    counts, study = study_and_counts
    table = subgroup_summary(analyse_study(counts, study))
    cmax = table[table["parameter"] == "CMAX"].set_index("status")
    assert (cmax.loc["yes", "n_subjects"], cmax.loc["yes", "mean"]) == (2, 50)  # A and C
    assert (cmax.loc["no", "n_subjects"], cmax.loc["no", "mean"]) == (1, 40)
    assert (cmax.loc["unknown", "n_subjects"], cmax.loc["unknown", "mean"]) == (1, 160)


def test_texts_are_carried_through(study_and_counts) -> None:
    table = companions_table(study_and_counts[1])
    titre = table[table["text"] == "1:160"].iloc[0]
    assert titre["value"] == 160
    assert pd.isna(table.loc[table["text"] == "NEGATIVE", "value"]).all()
