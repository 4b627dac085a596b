"""Islands of cells in several markers: a robust mixture whose islands can be learned, carried, and absent."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from bcelldepl.kernels.maximisation import frame_islands, move_islands
from bcelldepl.kernels.mixture import accumulate_islands
from bcelldepl.kernels.seeds import seed_middles, take_evenly
from bcelldepl.runtime.threads import over_spans

__all__ = ["BACKGROUND_SHARE", "DEGREES", "Island", "approach_islands", "island_frames"]

DEGREES = 12.0  # tails of a stained population are heavier than a normal's
BACKGROUND_SHARE = 1e-2  # of events that belong to no island, spread over the unit box
_RIDGE = 0.006**2  # no island is narrower than this
_ROUNDS = 60
_LAST_ROUNDS = 2
_SETTLED = 0.25  # standard errors: an island that moves by less rests
_SKETCH = 2048  # events of a seed from which its island is sketched


@dataclass(frozen=True)
class Island:
    """One island.

    Attributes
    ----------
    signature : str
        Its signs on the signature markers, such as ``"-+"``.
    mean : tuple of float, length k
    scale : tuple of tuple of float, shape (k, k)
        Scale matrix of the t distribution.
    events : float
        Expected events (sum of posteriors); 0 for one that was carried in.
    """

    signature: str
    mean: tuple[float, ...]
    scale: tuple[tuple[float, ...], ...]
    events: float

    def seen_in(self, axes: Sequence[int]) -> Island:
        """Return the island as it is seen in some of its axes alone."""
        mean = tuple(self.mean[i] for i in axes)
        return replace(self, mean=mean, scale=tuple(tuple(self.scale[i][j] for j in axes) for i in axes))


def approach_islands(
    points: NDArray[np.float32], signatures: Sequence[str], seeds: NDArray[np.int16]
) -> Iterator[list[Island]]:
    """Fit islands from seeds, with every event, by expectation and maximisation.

    Large seeds are sketched by some of their events, evenly taken in the order of the file and each worth as many as it
    stands for, until no island moves by a noticeable part of its own standard error. Then all events have their say:
    from a start that is as near as that, a few rounds go as far as many.

    Parameters
    ----------
    points : ndarray of float32, shape (k, n_events)
        Transformed markers; finite.
    signatures : sequence of str
        Of each island.
    seeds : ndarray of int16, shape (n_events,)
        First guess: the number of the island that each event belongs to; -1 for none.

    Yields
    ------
    list of Island
        In the order of the signatures: those of the sketch, where there is one, then those of all events.
    """
    sketched, worth, owner = _sketch(points, seeds, len(signatures))
    mixture = _first_guess(sketched, worth, owner, len(signatures))
    mixture.settle(sketched, worth, _ROUNDS)
    yield mixture.islands(signatures)
    if sketched.shape[1] < points.shape[1]:
        mixture.settle(points, np.ones(points.shape[1], dtype=np.float32), _LAST_ROUNDS)
        yield mixture.islands(signatures)


def _sketch(
    points: NDArray[np.float32], seeds: NDArray[np.int16], n_islands: int
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.int16]]:
    """Take events of each seed, and of those in none, evenly over the tube; with their worth and seed."""
    events = np.bincount(seeds + 1, minlength=n_islands + 1)
    every = np.maximum(-(-events // _SKETCH), 1)
    places = np.empty(len(seeds), dtype=np.int64)
    places = places[: take_evenly(seeds, every, places)]
    owner = seeds[places]
    worth = events / np.maximum(-(-events // every), 1)
    return np.take(points, places, axis=1), worth.astype(np.float32)[owner + 1], owner


@dataclass
class _Mixture:
    """Islands while they are fitted: shapes (n_islands, k), (n_islands, k, k) and (n_islands,)."""

    mean: NDArray[np.float64]
    scale: NDArray[np.float64]
    share: NDArray[np.float64]

    def islands(self, signatures: Sequence[str]) -> list[Island]:
        """The islands as they are."""
        return [
            Island(signature, tuple(mean), tuple(map(tuple, scale)), share)
            for signature, mean, scale, share in zip(
                signatures, self.mean.tolist(), self.scale.tolist(), self.share.tolist(), strict=True
            )
        ]

    def settle(self, points: NDArray[np.float32], worth: NDArray[np.float32], rounds: int) -> None:
        """Let the islands move until they rest, or for so many rounds."""
        n = float(worth.sum(dtype=np.float64))
        for _ in range(rounds):
            if self._round(points, worth, n) < _SETTLED:
                break

    def _round(self, points: NDArray[np.float32], worth: NDArray[np.float32], n: float) -> float:
        """Do one round of expectation and maximisation; return the largest move, in standard errors."""
        n_islands, k = self.mean.shape
        whitener, height = island_frames(self.scale)
        mean = self.mean.astype(np.float32)
        heights = (np.maximum(self.share, 0.1) / n * height).astype(np.float32)

        def expect(first: int, last: int) -> NDArray[np.float64]:
            sums = np.zeros((n_islands, 2 + k + k * (k + 1) // 2))
            accumulate_islands(
                points, worth, first, last, mean, whitener, heights,
                np.float32(BACKGROUND_SHARE), DEGREES, sums,
            )  # fmt: skip
            return sums

        sums = np.sum(over_spans(expect, points.shape[1]), axis=0)
        return move_islands(sums, whitener, _RIDGE, self.mean, self.scale, self.share)


def _first_guess(
    points: NDArray[np.float32], worth: NDArray[np.float32], seeds: NDArray[np.int16], n_islands: int
) -> _Mixture:
    """An island about the middle of each seed."""
    middles = np.empty((n_islands, len(points)))
    deviations = np.empty_like(middles)
    seed_middles(points, seeds, middles, deviations)
    scales = np.maximum(1.4826 * deviations, 0.01)[:, :, None] ** 2 * np.eye(len(points))
    shares = np.bincount(seeds + 1, worth, n_islands + 1)[1:].astype(np.float64)
    return _Mixture(middles, scales, shares)


def island_frames(scale: NDArray[np.float64]) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """Whiteners, and the density of each multivariate t at its centre."""
    k = scale.shape[-1]
    constant = (
        math.lgamma(0.5 * (DEGREES + k)) - math.lgamma(0.5 * DEGREES) - 0.5 * k * math.log(DEGREES * math.pi)
    )
    whitener, height = np.empty(scale.shape, dtype=np.float32), np.empty(len(scale))
    frame_islands(scale, constant, whitener, height)
    return whitener, height
