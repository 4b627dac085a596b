"""Quantiles of many numbers: only those that they lie between are put in order, all at once, by vector instructions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["quantiles", "quantiles_in_order"]


def quantiles(values: NDArray[Any], parts: Sequence[float]) -> NDArray[np.float64]:
    """Quantiles along the last axis, by straight lines between two numbers, as `numpy.quantile` gives them.

    Parameters
    ----------
    values : ndarray of float, shape (..., n)
        One number at least.
    parts : sequence of float
        From 0 to 1.

    Returns
    -------
    ndarray of float64, shape (..., n_parts)
        NaN where one of the numbers is NaN.
    """
    before, after, _ = _places(values.shape[-1], parts)
    return quantiles_in_order(
        np.partition(values, np.unique((*before, *after, values.shape[-1] - 1)), axis=-1), parts
    )


def quantiles_in_order(ordered: NDArray[Any], parts: Sequence[float]) -> NDArray[np.float64]:
    """Quantiles of numbers that are in ascending order along the last axis.

    Parameters
    ----------
    ordered : ndarray of float, shape (..., n)
        NaN come last. Places between those that a quantile lies at may hold numbers in any order.
    parts : sequence of float
        From 0 to 1.

    Returns
    -------
    ndarray of float64, shape (..., n_parts)
        As `quantiles`.
    """
    before, after, way = _places(ordered.shape[-1], parts)
    low, high = ordered[..., before], ordered[..., after]
    rise = high - low
    found = np.where(way >= 0.5, high - rise * (1.0 - way), low + rise * way)
    return np.where(np.isnan(ordered[..., -1:]), np.nan, found)


def _places(n: int, parts: Sequence[float]) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.float64]]:
    """Places of the two numbers that each quantile lies between, and how far it lies on the way."""
    places = (n - 1) * np.asarray(parts, dtype=np.float64)
    before = np.floor(places).astype(np.intp)
    return before, np.minimum(before + 1, n - 1), places - before
