"""Each rule finds what is known to be there, and nothing where nothing is."""

from __future__ import annotations

import numpy as np
import pytest
from clouds import cloud, positive_model, rule, take, together, truth
from matplotlib.path import Path
from pydantic import ValidationError

from bcelldepl.gating.evidence import Evidence
from bcelldepl.gating.landmarks import Landmark
from bcelldepl.gating.rules import Fit
from bcelldepl.gating.rules.kinds import KindsRule, KindsShape
from bcelldepl.gating.rules.marker_cut import CutShape
from bcelldepl.gating.strategy import Strategy


def negative(n=5_000, seed=0, at=0.25, spread=0.04):
    return cloud(n, seed, {"CD19": spread, "SSC-A": 0.05}, CD19=at, **{"SSC-A": 0.2})


def positive(n=500, seed=1, at=0.65):
    return cloud(n, seed, 0.05, CD19=at, **{"SSC-A": 0.2})


VALLEY = rule("cut", marker="CD19", method="valley", window=(0.3, 0.6))
TAIL = rule("cut", marker="CD19", method="tail", tail_spreads=5.0)
QUANTILE = rule("cut", marker="CD19", method="quantile", false_positive_rate=1e-3)


def gate(one, columns, references=None):
    """Fit a rule and apply it to the same events."""
    fit = one.fit(columns, references or {})
    return fit, one.apply(fit.shape, columns)


# One-marker cuts


@pytest.mark.parametrize("n_positive", [100, 1_000, 5_000])
def test_a_valley_cut_counts_the_positives(n_positive):
    parts = negative(), positive(n_positive)
    fit, applied = gate(VALLEY, together(*parts))
    assert fit.evidence is Evidence.DATA
    assert fit.parent_events == 5_000 + n_positive
    assert applied.inside.sum() == pytest.approx(n_positive, rel=0.02, abs=1)
    assert (applied.inside == (truth(*parts) == 1)).mean() > 0.998
    assert min(applied.at_ends) <= applied.inside.sum() <= max(applied.at_ends)
    assert fit.shape.low <= fit.shape.position <= fit.shape.high
    assert fit.shape.negative.centre == pytest.approx(0.25, abs=0.01)


def test_below_and_above_share_out_the_events():
    columns = together(negative(), positive())
    below = rule("cut", marker="CD19", side="below", window=(0.3, 0.6))
    shape = VALLEY.fit(columns, {}).shape
    up, down = VALLEY.apply(shape, columns), below.apply(shape, columns)
    np.testing.assert_array_equal(up.inside, ~down.inside)
    for applied in (up, down):
        assert min(applied.at_ends) <= applied.inside.sum() <= max(applied.at_ends)


@pytest.mark.parametrize(("prefer", "place"), [("lowest", 0.3), ("highest", 0.65), ("deepest", 0.65)])
def test_which_of_several_valleys_is_taken(prefer, place):
    columns = together(
        cloud(4_000, 0, 0.05, CD19=0.2), cloud(4_000, 1, 0.05, CD19=0.4), cloud(4_000, 2, 0.03, CD19=0.85)
    )
    fit = rule("cut", marker="CD19", prefer=prefer).fit(columns, {})
    assert fit.shape.position == pytest.approx(place, abs=0.06)


@pytest.mark.parametrize("side", ["above", "below"])
@pytest.mark.parametrize("n", [0, 5, 100, 50_000])
def test_without_a_valley_there_is_no_cut_and_no_event_is_positive(side, n):
    one = rule("cut", marker="CD19", side=side, window=(0.3, 0.6))
    columns = negative(n)
    fit = one.fit(columns, {})
    assert fit.evidence is Evidence.FAILED
    assert fit.reason
    if fit.shape is not None:
        assert one.apply(fit.shape, columns).inside.sum() == 0
        assert max(one.apply(fit.shape, columns).at_ends) == 0


def test_a_valley_outside_the_window_is_not_taken():
    fit = rule("cut", marker="CD19", window=(0.6, 0.9)).fit(together(negative(), positive(5_000)), {})
    assert fit.evidence is Evidence.FAILED


@pytest.mark.parametrize("n", [1_000, 50_000])
def test_a_tail_cut_stands_so_many_spreads_above_the_negative(n):
    fit, applied = gate(TAIL, negative(n))
    assert fit.shape.position == pytest.approx(0.25 + 5 * 0.04, abs=0.04)
    assert applied.inside.mean() < 1e-3
    _, beside = gate(TAIL, together(negative(n), positive(300)))
    assert beside.inside.sum() == pytest.approx(300, rel=0.02, abs=2 + 1e-3 * n)


