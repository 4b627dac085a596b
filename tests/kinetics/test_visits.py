"""From counts to courses: what real sheets hold, each a stated result or a clear error."""

from __future__ import annotations

import re

import pandas as pd
import pytest

from bcelldepl.definitions.tables import ENDPOINTS
from bcelldepl.errors import CountingError
from bcelldepl.kinetics import analyse_study, endpoints_table, points_table, visits_table


def courses_of(counts, study, population):
    return analyse_study(counts, study).courses[population]


PROMISED = [
    "subject", "dose_group", "analyte", "parameter", "value", "unit", "qualifier", "window_start_day",
    "window_end_day", "n_points", "reason",
]  # fmt: skip
PARAMETERS = [
    "CMAX", "TMAX", "AUC_0_28", "AUC_0_90", "AUC_LAST", "CLAST", "TLAST", "LAMBDA_Z", "HALF_LIFE", "BASELINE",
    "NADIR", "NADIR_DAY", "NADIR_PERCENT_OF_BASELINE", "LOG10_REDUCTION", "DEPLETION_DAY", "DEPLETION_DURATION",
    "RECONSTITUTION_DAY",
]  # fmt: skip


def both(made, course, **settings):
    cart, study = made(course, **settings)
    b, _ = made(course, population="B", **settings)
    return pd.concat([cart, b], ignore_index=True), study


def test_columns_rows_and_order_are_those_promised(made) -> None:
    course = {"B7": [(-1, 9), (7, 8)], "A1": [(-1, 9), (7, 8)], "C": []}
    counts, study = both(made, course)
    table = endpoints_table(counts.sample(frac=1, random_state=1), study)
    assert (
        list(table.columns) == [*PROMISED, "ci_low", "ci_high", "course", "baseline"] == list(ENDPOINTS.names)
    )
    assert table["subject"].unique().tolist() == ["B7", "A1"]  # the order of the sheet, not of the rows
    assert table.loc[table["subject"] == "A1", "parameter"].tolist() == PARAMETERS
    assert set(table["qualifier"]) <= {"=", "<", ">", "NE"}
    assert (table["value"].isna() == (table["qualifier"] == "NE")).all()
    assert table.loc[table["qualifier"] != "=", "reason"].str.len().gt(0).all()


def test_no_rows_at_all(made) -> None:
    counts, study = made({"P": [(7, 8)]})
    empty = endpoints_table(counts.iloc[:0], study)
    assert list(empty.columns) == list(ENDPOINTS.names)
    assert len(empty) == 0
    assert empty.dtypes.equals(endpoints_table(counts, study).dtypes)


def test_rows_of_other_tubes_do_not_matter(made) -> None:
    counts, study = made({"P": [(0, 0), (7, 8), (14, 20)]})
    control = {"role": "fmo", "file": "fmo.fcs"}
    with_control, study_2 = made({"P": [(0, 0), (7, 8), (14, 20), (14, 900, control)]})
    pd.testing.assert_frame_equal(endpoints_table(counts, study), endpoints_table(with_control, study_2))


def test_actual_days_where_known_else_nominal(made) -> None:
    course = {"P": [(0, 0, {"actual": -0.1}), (7, 8, {"actual": 7.9}), (14, 20)]}
    (found,) = courses_of(*made(course), "CAR_T")
    assert [visit.day for visit in found.visits] == pytest.approx([-0.1, 7.9, 14.0])
    assert [visit.is_actual for visit in found.visits] == [True, True, False]
    table = points_table(analyse_study(*made(course)))
    assert table["day_is_actual"].tolist() == [True, True, False]


def test_replicate_tubes_pool_as_one_sample(made) -> None:
    """40 events in 8 uL and 16 in 4 uL are 56 in 12 uL: quantified, though neither tube alone was."""
    one = {"lloq_per_ul": 50 / 8, "lod_per_ul": 20 / 8, "result": "DETECTED_BELOW_LLOQ", "file": "a.fcs"}
    two = {"lloq_per_ul": 50 / 4, "lod_per_ul": 20 / 4, "result": "NOT_DETECTED", "file": "b.fcs"}
    (found,) = courses_of(*made({"P": [(7, 40 / 8, one), (7, 16 / 4, two)]}), "CAR_T")
    (visit,) = found.visits
    assert visit.value == pytest.approx(56 / 12)
    assert (visit.lod, visit.lloq) == (pytest.approx(20 / 12), pytest.approx(50 / 12))
    assert visit.is_quantified
    assert visit.files == ("a.fcs", "b.fcs")
    assert visit.reason == "2 tubes pooled"


def test_exactly_fifty_pooled_events_are_quantified(made) -> None:
    limits = {"lloq_per_ul": float(f"{50 / 7:.6g}"), "lod_per_ul": float(f"{20 / 7:.6g}")}
    rows = [
        (7, float(f"{25 / 7:.6g}"), {**limits, "file": name, "result": "DETECTED_BELOW_LLOQ"})
        for name in "ab"
    ]
    (found,) = courses_of(*made({"P": rows}), "CAR_T")
    assert found.visits[0].is_quantified


def test_a_failed_replicate_is_left_out_and_named(made) -> None:
    (found,) = courses_of(*made({"P": [(7, 8), (7, None)]}), "CAR_T")
    (visit,) = found.visits
    assert (visit.value, visit.reason) == (8.0, "1 tubes pooled, 1 not evaluable left out")


