"""Outlines of gates: their area, fewer corners, several parts in one line."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from bcelldepl.gating.model.study_model import Corners
from bcelldepl.kernels.corners import mark_corners

__all__ = ["joined", "signed_area", "simplified"]

Points = NDArray[np.float64]


def signed_area(corners: Points) -> float:
    """Area within a closed line; negative where it goes round clockwise."""
    x, y = corners.T
    return 0.5 * float(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1)))


def simplified(corners: Points, farthest: float) -> Points:
    """Leave out corners that lie hardly off the line between their neighbours, no farther than is given."""
    start = int(np.argmax(np.hypot(*(corners - corners.mean(axis=0)).T)))
    ring = np.roll(corners, -start, axis=0)
    closed = np.vstack((ring, ring[:1]))
    keep = np.zeros(len(closed), dtype=np.bool_)
    keep[[0, int(np.argmax(np.hypot(*(ring - ring[0]).T))), len(ring)]] = True
    mark_corners(closed, farthest, keep)
    return ring[keep[:-1]]


def joined(parts: Sequence[Points]) -> Corners:
    """One closed line through all parts: from the first to each other part and back, which encloses nothing."""
    first = parts[0]
    corners = [tuple(corner) for corner in first.tolist()]
    for part in parts[1:]:
        there = [tuple(corner) for corner in part.tolist()]
        corners += [corners[0], *there, there[0], corners[0]]
    return tuple((round(float(a), 5), round(float(b), 5)) for a, b in corners)
