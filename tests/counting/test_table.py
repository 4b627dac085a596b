"""The table of counts: the promised columns, and the same numbers in CSV, Parquet and memory."""

from __future__ import annotations

import io

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bcelldepl.counting import CountRow, TubeFacts, count_tube, counts_table, not_done
from bcelldepl.definitions.columns import round_significant
from bcelldepl.definitions.tables import COUNTS
from bcelldepl.study import CountingSettings, LimitSettings, Tube

PROMISED = [
    "file",
    "sha256",
    "subject",
    "visit",
    "day",
    "dose_group",
    "population",
    "events",
    "parent",
    "parent_events",
    "percent_of_parent",
    "method",
    "cells_per_ul",
    "ci_low_per_ul",
    "ci_high_per_ul",
    "analysed_volume_ul",
    "lod_per_ul",
    "lloq_per_ul",
    "result",
    "evidence",
    "reason",
]

APPENDED = [
    "override",
    "actual_day",
    "course",
    "review",
    "percent_of_parent_ci_low",
    "percent_of_parent_ci_high",
    "percent_of_parent_lod",
    "percent_of_parent_lloq",
    "percent_of_lymphocytes",
    "percent_of_lymphocytes_ci_low",
    "percent_of_lymphocytes_ci_high",
    "percent_of_lymphocytes_lod",
    "percent_of_lymphocytes_lloq",
]


@pytest.fixture
def table(gated, tmp_path) -> pd.DataFrame:
    tube = Tube(file="a.fcs", path=tmp_path / "a.fcs", subject="P1", visit="04", day=28.5, dose_group="low")
    facts = TubeFacts(bead_count=49_877, blood_volume_ul=50)
    counted = count_tube(gated(T=0, CAR_T=0), facts, CountingSettings(), LimitSettings())
    rows = [CountRow(tube, "ab" * 32, one) for one in (*counted, *not_done(["B"], "the file is cut short"))]
    return counts_table(rows)


def test_columns_are_those_promised_and_what_came_later_stands_behind_them(table) -> None:
    assert list(table.columns) == [*PROMISED, *APPENDED]
    assert COUNTS.names == [*PROMISED, *APPENDED]


def test_csv_reads_back_equal(table) -> None:
    text = table.to_csv(index=False)
    kinds = {column: "str" if kind == "object" else kind for column, kind in COUNTS.dtypes.items()}
    again = pd.read_csv(
        io.StringIO(text),
        dtype=kinds,
        keep_default_na=False,
        na_values={column: [""] for column, kind in COUNTS.dtypes.items() if kind != "object"},
    )
    pd.testing.assert_frame_equal(again, table, check_exact=True)
    assert max(len(cell) for line in text.splitlines()[1:] for cell in line.split(",")[10:18]) <= 12


def test_parquet_reads_back_equal(table, tmp_path) -> None:
    table.to_parquet(tmp_path / "counts.parquet")
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "counts.parquet"), table, check_exact=True)


def test_what_is_not_known_is_empty(table) -> None:
    last = table.to_csv(index=False).splitlines()[-1]
    assert (
        last
        == f"a.fcs,{'ab' * 32},P1,04,28.5,low,B,,,,,none,,,,,,,NOT_DONE,failed,the file is cut short,,,1,{',' * 9}"
    )


def test_types_do_not_depend_on_the_rows(table) -> None:
    assert counts_table([]).dtypes.equals(table.dtypes)


@given(st.floats(1e-9, 1e9))
def test_rounding_keeps_six_digits(value: float) -> None:
    rounded = round_significant(value)
    assert rounded == pytest.approx(value, rel=5e-6)
    assert len(f"{rounded:e}".rstrip("0")) <= 16
    assert round_significant(rounded) == rounded