def test_tubes_of_one_visit_within_the_hour_are_one_draw(made) -> None:
    minutes = 1 / 24 / 60
    (found,) = courses_of(
        *made({"P": [(7, 8, {"actual": 7}), (7, 10, {"actual": 7 + 20 * minutes})]}), "CAR_T"
    )
    assert len(found.visits) == 1
    (found,) = courses_of(
        *made({"P": [(7, 8, {"actual": 7}), (7, 10, {"actual": 7 + 90 * minutes})]}), "CAR_T"
    )
    assert len(found.visits) == 2  # a visit made twice is two points
    (found,) = courses_of(*made({"P": [(0, 8, {"actual": -minutes}), (0, 10, {"actual": minutes})]}), "CAR_T")
    assert len(found.visits) == 2  # the infusion lies between


def test_one_moment_under_two_names_is_one_point(made) -> None:
    (found,) = courses_of(*made({"P": [(7, 8), (7, 10, {"visit": "EXTRA"})]}), "CAR_T")
    (visit,) = found.visits
    assert (visit.visit, visit.value) == ("D7/EXTRA", 9.0)


def test_unscheduled_visit_takes_its_place_by_day(made, value_of) -> None:
    counts, study = made({"P": [(0, 0), (7, 8), (28, 8), (9.5, 50, {"visit": "UNS"})]})
    assert value_of(endpoints_table(counts, study), "TMAX") == 9.5


def test_missing_visits_are_counted_in_the_reason(made, value_of) -> None:
    table = endpoints_table(*made({"P": [(0, 0), (7, 8), (14, None), (28, 9)]}))
    assert value_of(table, "CMAX", "reason") == "1 of 3 visits after infusion not evaluable"


def test_a_subject_without_the_population_is_not_evaluable(made) -> None:
    counts, study = made({"P": [(0, 0), (7, 8)], "Q": [(0, 0), (7, 8)]})
    table = endpoints_table(counts[counts["subject"] == "P"], study)
    lost = table[table["subject"] == "Q"]
    assert set(lost["qualifier"]) == {"NE"}
    assert len(lost) == 9


def test_a_file_that_the_study_does_not_know_is_a_sample_on_its_nominal_day(made) -> None:
    counts, study = made({"P": [(0, 0), (7, 8)]})
    counts["file"] = ["x.fcs", "y.fcs"]
    assert endpoints_table(counts, study)["qualifier"].tolist().count("=") > 3


@pytest.mark.parametrize(
    ("column", "value", "words"),
    [
        ("cells_per_ul", "<5", "'<5' is not a number"),
        ("day", "seven", "'seven' is not a number"),
        ("lloq_per_ul", "n/a", "'n/a' is not a number"),
        ("result", "OK", "'OK' is not a result code"),
        ("cells_per_ul", -3.0, "-3 cells/uL is negative"),
        ("lloq_per_ul", -5.0, "-5 cells/uL is negative"),
        ("ci_low_per_ul", -1.0, "-1 cells/uL is negative"),
        ("ci_low_per_ul", 9.0, "the interval ends before it begins: 9 to 8.5"),
        ("subject", None, "the subject is empty"),
        ("cells_per_ul", float("inf"), "infinite"),
        ("day", None, "the day is empty"),
    ],
)
def test_bad_cells_are_named_with_their_place(column, value, words, made) -> None:
    counts, study = made({"P": [(0, 0), (7, 8)]})
    counts["ci_high_per_ul"] = 8.5
    counts[column] = counts[column].astype(object)
    counts.loc[1, column] = value
    with pytest.raises(CountingError) as caught:
        endpoints_table(counts, study)
    assert words in str(caught.value)
    assert "P_1.fcs" in str(caught.value)


def test_a_tube_with_two_rows_is_no_replicate(made) -> None:
    """Its events would count twice, and halve the LLOQ."""
    counts, study = made({"P": [(0, 0), (7, 8)]})
    with pytest.raises(CountingError, match=r"P_0\.fcs, CAR_T: the same tube has two rows"):
        endpoints_table(pd.concat([counts, counts]), study)


def test_a_missing_column_is_named(made) -> None:
    counts, study = made({"P": [(0, 0), (7, 8)]})
    with pytest.raises(CountingError, match="lloq_per_ul"):
        endpoints_table(counts.drop(columns="lloq_per_ul"), study)


def test_quantified_without_a_number_is_not_evaluable(made) -> None:
    counts, study = made({"P": [(0, 0), (7, None, {"result": "QUANTIFIED"}), (14, 8)]}, population="B")
    table = visits_table(analyse_study(counts, study))
    assert table["result"].tolist() == ["NOT_DETECTED", "NOT_EVALUABLE", "QUANTIFIED"]


def test_csv_and_memory_give_the_same(made, tmp_path) -> None:
    counts, study = both(made, {"P": [(0, 0), (7, 800 / 7), (14, 3), (28, None), (60, 40 / 3)]})
    counts.to_csv(tmp_path / "counts.csv", index=False)
    again = endpoints_table(pd.read_csv(tmp_path / "counts.csv"), study)
    pd.testing.assert_frame_equal(again, endpoints_table(counts, study), rtol=1e-12)


@pytest.mark.parametrize(
    ("cells", "words"),
    [
        ({"result": "QUANTIFIED"}, "0 cells/uL cannot be quantified"),
        ({"lod_per_ul": 0.0}, "a limit is 0 cells/uL"),
        ({"subject": "7"}, "of subject '7' here, of '007' in the sample sheet"),
    ],
)
def test_counts_that_contradict_themselves_or_the_study_are_refused(made, cells, words) -> None:
    counts, study = made({"007": [(0, 100), (7, 0, cells)]})
    with pytest.raises(CountingError, match=re.escape(words)):
        courses_of(counts, study, "CAR_T")
