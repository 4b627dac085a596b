"""A whole tube: fitted, reconciled, applied; with its truth known."""

from __future__ import annotations

import numpy as np
import pytest
from clouds import cloud, rule, signal, strategy, take, together, truth

from bcelldepl.gating.evidence import Evidence
from bcelldepl.gating.reconcile import TubeFits, reconcile
from bcelldepl.gating.rules import Fit
from bcelldepl.gating.tube import apply_gates, fit_gates

WIDTHS = {"CD45": 0.03, "SSC-A": 0.02, "CD3": 0.04, "CD19": 0.045}
TREE = strategy(
    rule(
        "cut", "leukocytes", "all", marker="CD45", window=(0.3, 0.6), fixed=0.45, against="SSC-A", report=True
    ),
    rule("ellipse", "lymphocytes", "leukocytes", x="CD45", y="SSC-A", near=(0.72, 0.22), probability=0.9995),
    rule("cut", "T", "lymphocytes", marker="CD3", window=(0.35, 0.6), report=True),
    rule("cut", "B", "lymphocytes", marker="CD19", window=(0.35, 0.6), report=True),
    rule("cut", "NK", "lymphocytes", marker="CD56", window=(0.3, 0.6), optional=True),
    rule("boolean", "rest", "lymphocytes", none_of=("T", "B")),
)
DEBRIS, GRANULOCYTES, T, B, NK = range(5)


def blood(seed, n_b=500, n_t=2_500, drift=0.0):
    """Lysed blood: the columns, and the kind of each event."""

    def kind(code, n, cd45, ssc, cd3, cd19):
        place = {"CD45": cd45, "SSC-A": ssc, "CD3": cd3 + drift, "CD19": cd19 + drift}
        return cloud(n, [seed, code], WIDTHS, **place)

    parts = (
        kind(DEBRIS, 2_000, 0.2, 0.1, 0.2, 0.2),
        kind(GRANULOCYTES, 4_000, 0.6, 0.65, 0.22, 0.22),
        kind(T, n_t, 0.73, 0.22, 0.7, 0.24),
        kind(B, n_b, 0.71, 0.22, 0.22, 0.68),
        kind(NK, 600, 0.73, 0.23, 0.23, 0.22),
    )
    return together(*parts), truth(*parts)


def as_tube(key, made, subject="S1"):
    return TubeFits(key, subject, "b1", False, "sample", "", made.scales, fit_gates(made, TREE))


def counted(made, fits=None):
    return apply_gates(made, TREE, fits or fit_gates(made, TREE), keep_membership=True)


@pytest.mark.parametrize("n_b", [100, 500, 3_000])
def test_counts_of_a_tube_agree_with_its_truth(n_b):
    columns, kinds = blood(0, n_b)
    members = counted(signal(columns)).members
    assert members["leukocytes"].events == pytest.approx((kinds != DEBRIS).sum(), rel=0.005)
    assert members["T"].events == pytest.approx((kinds == T).sum(), rel=0.02)
    assert members["B"].events == pytest.approx(n_b, rel=0.03, abs=2)
    assert members["rest"].events == pytest.approx((kinds == NK).sum(), rel=0.05)
    assert {one.evidence for one in members.values()} == {Evidence.DATA}


def test_members_are_within_their_parents_and_agree_with_the_counts():
    columns, _ = blood(1)
    found = counted(signal(columns))
    assert list(found.members) == ["leukocytes", "lymphocytes", "T", "B", "rest"]
    for name, one in found.members.items():
        inside = found.membership[name]
        assert inside.sum() == one.events
        assert one.events_low <= one.events <= one.events_high
        if one.parent != "all":
            assert not (inside & ~found.membership[one.parent]).any()
            assert one.parent_events == found.members[one.parent].events
    assert not (found.membership["T"] & found.membership["B"]).any()
    assert found.members["B"].reported
    assert not found.members["rest"].reported


def test_membership_is_returned_only_where_it_is_asked_for():
    made = signal(blood(1)[0])
    assert apply_gates(made, TREE, fit_gates(made, TREE)).membership == {}


def test_masked_events_are_in_no_population():
    columns, kinds = blood(2)
    keep = np.arange(len(kinds)) % 3 != 0
    found = counted(signal(columns, keep))
    assert not any((inside & ~keep).any() for inside in found.membership.values())
    assert found.members["leukocytes"].parent_events == keep.sum()
    assert found.members["B"].events == pytest.approx((keep & (kinds == B)).sum(), rel=0.03)