@pytest.mark.parametrize("rate", [1e-2, 1e-3, 1e-4])
def test_a_quantile_cut_leaves_the_false_positive_rate(rate):
    one = rule("cut", marker="CD19", method="quantile", false_positive_rate=rate)
    rates = [
        one.apply(one.fit(negative(20_000, seed), {}).shape, negative(100_000, [seed, 9])).inside.mean()
        for seed in range(10)
    ]
    assert np.median(rates) < 1.5 * rate
    assert np.median(rates) > 0.2 * rate


def test_a_quantile_cut_of_a_skewed_control_is_not_fooled_by_its_normal_core():
    rng = np.random.default_rng(0)
    control = {
        "CD19": np.concatenate([rng.normal(0.25, 0.03, 20_000), rng.uniform(0.25, 0.6, 400)]).astype("f4")
    }
    applied = gate(QUANTILE, control)[1]
    assert applied.inside.mean() <= 1.2e-3


@pytest.mark.parametrize("one", [TAIL, QUANTILE], ids=["tail", "quantile"])
@pytest.mark.parametrize("n", [0, 1, 8])
def test_a_few_events_place_no_cut(one, n):
    fit = one.fit(negative(n), {})
    assert fit.evidence is Evidence.FAILED
    assert "too few" in fit.reason


def test_an_internal_negative_goes_before_the_lowest_peak():
    one = rule("cut", marker="CD19", method="tail", reference="T", tail_spreads=4.0)
    shifted = negative(2_000, 3, at=0.4)
    fit = one.fit(together(negative(), positive()), {"T": shifted})
    assert one.uses == ("T",)
    assert fit.shape.position == pytest.approx(0.4 + 4 * 0.04, abs=0.03)


def cut_fit(position, centre=0.25, spread=0.04, evidence=Evidence.DATA):
    return Fit(
        CutShape(position, position - 0.02, position + 0.02, Landmark(centre, spread, 5_000)),
        evidence,
        "",
        5_000,
    )


NO_CUT = Fit(CutShape(np.nan, np.nan, np.nan, Landmark(0.30, 0.04, 5_000)), Evidence.FAILED, "none", 5_000)


def test_a_carried_cut_moves_with_the_negative():
    carried = VALLEY.carry(NO_CUT, [cut_fit(0.45), cut_fit(0.46), cut_fit(0.44)])
    assert carried.shape.position == pytest.approx(0.50, abs=1e-6)
    assert carried.shape.low < 0.49 < 0.51 < carried.shape.high
    assert carried.parent_events == 5_000


def test_scatter_cuts_do_not_move_with_the_negative():
    still = rule("cut", marker="CD19", window=(0.3, 0.6), travels=False)
    assert still.carry(NO_CUT, [cut_fit(0.45)]).shape.position == pytest.approx(0.45)


def test_a_cut_is_not_carried_too_far_nor_out_of_its_window():
    far = Fit(CutShape(np.nan, np.nan, np.nan, Landmark(0.50, 0.04, 5_000)), Evidence.FAILED, "none", 5_000)
    assert VALLEY.carry(far, [cut_fit(0.45)]) is None
    near_the_end = VALLEY.carry(NO_CUT, [cut_fit(0.59)])
    assert near_the_end.shape.position <= 0.6


@pytest.mark.parametrize("own", [NO_CUT, Fit(None, Evidence.FAILED, "none", 3)], ids=["landmark", "nothing"])
def test_donors_without_a_cut_lend_none(own):
    useless = Fit(CutShape(np.nan, np.nan, np.nan, Landmark(0.25, 0.04, 9)), Evidence.FAILED, "", 9)
    assert VALLEY.carry(own, [useless]) is None


def test_a_cut_is_not_carried_to_a_tube_without_a_landmark():
    assert VALLEY.carry(Fit(None, Evidence.FAILED, "none", 3), [cut_fit(0.45)]) is None


def test_a_carried_cut_finds_the_few_positives_of_a_depleted_tube():
    donors = [VALLEY.fit(together(negative(5_000, s), positive(800, [s, 1])), {}) for s in range(4)]
    parts = negative(5_000, 77, at=0.28), positive(6, 78, at=0.68)
    columns = together(*parts)
    own = VALLEY.fit(columns, {})
    assert own.evidence is Evidence.FAILED
    applied = VALLEY.apply(VALLEY.carry(own, donors).shape, columns)
    assert applied.inside[truth(*parts) == 1].all()
    assert applied.inside[truth(*parts) == 0].mean() < 1e-3


