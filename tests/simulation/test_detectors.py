"""The cytometer: spillover that the matrix takes out, photons, noise around zero, an end of the scale."""

from __future__ import annotations

import numpy as np
import pytest

from bcelldepl.simulation.detectors import (
    DETECTORS,
    SATURATION,
    SPILLOVER,
    detect_fluorescence,
    detect_scatter,
)

GAIN = np.ones(len(DETECTORS))


@pytest.mark.parametrize("dye", range(len(DETECTORS)), ids=[d.channel for d in DETECTORS])
def test_the_matrix_takes_the_spillover_out(dye: int) -> None:
    rng = np.random.default_rng(dye)
    emitted = np.zeros((20_000, len(DETECTORS)))
    emitted[:, dye] = 10.0 ** rng.normal(3.7, 0.25, len(emitted))
    raw = detect_fluorescence(rng, emitted, SPILLOVER, GAIN)
    compensated = raw @ np.linalg.inv(SPILLOVER)

    def slopes(values: np.ndarray) -> np.ndarray:
        covariance = np.cov(values, rowvar=False)
        return covariance[dye] / covariance[dye, dye]

    np.testing.assert_allclose(slopes(raw), SPILLOVER[dye], atol=0.006)
    np.testing.assert_allclose(slopes(compensated), np.eye(len(DETECTORS))[dye], atol=0.006)


def test_negatives_lie_on_both_sides_of_zero() -> None:
    dark = detect_fluorescence(np.random.default_rng(0), np.zeros((5_000, len(DETECTORS))), SPILLOVER, GAIN)
    np.testing.assert_allclose((dark < 0).mean(axis=0), 0.5, atol=0.03)
    np.testing.assert_allclose(dark.std(axis=0), [d.noise for d in DETECTORS], rtol=0.05)


def test_variance_grows_with_light_as_photons_do() -> None:
    light = 2_000.0
    n = 20_000
    for place, detector in enumerate(DETECTORS):
        emitted = np.zeros((n, len(DETECTORS)))
        emitted[:, place] = light
        reading = detect_fluorescence(np.random.default_rng(place), emitted, np.eye(len(DETECTORS)), GAIN)
        expected = light * detector.units_per_photoelectron + detector.noise**2
        # Sampling error of a variance: sqrt(2/n) of it; five of those.
        assert reading[:, place].var() == pytest.approx(expected, rel=5 * np.sqrt(2 / n))


def test_the_scale_ends() -> None:
    emitted = np.full((100, len(DETECTORS)), 1e6)
    assert (detect_fluorescence(np.random.default_rng(0), emitted, SPILLOVER, GAIN) == SATURATION).all()
    big = np.full(100, 4e5)
    scatter = detect_scatter(np.random.default_rng(0), big, big, np.full(100, 0.9))
    assert (scatter[:, [0, 1, 3, 4]] == SATURATION).all()


def test_width_is_area_over_height() -> None:
    fsc = np.full(1_000, 60_000.0)
    one = detect_scatter(np.random.default_rng(0), fsc, fsc, np.full(1_000, 0.9))
    two = detect_scatter(np.random.default_rng(0), fsc, fsc, np.full(1_000, 0.5))
    np.testing.assert_allclose(one[:, 2], 65_536 * one[:, 0] / one[:, 1], rtol=1e-4)
    assert two[:, 2].min() > one[:, 2].max()
