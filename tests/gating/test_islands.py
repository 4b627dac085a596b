"""Islands against a slow mixture that sees every event in every round, and against simulated truth."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import multivariate_t

from bcelldepl.gating import islands
from bcelldepl.gating.islands import DEGREES, Island, approach_islands
from bcelldepl.gating.weighing import weigh_islands

CENTRES = np.array([[0.25, 0.30, 0.40], [0.65, 0.30, 0.35], [0.27, 0.62, 0.60]])
SPREAD = 0.035


def cells(*numbers, seed=0):
    """Points of three kinds of cells, shuffled, and the kind of each."""
    rng = np.random.default_rng(seed)
    kind = rng.permutation(np.repeat(np.arange(len(numbers)), numbers))
    mix = np.array([[1.0, 0.0, 0.0], [0.3, 1.0, 0.0], [-0.2, 0.1, 0.8]])
    points = CENTRES[kind] + SPREAD * rng.standard_normal((len(kind), 3)) @ mix.T
    return np.ascontiguousarray(points.T.astype(np.float32)), kind.astype(np.int16)


def fit_islands(points, signatures, seeds):
    *_, last = approach_islands(points, signatures, seeds)
    return last


def every_event(points, kind, n_islands, rounds=60):
    """The same mixture by scipy, in float64, with all events in all rounds."""
    x = points.T.astype(np.float64)
    n, k = x.shape
    means = np.array([np.median(x[kind == i], axis=0) for i in range(n_islands)])
    scales = np.array([np.diag(x[kind == i].var(axis=0)) for i in range(n_islands)])
    weights = np.bincount(kind, minlength=n_islands) / n
    for _ in range(rounds):
        densities = np.array(
            [
                w * multivariate_t(m, s, df=DEGREES).pdf(x)
                for w, m, s in zip(weights, means, scales, strict=True)
            ]
        )
        posterior = densities / (densities.sum(axis=0) + 0.01)
        for i in range(n_islands):
            off = x - means[i]
            t = (
                posterior[i]
                * (DEGREES + k)
                / (DEGREES + (off * np.linalg.solve(scales[i], off.T).T).sum(axis=1))
            )
            means[i] = t @ x / t.sum()
            off = x - means[i]
            scales[i] = (t[:, None] * off).T @ off / posterior[i].sum() + np.eye(k) * 0.006**2
        weights = posterior.sum(axis=1) / n
    return means, scales, posterior.sum(axis=1)


@pytest.mark.parametrize("numbers", [(900, 1_500, 400), (9_000, 30_000, 60), (6_000, 20_000, 5_000)])
def test_islands_are_those_of_a_mixture_in_which_every_event_has_its_say(numbers):
    points, kind = cells(*numbers)
    means, scales, events = every_event(points, kind, 3)
    for i, island in enumerate(fit_islands(points, ("a", "b", "c"), kind)):
        error = np.sqrt(np.diag(scales[i]) / events[i])
        assert np.all(np.abs(np.array(island.mean) - means[i]) < 0.25 * error)
        np.testing.assert_allclose(np.diag(island.scale), np.diag(scales[i]), rtol=0.5 / np.sqrt(events[i]))
        assert island.events == pytest.approx(events[i], abs=0.25 * np.sqrt(events[i]))


def test_a_remnant_beside_a_large_island_is_not_blurred_by_the_sketch(monkeypatch):
    for seed in range(5):
        points, kind = cells(8_000, 80_000, 25, seed=seed)
        found = fit_islands(points, ("a", "b", "c"), kind)[2]
        with monkeypatch.context() as patched:
            patched.setattr(islands, "_SKETCH", len(kind))
            whole = fit_islands(points, ("a", "b", "c"), kind)[2]
        assert found.events == pytest.approx(whole.events, abs=1.0)
        np.testing.assert_allclose(found.mean, whole.mean, atol=0.25 * SPREAD / 5)


def test_the_order_of_events_moves_an_island_by_less_than_its_error():
    points, kind = cells(9_000, 30_000, 60)
    first = fit_islands(points, ("a", "b", "c"), kind)
    for seed in range(3):
        order = np.random.default_rng(seed).permutation(len(kind))
        again = fit_islands(np.ascontiguousarray(points[:, order]), ("a", "b", "c"), kind[order])
        for one, other in zip(first, again, strict=True):
            error = np.sqrt(np.diag(one.scale) / one.events)
            assert np.all(np.abs(np.array(one.mean) - np.array(other.mean)) < 0.3 * error)
            assert other.events == pytest.approx(one.events, abs=0.3 * np.sqrt(one.events))


def test_an_event_without_a_seed_has_its_say():
    points, kind = cells(500, 500, 500)
    unseeded = np.where(np.arange(len(kind)) % 2, kind, np.int16(-1)).astype(np.int16)
    found = fit_islands(points, ("a", "b", "c"), unseeded)
    assert [one.events for one in found] == pytest.approx([500] * 3, abs=5)


def test_a_large_seed_is_sketched_and_a_small_one_is_not(monkeypatch):
    seen = []
    settle = islands._Mixture.settle
    monkeypatch.setattr(
        islands._Mixture,
        "settle",
        lambda self, points, worth, rounds: (
            seen.append((points.shape[1], worth)) or settle(self, points, worth, rounds)
        ),
    )
    points, kind = cells(30_000, 3_000, 40)
    fit_islands(points, ("a", "b", "c"), kind)
    (sketched, worth), (every, _) = seen
    assert every == 33_040
    assert sketched < every / 5
    assert worth.sum() == pytest.approx(every, rel=1e-4)
    assert np.count_nonzero(worth == 1.0) == 40


def test_the_number_of_threads_does_not_show(monkeypatch):
    points, kind = cells(20_000, 60_000, 300)
    found = []
    for n_threads in ("1", "2", "3"):
        monkeypatch.setenv("NUMBA_NUM_THREADS", n_threads)
        fitted = tuple(fit_islands(points, ("a", "b", "c"), kind))
        weighed = weigh_islands(points, fitted)
        found.append((fitted, weighed.weights.tobytes(), weighed.posterior("c").tobytes()))
    assert found[0] == found[1] == found[2]


def made(signature, centre):
    return Island(signature, tuple(centre), tuple(map(tuple, np.eye(3) * SPREAD**2)), 0.0)


def test_an_island_is_free_to_be_absent():
    points, _ = cells(3_000, 9_000)
    weighed = weigh_islands(points, [made(name, centre) for name, centre in zip("abc", CENTRES, strict=True)])
    assert weighed.weights[2] * 12_000 < 0.5
    assert np.count_nonzero(weighed.posterior("c") > 0.5) == 0
    assert weighed.weights[:2] * 12_000 == pytest.approx([3_000, 9_000], rel=0.01)


@pytest.mark.parametrize("probability", [0.5, 0.99])
def test_the_edge_holds_its_part_of_a_normal_island(probability):
    rng = np.random.default_rng(3)
    points = np.ascontiguousarray(
        (CENTRES[0] + SPREAD * rng.standard_normal((40_000, 3))).T.astype(np.float32)
    )
    inside = weigh_islands(points, [made("a", CENTRES[0])]).posterior("a", probability) > 0.5
    assert inside.mean() == pytest.approx(probability, abs=0.01)


def test_seen_in_fewer_axes_an_event_is_judged_by_those():
    points, _ = cells(2_000, 2_000, 2_000)
    points[2, 0] = 5.0  # far off in an axis that is then not looked at
    weighed = weigh_islands(points, [made(name, centre) for name, centre in zip("abc", CENTRES, strict=True)])
    seen = weighed.seen_in([0, 1], points[:, :50])
    assert max(weighed.posterior(name)[0] for name in "abc") < 0.01
    assert max(seen.posterior(name)[0] for name in "abc") > 0.99
    assert seen.posterior("a").shape == (50,)
