"""The evidence ladder: data, control, subject, batch, fixed, failed, in this order and from no wrong tube."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from clouds import rule, strategy

from bcelldepl.gating.evidence import Evidence, weakest
from bcelldepl.gating.landmarks import Landmark
from bcelldepl.gating.reconcile import TubeFits, reconcile
from bcelldepl.gating.rules import Fit
from bcelldepl.gating.rules.cut import CutShape

CD19 = rule("cut", "B", marker="CD19")
CD19_FIXED = rule("cut", "B", marker="CD19", fixed=0.5)
CAR = rule("cut", "CAR_T", marker="CAR", method="quantile", control="CAR", fixed=0.6)


def found(position, evidence=Evidence.DATA, negative=0.25):
    shape = CutShape(position, position - 0.02, position + 0.02, Landmark(negative, 0.04, 5_000))
    return Fit(shape, evidence, "", 5_000)


def nothing(negative=0.25):
    """No cut, but the negative is there to move by; None for not even that."""
    shape = None if negative is None else CutShape(np.nan, np.nan, np.nan, Landmark(negative, 0.04, 5_000))
    return Fit(shape, Evidence.FAILED, "no significant valley", 5_000)


def tube(key, fit, subject="S1", batch="b1", scale="logicle to 262144", name="B", **facts):
    usual = {"before_first_infusion": False, "role": "sample", "role_marker": ""}
    return TubeFits(
        key=key,
        subject=subject,
        batch=batch,
        scales=dict.fromkeys(("CD19", "CD3", "CAR"), scale),
        fits={name: fit},
        **{**usual, **facts},
    )


def settle(*tubes, one=CD19):
    return {key: fits[one.name] for key, fits in reconcile(tubes, strategy(one)).items()}


BASELINE = tube("S1_base", found(0.45))
OF_BATCH = tube("S2_base", found(0.40), subject="S2")
ELSEWHERE = tube("S3_base", found(0.35), subject="S3", batch="b2")
DEPLETED = tube("S1_D28", nothing())


def test_a_tube_that_shows_its_gate_keeps_it():
    settled = settle(BASELINE, OF_BATCH, ELSEWHERE)
    assert settled["S1_base"] == BASELINE.fits["B"]
    assert {fit.evidence for fit in settled.values()} == {Evidence.DATA}


@pytest.mark.parametrize(
    ("donors", "evidence", "position"),
    [
        ([BASELINE, OF_BATCH, ELSEWHERE], Evidence.SUBJECT, 0.45),
        ([OF_BATCH, ELSEWHERE], Evidence.BATCH, 0.40),
        ([ELSEWHERE], Evidence.BATCH, 0.35),
    ],
)
def test_a_depleted_tube_climbs_down_the_ladder(donors, evidence, position):
    fit = settle(DEPLETED, *donors)["S1_D28"]
    assert fit.evidence is evidence
    assert fit.shape.position == pytest.approx(position)
    assert "no significant valley" in fit.reason


def test_below_the_last_donor_comes_the_fixed_gate_to_be_looked_at():
    fit = settle(DEPLETED, one=CD19_FIXED)["S1_D28"]
    assert fit.evidence is Evidence.FIXED
    assert fit.shape.position == 0.5
    assert fit.review
    assert "fixed" in fit.reason


def test_without_any_gate_the_tube_has_failed_and_says_why():
    fit = settle(DEPLETED)["S1_D28"]
    assert (fit.evidence, fit.shape) == (Evidence.FAILED, None)
    assert fit.review
    assert "no significant valley" in fit.reason


def test_donors_go_before_the_fixed_gate():
    assert settle(DEPLETED, ELSEWHERE, one=CD19_FIXED)["S1_D28"].evidence is Evidence.BATCH


def test_a_gate_is_not_carried_to_another_scale():
    other = tube("S1_D28", nothing(), scale="logicle to 4194304")
    assert settle(other, BASELINE, OF_BATCH)["S1_D28"].evidence is Evidence.FAILED
    assert settle(other, tube("S9", found(0.3), subject="S9", scale="logicle to 4194304"), BASELINE)[
        "S1_D28"
    ].shape.position == pytest.approx(0.3)


def test_a_marker_that_only_one_tube_has_hinders_no_other_gate():
    # Panels are revised in the middle of a study: a baseline without CD20 still shows where CD19 is cut.
    revised = TubeFits(**{**vars(DEPLETED), "scales": {**DEPLETED.scales, "CD20": "logicle to 262144"}})
    assert settle(revised, BASELINE)["S1_D28"].evidence is Evidence.SUBJECT


def test_a_tube_without_a_landmark_borrows_no_cut_that_travels():
    blind = tube("S1_D28", nothing(None))
    assert settle(blind, BASELINE)["S1_D28"].evidence is Evidence.FAILED
    assert settle(blind, BASELINE, one=CD19_FIXED)["S1_D28"].evidence is Evidence.FIXED


def test_a_subject_whose_stain_drifted_too_far_borrows_from_the_batch():
    drifted = tube("S1_base", found(0.65, negative=0.45))
    fit = settle(DEPLETED, drifted, OF_BATCH)["S1_D28"]
    assert fit.evidence is Evidence.BATCH
    assert fit.shape.position == pytest.approx(0.40)


@pytest.mark.parametrize(
    "facts",
    [{"role": "unstained"}, {"role": "blank"}, {"role": "single"}, {"role": "fmo", "role_marker": "CD19"},
     {"role": "fmo", "role_marker": "cd19"}],
)  # fmt: skip
def test_a_control_that_lacks_the_marker_lends_nothing(facts):
    control = tube("control", found(0.9), **facts)
    assert settle(DEPLETED, control, OF_BATCH)["S1_D28"].evidence is Evidence.BATCH


def test_an_fmo_of_another_marker_lends_its_gate():
    control = tube("fmo", found(0.47), role="fmo", role_marker="CAR")
    assert settle(DEPLETED, control)["S1_D28"].evidence is Evidence.SUBJECT


def test_a_gate_unlike_all_others_is_not_believed_and_not_lent():
    usual = [tube(f"S{i}_base", found(0.45 + 0.002 * i), subject=f"S{i}") for i in range(2, 8)]
    odd, poor = tube("S1_base", found(0.85)), DEPLETED
    settled = settle(odd, poor, *usual)
    assert settled["S1_base"].evidence is Evidence.BATCH
    assert settled["S1_base"].shape.position == pytest.approx(0.455, abs=0.01)
    assert "above the negative" in settled["S1_base"].reason
    assert settled["S1_D28"].evidence is Evidence.BATCH


@pytest.mark.parametrize("order", list(itertools.permutations(range(4)))[::3])
def test_the_order_of_tubes_does_not_matter(order):
    tubes = [DEPLETED, BASELINE, OF_BATCH, ELSEWHERE]
    assert settle(*(tubes[i] for i in order)) == settle(*tubes)


def test_each_population_is_settled_for_the_tubes_that_have_it():
    both = strategy(CD19, rule("cut", "NK", marker="CD56", optional=True))
    with_nk = TubeFits(**{**vars(BASELINE), "key": "with", "fits": {"B": found(0.45), "NK": found(0.5)}})
    settled = reconcile([with_nk, DEPLETED], both)
    assert set(settled["with"]) == {"B", "NK"}
    assert set(settled["S1_D28"]) == {"B"}


def test_no_tube_at_all():
    assert reconcile([], strategy(CD19)) == {}


def test_a_polygon_of_the_strategy_needs_no_look():
    square = rule("polygon", "P", x="CD45", y="SSC-A", vertices=[(0, 0), (1, 0), (1, 1)])
    own = square.fit({"CD45": np.zeros(3, np.float32), "SSC-A": np.zeros(3, np.float32)}, {})
    fit = settle(tube("a", own, name="P"), one=square)["a"]
    assert fit.evidence is Evidence.FIXED
    assert fit.shape == own.shape
    assert not fit.review


def test_a_boolean_gate_stands_on_its_own():
    either = rule("boolean", "E", none_of=("all",))
    own = either.fit({}, {})
    tubes = [tube("a", own, name="E"), tube("b", own, name="E", subject="S2")]
    settled = reconcile(tubes, strategy(either))
    assert [settled[key]["E"].evidence for key in ("a", "b")] == [Evidence.DATA, Evidence.DATA]


# Gates that a control places

SAMPLE = tube("S1_D28", found(0.75, Evidence.CONTROL), name="CAR_T")
FMO = tube("S1_fmo", found(0.5, Evidence.CONTROL), name="CAR_T", role="fmo", role_marker="CAR")
BEFORE = tube("S1_base", found(0.48, Evidence.CONTROL), name="CAR_T", before_first_infusion=True)
FMO_OF_BATCH = tube(
    "S2_fmo", found(0.42, Evidence.CONTROL), "S2", name="CAR_T", role="fmo", role_marker="CAR"
)
FMO_ELSEWHERE = tube(
    "S3_fmo", found(0.38, Evidence.CONTROL), "S3", "b2", name="CAR_T", role="fmo", role_marker="car"
)


@pytest.mark.parametrize(
    ("controls", "position", "words"),
    [
        ([FMO, FMO_OF_BATCH, FMO_ELSEWHERE], 0.5, "this subject's control"),
        ([BEFORE, FMO_OF_BATCH], 0.48, "this subject's control"),
        ([FMO_OF_BATCH, FMO_ELSEWHERE], 0.42, "this batch's control"),
        ([FMO_ELSEWHERE], 0.38, "the study's control"),
    ],
)
def test_the_nearest_control_places_the_gate(controls, position, words):
    fit = settle(SAMPLE, *controls, one=CAR)["S1_D28"]
    assert fit.evidence is Evidence.CONTROL
    assert fit.shape.position == pytest.approx(position)
    assert words in fit.reason


def test_a_positive_tube_is_not_its_own_control():
    other = tube("S1_D14", found(0.7, Evidence.CONTROL), name="CAR_T")
    fit = settle(SAMPLE, other, one=CAR)["S1_D28"]
    assert fit.evidence is Evidence.FIXED
    assert fit.shape.position == 0.6
    assert fit.review


def test_a_control_keeps_its_own_gate():
    settled = settle(SAMPLE, FMO, BEFORE, one=CAR)
    for key, position in (("S1_fmo", 0.5), ("S1_base", 0.48)):
        assert settled[key].evidence is Evidence.CONTROL
        assert settled[key].shape.position == position


def test_a_control_of_another_scale_places_no_gate():
    other = tube("S1_fmo", found(0.5), name="CAR_T", role="fmo", role_marker="CAR", scale="asinh to 1")
    assert settle(SAMPLE, other, one=CAR)["S1_D28"].evidence is Evidence.FIXED


@pytest.mark.parametrize(("marker", "is_control"), [("CAR", True), ("CD19", False)])
def test_an_fmo_is_a_control_of_its_own_marker_only(marker, is_control):
    fmo = tube("x", nothing(), role="fmo", role_marker=marker)
    assert fmo.is_control_of("CAR") is is_control


def test_only_the_car_is_absent_before_the_infusion():
    assert BEFORE.is_control_of("CAR")
    assert not BEFORE.is_control_of("CD19")
    assert not SAMPLE.is_control_of("CAR")


def test_the_weakest_rung():
    order = [
        Evidence.DATA,
        Evidence.CONTROL,
        Evidence.SUBJECT,
        Evidence.BATCH,
        Evidence.FIXED,
        Evidence.FAILED,
    ]
    assert [one.rung for one in order] == sorted(one.rung for one in order) == list(range(6))
    assert weakest() is Evidence.DATA
    assert weakest(Evidence.SUBJECT, Evidence.FAILED, Evidence.DATA) is Evidence.FAILED
    assert weakest(Evidence.CONTROL, Evidence.DATA) is Evidence.CONTROL


def naive_peers(one, tubes, most):
    """Whom a tube is held against, tube by tube."""
    others = [t for t in tubes if t.key != one.key and t.scales["CD19"] == one.scales["CD19"]]
    near = [t for t in others if t.subject == one.subject or t.batch == one.batch][:most]
    far = [t for t in others if t.subject != one.subject and t.batch != one.batch]
    room = most - len(near)
    return [*near, *(far[:: max(-(-len(far) // room), 1)] if room else [])]


@pytest.mark.parametrize("most", [1, 3, 7, 100])
def test_a_tube_is_held_against_its_own_circle(most, monkeypatch):
    rng = np.random.default_rng(most)
    tubes = [
        tube(
            f"t{k:02d}", found(0.3 + k / 1000) if rng.random() < 0.8 else nothing(),
            subject=f"S{rng.integers(4)}", batch=f"b{rng.integers(3)}", scale=f"scale {rng.integers(2)}",
        )
        for k in range(40)
    ]  # fmt: skip
    seen = {}
    monkeypatch.setattr(
        type(CD19), "implausible", lambda _, own, others: seen.update({own.shape.position: others}) or ""
    )
    monkeypatch.setattr("bcelldepl.gating.reconcile.MAX_PEERS", most)
    settle(*tubes)
    shown = [one for one in tubes if one.fits["B"].evidence is Evidence.DATA]
    assert len(seen) == len(shown) > 20
    for one in shown:
        expected = [peer.fits["B"] for peer in naive_peers(one, shown, most)]
        assert seen[one.fits["B"].shape.position] == expected
