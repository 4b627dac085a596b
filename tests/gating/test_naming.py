"""Names of clusters near the ends of what a kind allows."""

from __future__ import annotations

import numpy as np
import pytest

from bcelldepl.gating.model.cluster_summary import ClusterSummary
from bcelldepl.gating.model.naming import name_clusters
from bcelldepl.gating.strategy import load_strategy

LINEAGES = load_strategy("cart_pd").lineages
MARKERS = ("CD3", "CD19", "CD14", "CD45")
#                 CD3  CD19 CD14 CD45  forward side, of the T cells'
BLOOD = {
    "T": (5.0, 0.0, 0.0, 5.0, 1.0, 1.0),
    "B": (0.0, 5.0, 0.0, 4.9, 1.0, 1.0),
    "monocytes": (0.5, 0.5, 4.5, 4.9, 2.0, 3.8),
    "granulocytes": (0.5, 0.5, 1.0, 4.0, 1.9, 10.0),
    "debris": (0.0, 0.0, 0.0, 0.0, 0.3, 0.8),
}


def named(*cluster, **more):
    """Kind of a cluster beside those of blood, which have nothing of further markers."""
    rows = np.array([*BLOOD.values(), cluster])
    n, m = len(rows), 4 + len(more)
    further = np.vstack((np.zeros((n - 1, len(more))), [list(more.values())]))
    summary = ClusterSummary(
        (*MARKERS, *more), np.hstack((rows[:, :4], further)), np.full((n, m), 0.3),
        1_000 * rows[:, 4], 1_000 * rows[:, 5],
        np.full(n, 0.2), np.full(n, 0.2), np.full(n, 1_000), np.full(n, 1 / n),
    )  # fmt: skip
    kinds = name_clusters(summary, LINEAGES, {}).kinds
    assert kinds[:-1] == list(BLOOD)
    return kinds[-1]


@pytest.mark.parametrize(
    ("cd45", "side", "kind"),
    [
        (3.65, 1.69, "basophils"),
        (3.65, 1.71, "basophils"),  # the side scatter of monocytes begins at 1.7
        (3.65, 1.85, "basophils"),
        (3.65, 1.87, "monocytes"),
        (4.48, 1.71, "basophils"),  # CD45 of 0.6 of the T cells' is 0.51 below theirs
        (4.50, 1.71, "monocytes"),
    ],
)
def test_cells_dim_in_cd45_are_basophils_where_their_side_scatter_may_be_a_monocytes(cd45, side, kind):
    """Of one study's cluster with 1.70 times the side scatter of T cells, 20 events more or less changed the name."""
    assert named(0.1, 0.1, 0.1, cd45, 1.05, side) == kind


def named_beside_b_cells(cluster):
    """Kinds of the clusters of blood and of one more, of a panel with CD20, which B cells have as bright as CD19."""
    rows = np.array([*BLOOD.values(), (*cluster[:4], 1.02, 1.05)])
    cd20 = np.array([0.0, 5.0, 0.0, 0.0, 0.0, cluster[4]])
    n = len(rows)
    summary = ClusterSummary(
        (*MARKERS, "CD20"), np.column_stack((rows[:, :4], cd20)), np.full((n, 5), 0.3),
        1_000 * rows[:, 4], 1_000 * rows[:, 5],
        np.full(n, 0.2), np.full(n, 0.2), np.full(n, 1_000), np.full(n, 1 / n),
    )  # fmt: skip
    return name_clusters(summary, LINEAGES, {}).kinds


@pytest.mark.parametrize(("cd14", "kind"), [(0.1, "B"), (1.85, "B"), (1.95, "basophils")])
def test_b_cells_have_more_cd19_than_of_the_stains_that_they_lack(cd14, kind):
    """Basophils of one laboratory had eight times the background of T cells in CD19, as in all stains: 0 B were 45."""
    assert named(0.1, 2.6, cd14, 4.0, 1.02, 1.4, CD22=0.1) == kind


