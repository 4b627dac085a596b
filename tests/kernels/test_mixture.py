"""The expectation step against scipy's multivariate t."""

from __future__ import annotations

import math

import naive
import numpy as np
import pytest
from bcelldepl.kernels.mixture import accumulate_islands
from bcelldepl.kernels.posteriors import island_densities, island_posteriors, island_shares
from scipy.special import gammaln

DEGREES = 6.0
FLOAT32 = {"rtol": 3e-5, "atol": 1e-6}  # densities are high powers of float32 distances


class Mixture:
    """A mixture in words that both the kernel and the naive twin understand."""

    def __init__(self, k, n_islands, seed, background=1e-3):
        rng = np.random.default_rng([k, n_islands, seed])
        roots = rng.normal(0, 0.1, (n_islands, k, k))
        self.means = rng.uniform(0, 1, (n_islands, k))
        self.scales = roots @ roots.transpose(0, 2, 1) + 0.01 * np.eye(k)
        self.shares = rng.dirichlet(np.ones(n_islands))
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
        n_islands, k = self.means.shape
        sums = np.zeros((n_islands, 2 + k + k * (k + 1) // 2))
        worth = np.ones(columns.shape[1], np.float32) if worth is None else worth
        accumulate_islands(
            columns, worth, 0, columns.shape[1], np.float32(self.means), self.whiteners,
            np.float32(self.shares * self.heights), np.float32(self.background), DEGREES, sums,
        )  # fmt: skip
        shares, masses, means = sums[:, 0], sums[:, 1], np.float32(self.means).astype(np.float64)
        near, square = sums[:, 2 : 2 + k], np.zeros((n_islands, k, k))
        row, column = np.tril_indices(k)
        square[:, row, column] = square[:, column, row] = sums[:, 2 + k :]
        firsts = near + masses[:, None] * means
        cross = near[:, :, None] * means[:, None, :]
        both = masses[:, None, None] * means[:, :, None] * means[:, None, :]
        return shares, masses, firsts, square + cross + cross.transpose(0, 2, 1) + both

    def densities(self, columns):
        out = np.full((len(self.shares), columns.shape[1]), 9.0, np.float32)
        heights = np.float32(self.heights)
        island_densities(
            columns, 0, columns.shape[1], np.float32(self.means), self.whiteners, heights, DEGREES, out
        )
        return out

    def posteriors(self, columns, wanted, least=None):
        out = np.full(columns.shape[1], 9.0, np.float32)
        wanted = np.asarray(wanted, dtype=np.bool_)
        least = np.zeros(len(wanted), np.float32) if least is None else np.float32(least)
        shares, background = np.float32(self.shares), np.float32(self.background)
        island_posteriors(self.densities(columns), shares, background, wanted, least, out)
        return out

    def shares_of(self, columns):
        out = np.zeros(len(self.shares))
        shares, background = np.float32(self.shares), np.float32(self.background)
        island_shares(self.densities(columns), shares, background, out)
        return out

    def naive(self, columns):
        return naive.island_weights(columns, self.means, self.scales, self.shares, self.background, DEGREES)


# The last but one takes more than one tile of the kernel and leaves part of one, the last more tiles than are summed
# at once.
SIZES = [(1, 1, 50), (1, 3, 50), (2, 2, 200), (3, 4, 200), (2, 2, 1), (5, 3, 777), (2, 3, 7_000)]


@pytest.mark.parametrize(("k", "n_islands", "n"), SIZES)
@pytest.mark.parametrize("seed", range(3))
def test_sums_agree_with_scipy(k, n_islands, n, seed):
    mixture = Mixture(k, n_islands, seed)
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
    np.testing.assert_allclose(mixture.shares_of(columns), shares, **FLOAT32)
    np.testing.assert_allclose(masses, weight.sum(axis=0), **FLOAT32)
    np.testing.assert_allclose(firsts, weight.T @ events.T, **FLOAT32)
    np.testing.assert_allclose(seconds, np.einsum("ni,an,bn->iab", weight, events, events), **FLOAT32)
    doubled = mixture.accumulate(columns, np.full(n, 2.0, np.float32))
    for once, twice in zip((shares, masses, firsts, seconds), doubled, strict=True):
        np.testing.assert_allclose(twice, 2.0 * once, **FLOAT32)


@pytest.mark.parametrize(("k", "n_islands", "n"), SIZES)
def test_posteriors_agree_with_scipy(k, n_islands, n):
    mixture = Mixture(k, n_islands, 7)
    columns = mixture.events(n)
    posterior = mixture.naive(columns)
    for island in range(n_islands):
        wanted = np.arange(n_islands) == island
        np.testing.assert_allclose(mixture.posteriors(columns, wanted), posterior[:, island], **FLOAT32)


def test_wanted_islands_add_up_and_leave_room_for_the_background():
    mixture = Mixture(2, 3, 0)
    columns = mixture.events(100)
    every = mixture.posteriors(columns, [True, True, True])
    parts = sum(mixture.posteriors(columns, np.eye(3, dtype=bool)[i]) for i in range(3))
    np.testing.assert_allclose(every, parts, **FLOAT32)
    assert (every < 1).all()
    assert mixture.posteriors(columns, [False, False, False]).max() == 0


def test_beyond_the_edge_of_every_wanted_island_there_is_none():
    mixture = Mixture(2, 3, 4)
    columns = mixture.events(300)
    densities, least = mixture.densities(columns), 0.5 * mixture.heights
    wanted = np.array([True, True, False])
    within = (densities >= np.float32(least)[:, None])[wanted].any(axis=0)
    every, near = mixture.posteriors(columns, wanted), mixture.posteriors(columns, wanted, least)
    assert 0 < within.sum() < 300
    np.testing.assert_array_equal(near, np.where(within, every, 0.0))


def test_an_event_far_from_every_island_belongs_to_none():
    mixture = Mixture(2, 2, 0)
    far = np.full((2, 1), 1e4, dtype=np.float32)
    assert mixture.posteriors(far, [True, True])[0] < 1e-6


def test_a_small_posterior_is_as_exact_as_a_large_one():
    mixture = Mixture(2, 2, 5)
    mixture.shares = np.array([1.0 - 1e-6, 1e-6])
    columns = mixture.events(400)
    truth = mixture.naive(columns)[:, 1]
    rare = (truth > 1e-12) & (truth < 1e-5)
    assert rare.sum() > 50
    np.testing.assert_allclose(mixture.posteriors(columns, [False, True])[rare], truth[rare], rtol=3e-4)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_what_is_no_number_adds_nothing(bad):
    mixture = Mixture(2, 2, 1)
    columns = mixture.events(40)
    spoiled = np.insert(columns, 5, np.array([bad, 0.5]), axis=1)
    for ours, clean in zip(mixture.accumulate(spoiled), mixture.accumulate(columns), strict=True):
        np.testing.assert_allclose(ours, clean, **FLOAT32)
    assert mixture.posteriors(spoiled, [True, True])[5] == 0


def test_no_event_adds_nothing():
    mixture = Mixture(2, 2, 1)
    sums = mixture.accumulate(mixture.events(0))
    assert all((one == 0).all() for one in sums)
    assert mixture.posteriors(mixture.events(0), [True, False]).size == 0


def test_the_order_of_events_does_not_matter():
    mixture = Mixture(3, 3, 2)
    columns = mixture.events(300)
    order = np.random.default_rng(0).permutation(300)
    wanted = [True, False, True]
    np.testing.assert_array_equal(
        mixture.posteriors(np.ascontiguousarray(columns[:, order]), wanted),
        mixture.posteriors(columns, wanted)[order],
    )
    for one, other in zip(
        mixture.accumulate(np.ascontiguousarray(columns[:, order])), mixture.accumulate(columns), strict=True
    ):
        np.testing.assert_allclose(one, other, **FLOAT32)
