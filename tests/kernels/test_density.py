"""Smoothed histograms, their peaks and valleys, and those redrawn, against scipy and plain Python."""

from __future__ import annotations

import naive
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.ndimage import gaussian_filter1d

from bcelldepl.kernels.density import locate_peak, part_peaks, smooth_counts
from bcelldepl.kernels.redraw import lowest_redrawn

histograms = hnp.arrays(np.uint32, st.integers(3, 60), elements=st.sampled_from([0, 0, 1, 2, 7, 30, 400]))


def weights_of(sigma, reach):
    """Of scipy's filter, from the response to a single event."""
    event = np.zeros(2 * reach + 1)
    event[reach] = 1.0
    return gaussian_filter1d(event, sigma, mode="constant", radius=reach)[reach:]


def smoothed(counts, sigma=2.0, reach=8):
    out = np.full(len(counts), 9.0)
    smooth_counts(counts, weights_of(sigma, reach), out)
    return out


def parted(counts, smooth, *settings_):
    found = np.full((len(counts), 3), -9)
    return found[: part_peaks(counts, smooth, *settings_, found)].tolist()


def lumpy(n_bins, seed):
    """A histogram of several lumps."""
    rng = np.random.default_rng(seed)
    centres, spreads = rng.uniform(0, n_bins, 4), rng.uniform(2, 0.1 * n_bins + 3, 4)
    heights = 10 ** rng.uniform(0, 2.5, 4)
    i = np.arange(n_bins)[:, None]
    return rng.poisson((heights * np.exp(-0.5 * ((i - centres) / spreads) ** 2)).sum(axis=1)).astype(
        np.uint32
    )


@settings(deadline=None)
@given(histograms, st.floats(0.3, 12.0), st.integers(0, 50))
def test_smoothing_is_that_of_scipy_to_the_last_bit(counts, sigma, reach):
    theirs = gaussian_filter1d(counts.astype(np.float64), sigma, mode="constant", radius=reach)
    np.testing.assert_array_equal(smoothed(counts, sigma, reach), theirs)


@settings(deadline=None)
@given(histograms, st.integers(1, 5), st.sampled_from([0.0, 2.0, 4.0]))
def test_peaks_are_parted_as_pair_by_pair(counts, half, min_z):
    smooth = smoothed(counts, 1.0, 4)
    asked = half, 5, min_z, 0.8
    assert parted(counts, smooth, *asked) == naive.part_peaks(counts, smooth, *asked)


@pytest.mark.parametrize("sigma", [0.6, 1.5, 4.0])
def test_lumps_are_parted_as_pair_by_pair(sigma):
    found = []
    for seed in range(150):
        counts = lumpy(200, seed)
        smooth = smoothed(counts, sigma, 16)
        asked = max(int(1.5 * sigma), 1), 20, 4.0, 0.8
        found.append(parted(counts, smooth, *asked))
        assert found[-1] == naive.part_peaks(counts, smooth, *asked)
    assert {0, 1, 2} <= {len(one) for one in found}


def test_no_bin_rises_and_no_peak_is_parted():
    flat = np.full(9, 4, np.uint32)
    assert parted(flat, flat.astype(np.float64), 1, 0, 0.0, 1.0) == []


@pytest.mark.parametrize("n_usable", [200, 90, 12])
def test_a_peak_lies_where_interpolation_has_it(n_usable):
    positions = (np.arange(200) + 0.5) / 200
    for seed in range(60):
        counts = lumpy(200, seed)
        smooth = smoothed(counts)
        asked = positions, counts, smooth, n_usable, 0.25
        np.testing.assert_allclose(locate_peak(*asked), naive.locate_peak(*asked), rtol=1e-12)


@settings(deadline=None)
@given(histograms, st.integers(1, 60))
def test_a_peak_of_few_bins_lies_where_interpolation_has_it(counts, n_usable):
    positions, smooth = np.arange(len(counts)) / 64.0, smoothed(counts, 1.0, 4)
    asked = positions, counts, smooth, n_usable, 0.25
    np.testing.assert_allclose(locate_peak(*asked), naive.locate_peak(*asked), rtol=1e-12)


@settings(deadline=None, max_examples=50)
@given(
    hnp.arrays(np.uint32, st.integers(9, 30), elements=st.sampled_from([0, 1, 2, 9, 50, 3_000, 200_000])),
    st.integers(0, 99),
)
def test_redrawn_bins_are_quantiles_of_a_poisson_distribution(counts, seed):
    uniform = np.random.default_rng(seed).random((len(counts), 25))
    lowest = np.full(25, -9)
    lowest_redrawn(counts, uniform, weights_of(1.2, 4), 1e3, lowest)
    assert lowest.tolist() == naive.lowest_redrawn(counts, uniform, 1.2, 4, 1e-6)


@pytest.mark.parametrize("nearly", [0.0, np.nextafter(1.0, 0.0)])
def test_the_ends_of_the_random_numbers_make_counts(nearly):
    lowest = np.empty(3, np.int64)
    counts = np.array([5, 900, 0, 7], np.uint32)
    lowest_redrawn(counts, np.full((4, 3), nearly), np.ones(1), 0.0, lowest)
    assert lowest.tolist() == [2, 2, 2]
