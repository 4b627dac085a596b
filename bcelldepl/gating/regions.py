"""Regions of one marker or two: what the edge of a gate comes down to, whichever rule drew it.

In memory or streamed from the file, an event is judged by the same kernel. A column holds positions rounded to float32;
an event that lies within the rounding of an edge is judged by its exact position, so that the edge cuts as if it had
met the exact positions of all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from bcelldepl.gating.events import Events
from bcelldepl.kernels import regions as kernels
from bcelldepl.runtime.threads import over_spans

__all__ = ["Region", "Regions", "above", "below", "ellipse", "inside", "polygon", "strip"]


@dataclass(frozen=True)
class Region:
    """A region in positions.

    Attributes
    ----------
    kind : int
        Of `bcelldepl.kernels.regions`.
    markers : tuple of str
        One marker, or two: x and y.
    numbers : ndarray of float64, shape (m, 6)
    """

    kind: int
    markers: tuple[str, ...]
    numbers: NDArray[np.float64]


@dataclass(frozen=True)
class Regions:
    """A gate, and where it would be at the two ends of its 95 % interval; None where it is sure."""

    gate: Region
    ends: tuple[Region, Region] | None = None


def above(marker: str, cut: float) -> Region:
    """Positions beyond a cut; beyond NaN there is nothing."""
    return Region(kernels.STRIP, (marker,), kernels.strip(1.0, 0.0, cut, np.inf))


def below(marker: str, cut: float) -> Region:
    """Positions up to a cut."""
    return Region(kernels.STRIP, (marker,), kernels.strip(1.0, 0.0, -np.inf, cut))


def strip(x: str, y: str, weights: tuple[float, float], low: float, high: float) -> Region:
    """Positions whose weighted sum lies beyond `low` and up to `high`."""
    return Region(kernels.STRIP, (x, y), kernels.strip(*weights, low, high))


def polygon(x: str, y: str, vertices: Sequence[Sequence[float]] | NDArray[np.float64]) -> Region:
    """Positions inside a polygon."""
    corners = vertices if isinstance(vertices, tuple) else tuple((float(a), float(b)) for a, b in vertices)
    return _polygon(x, y, corners)


@lru_cache(maxsize=256)  # drawn gates are the same for every tube
def _polygon(x: str, y: str, corners: tuple[tuple[float, float], ...]) -> Region:
    if len(corners) == 4:
        across, upward = ({corner[k] for corner in corners} for k in (0, 1))
        one, other = corners[0], corners[2]
        # Else its sides cross, or are none.
        sides = len(set(corners)) == 4 and one[0] != other[0] and one[1] != other[1]
        if len(across) == len(upward) == 2 and sides:
            edges = min(across), max(across), min(upward), max(upward)
            return Region(kernels.RECTANGLE, (x, y), kernels.rectangle(*edges))
    return Region(kernels.POLYGON, (x, y), kernels.polygon(corners))


def ellipse(
    x: str, y: str, centre: Sequence[float], covariance: Sequence[Sequence[float]], squared_radius: float
) -> Region:
    """Positions within a squared Mahalanobis distance of a centre."""
    precision = np.linalg.inv(np.array(covariance))
    return Region(kernels.ELLIPSE, (x, y), kernels.ellipse(centre, precision, squared_radius))


def inside(region: Region, columns: Mapping[str, NDArray[np.float32]]) -> NDArray[np.bool_]:
    """Judge events in memory.

    Parameters
    ----------
    region : Region
    columns : Events, or mapping of str to ndarray of float32, shape (n_events,)
        Positions; those of a plain mapping are taken as exact.

    Returns
    -------
    ndarray of bool, shape (n_events,)
    """
    x, y = columns[region.markers[0]], columns[region.markers[-1]]
    verdict = np.empty(len(x), dtype=np.uint8)
    exact = columns.exact if isinstance(columns, Events) else None
    error = kernels.FLOAT32_ERROR if exact else 0.0

    def judge(first: int, last: int) -> int:
        part = slice(first, last)
        return int(kernels.judge(region.kind, region.numbers, x[part], y[part], error, verdict[part]))

    if any(over_spans(judge, len(x))) and exact:
        near = np.flatnonzero(verdict == kernels.NEAR)
        again = np.empty(len(near), dtype=np.uint8)
        x64, y64 = (exact(region.markers[k], near) for k in (0, -1))
        kernels.judge(region.kind, region.numbers, x64, y64, 0.0, again)
        verdict[near] = again
    return verdict.view(np.bool_)