def test_the_fixed_cut_is_that_of_the_strategy():
    fixed = rule("cut", marker="CD19", fixed=0.5)
    assert fixed.fallback(NO_CUT).shape.position == 0.5
    assert VALLEY.fallback(NO_CUT) is None


def test_a_drawn_cut_is_the_same_in_every_tube():
    drawn = rule("cut", marker="CD19", method="fixed", fixed=0.5)
    fit, applied = gate(drawn, together(negative(), positive()))
    assert fit.evidence is Evidence.FIXED
    assert fit.shape == drawn.drawn == CutShape(0.5, 0.5, 0.5)
    assert applied.at_ends == (applied.inside.sum(),) * 2
    with pytest.raises(ValidationError, match="fixed = POSITION"):
        rule("cut", marker="CD19", method="fixed")


def test_a_cut_that_lies_elsewhere_than_in_all_other_tubes_is_implausible():
    others = [cut_fit(0.45 + 0.005 * i) for i in range(5)]
    assert VALLEY.implausible(cut_fit(0.46), others) == ""
    assert "CD19" in VALLEY.implausible(cut_fit(0.70), others)
    assert VALLEY.implausible(cut_fit(0.70), others[:3]) == ""  # three tubes are no custom


POOLED = rule("cut", marker="CD19", window=(0.2, 0.6), pool=True)


def test_a_pooled_cut_stands_at_the_usual_stand_off_of_all_tubes():
    stand_offs = [0.19, 0.20, 0.20, 0.22, 0.23]
    own, *peers = [cut_fit(0.25 + 0.01 * i + off, 0.25 + 0.01 * i) for i, off in enumerate(stand_offs)]
    pairs = [0.5 * (a + b) for i, a in enumerate(stand_offs) for b in stand_offs[i:]]  # Hodges-Lehmann
    assert POOLED.pooled(own, peers).shape.position == pytest.approx(0.25 + np.median(pairs), abs=1e-9)
    assert POOLED.pooled(own, peers[:2]) == own  # three tubes are no custom
    elsewhere = cut_fit(0.60)
    assert POOLED.pooled(elsewhere, peers) == elsewhere


def test_a_pooled_cut_stays_where_it_was_when_the_positives_are_gone():
    peers = [cut_fit(0.44 + 0.005 * i) for i in range(6)]
    own = cut_fit(0.455, spread=0.02)
    gone = Fit(CutShape(np.nan, np.nan, np.nan, own.shape.negative), Evidence.FAILED, "none", 5_000)
    before, after = POOLED.pooled(own, peers), POOLED.carry(gone, peers[:1], peers)
    assert after.shape.position == pytest.approx(before.shape.position, abs=0.003)
    assert after.shape.low < before.shape.position < after.shape.high
    alone = VALLEY.carry(
        gone, peers[:1], peers
    )  # a cut that is not pooled is the subject's, and is stretched
    assert abs(alone.shape.position - before.shape.position) > 0.02


def test_a_pooled_cut_of_scatter_is_one_place_for_all():
    still = rule("cut", marker="CD19", window=(0.3, 0.6), travels=False, pool=True)
    peers = [cut_fit(0.44, centre) for centre in (0.1, 0.2, 0.3, 0.4)]
    assert still.pooled(cut_fit(0.45, 0.33), peers).shape.position == pytest.approx(0.44)
    assert still.carry(NO_CUT, peers[:1], peers).shape.position == pytest.approx(0.44)


def test_a_valley_may_be_looked_for_in_a_wider_population():
    rng = np.random.default_rng(4)
    bridge = {"CD19": rng.uniform(0.3, 0.7, 40).astype("f4"), "SSC-A": rng.normal(0.2, 0.05, 40).astype("f4")}
    monocytes = cloud(2_000, 3, 0.04, CD19=0.42, **{"SSC-A": 0.7})
    cells = together(negative(), positive(at=0.75), bridge)
    one = rule("cut", name="B", marker="CD19", window=(0.3, 0.7), valley_in="leukocytes")
    assert one.uses == ("leukocytes",)
    wide = one.fit(cells, {"leukocytes": together(cells, monocytes)}).shape
    alone = rule("cut", marker="CD19", window=(0.3, 0.7)).fit(cells, {}).shape
    assert alone.position < 0.5 < wide.position
    assert wide.negative.centre == pytest.approx(alone.negative.centre, abs=0.005)


