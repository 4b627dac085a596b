"""Below-LLOQ results, case by case, worked by hand. LLOQ 5, LOD 2 cells/uL; Q is quantified, b below."""

from __future__ import annotations

import math

import pytest

from bcelldepl.kinetics import endpoints_table
from bcelldepl.kinetics.area import SegmentRule, choose_rules, segments_to, total_area

LN2 = math.log(2)
LN4 = math.log(4)
Z, LIN, LOG = SegmentRule.ZERO, SegmentRule.LINEAR, SegmentRule.LOG
PRE = (-1, 0.0)


@pytest.mark.parametrize(
    ("values", "rules"),
    [
        ((1, 2), [LIN]),
        ((1, 2, 3), [LIN, LIN]),
        ((2, 2), [LIN]),
        ((2, 1), [LOG]),
        ((3, 2, 1), [LOG, LOG]),
        ((0, 1, 2), [LIN, LIN]),
        ((0, 0, 1, 2), [Z, LIN, LIN]),
        ((0, 0, 1, 2, 1), [Z, LIN, LIN, LOG]),
        ((0, 0, 1, 2, 1, 0), [Z, LIN, LIN, LOG, LIN]),
        ((0, 0, 1, 2, 1, 0, 0), [Z, LIN, LIN, LOG, LIN, Z]),
        ((0, 0, 1, 2, 0, 2, 1, 0, 0), [Z, LIN, LIN, LIN, LIN, LOG, LIN, Z]),
        ((0, 0, 0), [Z, Z]),
        ((1,), []),
    ],
)
def test_rule_of_each_segment(values, rules) -> None:
    assert choose_rules(values) == rules


# (day, cells/uL) after infusion -> AUC_0_28, AUC_LAST, qualifier of AUC_0_28; the curve starts at (0, 0).
CASES = {
    "all quantified": ([(7, 8), (14, 16), (28, 8)], 28 + 84 + 112 / LN2, 28 + 84 + 112 / LN2, "="),
    "leading b counts as 0": ([(7, 3), (14, 16), (28, 8)], 56 + 112 / LN2, 56 + 112 / LN2, "="),
    "two leading b": ([(3, 1), (7, 3), (14, 16), (28, 8)], 56 + 112 / LN2, 56 + 112 / LN2, "="),
    "middle b is dropped": ([(7, 16), (14, 3), (28, 8)], 56 + 21 * 8 / LN2, 56 + 21 * 8 / LN2, "="),
    "two middle b are dropped": (
        [(7, 16), (10, 3), (14, 1), (28, 8)],
        56 + 21 * 8 / LN2,
        56 + 21 * 8 / LN2,
        "=",
    ),
    "trailing b: straight to 0": ([(7, 16), (14, 8), (28, 3)], 56 + 56 / LN2 + 56, 56 + 56 / LN2, "="),
    "later trailing b stay 0": ([(7, 16), (14, 3), (21, 1), (28, 3)], 56 + 56, 56, "="),
    "trailing b before the end": ([(7, 16), (14, 3)], 56 + 56, 56, "="),
    "leading, middle and trailing": (
        [(3, 1), (7, 16), (10, 3), (14, 16), (28, 3)],
        32 + 112 + 112,
        32 + 112,
        "=",
    ),
    "all b": ([(7, 3), (14, 1), (28, 3)], 0, 0, "="),
    "single quantified": ([(28, 8)], 112, 112, "="),
    "single quantified among b": ([(7, 3), (14, 8), (28, 3)], 28 + 56, 28, "="),
    "single, then nothing": ([(14, 8)], 56, 56, ">"),
    "end between visits, rising": ([(14, 8), (42, 24)], 56 + 14 * 12, 56 + 28 * 16, "="),
    "end between visits, falling": ([(14, 32), (42, 8)], 224 + 14 * 16 / LN2, 224 + 28 * 24 / LN4, "="),
    "end between quantified and b": ([(14, 8), (42, 3)], 56 + 14 * 6, 56, "="),
    "end between dropped b": ([(14, 32), (28, 3), (42, 8)], 224 + 14 * 16 / LN2, 224 + 28 * 24 / LN4, "="),
    "not evaluable is no point": ([(7, 8), (14, None), (28, 8)], 28 + 168, 28 + 168, "="),
}


