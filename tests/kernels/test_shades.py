"""Colours of bins against numpy."""

from __future__ import annotations

import numpy as np
import pytest

from bcelldepl.kernels.shades import colour_bins

COLOURS = np.random.default_rng(0).integers(0, 255, (256, 33, 3)).astype(np.uint8)


def naive(histogram, inside):
    """Bin by bin."""
    image = np.full((*histogram.T.shape, 3), 255, dtype=np.uint8)
    fullest = max(float(np.log1p(histogram.astype(float)).max(initial=0.0)), 1.0)
    for i, j in np.argwhere(histogram):
        shade = np.rint(255 * np.log1p(float(histogram[i, j])) / fullest)
        part = np.rint(32 * min(inside[i, j], histogram[i, j]) / histogram[i, j])
        image[j, i] = COLOURS[int(shade), int(part)]
    return image


@pytest.mark.parametrize("most", [0, 1, 2, 40, 100_000])
@pytest.mark.parametrize("shape", [(1, 1), (7, 3), (30, 40)])
def test_shade_and_part_tell_the_colour(most, shape):
    rng = np.random.default_rng([most, *shape])
    histogram = rng.integers(0, most + 1, shape).astype(np.uint32)
    histogram[rng.random(shape) < 0.3] = 0
    inside = rng.integers(0, most + 2, shape).astype(np.uint32)  # of rounded edges, more than there are
    image = np.full((*shape[::-1], 3), 255, dtype=np.uint8)
    colour_bins(histogram, inside, COLOURS, image)
    np.testing.assert_array_equal(image, naive(histogram, inside))