# Positives by controls


def car_tube(n, part, seed, shift=0.0, at=6.0):
    """Events of which a part is positive, the negative moved; and which are."""
    rng = np.random.default_rng(seed)
    is_positive = rng.random(n) < part
    natural = np.where(is_positive, rng.normal(at, 0.5, n), rng.normal(2.0 + shift, 0.5, n))
    return {"CAR": (natural / 10.0).astype(np.float32)}, is_positive


CAR = rule("positives", marker="CAR")
BY_CONTROLS = Fit(positive_model("CAR"), Evidence.BATCH, "", 0)


@pytest.mark.parametrize("part", [0.0, 0.0005, 0.02, 0.5, 0.97])
@pytest.mark.parametrize("shift", [-0.3, 0.0, 0.3])
def test_positives_are_counted_whatever_their_part_and_the_shift_of_the_negative(part, shift):
    columns, is_positive = car_tube(20_000, part, 2, shift)
    settled = CAR.settle(BY_CONTROLS, columns)
    applied = CAR.apply(settled.shape, columns)
    assert applied.inside.sum() == pytest.approx(is_positive.sum(), rel=0.02, abs=3)
    assert min(applied.at_ends) <= applied.inside.sum() <= max(applied.at_ends)
    assert isinstance(settled.shape, CutShape)


@pytest.mark.parametrize("seed", range(5))
def test_dim_positives_are_counted_without_bias_within_their_interval(seed):
    """Two standard deviations above the negative: a cut between both would lose one in six."""
    dim = Fit(positive_model("CAR", positives=4.0), Evidence.BATCH, "", 0)
    columns, is_positive = car_tube(5_000, 0.1, seed, at=4.0)
    applied = CAR.apply(CAR.settle(dim, columns).shape, columns)
    assert applied.inside.sum() == pytest.approx(is_positive.sum(), rel=0.12)
    assert min(applied.at_ends) <= is_positive.sum() <= max(applied.at_ends)


def test_without_a_control_no_cell_is_positive():
    fit = CAR.fit(car_tube(1_000, 0.5, 0)[0], {})
    assert fit.evidence is Evidence.FAILED
    assert "no control tube shows the CAR-negative cells" in fit.reason
    assert CAR.settle(fit, {}) == fit


# Ellipse


CLUSTER = rule("ellipse", x="CD45", y="SSC-A", near=(0.7, 0.25), reach=(0.15, 0.15), probability=0.99)


def lymphocytes(n=3_000, seed=0, x=0.72, y=0.22):
    return cloud(n, seed, {"CD45": 0.03, "SSC-A": 0.02}, CD45=x, **{"SSC-A": y})


def granulocytes(n=8_000, seed=1):
    return cloud(n, seed, 0.05, CD45=0.5, **{"SSC-A": 0.7})


def test_an_ellipse_holds_its_part_of_a_normal_cluster():
    parts = lymphocytes(20_000), granulocytes()
    fit, applied = gate(CLUSTER, together(*parts))
    held = applied.inside[truth(*parts) == 0].mean()
    assert fit.evidence is Evidence.DATA
    assert held == pytest.approx(0.99, abs=0.01)
    assert applied.inside[truth(*parts) == 1].mean() < 1e-3
    assert min(applied.at_ends) <= applied.inside.sum() <= max(applied.at_ends)
    assert fit.shape.centre == pytest.approx((0.72, 0.22), abs=0.005)


@pytest.mark.parametrize("n", [0, 20, 45])
def test_too_few_events_in_the_window_are_no_cluster(n):
    fit = CLUSTER.fit(together(lymphocytes(n), granulocytes()), {})
    assert fit.evidence is Evidence.FAILED
    assert fit.shape is None
    assert "near CD45" in fit.reason


@pytest.mark.parametrize(("at", "asks"), [(0.7, False), (0.8, False), (0.84, False), (0.9, True)])
def test_a_cluster_at_the_edge_of_its_window_is_found_whole(at, asks):
    """Cut off by the window, its ellipse would be too small, and most of it lost without a word."""
    cluster = cloud(3_000, 3, {"CD45": 0.025, "SSC-A": 0.03}, CD45=at, **{"SSC-A": 0.25})
    fit, applied = gate(CLUSTER, cluster)
    assert fit.shape.centre == pytest.approx((at, 0.25), abs=0.005)
    assert applied.inside.mean() == pytest.approx(0.99, abs=0.01)
    assert fit.review is asks
    assert bool(fit.reason) is asks