@pytest.mark.parametrize(
    ("cluster", "more", "kind"),
    [
        ((0.4, 3.79, 0.2, 4.0, 1.02, 1.05), {}, "basophils"),
        ((0.4, 3.81, 0.2, 4.0, 1.02, 1.05), {}, "B"),  # CD19 of 0.30 of the B cells' is 1.2 below theirs
        ((0.4, 3.79, 0.2, 4.91, 1.02, 1.05), {}, "B"),  # CD45 as bright as on B cells
        ((0.2, 3.79, 0.2, 4.0, 1.02, 1.05), {}, "B"),  # 0.2 more of the other stains, not 0.25
        ((0.7, 3.79, -0.1, 4.0, 1.02, 1.05), {}, "B"),  # no more CD14
        ((0.4, 3.79, 0.2, 4.0, 1.21, 1.05), {}, "B"),  # as large as plasmablasts
        ((0.4, 3.79, 0.2, 4.0, 1.02, 1.05), {"CD22": 0.1}, "B"),  # a second marker of B cells may tell
    ],
)
def test_where_cd19_alone_tells_b_cells_basophils_that_bind_most_of_it_are_told_beside_them(
    cluster, more, kind
):
    """Basophils of one laboratory had a fifth of the CD19 of B cells: in ten tubes 0 to 900 B were 700 to 1,700."""
    assert named(*cluster, **more) == kind


@pytest.mark.parametrize(
    ("cluster", "kind"),
    [
        ((5.0, 0.1, 0.1, 5.0, 0.61, 1.0), "T"),
        ((5.0, 0.1, 0.1, 4.5, 0.48, 1.0), "T"),
        ((5.0, 0.1, 0.1, 5.0, 0.46, 1.0), "doublets"),
        ((5.0, 0.1, 0.1, 4.4, 0.61, 1.0), "doublets"),  # CD45 below 0.6 of the T cells'
        ((5.0, 0.1, 3.0, 5.0, 0.61, 1.0), "doublets"),
        ((5.0, 0.1, 0.1, 5.0, 1.70, 1.0), "doublets"),
    ],
)
def test_small_cells_like_t_cells_in_all_stains_are_t_cells(cluster, kind):
    """The lower end of the forward scatter of T cells was a cluster of its own in the samples of the first example."""
    assert named(*cluster) == kind


@pytest.mark.parametrize(
    ("cd45", "more", "kind"),
    [
        (4.75, {"CD56": 0.1}, "basophils"),
        (4.80, {"CD56": 0.1}, "other_lymphocytes"),  # CD45 of 0.8 of the T cells' is 0.22 below theirs
        (4.75, {}, "other_lymphocytes"),  # of a panel without CD56 they may be NK cells
        (4.75, {"CD56": 4.0}, "NK"),
    ],
)
def test_where_nk_cells_are_stained_the_rest_with_less_cd45_are_basophils(cd45, more, kind):
    """With 0.6 times the CD45 of T cells, basophils of one laboratory were 2 to 5 % of its lymphocytes."""
    assert named(0.1, 0.1, 0.1, cd45, 1.02, 1.4, **more) == kind


@pytest.mark.parametrize(
    ("cd19", "cd14", "more", "kind"),
    [
        (1.45, 1.45, {}, "unspecific"),  # four times as much is 1.4
        (1.30, 1.45, {}, "T"),
        (0.75, 2.10, {}, "unspecific"),  # on average, and twice as much of each
        (0.65, 2.20, {}, "T"),
        (1.45, 1.45, {"CAR": 2.1}, "unspecific"),
        (1.45, 1.45, {"CAR": 2.2}, "T"),  # 0.7 more than of the other stains
        (1.45, 1.45, {"CD8": 5.0}, "unspecific"),  # CD8 tells a lineage
    ],
)
def test_t_cells_that_bind_every_stain_are_counted_apart_and_car_t_cells_are_not(cd19, cd14, more, kind):
    """Two stains beside the T cells' own tell: T cells of one laboratory were 15 % too many."""
    assert named(5.0, cd19, cd14, 5.0, 1.0, 1.0, **more) == kind


@pytest.mark.parametrize(
    ("cluster", "kind"),
    [
        ((0.4, 3.79, 0.2, 4.0, 3.7), "basophils"),
        ((0.4, 3.81, 0.2, 4.0, 3.7), "B"),  # CD19 of 0.30 of the B cells' is 1.2 below theirs
        ((0.4, 3.7, 0.2, 4.0, 3.81), "B"),  # and so is CD20: an earlier antibody may cover one of them
        ((0.4, 3.7, 0.2, 4.91, 3.7), "B"),
        ((0.4, 3.7, -0.1, 4.0, 3.7), "B"),
    ],
)
def test_basophils_that_bind_both_markers_of_b_cells_are_told_beside_them(cluster, kind):
    """In one laboratory 0 to 15 B cells were counted as 54 to 152, in 24 tubes, without a remark."""
    assert named_beside_b_cells(cluster) == [*BLOOD, kind]


