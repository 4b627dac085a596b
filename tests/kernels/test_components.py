"""The expectation step against scipy's multivariate t."""

from __future__ import annotations

import math

import naive
import numpy as np
import pytest
from scipy.special import gammaln

from bcelldepl.kernels.components import accumulate_components, component_densities

DEGREES = 6.0
FLOAT32 = {"rtol": 3e-5, "atol": 1e-6}  # densities are high powers of float32 distances


class Mixture:
    """A mixture in words that both the kernel and the naive twin understand."""

    def __init__(self, k, n_components, seed, background=1e-3):
        rng = np.random.default_rng([k, n_components, seed])
        roots = rng.normal(0, 0.1, (n_components, k, k))
        self.means = rng.uniform(0, 1, (n_components, k))
        self.scales = roots @ roots.transpose(0, 2, 1) + 0.01 * np.eye(k)
        self.shares = rng.dirichlet(np.ones(n_components))
        self.background = background
        self.rng = rng

    @property
    def precisions(self):
        return np.linalg.inv(self.scales)

    @property
    def whiteners(self):
        return np.linalg.inv(np.linalg.cholesky(self.scales)).astype(np.float32)

    @property
    def heights(self):
        k = self.means.shape[1]
        constant = gammaln((DEGREES + k) / 2) - gammaln(DEGREES / 2) - 0.5 * k * math.log(DEGREES * math.pi)
        return np.exp(constant - 0.5 * np.linalg.slogdet(self.scales)[1])

    def events(self, n):
        return self.rng.uniform(-0.2, 1.2, (self.means.shape[1], n)).astype(np.float32)

    def accumulate(self, columns, worth=None):
        """Shares, masses, first and second moments about the origin, as scipy's posteriors would give them."""
        n_components, k = self.means.shape
        sums = np.zeros((n_components, 2 + k + k * (k + 1) // 2))
        worth = np.ones(columns.shape[1], np.float32) if worth is None else worth
        accumulate_components(
            columns, worth, 0, columns.shape[1], np.float32(self.means), self.whiteners,
            np.float32(self.shares * self.heights), np.float32(self.background), DEGREES, sums,
        )  # fmt: skip
        shares, masses, means = sums[:, 0], sums[:, 1], np.float32(self.means).astype(np.float64)
        near, square = sums[:, 2 : 2 + k], np.zeros((n_components, k, k))
        row, column = np.tril_indices(k)
        square[:, row, column] = square[:, column, row] = sums[:, 2 + k :]
        firsts = near + masses[:, None] * means
        cross = near[:, :, None] * means[:, None, :]
        both = masses[:, None, None] * means[:, :, None] * means[:, None, :]
        return shares, masses, firsts, square + cross + cross.transpose(0, 2, 1) + both

    def densities(self, columns):
        out = np.full((len(self.shares), columns.shape[1]), 9.0, np.float32)
        heights = np.float32(self.heights)
        component_densities(
            columns, 0, columns.shape[1], np.float32(self.means), self.whiteners, heights, DEGREES, out
        )
        return out

    def naive(self, columns):
        return naive.component_weights(
            columns, self.means, self.scales, self.shares, self.background, DEGREES
        )


# The last but one takes more than one tile of the kernel and leaves part of one, the last more tiles than are summed
# at once.
SIZES = [(1, 1, 50), (1, 3, 50), (2, 2, 200), (3, 4, 200), (2, 2, 1), (5, 3, 777), (2, 3, 7_000)]


@pytest.mark.parametrize(("k", "n_components", "n"), SIZES)
@pytest.mark.parametrize("seed", range(3))
def test_sums_agree_with_scipy(k, n_components, n, seed):
    mixture = Mixture(k, n_components, seed)
    columns = mixture.events(n)
    shares, masses, firsts, seconds = mixture.accumulate(columns)
    posterior = mixture.naive(columns)
    events = columns.astype(np.float64)
    distance = np.stack(
        [
            naive.squared_distance(columns, mean, precision)
            for mean, precision in zip(mixture.means, mixture.precisions, strict=True)
        ],
        axis=1,
    )
    weight = posterior * (DEGREES + k) / (DEGREES + distance)
    np.testing.assert_allclose(shares, posterior.sum(axis=0), **FLOAT32)
    np.testing.assert_allclose(masses, weight.sum(axis=0), **FLOAT32)
    np.testing.assert_allclose(firsts, weight.T @ events.T, **FLOAT32)
    np.testing.assert_allclose(seconds, np.einsum("ni,an,bn->iab", weight, events, events), **FLOAT32)
    doubled = mixture.accumulate(columns, np.full(n, 2.0, np.float32))
    for once, twice in zip((shares, masses, firsts, seconds), doubled, strict=True):
        np.testing.assert_allclose(twice, 2.0 * once, **FLOAT32)


@pytest.mark.parametrize(("k", "n_components", "n"), SIZES)
def test_densities_agree_with_scipy(k, n_components, n):
    mixture = Mixture(k, n_components, 7)
    columns = mixture.events(n)
    expected = naive.component_densities(columns, mixture.means, mixture.scales, DEGREES).T
    scale = expected.max(axis=1, keepdims=True)
    np.testing.assert_allclose(mixture.densities(columns) / scale, expected / scale, **FLOAT32)


def test_an_event_far_from_every_component_has_no_density():
    mixture = Mixture(2, 2, 0)
    assert mixture.densities(np.full((2, 1), 1e4, dtype=np.float32)).max() < 1e-6


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_what_is_no_number_adds_nothing(bad):
    mixture = Mixture(2, 2, 1)
    columns = mixture.events(40)
    spoiled = np.insert(columns, 5, np.array([bad, 0.5]), axis=1)
    for ours, clean in zip(mixture.accumulate(spoiled), mixture.accumulate(columns), strict=True):
        np.testing.assert_allclose(ours, clean, **FLOAT32)
    assert not mixture.densities(spoiled)[:, 5].any()


def test_no_event_adds_nothing():
    mixture = Mixture(2, 2, 1)
    sums = mixture.accumulate(mixture.events(0))
    assert all((one == 0).all() for one in sums)
    assert mixture.densities(mixture.events(0)).size == 0


def test_the_order_of_events_does_not_matter():
    mixture = Mixture(3, 3, 2)
    columns = mixture.events(300)
    order = np.random.default_rng(0).permutation(300)
    np.testing.assert_array_equal(
        mixture.densities(np.ascontiguousarray(columns[:, order])), mixture.densities(columns)[:, order]
    )
    for one, other in zip(
        mixture.accumulate(np.ascontiguousarray(columns[:, order])), mixture.accumulate(columns), strict=True
    ):
        np.testing.assert_allclose(one, other, **FLOAT32)