def test_a_carried_ellipse_is_the_median_of_the_donors():
    donors = [CLUSTER.fit(together(lymphocytes(2_000, s), granulocytes()), {}) for s in range(5)]
    odd = CLUSTER.fit(together(lymphocytes(2_000, 9, x=0.62), granulocytes()), {})
    carried = CLUSTER.carry(Fit(None, Evidence.FAILED, "", 100), [*donors, odd])
    assert carried.shape.centre == pytest.approx((0.72, 0.22), abs=0.01)
    assert CLUSTER.apply(carried.shape, granulocytes()).inside.mean() < 1e-3
    assert CLUSTER.apply(carried.shape, lymphocytes(1_000, 33)).inside.mean() > 0.95


def test_a_pooled_ellipse_does_not_move_when_one_kind_of_cell_is_gone():
    shared = rule("ellipse", x="CD45", y="SSC-A", near=(0.7, 0.25), reach=(0.15, 0.15), pool=True)
    kinds = [together(lymphocytes(2_000, s), lymphocytes(900, s + 50, y=0.26)) for s in range(6)]
    own, *peers = [shared.fit(one, {}) for one in kinds]
    without = shared.fit(lymphocytes(2_000, 0), {})
    before, after = shared.pooled(own, peers).shape, shared.pooled(without, peers).shape
    assert abs(own.shape.centre[1] - without.shape.centre[1]) > 0.01
    np.testing.assert_allclose(before.centre, after.centre, atol=0.001)
    np.testing.assert_allclose(before.covariance, after.covariance, atol=5e-5)
    elsewhere = shared.fit(lymphocytes(2_000, 7, x=0.64), {})
    assert shared.pooled(elsewhere, peers) == elsewhere
    assert shared.pooled(own, peers[:2]) == own
    assert shared.carry(without, peers[:1], peers).shape == shared.carry(without, peers, peers).shape


def test_the_outline_of_an_ellipse_holds_what_the_gate_holds():
    columns = together(lymphocytes(), granulocytes(500))
    fit, applied = gate(CLUSTER, columns)
    (edge,) = CLUSTER.outline(fit.shape, columns).outlines
    by_outline = Path(edge).contains_points(np.column_stack([columns["CD45"], columns["SSC-A"]]))
    assert (by_outline == applied.inside).mean() > 0.998


# Polygon


SQUARE = ((0.6, 0.1), (0.85, 0.1), (0.85, 0.35), (0.6, 0.35))
POLYGON = rule("polygon", x="CD45", y="SSC-A", vertices=SQUARE)


def test_a_polygon_stays_where_the_strategy_drew_it():
    columns = together(lymphocytes(), granulocytes())
    fit, applied = gate(POLYGON, columns)
    x, y = columns["CD45"], columns["SSC-A"]
    np.testing.assert_array_equal(applied.inside, (x > 0.6) & (x < 0.85) & (y > 0.1) & (y < 0.35))
    assert fit.evidence is Evidence.FIXED
    assert POLYGON.carry(fit, [fit]) == fit


@pytest.mark.parametrize("shape", ["fitted", None])
def test_a_polygon_is_drawn_even_where_it_failed(shape):
    columns = lymphocytes(10)
    fit = POLYGON.fit(columns, {})
    outline = POLYGON.outline(fit.shape if shape else None, columns)
    np.testing.assert_array_equal(outline.outlines[0], SQUARE)


def test_a_polygon_needs_three_corners():
    with pytest.raises(ValidationError, match="vertices"):
        rule("polygon", x="CD45", y="SSC-A", vertices=SQUARE[:2])


# Singlets


SINGLETS = rule("singlets")


def scatter(n, seed, doublets=0.0):
    """Cells whose height is proportional to their area, on a scale that is logarithmic; and which are doublets."""
    rng = np.random.default_rng(seed)
    area = rng.normal(0.6, 0.08, n)
    double = rng.random(n) < doublets
    height = area - 0.02 + rng.normal(0, 0.01, n) - np.where(double, 0.12, 0.0)
    return {"FSC-A": area.astype(np.float32), "FSC-H": height.astype(np.float32)}, double