@pytest.mark.parametrize(
    ("cluster", "kind"),
    [
        ((0.4, 0.2, -0.2, 4.0, 3.79), "basophils"),
        ((0.4, 0.2, -0.2, 4.0, 3.81), "B_without_CD19"),  # CD20 of 0.30 of the B cells' is 1.2 below theirs
        ((0.4, 0.2, -0.2, 4.45, 3.79), "basophils"),
        ((0.4, 0.2, -0.2, 4.65, 3.79), "B_without_CD19"),  # CD45 of 0.78 of the B cells'
        ((0.0, 0.2, 0.0, 4.9, 5.0), "B_without_CD19"),
    ],
)
def test_b_cells_without_cd19_are_told_beside_the_b_cells(cluster, kind):
    """Basophils of one laboratory had a twelfth of the CD20 of B cells: all its tubes needed review for masked CD19."""
    assert named_beside_b_cells(cluster) == [*BLOOD, kind]


@pytest.mark.parametrize(("cd8", "kinds"), [(-4.5, ["T", "T", "CD8_T"]), (0.0, ["T", "T", "CD8_T"])])
def test_t_cells_below_zero_in_cd8_are_negative_as_those_about_it_are(cd8, kinds):
    """In some tubes the matrix took too much off: the gap below all other T cells was the widest, and parted these."""
    rows = np.array([*BLOOD.values(), BLOOD["T"], BLOOD["T"]])
    own = np.zeros(len(rows))
    own[[0, -2, -1]] = 1.0, cd8, 5.0
    summary = ClusterSummary(
        (*MARKERS, "CD8"), np.column_stack((rows[:, :4], own)), np.full((len(rows), 5), 0.3),
        1_000 * rows[:, 4], 1_000 * rows[:, 5], np.full(len(rows), 0.2), np.full(len(rows), 0.2),
        np.full(len(rows), 1_000), np.full(len(rows), 1 / len(rows)),
    )  # fmt: skip
    found = name_clusters(summary, LINEAGES, {}).kinds
    assert [found[0], *found[-2:]] == kinds


@pytest.mark.parametrize(
    ("cd56", "spread", "of_b", "kind"),
    [
        (1.25, 0.3, 0.5, "NK"),
        (1.15, 0.3, 0.3, "other_lymphocytes"),  # three times the T cells' is 1.1 more, and 1.2 is asked for
        (1.25, 0.3, 0.6, "other_lymphocytes"),  # not twice as bright as B cells
        (1.25, 0.5, 0.5, "other_lymphocytes"),  # the gap is narrower than 2 pooled spreads
        (2.05, 0.5, 1.9, "NK"),  # seven times the T cells' is enough by itself
    ],
)
def test_nk_cells_may_be_faint_where_no_others_of_their_scatter_have_as_much_cd56(cd56, spread, of_b, kind):
    """NK cells of one laboratory had 4.2 times the T cells' background in CD56, other leukocytes 1.6 times.

    Of another they had 5.7 times, and monocytes 3.3 times. Granulocytes carry CD16, which is often stained with it.
    """
    rows = np.array([(*one[:4], 0.0, *one[4:]) for one in (*BLOOD.values(), (0, 0, 0, 4.9, 1.1, 1.1))])
    rows[list(BLOOD).index("B"), 4], rows[-1, 4] = of_b, cd56
    rows[[list(BLOOD).index(kind) for kind in ("monocytes", "granulocytes")], 4] = 1.2, 3.0
    spreads = np.full((len(rows), 5), 0.3)
    spreads[:, 4] = spread
    even = np.full(len(rows), 0.2)
    summary = ClusterSummary(
        (*MARKERS, "CD56"), rows[:, :5], spreads, 1_000 * rows[:, 5], 1_000 * rows[:, 6], even, even,
        np.full(len(rows), 1_000), np.full(len(rows), 1 / len(rows)),
    )  # fmt: skip
    assert name_clusters(summary, LINEAGES, {}).kinds == [*BLOOD, kind]
