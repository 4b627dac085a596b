"""Checks of a tube against itself."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest

from bcelldepl.counting import TubeFacts, not_done
from bcelldepl.definitions.codes import ResultCode
from bcelldepl.gating.evidence import Evidence
from bcelldepl.gating.populations import Population
from bcelldepl.quality.tube_checks import check_acquisition, check_date, check_populations, check_results
from bcelldepl.signal.quality_mask import Quality
from bcelldepl.study import CountingSettings, Tube

AUTO = CountingSettings()


def checks(populations, facts=None):
    return {one.check.name: one for one in check_populations(populations, facts or TubeFacts(), AUTO)}


@pytest.mark.parametrize(("b_cells", "passed"), [(499, False), (500, True), (1_100, True), (1_101, False)])
def test_lymphosum(gated, b_cells: int, passed: bool) -> None:
    check = checks(gated(B=b_cells))["lymphosum"]
    assert check.passed is passed
    assert check.value == pytest.approx((4_000 + 1_200 + b_cells) / 60)
    assert check.sentence.startswith("T + B + NK make ")
    assert check.sentence.endswith("% of lymphocytes; expected 95 to 105")


@pytest.mark.parametrize("events", [{"NK": None}, {"failed": ("NK",)}, {"lymphocytes": 99}])
def test_lymphosum_needs_all_its_populations(gated, events) -> None:
    assert "lymphosum" not in checks(gated(**events))


@pytest.mark.parametrize("names", [("CD4_T", "CD8_T"), ("CD4", "CD8")])
def test_t_sum(gated, names: tuple[str, str]) -> None:
    assert checks(gated(**dict(zip(names, (2_400, 1_400), strict=True))))["t_sum"].passed
    assert not checks(gated(**dict(zip(names, (2_400, 900), strict=True))))["t_sum"].passed


def test_beads_are_checked_where_they_count(gated) -> None:
    facts = TubeFacts(bead_count=50_000, blood_volume_ul=50)
    assert checks(gated(), facts)["bead_minimum"].passed
    check = checks(gated(beads=940), facts)["bead_minimum"]
    assert not check.passed
    assert check.sentence == "the tube has 940 bead events; expected 1,000 or more"
    assert "bead_minimum" not in checks(gated())


@pytest.mark.parametrize(("volume_ul", "passed"), [(30, True), (0.03, False), (30_000, False)])
def test_a_volume_in_the_wrong_unit_does_not_fit_its_time(gated, volume_ul: float, passed: bool) -> None:
    facts = TubeFacts(acquired_volume_ul=volume_ul, acquisition_seconds=60)
    assert checks(gated(), facts)["sample_flow"].passed is passed


@pytest.mark.parametrize(
    ("early_beads", "early_cells", "passed"),
    [
        (5_000, 10_000, True),
        (5_400, 10_000, True),  # 1.17 times
        (5_600, 10_000, False),
        (4_400, 10_000, False),
        (9_000, 18_000, True),  # both came early: the flow changed, not the beads
        (10_000, 10_000, False),  # no bead in the second half
    ],
)
def test_beads_per_cell_must_not_change_from_half_to_half(
    gated, early_beads: int, early_cells: int, passed: bool
) -> None:
    facts = TubeFacts(bead_count=50_000, blood_volume_ul=50)
    populations = gated()
    for name, early in (("beads", early_beads), ("leukocytes", early_cells)):
        populations.members[name] = replace(populations.members[name], early=early)
    assert checks(populations, facts)["steady_beads"].passed is passed


def test_a_change_that_few_beads_make_by_chance_passes(gated) -> None:
    facts = TubeFacts(bead_count=50_000, blood_volume_ul=50)
    populations = gated(beads=400)
    for name, early in (("beads", 230), ("leukocytes", 10_000)):
        populations.members[name] = replace(populations.members[name], early=early)
    check = checks(populations, facts)["steady_beads"]
    assert check.value == pytest.approx(230 / 170)
    assert check.passed
    assert "steady_beads" not in checks(gated(), facts)  # where a file is streamed, halves are not known


@pytest.mark.parametrize(
    ("percent", "asks"), [(94.0, False), (76.0, False), (74.0, True), (106.0, False), (111.0, True)]
)
def test_a_small_gap_of_the_lymphosum_is_a_note(gated, percent: float, asks: bool) -> None:
    check = checks(gated(B=int(60 * percent) - 5_200))["lymphosum"]
    assert not check.passed
    assert check.needs_review is asks


@pytest.mark.parametrize(
    ("off_scale", "kept_time", "failed"),
    [(0.05, 0.7, set()), (0.0501, 0.7, {"margin"}), (0.0, 0.699, {"kept_time"})],
)
def test_how_much_the_mask_may_leave_out(off_scale: float, kept_time: float, failed: set[str]) -> None:
    quality = Quality(np.ones(3, dtype=np.bool_), kept_time, {}, off_scale_fraction=off_scale)
    outcomes = check_acquisition(quality)
    assert {one.check.name for one in outcomes if one.needs_review} == failed
    assert "only 70 % of the acquisition time is undisturbed" in {one.sentence for one in outcomes}


@pytest.mark.parametrize(
    ("measured", "passed"),
    [("2025-01-14", True), ("2025-01-13", False), ("2025-02-01", True), (None, None)],
)
def test_no_tube_is_measured_before_the_blood_is_drawn(measured: str | None, passed: bool | None) -> None:
    drawn = datetime(2025, 1, 15, 9, 30)
    tube = Tube(file="a.fcs", path=Path("a.fcs"), subject="1", visit="V", day=1.0, collected=drawn)
    outcomes = check_date(tube, measured)
    assert [one.passed for one in outcomes] == ([] if passed is None else [passed])
    if passed is False:
        assert outcomes[0].sentence.startswith(
            "measured on 2025-01-13 by $DATE, but the blood was drawn on 2025-01-15"
        )


@pytest.mark.parametrize(
    ("result", "fitting", "asks"),
    [
        ("DETECTED_BELOW_LLOQ", None, True),  # no model was asked
        ("DETECTED_BELOW_LLOQ", 10.1, True),
        ("DETECTED_BELOW_LLOQ", 10.0, False),  # the gate holds other cells
        ("NOT_DETECTED", 19.0, False),
        ("NOT_EVALUABLE", 500.0, False),
    ],
)
def test_b_cells_without_cd19(result: str, fitting: float | None, asks: bool) -> None:
    (row,) = not_done(["B_without_CD19"], "")
    row = replace(row, events=30, result=ResultCode(result))
    member = Population("B_without_CD19", "all", 30, 99, 30, 30, Evidence.BATCH, fitting=fitting)
    outcomes = check_results([row], {"B_without_CD19": member})
    assert [one.check.name for one in outcomes if one.needs_review] == ["cd19_negative_b_cells"] * asks
    if fitting is None:
        assert any(one.needs_review for one in check_results([row]))


@pytest.mark.parametrize(
    ("result", "high", "asks"),
    [("NOT_DETECTED", 900.0, True), ("NOT_DETECTED", 20.0, False), ("QUANTIFIED", 900.0, False)],
)
def test_none_counted_where_the_gate_rules_nothing_out(result: str, high: float, asks: bool) -> None:
    (row,) = not_done(["CAR_T"], "")
    row = replace(row, events=0, result=ResultCode(result), ci_high_per_ul=high, lloq_per_ul=5.0)
    assert any(one.needs_review for one in check_results([row])) is asks
