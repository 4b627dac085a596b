"""Gates between kinds whose components are known: what they hold, and in which two markers they are drawn."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from bcelldepl.gating.model.boundaries import clearest_plane, draw_boundary, holds


def study(**kinds):
    """Each kind: its middle in each marker, and its standard deviation."""
    middles = np.array([middle for middle, _ in kinds.values()], dtype=np.float64)
    spreads = np.array([spread for _, spread in kinds.values()])
    k = middles.shape[1]
    return SimpleNamespace(
        markers=tuple("xyz"[:k]),
        frame=SimpleNamespace(mean=middles, covariance=spreads[:, None, None] ** 2 * np.eye(k)),
        kinds=np.array(list(kinds)),
        components=list(kinds),
        shares=lambda: np.full(len(kinds), 1.0 / len(kinds)),
    )


def held(boundary, *points):
    x, y = np.array(points, dtype=np.float32).T
    return holds(boundary.gate, x.copy(), y.copy()).tolist()


def test_an_open_gate_leaves_out_a_small_cluster_amid_others():
    """Its outline reaches far beyond all events: beside that area the hole of the beads was once taken for a sliver."""
    model = study(cells=((0.0, 0.0), 3.0), beads=((1.0, 1.0), 0.02))
    drawn = draw_boundary(
        model, ("x", "y"), ["cells"], ["beads"], closed=False, weights={"cells": 0.5, "beads": 0.5}
    )
    assert held(drawn, (1.0, 1.0), (1.1, 0.9)) == [False, False]
    assert held(drawn, (0.0, 0.0), (2.0, 1.0), (1.0, 3.0), (-39.0, -39.0), (39.0, 0.0)) == [True] * 5


def test_an_open_gate_leaves_out_each_of_two_clusters_one_of_them_at_the_edge():
    model = study(cells=((0.0, 0.0), 2.0), beads=((1.0, 1.0), 0.02), debris=((-9.0, 0.0), 1.0))
    weights = dict.fromkeys(("cells", "beads", "debris"), 0.33)
    drawn = draw_boundary(model, ("x", "y"), ["cells"], ["beads", "debris"], closed=False, weights=weights)
    assert held(drawn, (1.0, 1.0), (-9.0, 0.0), (-30.0, 0.0)) == [False, False, False]
    assert held(drawn, (0.0, 0.0), (3.0, 1.0), (39.0, 0.0)) == [True, True, True]


def test_a_closed_gate_holds_its_kind_alone():
    model = study(B=((0.0, 0.0), 0.5), T=((3.0, 0.0), 0.5))
    drawn = draw_boundary(model, ("x", "y"), ["B"], ["T"], closed=True, weights={"B": 0.5, "T": 0.5})
    assert held(drawn, (0.0, 0.0), (1.3, 0.0), (1.7, 0.0), (-4.0, 0.0)) == [True, True, False, False]


@pytest.mark.parametrize(("z", "first"), [(2.2, True), (2.8, False)])
def test_of_planes_about_as_clear_the_first_is_taken(z, first):
    """x and z part the kinds best: by little, or by much."""
    model = study(B=((0.0, 0.0, 0.0), 1.0), T=((3.0, 2.0, z), 1.0))
    random = np.random.default_rng(1)
    kinds = np.repeat([0, 1], 4_000)
    points = (model.frame.mean[kinds] + random.normal(size=(8_000, 3))).astype(np.float32)
    arguments = model, ("x", "y", "z"), ["B"], {"B": 0.5, "T": 0.5}, points, kinds == 0, np.ones(8_000)
    assert clearest_plane(*arguments, first_of_clear=True) == (("x", "y") if first else ("x", "z"))
    assert clearest_plane(*arguments, first_of_clear=False) == ("x", "z")


@pytest.mark.parametrize(("x", "taken"), [(6.8, True), (5.8, False)])
def test_preferred_markers_are_taken_unless_others_part_clearly_better(x, taken):
    """With y no event is on the wrong side; with x and z, of those to hold, 0.1 or 0.4 % as many."""
    model = study(B=((0.0, 0.0, 0.0), 1.0), T=((x, 9.0, 0.0), 1.0))
    random = np.random.default_rng(1)
    kinds = np.repeat([0, 1], 4_000)
    points = (model.frame.mean[kinds] + random.normal(size=(8_000, 3))).astype(np.float32)
    found = clearest_plane(
        model, ("x", "y", "z"), ["B"], {"B": 0.5, "T": 0.5}, points, kinds == 0, np.ones(8_000),
        first_of_clear=True, preferred=("x", "z"),
    )  # fmt: skip
    assert found == (("x", "z") if taken else ("x", "y"))


def test_events_weigh_by_what_they_stand_for():
    """Of a kind that is rare, the events that are lost count for less than the others that cross its gate."""
    model = study(B=((0.0, 0.0, 0.0), 1.0), T=((3.0, 3.0, 3.0), 1.0))
    random = np.random.default_rng(0)
    kinds = np.repeat([0, 1], 4_000)
    points = (model.frame.mean[kinds] + random.normal(size=(8_000, 3))).astype(np.float32)
    points[:400, 1] = 3.0  # B cells that y loses
    points[4_000:4_100, 2] = 0.0  # others that z lets in
    planes = [
        clearest_plane(
            model, ("y", "z", "x"), ["B"], {"B": 0.5, "T": 0.5}, points, kinds == 0,
            np.where(kinds == 0, worth, 1.0), first_of_clear=False,
        )
        for worth in (1.0, 0.01)
    ]  # fmt: skip
    assert planes[0] == ("z", "x")
    assert planes[1] == ("y", "x")