@pytest.mark.parametrize("part", [0.0, 0.05, 0.2])
def test_singlets_are_kept_and_doublets_are_not(part):
    columns, double = scatter(20_000, 0, part)
    fit, applied = gate(SINGLETS, columns)
    assert fit.evidence is Evidence.DATA
    assert applied.inside[~double].mean() > 0.99
    assert applied.inside[double].sum() <= 0.02 * double.sum()


def test_too_few_events_show_no_ridge():
    fit = SINGLETS.fit(scatter(100, 0)[0], {})
    assert (fit.evidence, fit.shape) == (Evidence.FAILED, None)


def test_a_carried_band_of_singlets_serves_a_small_tube():
    donors = [SINGLETS.fit(scatter(5_000, seed, 0.1)[0], {}) for seed in range(3)]
    columns, double = scatter(100, 50, 0.3)
    carried = SINGLETS.carry(SINGLETS.fit(columns, {}), donors)
    np.testing.assert_array_equal(SINGLETS.apply(carried.shape, columns).inside, ~double)


def test_tubes_share_a_pooled_ridge_unless_theirs_is_clearly_elsewhere():
    shared = rule("singlets", pool=True)
    fits = [shared.fit(scatter(5_000, seed, 0.02 * seed)[0], {}) for seed in range(6)]
    ridges = [shared.pooled(one, [f for f in fits if f is not one]).shape.ridge for one in fits]
    np.testing.assert_allclose(ridges, [ridges[0]] * 6, atol=0.002)
    columns = scatter(5_000, 9)[0]
    elsewhere = shared.fit({**columns, "FSC-H": columns["FSC-H"] - np.float32(0.08)}, {})
    assert shared.pooled(elsewhere, fits) == elsewhere
    assert shared.pooled(fits[0], fits[1:3]) == fits[0]
    nothing = shared.fit(scatter(50, 0)[0], {})
    assert shared.carry(nothing, fits[:1], fits).shape == shared.carry(nothing, fits, fits).shape


FLARED = rule("singlets", spreads_below=5.0, flare=30.0)


def test_a_flared_band_keeps_what_lies_low_at_a_small_area():
    columns, _ = scatter(5_000, 0)
    fit = FLARED.fit(columns, {})
    area = np.array([0.4, 0.4, 0.9, 0.9, 0.9], dtype=np.float32)
    spreads = np.array([-19.0, -21.0, -4.5, -5.5, 5.5])
    height = area + fit.shape.at_zero + fit.shape.slope * area + spreads * fit.shape.spread
    columns = {"FSC-A": area, "FSC-H": height.astype(np.float32)}
    assert FLARED.apply(fit.shape, columns).inside.tolist() == [True, False, True, False, True]


@pytest.mark.parametrize("one", [SINGLETS, FLARED], ids=["straight", "flared"])
def test_the_outline_of_the_singlets_holds_what_the_gate_holds(one):
    columns, _ = scatter(3_000, 0, 0.2)
    fit, applied = gate(one, columns)
    (edge,) = one.outline(fit.shape, columns).outlines
    by_outline = Path(edge).contains_points(np.column_stack([columns["FSC-A"], columns["FSC-H"]]))
    assert (by_outline == applied.inside).mean() > 0.998


# Boolean


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"all_of": ("A", "B")}, [0, 0, 0, 1]),
        ({"any_of": ("A", "B")}, [0, 1, 1, 1]),
        ({"none_of": ("A", "B")}, [1, 0, 0, 0]),
        ({"all_of": ("A",), "none_of": ("B",)}, [0, 0, 1, 0]),
        ({"any_of": ("A",), "none_of": ("B",)}, [0, 0, 1, 0]),
    ],
)
def test_boolean_rules_combine_memberships(settings, expected):
    one = rule("boolean", **settings)
    columns = {
        "FSC-A": np.zeros(4, dtype=np.float32),
        "A": np.array([0, 0, 1, 1], dtype=np.float32),
        "B": np.array([0, 1, 0, 1], dtype=np.float32),
    }
    applied = gate(one, columns)[1]
    assert applied.inside.tolist() == [bool(one) for one in expected]
    assert applied.at_ends == (sum(expected),) * 2


def test_a_boolean_rule_of_nothing_is_refused():
    # It would hold every event of its parent.
    with pytest.raises(ValidationError):
        rule("boolean")


