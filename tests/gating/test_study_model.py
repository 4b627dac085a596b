"""What a study teaches: its kinds of cells, their names, and the gates of tubes that show more or less of them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from blood import MARKERS, blood
from clouds import signal

from bcelldepl.errors import StrategyError
from bcelldepl.gating.evidence import Evidence
from bcelldepl.gating.model.composition import with_composition
from bcelldepl.gating.model.event_sample import EventKeys, EventSample, events_per_tube
from bcelldepl.gating.model.kept import KeptModel, models_from_text, models_to_text, read_models
from bcelldepl.gating.model.learn import learn
from bcelldepl.gating.model.members import members_of
from bcelldepl.gating.model.place import borrowed_evidence, place_gates
from bcelldepl.gating.populations import Population, Populations
from bcelldepl.gating.strategy import load_strategy

TBNK = load_strategy("tbnk")


def tubes(n=3, **counts):
    return [blood(f"t{k}", k, **counts) for k in range(n)]


def learned_from(made):
    return learn([sample for sample, _ in made], TBNK, {})


def inside(model, sample, population):
    placed = place_gates(model, TBNK, sample)
    return members_of(model, TBNK, sample, placed.alignment, population)


@pytest.fixture(scope="module")
def usual():
    made = tubes()
    return made, learned_from(made)


def test_every_kind_is_found_and_named(usual):
    made, model = usual
    assert {"T", "B", "NK", "monocytes", "granulocytes", "debris"} <= set(model.kinds.tolist())
    assert model.questions == ()
    by_kind = {kind: sum(c.events for c in model.clusters if c.kind == kind) for kind in ("T", "B", "NK")}
    true = {kind: sum((kinds == kind).sum() for _, kinds in made) for kind in by_kind}
    assert all(by_kind[kind] == pytest.approx(true[kind], rel=0.03) for kind in by_kind), (by_kind, true)


@pytest.mark.parametrize("population", ["T", "B", "NK"])
def test_gates_hold_their_kind_and_no_other(usual, population):
    made, model = usual
    for sample, kinds in made:
        held = inside(model, sample, population)
        true = kinds == population
        assert (held & true).sum() >= 0.98 * true.sum()
        assert (held & ~true).sum() <= 0.01 * true.sum() + 2


def test_copies_of_a_tube_teach_nothing_new(usual):
    """Of six copies of a study each event seemed to be a kind of cell, and learning did not end."""
    samples = [sample for sample, _ in usual[0]]
    copies = [replace(one, tube=f"{one.tube} {number}") for number in range(5) for one in samples]
    again = learn([*samples, *copies], TBNK, {})
    assert again.components == usual[1].components
    assert again.boundaries == usual[1].boundaries
    assert {again.seen[one.tube]["B"] for one in copies} == {usual[1].seen[one.tube]["B"] for one in samples}


def test_two_tubes_are_a_study_of_which_one_is_depleted():
    (whole, kinds), (depleted, none) = blood("base", 1), blood("day 28", 2, B=0)
    model = learn([whole, depleted], TBNK, {})
    assert model.questions == ()
    assert inside(model, whole, "B").sum() == pytest.approx((kinds == "B").sum(), rel=0.03)
    assert inside(model, depleted, "B").sum() <= 2
    assert inside(model, depleted, "T").sum() == pytest.approx((none == "T").sum(), rel=0.03)


def test_a_study_without_b_cells_is_asked_once_and_names_the_others():
    made = tubes(B=0)
    model = learned_from(made)
    assert len(model.questions) == 1
    assert model.questions[0].startswith(
        "no cells of the study could be identified as B: see figures/clusters.png"
    )
    assert "[gating.kinds] B = [NUMBER]" in model.questions[0]
    placed = place_gates(model, TBNK, made[0][0])
    assert placed.fits["B"].evidence is Evidence.FAILED
    assert placed.fits["T"].evidence is not Evidence.FAILED


def test_basophils_that_bind_cd56_are_no_nk_cells():
    made = tubes(basophils=500)
    model = learned_from(made)
    assert "basophils" in model.kinds.tolist()
    for sample, kinds in made:
        held = inside(model, sample, "NK")
        assert held.sum() == pytest.approx((kinds == "NK").sum(), rel=0.03)
        assert (held & (kinds == "basophils")).sum() <= 5


def test_dying_cells_that_bind_every_stain_are_no_t_cells():
    made = tubes(**{"sticky T": 300})
    model = learned_from(made)
    assert "dead" in model.kinds.tolist()
    for sample, kinds in made:
        assert (inside(model, sample, "T") & (kinds == "sticky T")).sum() <= 15


@pytest.mark.parametrize(("kind", "are_b"), [("sticky B", False), ("dim of all", True)])
def test_living_cells_that_bind_much_of_every_stain_are_no_b_cells(kind, are_b):
    """Twice the usual autofluorescence is no reason to doubt a B cell; ten times of every stain is."""
    made = tubes(**{kind: 300})
    model = learned_from(made)
    assert ("unspecific" in model.kinds.tolist()) is not are_b
    for sample, kinds in made:
        held = (inside(model, sample, "B") & (kinds == kind)).sum()
        assert held >= 270 if are_b else held <= 6
        assert (inside(model, sample, "B") & (kinds == "B")).sum() >= 0.97 * (kinds == "B").sum()


@pytest.mark.parametrize(("kind", "are_b"), [("B dim in CD45", True), ("debris with CD19", False)])
def test_b_cells_of_a_batch_that_is_dim_in_cd45_are_known_by_two_markers(kind, are_b):
    """They were once called basophils, and 693 B cells of a tube were counted as 2 without a remark."""
    made = tubes(**{kind: 300})
    model = learned_from(made)
    assert "basophils" not in model.kinds.tolist()
    for sample, kinds in made:
        held = (inside(model, sample, "B") & (kinds == kind)).sum()
        assert held >= 285 if are_b else held <= 6
        assert (inside(model, sample, "B") & (kinds == "B")).sum() >= 0.97 * (kinds == "B").sum()


@pytest.mark.parametrize(("kind", "are_dead"), [("sticky T", True), ("granular T", True), ("small T", False)])
def test_dying_cells_are_known_by_two_stains(kind, are_dead):
    """A panel of CD3, CD19, CD56 and CD45: one in ten of its T cells were dying ones, without a remark.

    They are far brighter in both stains, or more granular; a small cell with a little of each is a T cell.
    """
    made = tubes(**{kind: 300})
    few = [
        (replace(one, signals={m: v for m, v in one.signals.items() if m not in ("CD20", "CD14")}), kinds)
        for one, kinds in made
    ]
    model = learn([sample for sample, _ in few], TBNK, {})
    assert ("dead" in model.kinds.tolist()) is are_dead
    for sample, kinds in few:
        held = (inside(model, sample, "T") & (kinds == kind)).sum()
        assert held <= 20 if are_dead else held >= 280
        assert (inside(model, sample, "T") & (kinds == "T")).sum() >= 0.97 * (kinds == "T").sum()


@pytest.mark.parametrize(
    ("kind", "population"), [("sticky T", ""), ("granular T", "T"), ("small T", "T"), ("small B", "B")]
)
def test_dying_t_cells_are_known_by_one_stain(kind, population):
    """A panel of CD3, CD19 and CD45: smaller, more granular and far brighter in CD19, or they stay what they are."""
    made = tubes(**{kind: 300})
    few = [
        (replace(one, signals={m: v for m, v in one.signals.items() if m not in ("CD20", "CD14", "CD56")}), k)
        for one, k in made
    ]
    model = learn([sample for sample, _ in few], TBNK, {})
    assert ("dead" in model.kinds.tolist()) is not bool(population)
    for sample, kinds in few:
        held = {one: inside(model, sample, one) for one in ("T", "B")}
        for one, events in held.items():
            assert (events & (kinds == one)).sum() >= 0.97 * (kinds == one).sum()
            count = (events & (kinds == kind)).sum()
            assert count >= 280 if one == population else count <= 20


def test_living_cells_with_cd3_that_bind_every_stain_are_no_t_cells():
    """In one laboratory they were one in ten of the T cells. NK cells may have some of every stain, too."""
    made = tubes(**{"living sticky T": 300})
    model = learned_from(made)
    assert "unspecific" in model.kinds.tolist()
    for sample, kinds in made:
        assert (inside(model, sample, "T") & (kinds == "living sticky T")).sum() <= 15
        for kind in ("T", "NK"):
            assert (inside(model, sample, kind) & (kinds == kind)).sum() >= 0.97 * (kinds == kind).sum()


@pytest.mark.parametrize("seen", [True, False])
def test_lymphocytes_without_a_marker_are_told_from_basophils_where_there_are_any(seen):
    made = tubes(basophils=300, **({"null lymphocytes": 300} if seen else {}))
    model = learned_from(made)
    assert ("lymphocytes_likely" in model.boundaries) is seen
    for sample, kinds in made:
        held = inside(model, sample, "lymphocytes_likely")
        own = kinds == "null lymphocytes"
        assert (held & own).sum() >= 0.98 * own.sum() * seen
        assert (held & (kinds == "basophils")).sum() <= 10
        lymphocytes = np.isin(kinds, ["T", "B", "NK", "null lymphocytes"] if seen else ["T", "B", "NK"])
        for name in ("T", "B_likely", "NK"):
            held |= inside(model, sample, name)
        assert (held & lymphocytes).sum() >= 0.98 * lymphocytes.sum()
        assert (held & (kinds == "basophils")).sum() <= 10


def test_the_study_may_name_a_cluster_itself(usual):
    made, model = usual
    number = next(cluster.number for cluster in model.clusters if cluster.kind == "NK")
    again = learn([sample for sample, _ in made], TBNK, {"other_lymphocytes": (number,)})
    assert next(c.kind for c in again.clusters if c.number == number) == "other_lymphocytes"
    assert "NK" not in again.kinds.tolist()
    assert any("could be identified as NK" in question for question in again.questions)


def choose_events(columns, keep, wanted):
    """Of events that are looked at in two parts."""
    keys, half = EventKeys(columns.shape[1]), columns.shape[1] // 2
    keys.look(np.ascontiguousarray(columns[:, half:]), half, columns.shape[1])
    keys.look(np.ascontiguousarray(columns), 0, half)  # those behind are not looked at
    return keys.choose(keep, wanted)


def test_neither_the_order_of_tubes_nor_that_of_events_matters(usual):
    made, model = usual
    samples = [sample for sample, _ in made]
    assert learn(samples[::-1], TBNK, {}).digest == model.digest
    columns = np.array([samples[0].signals[marker] for marker in MARKERS])
    order = np.random.default_rng(0).permutation(columns.shape[1])
    keep = np.ones(columns.shape[1], dtype=bool)
    straight = columns[:, choose_events(columns, keep, 500)]
    permuted = columns[:, order][:, choose_events(columns[:, order], keep, 500)]
    np.testing.assert_array_equal(straight, permuted)


@pytest.mark.parametrize("wanted", [0, 1, 250, 10_000])
def test_a_smaller_sample_is_the_first_part_of_a_larger_one(wanted):
    columns = np.random.default_rng(1).normal(size=(3, 1_000)).astype(np.float32)
    keep = np.arange(1_000) % 3 > 0
    largest, smaller = choose_events(columns, keep, 10_000), choose_events(columns, keep, max(wanted, 1))
    np.testing.assert_array_equal(largest[: len(smaller)], smaller)
    assert keep[largest].all()
    assert len(largest) == keep.sum()


@pytest.mark.parametrize(
    ("tubes", "events"), [(1, 60_000), (10, 60_000), (11, 54_545), (300, 2_000), (301, 2_000)]
)
def test_how_many_events_of_each_tube(tubes, events):
    assert events_per_tube(tubes) == events


@pytest.mark.parametrize("factor", [0.7, 1.0, 1.4])
def test_a_tube_that_is_stained_otherwise_is_aligned_and_counted_alike(usual, factor):
    _, model = usual
    sample, kinds = blood("late", 77, brighter={"CD19": factor, "CD3": factor})
    placed = place_gates(model, TBNK, sample)
    shift = placed.alignment.shift[model.markers.index("CD19")]
    assert shift == pytest.approx(np.log(factor), abs=0.08)
    held = members_of(model, TBNK, sample, placed.alignment, "B")
    assert held.sum() == pytest.approx((kinds == "B").sum(), rel=0.03)
    assert placed.alignment.unexplained < 0.02


@pytest.mark.parametrize(("brighter", "moved"), [(1.0, False), (1.6, True)])
def test_cells_at_the_edge_of_a_kind_that_is_gone_do_not_move_the_tube(usual, brighter, moved):
    """Of the B cells those with the least CD45 are left; the other kinds say how brightly the tube is stained."""
    _, model = usual
    sample, kinds = blood("few", 5, brighter={"CD45": brighter}, B=1_000)
    cd45 = sample.signals["CD45"]
    edge = cd45 < np.quantile(cd45[kinds == "B"], 0.06)
    axis = model.markers.index("CD45")
    with_edge, without = (
        place_gates(model, TBNK, replace(sample, signals={n: v[left] for n, v in sample.signals.items()}))
        .alignment.shift[axis]
        for left in ((kinds != "B") | edge, kinds != "B")
    )  # fmt: skip
    assert with_edge == pytest.approx(without, abs=0.01)
    assert (without > 0.3) is moved


def test_a_kind_that_the_study_has_not_is_unexplained(usual):
    _, model = usual
    sample, kinds = blood("odd", 5)
    strange = {name: values.copy() for name, values in sample.signals.items()}
    chosen = np.flatnonzero(kinds == "monocytes")
    strange["CD56"][chosen] = strange["CD19"][chosen] = 30_000.0
    assert place_gates(model, TBNK, sample).alignment.unexplained < 0.02
    placed = place_gates(model, TBNK, replace(sample, signals=strange))
    assert placed.alignment.unexplained == pytest.approx((kinds == "monocytes").mean(), abs=0.02)


@pytest.mark.parametrize(("cells", "debris"), [(0, 400), (100, 0), (60, 700)])
def test_what_the_gate_of_singlets_leaves_out_is_told_from_debris(usual, cells, debris):
    made, model = usual
    sample, kinds = made[0]
    left_out = np.zeros(len(kinds), dtype=np.bool_)
    left_out[np.flatnonzero(kinds == "T")[:cells]] = True
    left_out[np.flatnonzero(kinds == "debris")[:debris]] = True
    n = len(kinds)
    singlets = Population("singlets", "all", n - int(left_out.sum()), n, 0, n, Evidence.DATA)
    populations = Populations({"singlets": singlets}, (), {"singlets": ~left_out}, {})
    alignment = place_gates(model, TBNK, sample).alignment
    columns = sample.positions(model.scales)
    found = with_composition(populations, TBNK, model, alignment, signal(columns))
    assert found.members["singlets"].left_out_cells == pytest.approx(cells, abs=3)


def test_a_tube_without_a_marker_of_the_model_is_not_gated(usual):
    made, model = usual
    sample = made[0][0]
    lacking = replace(sample, signals={m: v for m, v in sample.signals.items() if m != "CD20"})
    placed = place_gates(model, TBNK, lacking)
    assert placed.alignment is None
    assert all(fit.evidence is Evidence.FAILED and fit.review for fit in placed.fits.values())
    assert "lacks CD20" in placed.fits["B"].reason


def test_evidence_is_that_of_the_subject_where_another_of_its_tubes_shows_the_cells(usual):
    _, model = usual
    assert borrowed_evidence(model, TBNK, ["t0"])["B"] is Evidence.SUBJECT
    assert borrowed_evidence(model, TBNK, ["unknown"])["B"] is Evidence.BATCH
    assert borrowed_evidence(model, TBNK, [])["B"] is Evidence.BATCH


def kept(model):
    return KeptModel(
        "tbnk", "tbnk", TBNK.sha256, "C", {"CD3": "FITC-A"}, {"t0": "0" * 64}, model, {"B": (3,)}
    )


def test_a_model_that_is_kept_is_the_same(usual, tmp_path):
    _, model = usual
    text = models_to_text([kept(model)])
    (again,) = models_from_text(text)
    assert again == kept(model)
    assert again.model.digest == model.digest
    assert models_to_text([again]) == text
    path = tmp_path / "model.json"
    path.write_text(text, encoding="utf-8")
    assert read_models(path) == (again,)


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"models": [{}]}', '{"models": 7}', "{" * 10])
def test_a_damaged_model_is_refused(text, tmp_path):
    with pytest.raises(ValueError, match=r".+"):
        models_from_text(text)
    path = tmp_path / "model.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(StrategyError, match=r"model\.json"):
        read_models(path)


def test_values_that_are_compensated_and_scaled_already_are_gated_too():
    """Signals from 0 to 4,096 on a scale that somebody else chose, negatives around 1,000."""
    made = tubes()
    scaled = []
    for sample, _ in made:
        signals = {
            name: values
            if name in ("FSC-A", "SSC-A")
            else (1_000 + 420 * np.arcsinh(values / 400)).astype("f4")
            for name, values in sample.signals.items()
        }
        scaled.append(EventSample(sample.tube, signals, dict.fromkeys(MARKERS, 4_096.0)))
    model = learn(scaled, TBNK, {})
    assert model.questions == ()
    for sample, (_, kinds) in zip(scaled, made, strict=True):
        assert inside(model, sample, "B").sum() == pytest.approx((kinds == "B").sum(), rel=0.03)
