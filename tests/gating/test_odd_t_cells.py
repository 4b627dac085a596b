"""T cells that bind every stain are parted from those that they lie among, and living ones from dead ones."""

from __future__ import annotations

import numpy as np
import pytest
from blood import blood
from clouds import signal

from bcelldepl.gating.model.gate_tube import gate_by_model
from bcelldepl.gating.model.learn import learn
from bcelldepl.gating.model.odd_t_cells import part_odd_t_cells
from bcelldepl.gating.model.place import place_gates
from bcelldepl.gating.strategy import load_strategy

CART = load_strategy("cart_pd")
MARKERS = ("CD3", "CD19", "CD20", "CD56", "CAR")
LACKED = ("CD19", "CD20", "CD56")


def t_cells(n, seed, **above):
    """So many T cells, and how far they lie above others in some markers: natural units."""
    middle = np.array([6.0 if one == "CD3" else 0.5 for one in MARKERS])
    rise = np.array([above.get(one, 0.0) for one in MARKERS])
    points = np.random.default_rng(seed).normal(middle + rise, 0.5, (n, len(MARKERS)))
    return points.astype(np.float32)


def parted(*parts, markers=MARKERS, kinds=("T",), rest="unspecific"):
    """Cluster of each event, where all lie in the first, by a naming that calls what was parted the rest."""
    points = np.concatenate(parts)[:, [MARKERS.index(one) for one in markers]]
    clusters = np.zeros(len(points), dtype=np.int32)
    found = part_odd_t_cells(
        points, clusters, markers,
        lambda some: [*kinds, *[rest] * (int(some.max()) + 1 - len(kinds))], CART.lineages,
    )  # fmt: skip
    assert not clusters.any()  # the given ones are left as they are
    return found


MANY = t_cells(4_000, 1)
BINDING = dict.fromkeys((*LACKED, "CAR"), 1.7)


@pytest.mark.parametrize("number", [120, 400, 1_500])
def test_those_that_bind_every_stain_are_parted(number):
    """Between them and the others no valley lies in any one marker."""
    found = parted(MANY, t_cells(number, 2, **BINDING))
    assert np.mean(found[:4_000]) < 0.005
    assert np.mean(found[4_000:]) > 0.85


@pytest.mark.parametrize(
    "above", [{"CD56": 2.5}, {"CAR": 3.0}, {"CD19": 2.0}, {"CD56": 2.5, "CD20": 0.3}, {}], ids=str
)
def test_those_that_carry_one_marker_are_not(above):
    """NK-like T cells, CAR+ ones, and such as took CD19 from a B cell."""
    assert np.count_nonzero(parted(MANY, t_cells(400, 2, **above))[4_000:]) < 20


def test_fewer_than_fifty_are_no_cloud():
    assert not parted(MANY, t_cells(45, 2, **BINDING)).any()
    assert parted(MANY, t_cells(70, 2, **BINDING)).any()


def test_one_stain_does_not_tell():
    points = MANY, t_cells(400, 2, **BINDING)
    assert not parted(*points, markers=("CD3", "CD19", "CAR")).any()
    assert parted(*points, markers=("CD3", "CD19", "CD56", "CAR")).any()


def test_only_what_is_then_named_for_no_leukocyte_stays_apart():
    points = MANY, t_cells(400, 2, **BINDING)
    assert not parted(*points, rest="T").any()
    assert parted(*points, rest="dead").any()
    assert not parted(*points, kinds=("NK",)).any()  # of no other cells


WITH_SIZE = (*MARKERS, "FSC-A")


def sized(points, size, seed):
    """The same events with a forward scatter."""
    forward = np.random.default_rng(seed).normal(size, 0.12, len(points))
    return np.column_stack((points, forward)).astype(np.float32)


def dead_and(living, seed=3, more=(), **above):
    """Cluster of each event: T cells, dead cells and so many living ones in their cluster, which bind half as much."""
    t_cells_ = sized(MANY, 3.0, seed)
    dead = sized(t_cells(4_000, seed, **dict.fromkeys((*LACKED, "CAR"), 1.5)), 2.6, seed)
    others = sized(t_cells(living, seed + 1, **dict.fromkeys(LACKED, 0.8), **above), 3.0, seed + 1)
    points = np.concatenate((t_cells_, dead, others))
    clusters = np.repeat(np.array([0, 1, 1], dtype=np.int32), [len(t_cells_), len(dead), len(others)])
    return part_odd_t_cells(
        points if not more else np.column_stack((points, np.zeros(len(points), dtype=np.float32))), clusters,
        (*WITH_SIZE, *more), lambda some: ["T", "dead", "T", "T"][: int(some.max()) + 1], CART.lineages,
    )[len(t_cells_) :]  # fmt: skip


@pytest.mark.parametrize("living", [150, 1_500])
def test_living_cells_are_parted_from_dead_ones(living):
    """CAR+ T cells of one laboratory, which bind more of all, lay in the cluster of dead cells: a fifth was lost."""
    found = dead_and(living, CAR=2.5)
    assert np.mean(found[:4_000] == 1) > 0.98
    assert np.mean(found[4_000:] == 2) > 0.85


def test_dead_cells_alone_stay_one_cluster():
    assert set(dead_and(0).tolist()) == {1}


def test_where_a_dye_tells_dead_cells_they_stay_such():
    assert set(dead_and(1_500, more=("Viability",), CAR=2.5).tolist()) == {1}


def test_t_cells_are_counted_without_them():
    strategy = load_strategy("tbnk")
    made = [blood(f"t{k}", k, **{"binding T": 90}) for k in range(3)]
    model = learn([sample for sample, _ in made], strategy, {})
    assert "unspecific" in model.kinds
    for sample, kinds in made:
        placed = place_gates(model, strategy.on_scales(model.scales), sample)
        tube = signal(sample.positions(model.scales))
        counted = gate_by_model(tube, strategy.on_scales(model.scales), placed.fits, model, placed.alignment)
        own = counted.membership["T"]
        assert np.mean(own[kinds == "T"]) > 0.98
        assert np.mean(own[kinds == "binding T"]) < 0.2
        assert np.mean(counted.membership["CD3_positive"][kinds == "binding T"]) > 0.5


@pytest.mark.parametrize("strategy", ["cart_pd", "tbnk"])
def test_without_such_cells_t_cells_are_drawn_in_cd3_and_cd19(strategy):
    model = learn([blood(f"t{k}", k)[0] for k in range(3)], load_strategy(strategy), {})
    assert (model.boundaries["T"].x, model.boundaries["T"].y) == ("CD3", "CD19")