@pytest.mark.parametrize("case", CASES)
def test_areas_worked_by_hand(case, made, value_of) -> None:
    points, to_28, to_last, qualifier = CASES[case]
    table = endpoints_table(*made({"P": [PRE, *points]}))
    assert value_of(table, "AUC_0_28") == pytest.approx(to_28, rel=1e-5)
    assert value_of(table, "AUC_0_28", "qualifier") == qualifier
    assert value_of(table, "AUC_LAST") == pytest.approx(to_last, rel=1e-5)


@pytest.mark.parametrize(
    ("points", "expected"),
    [
        ([(7, 9), (14, 9), (28, 8)], (9, 7, 8, 28)),  # a tie at Cmax: the first
        ([(7, 8), (14, 9), (28, 9)], (9, 14, 9, 28)),
        ([(7, 8), (14, 6), (28, 3)], (8, 7, 6, 14)),  # Tlast is the last quantified, not the last visit
        ([(7, 3), (14, 6), (28, None)], (6, 14, 6, 14)),
        ([(28, 6)], (6, 28, 6, 28)),
    ],
)
def test_extremes(points, expected, made, value_of) -> None:
    table = endpoints_table(*made({"P": [PRE, *points]}))
    assert tuple(value_of(table, code) for code in ("CMAX", "TMAX", "CLAST", "TLAST")) == expected


def test_all_below_is_a_bound_on_cmax_and_no_time(made, value_of) -> None:
    table = endpoints_table(*made({"P": [PRE, (7, 3), (14, 3, {"lloq_per_ul": 8.0})]}))
    assert (value_of(table, "CMAX"), value_of(table, "CMAX", "qualifier")) == (8.0, "<")
    for code in ("TMAX", "CLAST", "TLAST", "LAMBDA_Z", "HALF_LIFE"):
        assert value_of(table, code, "qualifier") == "NE"
        assert value_of(table, code, "reason")
    assert "counts as 0" in value_of(table, "AUC_0_28", "reason")


@pytest.mark.parametrize("points", [[], [(7, None)], [(7, None), (14, None)]])
def test_nothing_after_infusion(points, made) -> None:
    table = endpoints_table(*made({"P": [PRE, *points]}))
    assert set(table["qualifier"]) == {"NE"}
    assert table["reason"].str.len().gt(0).all()
    assert table["value"].isna().all()


def test_no_visit_before_infusion_starts_at_zero_and_says_so(made, value_of) -> None:
    table = endpoints_table(*made({"P": [(7, 8), (28, 8)]}))
    assert value_of(table, "AUC_0_28") == pytest.approx(28 + 168)
    assert "no result before infusion" in value_of(table, "AUC_0_28", "reason")


def test_background_before_infusion_is_used_and_named(made, value_of) -> None:
    table = endpoints_table(*made({"P": [(-5, 100), (0, 6), (7, 8), (28, 8)]}))
    assert value_of(table, "AUC_0_28") == pytest.approx(7 * 7 + 168)
    assert "background?" in value_of(table, "AUC_0_28", "reason")
    assert value_of(table, "CMAX") == 8.0


def test_window_is_cut_by_the_rule_of_its_segment() -> None:
    parts = [total_area(segments_to((0, 10, 20), (0, 8, 2), end)) for end in (5, 10, 15, 20, 30)]
    to_20 = 40 + 10 * 6 / LN4
    assert parts == pytest.approx([10, 40, 40 + 5 * 4 / LN2, to_20, to_20])


def test_a_quantified_result_counts_even_with_few_cells(made, value_of) -> None:
    """The code decides, not the number: 0 is never taken for below LLOQ, nor a small number."""
    rows = [(0, 0.0), (7, 3.0, {"result": "QUANTIFIED"}), (14, 2.0, {"result": "QUANTIFIED"})]
    table = endpoints_table(*made({"P": rows}))
    assert (value_of(table, "CMAX"), value_of(table, "TLAST")) == (3.0, 14.0)


def test_a_visit_below_a_limit_above_cmax_is_named(made, value_of) -> None:
    blind = {"lloq_per_ul": 500.0, "lod_per_ul": 200.0, "result": "NOT_DETECTED"}
    table = endpoints_table(*made({"P": [(0, 0), (7, 30), (14, 15, blind), (21, 20), (28, 10)]}))
    for code in ("CMAX", "TMAX"):
        assert value_of(table, code, "reason").startswith("day 14 is below a limit that is above Cmax")
    assert value_of(table, "CMAX") == 30
