"""A shape that tubes have elsewhere and wider, against numpy's interpolation and against a normal distribution."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from bcelldepl.kernels.stretched import stretched_densities

STEP = 0.05
ZONE_EDGES = -5.0 + STEP * np.arange(201)


def densities(held, edges, places, spreads, width):
    out = np.full((len(places), len(edges) - 1), np.nan)
    stretched_densities(
        edges, held, ZONE_EDGES[0], STEP, np.asarray(places, float), np.asarray(spreads, float), width, out
    )
    return out


@settings(deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    n_bins=st.integers(1, 60),
    places=st.lists(st.floats(-50, 50), min_size=1, max_size=4),
    spread=st.floats(0.05, 20),
)
def test_densities_are_those_of_numpy(seed, n_bins, places, spread):
    rng = np.random.default_rng(seed)
    shape = rng.gamma(0.5, size=len(ZONE_EDGES) - 1)
    held = np.concatenate(([0.0], np.cumsum(shape / shape.sum())))
    edges = np.sort(rng.normal(0.0, 20.0, n_bins + 1))
    spreads = spread * np.arange(1, len(places) + 1)
    ours = densities(held, edges, places, spreads, 0.04)
    for one, place, wide in zip(ours, places, spreads, strict=True):
        parts = np.diff(np.interp((edges - place) / wide, ZONE_EDGES, held))
        expected = parts / max(parts.sum() * 0.04, 1e-12)
        np.testing.assert_allclose(one, expected, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize(("place", "spread"), [(0.0, 1.0), (2.0, 0.5), (-1.0, 2.0)])
def test_a_normal_stays_one(place, spread):
    held = norm.cdf(ZONE_EDGES)
    edges = np.linspace(-20.0, 20.0, 801)
    (ours,) = densities(held, edges, [place], [spread], 0.05)
    expected = norm.pdf(0.5 * (edges[1:] + edges[:-1]), place, spread)
    np.testing.assert_allclose(ours, expected, atol=2e-3)
    assert ours.sum() * 0.05 == pytest.approx(1.0)


@pytest.mark.parametrize("place", [1e4, -1e4])
def test_a_shape_beyond_all_bins_has_no_density_there(place):
    held = np.clip(norm.cdf(ZONE_EDGES), 0, 1)
    held[0], held[-1] = 0.0, 1.0
    assert (densities(held, np.linspace(-1.0, 1.0, 11), [place], [1.0], 0.2) == 0.0).all()