@pytest.mark.parametrize(("given", "left"), [(("A", "B"), ("A",)), (("B",), ())])
def test_a_tolerant_combination_leaves_out_what_the_panel_does_not_allow(given, left):
    one = rule("boolean", any_of=given, none_of=("C",), tolerate_absent=True)
    assert one.without({"B"}).any_of == left
    assert one.without({"B"}).none_of == ("C",)
    strict = rule("boolean", any_of=given)
    assert strict.without({"B"}) == strict


# Kinds of cells


KINDS = rule("kinds", kinds=("B",), needs=[["CD19"]])
INNER = ((0.62, 0.12), (0.83, 0.12), (0.83, 0.33), (0.62, 0.33))
OUTER = ((0.55, 0.05), (0.9, 0.05), (0.9, 0.4), (0.55, 0.4))
PLACED = KindsShape("CD45", "SSC-A", SQUARE, INNER, OUTER)


def test_a_gate_of_the_model_holds_its_polygon_and_counts_at_both_ends():
    columns = together(lymphocytes(400), granulocytes(300))
    x, y = columns["CD45"], columns["SSC-A"]

    def held(corners):
        (left, bottom), _, (right, top), _ = corners
        return (x > left) & (x < right) & (y > bottom) & (y < top)

    applied = KINDS.apply(PLACED, columns)
    np.testing.assert_array_equal(applied.inside, held(SQUARE))
    assert applied.at_ends == (held(INNER).sum(), held(OUTER).sum())
    assert KINDS.axes(PLACED) == ("CD45", "SSC-A")


@pytest.mark.parametrize(("events", "evidence"), [(29, Evidence.SUBJECT), (30, Evidence.DATA)])
def test_a_tube_that_shows_the_cells_is_evidence_of_its_own(events, evidence):
    assert KINDS.standing(Fit(PLACED, Evidence.SUBJECT, "", 0), events).evidence is evidence


def test_a_kind_that_was_not_found_stays_not_found():
    failed = Fit(None, Evidence.FAILED, "none", 0)
    assert KINDS.standing(failed, 100) == failed


def test_a_gate_without_corners_holds_nothing():
    columns = lymphocytes(100)
    applied = KINDS.apply(KindsShape("CD45", "SSC-A", (), (), ()), columns)
    assert (applied.inside.sum(), *applied.at_ends) == (0, 0, 0)


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"kinds": ("B",), "without": ("T",)},
        {"kinds": ("B",), "x": "CD19"},
        {"kinds": ("B",), "favour": 0},
    ],
)
def test_kinds_that_say_too_little_or_too_much_are_refused(settings):
    with pytest.raises(ValidationError):
        rule("kinds", **({"kinds": ("B",), **settings} if settings else {}))


# What every rule keeps to


def everything(n_scale=1.0):
    """A tube that every rule below can be fitted to."""
    n = [int(n_scale * k) for k in (3_000, 800, 600)]
    centres = ((0.7, 0.25), (0.22, 0.25), (0.22, 0.7))
    parts = [
        cloud(k, place, 0.045, CD3=cd3, CD19=cd19)
        for place, (k, (cd3, cd19)) in enumerate(zip(n, centres, strict=True))
    ]
    columns = together(*parts)
    rng = np.random.default_rng(5)
    total = len(columns["CD3"])
    singlets, _ = scatter(total, 8, 0.1)
    return {
        **columns,
        **singlets,
        "CD45": rng.normal(0.7, 0.03, total).astype(np.float32),
        "SSC-A": rng.normal(0.25, 0.03, total).astype(np.float32),
    }


RULES = {
    "valley": rule("cut", marker="CD19", window=(0.3, 0.6), against="SSC-A"),
    "below": rule("cut", marker="CD19", side="below", window=(0.3, 0.6)),
    "tail": rule("cut", marker="CD19", method="tail"),
    "quantile": rule("cut", marker="CD19", method="quantile"),
    "ellipse": CLUSTER,
    "polygon": POLYGON,
    "singlets": SINGLETS,
    "flared": FLARED,
}


def fitted(one):
    """The rule's shape: from a control for rules that need one, else from the tube itself."""
    columns = everything()
    control = {**columns, "CD19": negative(4_400)["CD19"]}
    return one.fit(control if one is RULES["quantile"] else columns, {}).shape


every_rule = pytest.mark.parametrize("one", RULES.values(), ids=RULES.keys())


