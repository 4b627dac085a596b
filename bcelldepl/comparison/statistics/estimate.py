"""A statistic with its interval, and the pairs that all of them are made from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["Estimate", "Pairs", "positive_pairs", "take_pairs"]


@dataclass(frozen=True)
class Estimate:
    """A statistic.

    Attributes
    ----------
    value, low, high : float
        The estimate and its 95 % interval; NaN where too little data gives none.
    n : int
        Pairs, tubes or groups behind it.
    """

    value: float
    low: float
    high: float
    n: int

    @classmethod
    def unknown(cls, n: int) -> Estimate:
        """Return what can be said with too few pairs: nothing but their number."""
        return cls(float("nan"), float("nan"), float("nan"), n)


class Pairs(NamedTuple):
    """Two measurements of the same tubes, both finite."""

    reference: NDArray[np.float64]
    test: NDArray[np.float64]

    @property
    def n(self) -> int:
        """Number of pairs."""
        return len(self.reference)


def take_pairs(reference: ArrayLike, test: ArrayLike) -> Pairs:
    """Keep the pairs of which both are finite.

    Parameters
    ----------
    reference, test : array_like of float, shape (n,)
        Manual and automated values, pair by pair.

    Returns
    -------
    Pairs

    Raises
    ------
    ValueError
        Where they are not as many, or not one-dimensional.
    """
    x, y = np.asarray(reference, dtype=np.float64), np.asarray(test, dtype=np.float64)
    if x.shape != y.shape or x.ndim != 1:
        msg = f"pairs are wanted, but the shapes are {x.shape} and {y.shape}"
        raise ValueError(msg)
    sound = np.isfinite(x) & np.isfinite(y)
    return Pairs(x[sound], y[sound])


def positive_pairs(reference: ArrayLike, test: ArrayLike) -> Pairs:
    """Keep the pairs of which both are above zero: only they have a ratio.

    Parameters
    ----------
    reference, test : array_like of float

    Returns
    -------
    Pairs
    """
    x, y = take_pairs(reference, test)
    sound = (x > 0) & (y > 0)
    return Pairs(x[sound], y[sound])
