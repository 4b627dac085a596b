"""Courses that are level, jump by the last digit, or hold numbers of any size: every table comes of them."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bcelldepl.kinetics import analyse_study, endpoints_table, kinetics_tables
from bcelldepl.kinetics.area import CurveSegment, SegmentRule, extrapolate, segments_to, total_area
from bcelldepl.kinetics.dose_text import dose_of_group
from bcelldepl.kinetics.terminal import choose_terminal, terminal_fits
from bcelldepl.report.kinetics import kinetics_figures
from bcelldepl.study import EndpointSettings, Study, Tube

OWN_ERROR = "error in the program"
DAYS = (-5.0, 0.0, 1e-9, 0.01, 1.0, 7.0, 7.0000001, 14.0, 28.0, 60.5, 90.0, 180.0, 1e4)
# The last two differ in their last digit, and their ratio is rounded to 1.
VALUES = (
    5.0,
    math.nextafter(5.0, 6.0),
    0.5,
    10.0,
    1e-9,
    1e-300,
    1e12,
    1e300,
    1.9999999999999998,
    1.9999999999999996,
)
VALUE = st.one_of(st.sampled_from(VALUES), st.floats(1e-3, 1e5))
RESULT = st.sampled_from(["QUANTIFIED"] * 4 + ["DETECTED_BELOW_LLOQ", "NOT_DETECTED", "NOT_EVALUABLE"])
ERROR = st.sampled_from([None, 1.0, 1.1, 2.0, 1e10, 1e150])  # from a value to the ends of its interval
SETTINGS = st.builds(
    EndpointSettings,
    auc_days=st.sampled_from([(28.0, 90.0), (1e-9,), (1e4,)]),
    denominator=st.sampled_from(["blood", "lymphocytes"]),
)


@st.composite
def rows_of_a_subject(draw: st.DrawFn, subject: str) -> list[dict[str, object]]:
    days = sorted(draw(st.sets(st.sampled_from(DAYS), max_size=8)))
    level = draw(st.one_of(st.none(), VALUE))
    rows: list[dict[str, object]] = []
    for day in days:
        for population in ("B", "CAR_T", "lymphocytes"):
            value = draw(VALUE) if level is None else level
            error, lloq = draw(ERROR), draw(st.sampled_from([None, 5.0, 1e-3, 1e9, value]))
            ends = (None, None) if error is None else (value / error, value * error)
            if ends[1] is not None and not (ends[0] and math.isfinite(ends[1])):
                ends = (None, None)
            rows.append(
                {
                    "subject": subject,
                    "visit": f"D{day:g}",
                    "day": day,
                    "dose_group": f"{subject[-1]}e5/kg",
                    "population": population,
                    "cells_per_ul": value,
                    "lod_per_ul": lloq and lloq / 2.5,
                    "lloq_per_ul": lloq,
                    "events": draw(st.sampled_from([None, 0, 1000])),
                    "result": draw(RESULT),
                    "reason": "",
                    "ci_low_per_ul": ends[0],
                    "ci_high_per_ul": ends[1],
                }
            )
    return rows


def study_of(
    rows: list[dict[str, object]], endpoint_settings: EndpointSettings
) -> tuple[pd.DataFrame, Study]:
    for number, row in enumerate(rows):
        row["file"] = f"{number}.fcs"
    known = ("file", "subject", "visit", "day", "dose_group")
    tubes = tuple(Tube(path=Path(str(row["file"])), **{name: row[name] for name in known}) for row in rows)
    study = Study(
        path=Path(), folder=Path(), samples_path=Path(), samples="s", id="S", strategy="x",
        endpoints=endpoint_settings, tubes=tubes,
    )  # fmt: skip
    columns = [
        *known,
        "population",
        "cells_per_ul",
        "lod_per_ul",
        "lloq_per_ul",
        "events",
        "result",
        "reason",
    ]
    return pd.DataFrame(rows, columns=[*columns, "ci_low_per_ul", "ci_high_per_ul"]), study


@settings(max_examples=120, deadline=None)
@given(st.tuples(*(rows_of_a_subject(subject) for subject in ("P1", "P2", "P3"))), SETTINGS)
def test_every_table_comes_of_any_course(subjects, endpoint_settings) -> None:
    counts, study = study_of([row for rows in subjects for row in rows], endpoint_settings)
    endpoints = endpoints_table(counts, study)
    assert not endpoints["reason"].str.contains(OWN_ERROR).any()
    kinetics_tables(analyse_study(counts, study))
    known = endpoints.dropna(subset=["value", "ci_low"])
    assert (known["ci_low"] <= known["value"] + 1e-5 * known["value"].abs()).all()


def test_an_amount_too_large_for_a_number_has_no_upper_end() -> None:
    """A nadir 302 powers of ten above a baseline that is hardly known: its interval has ends that no number reaches."""

    def row(day, population):
        value, wide = (
            (1e-300, ("1e-310", "1e-290")) if (day, population) == (0.0, "B") else (5.0, ("nan", "nan"))
        )
        return {
            "subject": "P1", "visit": f"D{day:g}", "day": day, "dose_group": "3e5/kg", "population": population,
            "cells_per_ul": value, "lod_per_ul": None, "lloq_per_ul": None, "events": None, "result": "QUANTIFIED",
            "reason": "", "ci_low_per_ul": float(wide[0]), "ci_high_per_ul": float(wide[1]),
        }  # fmt: skip

    rows = [row(day, population) for day in (-5.0, 0.0, 1e-9) for population in ("B", "CAR_T", "lymphocytes")]
    counts, study = study_of(rows, EndpointSettings(auc_days=(28.0, 90.0), denominator="blood"))
    endpoints = endpoints_table(counts, study)
    assert not endpoints["reason"].str.contains(OWN_ERROR).any()
    nadir = endpoints.query("analyte == 'B' and parameter == 'NADIR_PERCENT_OF_BASELINE'").iloc[0]
    assert nadir["value"] > 1e300
    assert 1e280 < nadir["ci_low"] < nadir["value"]
    assert pd.isna(nadir["ci_high"])
    assert not np.isinf(endpoints[["ci_low", "ci_high"]].astype(float)).any(axis=None)


@pytest.fixture
def level(made):
    """A course whose last points are level: ln(2) over its slope is no number."""
    return made(
        {
            "flat": [(0, 0), (7, 50), (14, 20), (28, 20), (60, 20)],
            "sound": [(0, 0), (7, 80), (14, 40), (28, 9)],
        }
    )


def test_a_level_end_has_no_half_life(level, value_of) -> None:
    counts, study = level
    endpoints = endpoints_table(counts, study)
    tables = kinetics_tables(analyse_study(counts, study))
    assert value_of(endpoints, "HALF_LIFE", "qualifier", "flat") == "NE"
    assert value_of(endpoints, "CMAX", subject="flat") == 50
    assert tables["kinetics_terminal"]["span_ratio"].notna().all()


def test_a_level_course_is_drawn(level) -> None:
    counts, study = level
    kinetics = analyse_study(counts, study)
    for _, draw in kinetics_figures(counts, kinetics, kinetics_tables(kinetics)):
        assert draw().axes


@pytest.mark.parametrize(
    ("values", "sign"),
    [([20, 20, 20], 0), ([20, 20, 20 * (1 + 1e-15)], 1), ([20, 20, 20 * (1 - 1e-15)], -1), ([1e-300] * 4, 0)],
)
def test_terminal_windows_on_either_side_of_level(values: list[float], sign: int) -> None:
    fits = terminal_fits([1.0 + day for day in range(len(values))], values)
    assert all(np.sign(-fit.lambda_z_per_day) == sign for fit in fits[:1])
    assert all(not math.isnan(fit.half_life_days) and math.isfinite(fit.span_ratio) for fit in fits)
    assert (choose_terminal(fits) is None) is (sign >= 0)
    assert all(isinstance(fit.doubts, str) for fit in fits)


@pytest.mark.parametrize(
    ("start", "end"), [(1.9999999999999998, 1.9999999999999996), (5.0, 4.999999999999999), (2.0, 1.0)]
)
def test_a_fall_by_the_last_digit_has_its_area(start: float, end: float) -> None:
    """The logarithmic mean of two numbers lies between them."""
    area = CurveSegment(0.0, 2.0, start, end, SegmentRule.LOG).area
    assert 2.0 * end <= area <= 2.0 * start


def test_falls_of_any_size_have_their_area() -> None:
    segments = segments_to([0.0, 1.0, 2.0], [1e300, 1e-300, 1e-300], 1.5)
    assert math.isfinite(total_area(segments))
    assert segments[0].at(0.5) == pytest.approx(1.0, rel=1e-9)


def test_an_extrapolation_ends_where_nothing_is_left() -> None:
    """The area of an exponential is its start by its rate, however far it is followed."""
    assert extrapolate(0.0, 20.0, 1e3, 1e4).area == pytest.approx(20.0 / 1e3, rel=1e-12)
    assert extrapolate(0.0, 1e-300, 1e3, 1e4).area == pytest.approx(0.0, abs=1e-290)


@pytest.mark.parametrize("name", ["1e400/kg", "3 x 10^999 cells/kg", "1e" + "9" * 5000 + "/kg"])
def test_a_dose_that_is_no_number(name: str) -> None:
    assert dose_of_group(name) is None
    assert dose_of_group("1e308/kg") == 1e308


def test_an_error_of_the_program_costs_one_subject_its_endpoints(made, monkeypatch, value_of) -> None:
    from bcelldepl.kinetics import cellular

    honest = cellular.terminal_fits

    def stumbles(days, values):
        if 77.0 in values:
            raise ZeroDivisionError("float division by zero")
        return honest(days, values)

    monkeypatch.setattr(cellular, "terminal_fits", stumbles)
    points = [(0, 0), (7, 80), (14, 40), (21, 20), (28, 9)]
    counts, study = made({"P1": points, "P2": [(0, 0), (7, 100), (14, 77), (21, 20)]})
    endpoints = endpoints_table(counts, study)
    kinetics_tables(analyse_study(counts, study))
    assert value_of(endpoints, "CMAX", subject="P1") == 80
    of_p2 = endpoints[endpoints["subject"] == "P2"]
    assert (of_p2["qualifier"] == "NE").all()
    assert of_p2["reason"].str.contains(f"{OWN_ERROR}, please report it: ZeroDivisionError").all()


def test_an_error_in_an_interval_costs_the_interval(made, monkeypatch, value_of) -> None:
    from bcelldepl.kinetics import analysis as module

    def stumbles(*_):
        raise OverflowError("math range error")

    monkeypatch.setattr(module, "with_intervals", stumbles)
    counts, study = made({"P1": [(0, 0), (7, 80), (14, 40)]})
    endpoints = endpoints_table(counts, study)
    assert value_of(endpoints, "CMAX") == 80
    assert math.isnan(value_of(endpoints, "CMAX", "ci_low"))
    assert OWN_ERROR in value_of(endpoints, "CMAX", "reason")