@every_rule
def test_permuted_events_are_permuted_members(one):
    columns = everything()
    order = np.random.default_rng(0).permutation(len(columns["CD3"]))
    shape = fitted(one)
    straight, permuted = one.apply(shape, columns), one.apply(shape, take(columns, order))
    np.testing.assert_array_equal(permuted.inside, straight.inside[order])
    assert permuted.at_ends == straight.at_ends


@every_rule
def test_a_gate_does_not_depend_on_the_order_of_events(one):
    columns = everything()
    order = np.random.default_rng(1).permutation(len(columns["CD3"]))
    straight, permuted = gate(one, columns)[1], gate(one, take(columns, order))[1]
    assert (permuted.inside != straight.inside[order]).mean() < 1e-3


@every_rule
def test_equal_events_are_equal_members(one):
    columns = everything()
    n = len(columns["CD3"])
    shape = fitted(one)
    twice = one.apply(shape, take(columns, np.repeat(np.arange(n), 2))).inside
    np.testing.assert_array_equal(twice[::2], twice[1::2])


@every_rule
def test_events_that_are_no_numbers_are_in_no_gate(one):
    columns = everything()
    broken = {
        marker: np.where(np.arange(len(c)) % 7 == 0, np.float32(np.nan), c) for marker, c in columns.items()
    }
    straight, inside = one.apply(fitted(one), columns).inside, one.apply(fitted(one), broken).inside
    sound = np.arange(len(inside)) % 7 != 0
    assert not inside[~sound].any()
    assert straight.any()
    assert (inside[sound] != straight[sound]).mean() < 1e-3


@every_rule
def test_events_that_are_no_numbers_do_not_spoil_a_fit(one):
    columns = everything()
    broken = {
        marker: np.insert(c, np.arange(0, 4_000, 100), np.nan).astype(np.float32)
        for marker, c in columns.items()
    }
    clean, spoiled = gate(one, columns)[1], gate(one, broken)[1]
    assert spoiled.inside.sum() == pytest.approx(clean.inside.sum(), rel=0.01)


@every_rule
@pytest.mark.parametrize("n", [0, 1])
def test_an_empty_parent_is_no_error_and_holds_nothing(one, n):
    columns = everything()
    none = take(columns, np.arange(n))
    fit = one.fit(none, {})
    assert fit.evidence in (Evidence.FAILED, Evidence.FIXED)
    assert fit.parent_events == n
    applied = one.apply(one.fit(columns, {}).shape, take(columns, np.arange(0)))
    assert applied.inside.shape == (0,)
    assert applied.at_ends == (0, 0)


@every_rule
def test_a_gate_is_drawn_on_markers_of_the_panel_and_also_where_it_failed(one):
    columns = everything()
    fit = one.fit(columns, {})
    for shape in (fit.shape, None):
        outline = one.outline(shape, columns)
        assert outline.x in columns
        assert outline.y in ("", *columns)
    drawn = one.outline(fit.shape, columns)
    assert drawn.outlines or drawn.cuts


@every_rule
def test_the_interval_holds_the_count(one):
    applied = one.apply(fitted(one), everything())
    assert 0 < min(applied.at_ends) <= applied.inside.sum() <= max(applied.at_ends)


@every_rule
def test_unknown_settings_are_refused(one):
    with pytest.raises(ValidationError, match="surprise"):
        type(one).model_validate({**one.model_dump(), "surprise": 1})


@pytest.mark.parametrize(
    "wrong",
    [
        rule("cut", marker="CD19", parent="martians"),
        rule("cut", marker="CD19", percent_of="martians"),
        rule("boolean", none_of=("martians",)),
    ],
    ids=["parent", "percent_of", "none_of"],
)
def test_a_population_that_is_not_there_before_is_named(wrong):
    first = rule("cut", "cells", marker="FSC-A", method="valley", window=(0.1, 0.3))
    with pytest.raises(ValidationError, match=r"'X' .* 'martians', which is not defined"):
        Strategy(name="test", populations=(first, wrong))


@pytest.mark.parametrize(
    ("expected", "evidence", "review", "absent"),
    [
        (False, Evidence.FAILED, False, True),
        (True, Evidence.FAILED, False, False),
        (False, Evidence.FAILED, True, False),
        (False, Evidence.BATCH, False, False),
    ],
)
def test_cells_that_a_study_need_not_have_are_absent_not_failed(expected, evidence, review, absent):
    own = KindsRule(rule="kinds", name="beads", parent="all", kinds=("beads",), expected=expected)
    assert own.is_absent(Fit(None, evidence, "", 0, review=review)) is absent
