"""Regions of any kind, at random."""

from __future__ import annotations

import numpy as np

from bcelldepl.kernels.regions import ELLIPSE, POLYGON, STRIP, ellipse, polygon, strip


def star(rng, corners):
    """A simple polygon: corners around a centre, in the order of their angles, at any radius."""
    angle = np.sort(rng.uniform(0, 2 * np.pi, corners))
    radius = rng.uniform(0.1, 0.5, corners)
    return 0.5 + np.column_stack([radius * np.cos(angle), radius * np.sin(angle)])


def some_region(rng):
    pick = rng.integers(4)
    if pick == 0:
        return STRIP, strip(1.0, 0.0, rng.uniform(0, 1), np.inf)
    if pick == 1:
        return STRIP, strip(1.0, -rng.uniform(0.5, 1.5), *np.sort(rng.uniform(-0.5, 0.5, 2)))
    if pick == 2:
        root = rng.normal(size=(2, 2)) * 5
        return ELLIPSE, ellipse(rng.uniform(0.3, 0.7, 2), root @ root.T, rng.uniform(0.2, 3))
    corners = star(rng, int(rng.integers(3, 12)))
    if rng.random() < 0.5:  # edges that are level or upright
        corners = np.round(corners, 1)
    return POLYGON, polygon(corners)
