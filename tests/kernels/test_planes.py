"""Density of normals in a plane, against scipy."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import logsumexp
from scipy.stats import multivariate_normal

from bcelldepl.kernels.planes import log_density


def rows(means, covariances, parts):
    precision = np.linalg.inv(covariances)
    heights = np.log(parts) - 0.5 * np.linalg.slogdet(covariances)[1] - np.log(2 * np.pi)
    return np.array([*means.T, precision[:, 0, 0], precision[:, 0, 1], precision[:, 1, 1], heights])


@pytest.mark.parametrize("n", [0, 1, 63, 64, 65, 1_000])
@pytest.mark.parametrize("m", [1, 2, 7])
def test_agrees_with_scipy_near_and_far(n, m):
    rng = np.random.default_rng([n, m])
    roots = rng.normal(0, 0.5, (m, 2, 2))
    means, covariances = rng.normal(0, 3, (m, 2)), roots @ roots.transpose(0, 2, 1) + 0.05 * np.eye(2)
    parts = rng.dirichlet(np.ones(m))
    x, y = rng.normal(0, 30, (2, n))  # far out the density itself is 0 in float64
    out = np.full(n, np.nan)
    log_density(x, y, rows(means, covariances, parts), out)
    each = [
        np.log(part) + np.atleast_1d(multivariate_normal(mean, covariance).logpdf(np.column_stack((x, y))))
        for part, mean, covariance in zip(parts, means, covariances, strict=True)
    ]
    np.testing.assert_allclose(out, logsumexp(each, axis=0), rtol=1e-9, atol=1e-6)


def test_nothing_is_nowhere():
    out = np.zeros(3)
    log_density(np.zeros(3), np.zeros(3), np.empty((6, 0)), out)
    assert np.isneginf(out).all()
