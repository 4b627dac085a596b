"""Which bins of acquisition time stand out from the rest of their tube."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from bcelldepl.runtime.compiled import kernel, kernel_without_errors

__all__ = ["event_median", "mark_bright", "mark_merged_shifts", "mark_shifts", "usual"]

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


@kernel
def mark_merged_shifts(
    counts: NDArray[np.int64],
    means: NDArray[np.float64],
    variances: NDArray[np.float64],
    together: int,
    least_shift: float,
    edge_z: float,
    far_z: float,
    fewest: int,
    odd: NDArray[np.bool_],
) -> int:
    """Mark bins as `mark_shifts` does, several of them taken together.

    Parameters
    ----------
    counts, means, variances, least_shift, edge_z, far_z, fewest
        As in `mark_shifts`.
    together : int
        Bins that are taken together, at most 8; the last of them may be fewer.
    odd : ndarray of bool, shape (n_bins,)
        Set where a bin lies in such a run.

    Returns
    -------
    int
        Of the merged bins, how many hold more than one event; where none does, nothing is marked.
    """
    n_bins = counts.shape[0]
    n = (n_bins + together - 1) // together
    events, middles, spreads = np.zeros(n, np.int64), np.empty(n), np.empty(n)
    seen = 0
    for b in range(n):
        first, last = b * together, min((b + 1) * together, n_bins)
        middle, spread, more_middle, more_spread = 0.0, 0.0, 0.0, 0.0
        for place in range(first, last):
            events[b] += counts[place]
            own_middle = counts[place] * means[place] if counts[place] > 0 else 0.0
            own_spread = counts[place] * variances[place] if counts[place] > 1 else 0.0
            if place == first:  # the first is added last, as `numpy.add.reduceat` does
                middle, spread = own_middle, own_spread
            else:
                more_middle += own_middle
                more_spread += own_spread
        some = max(events[b], 1)
        middles[b], spreads[b] = (middle + more_middle) / some, (spread + more_spread) / some
        if together == 1:
            middles[b], spreads[b] = means[b], variances[b]
        seen += events[b] > 1
    if seen > 0:
        marked = np.zeros(n, np.bool_)
        mark_shifts(events, middles, spreads, least_shift, edge_z, far_z, fewest, marked)
        for place in range(n_bins):
            odd[place] |= marked[place // together]
    return seen


@kernel_without_errors
def mark_bright(
    bright: NDArray[np.int64],
    counts: NDArray[np.int64],
    together: int,
    change: float,
    edge_z: float,
    far_z: float,
    fewest: int,
    odd: NDArray[np.bool_],
) -> None:
    """Mark runs of bins in which the part of bright events is off.

    Parameters
    ----------
    bright, counts : ndarray of int64, shape (n_bins,)
        Bright events of each bin, and all.
    together : int
        Bins that are taken together; the last of them may be fewer.
    change : float
        A part is off by more than this part of the usual.
    edge_z, far_z : float
        And by more than so many standard errors, in every bin of a run; by more than the second in a bin that is off
        alone.
    fewest : int
        Bins of a run that need not be off by so much.
    odd : ndarray of bool, shape (n_bins,)
        Set where a bin lies in such a run of which no bin is marked before.
    """
    n_bins = bright.shape[0]
    n = (n_bins + together - 1) // together
    above, events = np.zeros(n, np.int64), np.zeros(n, np.int64)
    for place in range(n_bins):
        above[place // together] += bright[place]
        events[place // together] += counts[place]
    events = np.maximum(events, 1)
    typical, unrest = usual(above / events, events)
    start, first_z = 0, 0.0
    for b in range(n + 1):
        off = False
        if b < n:
            away = abs(above[b] - typical * events[b])
            noise, unsteady = math.sqrt(typical * events[b]), unrest * events[b]
            z = away / (noise if noise >= unsteady else unsteady)
            off = z > edge_z and away > change * typical * events[b]
            if off:
                first_z = z if b == start else first_z
        if off:
            continue
        if b - start >= fewest or (b > start and first_z > far_z):
            first, last = start * together, min(b * together, n_bins)
            if not odd[first:last].any():
                odd[first:last] = True
        start = b + 1
