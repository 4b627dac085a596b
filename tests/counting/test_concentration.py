"""One tube to concentrations: each method, each code, each reason."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import stats

from bcelldepl.counting import Concentration, TubeFacts, count_tube, not_done, tube_facts
from bcelldepl.counting.intervals import garwood
from bcelldepl.definitions.codes import Method, ResultCode
from bcelldepl.gating.evidence import Evidence
from bcelldepl.gating.populations import Population, Populations
from bcelldepl.study import CountingSettings, LimitSettings, Tube

BY_BEADS = TubeFacts(bead_count=50_000, blood_volume_ul=50)
BY_VOLUME = TubeFacts(acquired_volume_ul=30, volume_reason="$VOL")
AUTO, LIMITS = CountingSettings(), LimitSettings()


def count(populations, facts, method="auto", limits=LIMITS) -> dict[str, Concentration]:
    rows = count_tube(populations, facts, CountingSettings(method=method), limits)
    return {row.population: row for row in rows}


def test_one_row_per_reported_population_in_order(gated) -> None:
    populations = gated()
    members = dict(populations.members)
    members["NK"] = replace(members["NK"], reported=False)
    rows = count_tube(Populations(members), BY_BEADS, AUTO, LIMITS)
    assert [row.population for row in rows] == ["beads", "leukocytes", "lymphocytes", "T", "B"]


@pytest.mark.parametrize(
    ("events", "low", "high"),
    [(0, 0, 0.37), (5, 0.16, 1.17), (20, 1.22, 3.09), (50, 3.71, 6.60), (100, 8.13, 12.18)],
)
def test_beads(gated, events: int, low: float, high: float) -> None:
    row = count(gated(B=events), BY_BEADS)["B"]
    assert row.method is Method.BEADS
    assert row.cells_per_ul == pytest.approx(events / 10)
    assert (round(row.ci_low_per_ul, 2), round(row.ci_high_per_ul, 2)) == (low, high)
    assert row.percent_of_parent == pytest.approx(events / 60)
    assert (row.parent, row.parent_events) == ("lymphocytes", 6_000)


@pytest.mark.parametrize(
    ("beads", "analysed_ul", "lod", "lloq", "zero"),
    [
        (1_000, 1, 20, 50, 3.0),
        (2_500, 2.5, 8, 20, 1.2),
        (5_000, 5, 4, 10, 0.6),
        (10_000, 10, 2, 5, 0.3),
        (20_000, 20, 1, 2.5, 0.15),
        (40_000, 40, 0.5, 1.25, 0.075),
    ],
)
def test_limits_of_a_tube_follow_its_beads(gated, beads, analysed_ul, lod, lloq, zero) -> None:
    row = count(gated(beads=beads, B=0), BY_BEADS)["B"]
    assert row.analysed_volume_ul == pytest.approx(analysed_ul)
    assert row.lod_per_ul == pytest.approx(lod)
    assert row.lloq_per_ul == pytest.approx(lloq)
    one_sided = garwood(0, confidence=0.90).high / row.analysed_volume_ul
    assert one_sided == pytest.approx(zero, rel=0.01)
    assert row.ci_high_per_ul > one_sided  # the interval reported is two-sided, whatever was counted


@pytest.mark.parametrize(
    ("events", "result"),
    [
        (0, "NOT_DETECTED"),
        (19, "NOT_DETECTED"),
        (20, "DETECTED_BELOW_LLOQ"),
        (49, "DETECTED_BELOW_LLOQ"),
        (50, "QUANTIFIED"),
    ],
)
def test_result_codes(gated, events: int, result: str) -> None:
    row = count(gated(B=events), BY_BEADS)["B"]
    assert row.result == result
    assert (row.result is ResultCode.QUANTIFIED) == (row.cells_per_ul >= row.lloq_per_ul)
    assert row.ci_high_per_ul > 0


def test_zero_counted_is_a_number_with_an_upper_limit(gated) -> None:
    row = count(gated(B=0), BY_BEADS)["B"]
    assert (row.cells_per_ul, row.ci_low_per_ul) == (0, 0)
    assert row.ci_high_per_ul == pytest.approx(0.369, abs=5e-4)
    assert row.reason == ""


def test_volume(gated) -> None:
    facts = replace(BY_VOLUME, dilution=10, kept_time_fraction=0.8)
    row = count(gated(beads=None), facts)["B"]
    assert row.method is Method.VOLUMETRIC
    assert row.cells_per_ul == pytest.approx(700 / (30 * 0.8) * 10)
    assert row.analysed_volume_ul == pytest.approx(2.4)
    expected = [end / 2.4 for end in garwood(700)]
    assert [row.ci_low_per_ul, row.ci_high_per_ul] == pytest.approx(expected)
    assert row.lloq_per_ul == pytest.approx(50 / 30 / 0.8 * 10)


def test_haematology_count_of_lymphocytes(gated) -> None:
    rows = count(gated(beads=None), TubeFacts(lymphocytes_per_ul=1500))
    row = rows["B"]
    assert row.method is Method.DUAL
    assert row.cells_per_ul == pytest.approx(1500 * 700 / 6000)
    share = stats.binomtest(700, 6000).proportion_ci(method="exact")
    assert row.ci_low_per_ul == pytest.approx(1500 * share.low)
    assert row.ci_high_per_ul == pytest.approx(1500 * share.high)
    assert row.analysed_volume_ul == pytest.approx(4)
    # All the lymphocytes are as many as the count says, and never more.
    assert rows["lymphocytes"].cells_per_ul == pytest.approx(1500)
    assert rows["lymphocytes"].ci_high_per_ul == pytest.approx(1500)
    # Leukocytes are not among the lymphocytes: a ratio of two counts, not a share.
    assert rows["leukocytes"].cells_per_ul == pytest.approx(5000)
    assert rows["leukocytes"].ci_low_per_ul < 5000 < rows["leukocytes"].ci_high_per_ul


def test_haematology_count_of_leukocytes_goes_first(gated) -> None:
    row = count(gated(), TubeFacts(wbc_per_ul=8000, lymphocytes_per_ul=1500))["B"]
    assert row.cells_per_ul == pytest.approx(8000 * 700 / 20_000)


def test_a_strategy_without_leukocytes_takes_the_lymphocytes(gated) -> None:
    row = count(gated(leukocytes=None), TubeFacts(wbc_per_ul=8000, lymphocytes_per_ul=1500))["B"]
    assert row.cells_per_ul == pytest.approx(1500 * 700 / 6000)


def test_auto_takes_beads_then_volume_then_haematology(gated) -> None:
    facts = replace(BY_BEADS, acquired_volume_ul=30, wbc_per_ul=8000)
    assert count(gated(), facts)["B"].method is Method.BEADS
    assert count(gated(), replace(facts, bead_count=None))["B"].method is Method.VOLUMETRIC
    facts = replace(facts, bead_count=None, acquired_volume_ul=None)
    assert count(gated(), facts)["B"].method is Method.DUAL


@pytest.mark.parametrize(
    ("method", "facts", "events", "words"),
    [
        ("auto", TubeFacts(volume_reason="the file has no $VOL"), {}, "the file has no $VOL"),
        ("beads", BY_VOLUME, {}, "no bead_count"),
        ("auto", TubeFacts(bead_count=50_000, acquired_volume_ul=30), {}, "no blood_volume_ul"),
        (
            "auto",
            replace(BY_BEADS, wbc_per_ul=8000),
            {"beads": 399},
            "399 bead events are fewer than the 400",
        ),
        (
            "auto",
            replace(BY_BEADS, bead_count=49.877),
            {"beads": 5000},
            "5,000 bead events are more than the 49.877",
        ),
        ("auto", replace(BY_BEADS, acquired_volume_ul=30), {"beads": None}, "no population `beads`"),
        ("beads", BY_BEADS, {"failed": ("beads",)}, "the beads were not found"),
        ("volumetric", BY_BEADS, {}, "acquired volume is not known"),
        ("volumetric", replace(BY_VOLUME, kept_time_fraction=0.0), {}, "no acquisition time was kept"),
        ("dual", BY_BEADS, {}, "neither wbc_per_ul nor lymphocytes_per_ul"),
        ("dual", TubeFacts(wbc_per_ul=0), {}, "haematology count of leukocytes is 0"),
        ("dual", TubeFacts(wbc_per_ul=8000), {"leukocytes": 0}, "no leukocytes were acquired"),
        ("dual", TubeFacts(wbc_per_ul=8000), {"leukocytes": None}, "no population `leukocytes`"),
        ("dual", TubeFacts(wbc_per_ul=8000), {"failed": ("leukocytes",)}, "leukocytes of the haematology"),
    ],
)
def test_a_method_that_cannot_be_carried_out_is_never_replaced(gated, method, facts, events, words) -> None:
    row = count(gated(**events), facts, method)["B"]
    assert row.result is ResultCode.NOT_EVALUABLE
    assert words in row.reason
    assert (row.cells_per_ul, row.ci_low_per_ul, row.ci_high_per_ul, row.lod_per_ul) == (None,) * 4
    assert row.events == 700
    assert row.percent_of_parent == pytest.approx(100 * 700 / 6000)


def test_a_failed_gate_is_not_evaluable_and_says_why(gated) -> None:
    populations = gated(failed=("B",), reasons={"B": "no valley and no control"}, B=0)
    rows = count(populations, BY_BEADS)
    assert rows["B"].result is ResultCode.NOT_EVALUABLE
    assert rows["B"].reason == "no valley and no control"
    assert rows["B"].cells_per_ul is None
    assert rows["B"].lod_per_ul == pytest.approx(2)  # the tube could have seen them
    assert rows["T"].result is ResultCode.QUANTIFIED


def test_an_empty_parent_is_not_evaluable(gated) -> None:
    rows = count(gated(T=0, CAR_T=0), BY_BEADS)
    assert rows["T"].result is ResultCode.NOT_DETECTED
    assert rows["CAR_T"].result is ResultCode.NOT_EVALUABLE
    assert "no T events" in rows["CAR_T"].reason
    assert rows["CAR_T"].percent_of_parent is None


def test_a_tube_without_blood_does_not_show_depletion(gated) -> None:
    rows = count(gated(leukocytes=120, lymphocytes=30, T=20, B=0, NK=5), BY_BEADS)
    assert rows["B"].result is ResultCode.NOT_EVALUABLE
    assert "120 leukocytes are fewer than the 200" in rows["B"].reason


def test_leukocytes_that_were_not_found_say_nothing_of_the_blood(gated) -> None:
    rows = count(gated(leukocytes=0, failed=("leukocytes",)), BY_BEADS)
    assert rows["B"].result is ResultCode.QUANTIFIED


def test_beads_have_events_and_no_concentration(gated) -> None:
    row = count(gated(), BY_BEADS)["beads"]
    assert (row.method, row.events, row.cells_per_ul, row.lod_per_ul) == (Method.NONE, 10_000, None, None)
    assert row.result is ResultCode.QUANTIFIED
    assert count(gated(beads=10), BY_BEADS)["beads"].result is ResultCode.NOT_EVALUABLE
    assert "10 bead events" in count(gated(beads=10), BY_BEADS)["beads"].reason
    assert count(gated(beads=0), BY_VOLUME)["beads"].result is ResultCode.NOT_DONE


def test_an_unsure_gate_widens_the_interval_and_is_named(gated) -> None:
    sure = count(gated(B=100), BY_BEADS)["B"]
    unsure = count(gated(B=100, interval={"B": (10, 400)}), BY_BEADS)["B"]
    assert unsure.cells_per_ul == sure.cells_per_ul
    assert unsure.ci_low_per_ul <= 1.0 < sure.ci_low_per_ul
    assert sure.ci_high_per_ul < 40.0 <= unsure.ci_high_per_ul
    assert "10 to 400 events" in unsure.reason
    assert sure.reason == ""


@pytest.mark.parametrize(
    ("events", "high", "said"), [(0, 20, False), (0, 21, True), (19, 21, True), (20, 21, False)]
)
def test_not_detected_by_a_gate_that_may_hold_more_than_the_lod_is_said(gated, events, high, said) -> None:
    found = count(gated(B=events, interval={"B": (0, high)}), BY_BEADS)["B"]
    assert (f"up to {high} events, more than the 20 of the LOD" in found.reason) == said


def test_a_share_stays_a_share_with_an_unsure_gate(gated) -> None:
    populations = gated(interval={"T": (3_000, 6_000)})
    assert count(populations, TubeFacts(lymphocytes_per_ul=1500))["T"].ci_high_per_ul == 1500


def test_reason_and_evidence_of_the_gate_are_carried(gated) -> None:
    row = count(gated(reasons={"B": "cut from the subject's baseline"}), BY_BEADS)["B"]
    assert (row.reason, row.evidence) == ("cut from the subject's baseline", Evidence.DATA)


def test_not_done() -> None:
    rows = not_done(["B", "T"], "the file is cut short")
    assert [(row.population, row.result, row.events) for row in rows] == [
        ("B", ResultCode.NOT_DONE, None),
        ("T", ResultCode.NOT_DONE, None),
    ]


def test_a_loop_of_parents_does_not_hang() -> None:
    loop = {
        name: Population(name, parent, 100, 100, 100, 100, Evidence.DATA, reported=True)
        for name, parent in (("x", "y"), ("y", "x"), ("lymphocytes", "all"))
    }
    rows = count(Populations(loop), TubeFacts(lymphocytes_per_ul=1000))
    assert rows["x"].cells_per_ul == pytest.approx(1000)


def test_facts_of_the_sheet_go_before_those_of_the_file(tmp_path) -> None:
    tube = Tube(file="a.fcs", path=tmp_path, subject="P1", visit="V1", day=0, acquired_volume_ul=25)
    assert tube_facts(tube, 30, "$VOL in nanolitres").acquired_volume_ul == 25
    facts = tube_facts(tube.model_copy(update={"acquired_volume_ul": None}), 30, "$VOL in nanolitres", 0.9)
    assert (facts.acquired_volume_ul, facts.volume_reason) == (30, "$VOL in nanolitres")
    assert facts.kept_time_fraction == 0.9


@given(
    st.integers(0, 6_000),
    st.integers(1_000, 60_000),
    st.floats(1_000, 200_000),
    st.floats(5, 500),
)
def test_beads_by_the_formula_of_the_makers(events, beads, bead_count, blood_ul) -> None:
    members = {
        "beads": Population("beads", "all", beads, 90_000, beads, beads, Evidence.DATA),
        "B": Population("B", "all", events, 90_000, events, events, Evidence.DATA, reported=True),
    }
    assume(beads <= bead_count)
    facts = TubeFacts(bead_count=bead_count, blood_volume_ul=blood_ul)
    (row,) = count_tube(Populations(members), facts, AUTO, LIMITS)
    assert row.cells_per_ul == pytest.approx(events / beads * bead_count / blood_ul)
    assert row.ci_low_per_ul <= row.cells_per_ul <= row.ci_high_per_ul
    assert math.isfinite(row.ci_high_per_ul)


@pytest.mark.parametrize(("left_out_cells", "per_leukocyte"), [(None, 0.4), (100.0, 0.04), (0.0, 0.0)])
def test_cells_in_doublets_widen_an_interval_upwards(gated, left_out_cells, per_leukocyte) -> None:
    """Two cells passed as one are of any kind; of 1,000 events that the gate left out, the model tells the cells."""
    members = dict(gated(B=100).members)
    leukocytes = members["leukocytes"].events
    alone = count(Populations(members), BY_VOLUME)["B"]
    events = round(leukocytes / 5)  # so that two in each are 0.4 of the leukocytes
    members["singlets"] = replace(
        members["leukocytes"], name="singlets", reported=False, events=9_000, parent_events=9_000 + events,
        left_out_cells=left_out_cells and left_out_cells * events / 1_000,
    )  # fmt: skip
    with_doublets = count(Populations(members), BY_VOLUME)["B"]
    assert with_doublets.ci_low_per_ul == alone.ci_low_per_ul
    assert with_doublets.ci_high_per_ul == pytest.approx((1 + per_leukocyte) * alone.ci_high_per_ul)
