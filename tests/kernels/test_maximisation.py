"""The maximisation step against numpy's linear algebra."""

from __future__ import annotations

import numpy as np
import pytest

from bcelldepl.kernels.maximisation import frame_islands, move_islands


def some_scales(rng, n_islands, k):
    roots = rng.normal(0, 0.1, (n_islands, k, k))
    return roots @ roots.transpose(0, 2, 1) + 0.001 * np.eye(k)


def framed(scales, constant=0.0):
    whiteners, heights = np.empty(scales.shape, np.float32), np.empty(len(scales))
    frame_islands(scales, constant, whiteners, heights)
    return whiteners, heights


@pytest.mark.parametrize("k", [1, 2, 5, 8])
def test_frames_are_those_of_a_cholesky_factor(k):
    scales = some_scales(np.random.default_rng(k), 4, k)
    whiteners, heights = framed(scales, 1.5)
    np.testing.assert_array_equal(whiteners, np.tril(whiteners))
    np.testing.assert_allclose(whiteners, np.linalg.inv(np.linalg.cholesky(scales)), rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(heights, np.exp(1.5) / np.sqrt(np.linalg.det(scales)), rtol=1e-12)


def moved(shares, masses, firsts, seconds, whiteners, ridge, means, scales, before):
    """The same step for one island in numpy; its parameters and largest move in standard errors."""
    events = max(shares, 1.0)
    if masses > 1.0:
        step = firsts / masses
        scale = (seconds - masses * np.outer(step, step)) / shares + ridge * np.eye(len(means))
    else:
        step, scale = np.zeros(len(means)), scales
    widths = np.log(np.diag(scale) / np.diag(scales))
    farthest = max(
        abs(shares - before) / np.sqrt(events),
        np.sqrt(events) * np.linalg.norm(whiteners.astype(np.float64) @ step),
        np.sqrt(events / 2) * np.abs(widths).max(),
    )
    return means.astype(np.float32) + step, scale, shares, farthest


@pytest.mark.parametrize("k", [1, 3, 6])
@pytest.mark.parametrize("seed", range(4))
def test_islands_move_to_where_their_events_are(k, seed):
    rng = np.random.default_rng([k, seed])
    n_islands, row_column = 4, np.tril_indices(k)
    scales, means = some_scales(rng, n_islands, k), rng.uniform(0, 1, (n_islands, k))
    before, masses = rng.uniform(1, 900, n_islands), rng.uniform(2, 900, n_islands)
    masses[1] = 0.4  # an island of next to no events
    shares = masses * rng.uniform(0.9, 1.1, n_islands)
    steps = rng.normal(0, 0.01, (n_islands, k))
    firsts = masses[:, None] * steps
    spreads = some_scales(rng, n_islands, k)
    seconds = masses[:, None, None] * (spreads + steps[:, :, None] * steps[:, None, :])
    sums = np.column_stack([shares, masses, firsts, seconds[:, row_column[0], row_column[1]]])
    whiteners, _ = framed(scales)
    expected = [
        moved(shares[i], masses[i], firsts[i], seconds[i], whiteners[i], 1e-4, means[i], scales[i], before[i])
        for i in range(n_islands)
    ]
    new_means, new_scales, new_shares = means.copy(), scales.copy(), before.copy()
    farthest = move_islands(sums, whiteners, 1e-4, new_means, new_scales, new_shares)
    assert farthest == pytest.approx(max(one[3] for one in expected), rel=1e-9)
    for i, (mean, scale, share, _) in enumerate(expected):
        np.testing.assert_allclose(new_means[i], mean, rtol=1e-9)
        np.testing.assert_allclose(new_scales[i], scale, rtol=1e-9, atol=1e-12)
        assert new_shares[i] == share
    np.testing.assert_array_equal(new_scales, new_scales.transpose(0, 2, 1))
    np.testing.assert_array_equal(new_scales[1], scales[1])
