"""Which bins of acquisition time stand out from the rest of their tube."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from bcelldepl.runtime.compiled import kernel

__all__ = ["event_median", "mark_shifts", "usual"]

_SPREAD_OF_DEVIATION = 1.4826  # standard deviations in a median deviation


@kernel
def event_median(values: NDArray[np.float64], counts: NDArray[np.int64]) -> float:
    """Median over events of what is known by bin.

    Parameters
    ----------
    values : ndarray of float64, shape (n_bins,)
        NaN counts as larger than any number.
    counts : ndarray of int64, shape (n_bins,)
        Events in each bin.

    Returns
    -------
    float
    """
    order = np.argsort(values)
    half, reached = 0.5 * counts.sum(), 0
    for b in order:
        reached += counts[b]
        if reached >= half:
            return float(values[b])
    return math.nan


@kernel
def usual(values: NDArray[np.float64], counts: NDArray[np.int64]) -> tuple[float, float]:
    """Median and robust spread over events, not over time: a tube may stand empty for longer than it ran.

    Parameters
    ----------
    values, counts
        As in `event_median`.

    Returns
    -------
    (float, float)
    """
    middle = event_median(values, counts)
    return middle, _SPREAD_OF_DEVIATION * event_median(np.abs(values - middle), counts)


@kernel
def _median(values: NDArray[np.float64]) -> float:
    inner = np.sort(values)
    half = values.shape[0] // 2
    if math.isnan(inner[-1]):
        return math.nan
    return float(inner[half]) if values.shape[0] % 2 else float(0.5 * (inner[half - 1] + inner[half]))


@kernel
def mark_shifts(
    counts: NDArray[np.int64],
    means: NDArray[np.float64],
    variances: NDArray[np.float64],
    least_shift: float,
    edge_z: float,
    far_z: float,
    fewest: int,
    odd: NDArray[np.bool_],
) -> None:
    """Mark runs of bins whose mean signal is off, in one of them by far.

    Parameters
    ----------
    counts, means, variances : ndarray, shape (n_bins,)
        From `time_profile`; bins of one event or none are not looked at. At least one holds more.
    least_shift : float
        A mean is off by more than this, in the units of the signal.
    edge_z, far_z : float
        And by more than so many standard errors, in every bin of a run and in one of them; of the noise of the bin or
        the usual unrest between bins, whichever is larger.
    fewest : int
        Bins of a run.
    odd : ndarray of bool, shape (n_bins,)
        Set where a bin lies in such a run.
    """
    n = counts.shape[0]
    seen = counts > 1
    middle, unrest = usual(means[seen], counts[seen])
    spread = _median(variances[seen])
    first, farthest = 0, 0.0
    for b in range(n + 1):
        z = 0.0
        if b < n and seen[b] and abs(means[b] - middle) > least_shift:
            unsure = max(math.sqrt(spread / counts[b]), unrest) if not math.isnan(unrest) else math.nan
            z = abs(means[b] - middle) / unsure if unsure != 0.0 else math.inf
        if z > edge_z:
            farthest = max(farthest, z)
            continue
        if b - first >= fewest and farthest > far_z:
            odd[first:b] = True
        first, farthest = b + 1, 0.0
