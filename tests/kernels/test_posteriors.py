"""What events are, against numpy."""

from __future__ import annotations

import numpy as np
import pytest

from bcelldepl.kernels.posteriors import choose_kinds, sum_posteriors

BACKGROUND = 1e-12


def case(n, n_components):
    rng = np.random.default_rng([n, n_components])
    densities = (10.0 ** rng.uniform(-20, 3, (n_components, n))).astype(np.float32)
    densities[:, : n // 5] = 0.0  # like no component
    shares = rng.dirichlet(np.ones(n_components))
    of_component = rng.integers(0, max(n_components // 2, 1), n_components).astype(np.int32)
    likely = densities.astype(np.float64) * shares[:, None]
    return densities, shares, of_component, likely / (likely.sum(axis=0) + BACKGROUND)


@pytest.mark.parametrize("n", [0, 1, 5, 300, 1_023, 1_024, 1_025, 5_000])
@pytest.mark.parametrize("n_components", [1, 2, 12])
def test_sums_are_those_of_numpy_to_the_bit(n, n_components):
    densities, shares, _, posteriors = case(n, n_components)
    sums = np.full(n_components, np.nan)
    sum_posteriors(densities, shares, BACKGROUND, sums)
    np.testing.assert_array_equal(sums, posteriors.sum(axis=1))


@pytest.mark.parametrize("n", [0, 1, 300, 1_023, 1_024, 1_025])
@pytest.mark.parametrize("n_components", [1, 2, 12])
@pytest.mark.parametrize("sure", [0.0, 0.5, 0.9])
def test_the_likeliest_kind_is_chosen_where_it_is_sure(n, n_components, sure):
    densities, shares, of_component, posteriors = case(n, n_components)
    n_kinds = int(of_component.max()) + 1
    of_kind = np.array([posteriors[of_component == kind].sum(axis=0) for kind in range(n_kinds)])
    expected = np.where(of_kind.max(axis=0, initial=0.0) > sure, of_kind.argmax(axis=0), -1)
    chosen = np.full(n, 7, dtype=np.int32)
    choose_kinds(densities, shares, BACKGROUND, of_component, n_kinds, sure, chosen)
    np.testing.assert_array_equal(chosen, expected)
    assert n < 300 or (chosen == -1).any()
