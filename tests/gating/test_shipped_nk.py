"""NK cells by the shipped strategies, beside B cells that lie near them in CD56."""

from __future__ import annotations

import numpy as np
import pytest
from clouds import cloud, signal, strategy, together, truth

from bcelldepl.gating.evidence import Evidence
from bcelldepl.gating.reconcile import TubeFits, reconcile
from bcelldepl.gating.strategy import load_strategy
from bcelldepl.gating.tube import apply_gates, fit_gates

WIDTHS = {"CD3": 0.045, "CD19": 0.03, "CD56": 0.045, "CD14": 0.04}
T, CD56_T, B, NK, OTHER = range(5)


def lymphocytes(seed, n_nk, n_b, b_cd56, n_cd56_t=40):
    """T, CD56+ T, B and NK cells and those that are neither, and the kind of each event."""

    def kind(code, n, cd3, cd19, cd56):
        return cloud(n, [seed, code], WIDTHS, CD3=cd3, CD19=cd19, CD56=cd56, CD14=0.25)

    parts = (
        kind(T, 650, 0.65, 0.2, 0.23),
        kind(CD56_T, n_cd56_t, 0.65, 0.2, 0.42),
        kind(B, n_b, 0.27, 0.48, b_cd56),
        kind(NK, n_nk, 0.3, 0.21, 0.54),
        kind(OTHER, 25, 0.3, 0.2, 0.3),
    )
    return together(*parts), truth(*parts)


@pytest.fixture(params=["cart_pd", "tbnk"])
def tree(request):
    """The strategy's NK rule, among lymphocytes."""
    (nk,) = (one for one in load_strategy(request.param).populations if one.name == "NK")
    return strategy(nk.model_copy(update={"parent": "all"}))


def as_tube(key, made, tree):
    return TubeFits(key, "S1", "b1", False, "sample", "", made.scales, fit_gates(made, tree))


def found(tree, made, lenders=()):
    tubes = [as_tube("own", made, tree), *(as_tube(f"{i}", one, tree) for i, one in enumerate(lenders))]
    return apply_gates(made, tree, reconcile(tubes, tree)["own"], keep_membership=True)


@pytest.mark.parametrize("b_cd56", [0.25, 0.33, 0.40])
@pytest.mark.parametrize(("n_nk", "n_b"), [(360, 700), (1_500, 900), (360, 0), (80, 900)])
def test_b_cells_lifted_in_cd56_are_no_nk_cells(tree, n_nk, n_b, b_cd56):
    columns, kinds = lymphocytes(1, n_nk, n_b, b_cd56)
    gated = found(tree, signal(columns))
    member = gated.membership["NK"]
    assert gated.members["NK"].evidence is Evidence.DATA
    assert np.count_nonzero(member & (kinds == B)) <= 3
    # The 25 that are neither may be too few for an island of their own, and then go to the nearest.
    assert member[kinds != OTHER].sum() == pytest.approx(n_nk, rel=0.04)


@pytest.mark.parametrize("n_cd56_t", [18, 25])
def test_a_few_cd56_t_cells_are_no_nk_cells(tree, n_cd56_t):
    columns, kinds = lymphocytes(2, 130, 20, 0.3, n_cd56_t)
    member = found(tree, signal(columns)).membership["NK"]
    assert np.count_nonzero(member & (kinds == CD56_T)) <= 3
    assert member.sum() == pytest.approx(130, rel=0.05)


@pytest.mark.parametrize("n_nk", [0, 5])
def test_few_nk_cells_are_not_made_many(tree, n_nk):
    columns, _ = lymphocytes(3, n_nk, 900, 0.40)
    lenders = [signal(lymphocytes(seed, 400, 700, 0.38)[0]) for seed in (4, 5, 6)]
    gated = found(tree, signal(columns), lenders)
    assert gated.members["NK"].evidence is Evidence.SUBJECT
    assert abs(gated.members["NK"].events - n_nk) <= 3
