"""Islands of several tubes: where one tube's islands would lie in another, and how far they wander between tubes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import reduce
from operator import add

import numpy as np
from numpy.typing import NDArray

from bcelldepl.gating.islands import Island

__all__ = ["ClusterShape", "distance", "moved_islands", "unrest"]

_USUAL_UNREST = 0.03  # of an island's place between tubes, where too few tubes tell
_UNREST_BOUNDS = (0.02, 0.08)


@dataclass(frozen=True)
class ClusterShape:
    """The islands of one tube.

    Attributes
    ----------
    markers : tuple of str
        The axes of every island.
    islands : tuple of Island
        At most one per signature.
    """

    markers: tuple[str, ...]
    islands: tuple[Island, ...]

    def island(self, signature: str) -> Island | None:
        """Return the island of a signature, or None."""
        return next((one for one in self.islands if one.signature == signature), None)


def distance(one: Island, other: Island) -> float:
    """Mahalanobis distance of two islands, by the mean of their scales."""
    apart = np.array(one.mean) - np.array(other.mean)
    pooled = 0.5 * (np.array(one.scale) + np.array(other.scale))
    return float(np.sqrt(apart @ np.linalg.solve(pooled, apart)))


def moved_islands(
    here: ClusterShape, donors: Sequence[ClusterShape], signature: str, max_shift: float
) -> list[Island]:
    """Other tubes' islands of a signature where they would lie in this tube.

    Parameters
    ----------
    here : ClusterShape
        Of this tube.
    donors : sequence of ClusterShape
        Of other tubes. Each is moved as the islands that both have are.
    signature : str
    max_shift : float
        Islands that would move farther than this in any marker are left out.
    """
    moved = []
    for donor in donors:
        island = donor.island(signature)
        shift = _shift(here, donor) if donor.markers == here.markers else None
        if island is None or shift is None or any(abs(move) > max_shift for move in shift):
            continue
        mean = tuple(place + move for place, move in zip(island.mean, shift, strict=True))
        moved.append(replace(island, mean=mean))
    return moved


def unrest(moved: Sequence[Island], n_markers: int) -> NDArray[np.float64]:
    """Variance by marker of where tubes have an island, within bounds.

    Parameters
    ----------
    moved : sequence of Island
        From `moved_islands`.
    n_markers : int

    Returns
    -------
    ndarray of float64, shape (n_markers,)
    """
    if len(moved) < 3:
        return np.full(n_markers, _USUAL_UNREST**2)
    means = np.array([island.mean for island in moved])
    spread = 1.4826 * np.median(np.abs(means - np.median(means, axis=0)), axis=0)
    bounded: NDArray[np.float64] = np.clip(np.maximum(spread, 0.8 * means.std(axis=0)), *_UNREST_BOUNDS) ** 2
    return bounded


def _shift(here: ClusterShape, there: ClusterShape) -> list[float] | None:
    """Mean move of the islands that two tubes share; None where they share none."""
    means = {island.signature: island.mean for island in there.islands}
    pairs = [
        (one.mean, means[one.signature]) for one in here.islands if one.events > 0 and one.signature in means
    ]
    if not pairs:
        return None
    # In plain numbers: a few of them, for every pair of tubes.
    moves = ([a - b for a, b in zip(one, other, strict=True)] for one, other in pairs)
    # Not by `sum`, which rounds one way in Python 3.11 and another in 3.12.
    return [reduce(add, move) / len(pairs) for move in zip(*moves, strict=True)]