def test_permuted_events_are_permuted_members():
    columns, kinds = blood(3)
    order = np.random.default_rng(0).permutation(len(kinds))
    straight, permuted = counted(signal(columns)), counted(signal(take(columns, order)))
    for name, inside in straight.membership.items():
        assert (permuted.membership[name] != inside[order]).mean() < 1e-3


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("marker", ["CD45", "SSC-A", "CD3", "CD19"])
def test_one_event_without_a_number_takes_no_population_away(marker, value):
    columns, kinds = blood(0)
    spoiled = {name: column.copy() for name, column in columns.items()}
    spoiled[marker][np.flatnonzero(kinds == T)[0]] = value
    clean, found = counted(signal(columns)).members, counted(signal(spoiled)).members
    for name, one in found.items():
        assert one.events == pytest.approx(clean[name].events, abs=2), name
        assert one.evidence is Evidence.DATA, name


def test_every_gate_has_a_view_of_its_parents_events():
    columns, _ = blood(4)
    found = counted(signal(columns))
    assert [view.population for view in found.views] == list(found.members)
    for view in found.views:
        one = found.members[view.population]
        assert view.parent == one.parent
        assert view.histogram.sum() == one.parent_events
        assert view.inside.sum() == one.events
        assert (view.inside <= view.histogram).all()


@pytest.mark.parametrize("n_b", [0, 2, 8])
def test_a_depleted_tube_counts_what_is_left_with_the_gate_of_its_subject(n_b):
    baseline = signal(blood(5)[0])
    columns, kinds = blood(6, n_b, drift=0.03)
    depleted = signal(columns)
    settled = reconcile([as_tube("day 0", baseline), as_tube("day 28", depleted)], TREE)["day 28"]
    found = counted(depleted, settled)
    assert settled["B"].evidence is Evidence.SUBJECT
    assert found.members["B"].evidence is Evidence.SUBJECT
    assert found.members["B"].reason.startswith("B: ")
    assert found.membership["B"][kinds == B].sum() >= n_b - 1
    assert found.membership["B"][kinds != B].sum() <= 2


@pytest.mark.parametrize("n_b", [0, 5])
def test_a_depleted_tube_alone_has_failed_and_is_not_all_positive(n_b):
    made = signal(blood(7, n_b)[0])
    settled = reconcile([as_tube("day 28", made)], TREE)["day 28"]
    found = counted(made, settled)
    assert found.members["B"].evidence is Evidence.FAILED
    assert found.members["B"].events == found.members["B"].events_high == 0
    assert found.members["B"].reason
    assert found.members["T"].evidence is Evidence.DATA
    assert found.members["rest"].evidence is Evidence.FAILED  # it is combined from what failed


def test_children_of_a_failed_gate_have_failed_with_its_reason():
    made = signal(blood(8)[0])
    fits = fit_gates(made, TREE)
    fits["lymphocytes"] = Fit(None, Evidence.FAILED, "no lymphocytes", 0)
    found = counted(made, fits)
    assert found.members["T"].events == 0
    assert found.members["T"].evidence is Evidence.FAILED
    assert "no lymphocytes" in found.members["T"].reason
    assert found.members["leukocytes"].evidence is Evidence.DATA


def test_where_a_gate_finds_nothing_its_fixed_gate_lets_children_be_fitted():
    columns, kinds = blood(9)
    made = signal(take(columns, kinds != DEBRIS))  # no debris, no valley
    fits = fit_gates(made, TREE)
    assert fits["leukocytes"].evidence is Evidence.FAILED
    assert fits["T"].evidence is Evidence.DATA


@pytest.mark.parametrize("kept", [0, 1, 15])
def test_a_tube_with_hardly_an_event_is_no_error_and_has_no_population(kept):
    columns, kinds = blood(10)
    keep = np.zeros(len(kinds), dtype=bool)
    keep[kinds == B] = np.arange((kinds == B).sum()) < kept
    made = signal(columns, keep)
    settled = reconcile([as_tube("x", made)], TREE)["x"]
    found = counted(made, settled)
    assert found.members["B"].events == 0
    assert found.members["B"].evidence is Evidence.FAILED


def test_an_optional_population_is_gated_where_the_panel_has_its_marker():
    columns, kinds = blood(11)
    rng = np.random.default_rng(0)
    cd56 = np.where(kinds == NK, 0.7, 0.2) + rng.normal(0, 0.04, len(kinds))
    found = counted(signal({**columns, "CD56": cd56.astype(np.float32)}))
    assert found.members["NK"].events == pytest.approx((kinds == NK).sum(), rel=0.02)
