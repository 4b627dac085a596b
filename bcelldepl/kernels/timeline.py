"""Running statistics over acquisition time."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bcelldepl.kernels.sums import sum_of
from bcelldepl.runtime.compiled import kernel

__all__ = ["clock_steps", "mean_step", "profile_moments", "time_profile", "time_stretches"]

_STRETCH = 512  # events summed at once


@kernel
def clock_steps(time: NDArray[np.float32]) -> tuple[int, float]:
    """How often a clock runs backwards from one event to the next, and the least by which it goes on.

    Parameters
    ----------
    time : ndarray of float32, shape (n_events,)
        Acquisition time [s], of numbers only.

    Returns
    -------
    int, float
        Infinity where it never goes on.
    """
    backwards, least = 0, np.float32(np.inf)
    for event in range(time.shape[0] - 1):
        step = time[event + 1] - time[event]
        backwards += step < 0.0
        least = min(least, step if step > 0.0 else np.float32(np.inf))
    return backwards, float(least)


@kernel
def mean_step(time: NDArray[np.float32], below: float) -> float:
    """Mean of those steps of a clock that are above 0 and below a limit.

    Parameters
    ----------
    time : ndarray of float32, shape (n_events,)
        Acquisition time [s].
    below : float
        One that some step is below [s]. Where it is no more than twice the least step, the sum is exact.

    Returns
    -------
    float
    """
    limit, steps = np.float32(below), np.empty(_STRETCH)
    total, events = 0.0, 0
    for start in range(0, time.shape[0] - 1, _STRETCH):
        size = min(_STRETCH, time.shape[0] - 1 - start)
        here, after = time[start : start + size], time[start + 1 : start + 1 + size]
        for i in range(size):
            step = after[i] - here[i]
            known = (step > 0.0) & (step < limit)
            steps[i] = step if known else 0.0
            events += known
        total += sum_of(steps, size)
    return total / events


@kernel
def _bin_of(time: float, start: float, width: float, n_bins: int) -> int:
    return int(min(max((time - start) / width, 0.0), n_bins - 1.0))


@kernel
def time_stretches(
    time: NDArray[np.float32], start: float, width: float, n_bins: int, in_order: bool
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Cut events into stretches of one time bin each, and of so few that they stay in the nearest cache.

    Parameters
    ----------
    time : ndarray of float32, shape (n_events,)
        Acquisition time [s].
    start, width : float
        Start of the first bin and width of every bin [s].
    n_bins : int
        Times before the first bin and after the last are held in those.
    in_order : bool
        Whether times never run backwards: a stretch whose ends lie in one bin then need not be looked through.

    Returns
    -------
    edges : ndarray of int64, shape (n_stretches + 1,)
        First event of each stretch, and at the end the number of events.
    bins : ndarray of int64, shape (n_stretches,)
        Time bin of each stretch.
    """
    n, first, found = time.shape[0], 0, 0
    most = n // _STRETCH + n_bins if in_order else n
    edges, bins = np.empty(most + 1, np.int64), np.empty(most, np.int64)
    while first < n:
        b = _bin_of(float(time[first]), start, width, n_bins)
        end = min(n, first + _STRETCH)
        last = end
        if not (in_order and _bin_of(float(time[end - 1]), start, width, n_bins) == b):
            last = first + 1
            while last < end and _bin_of(float(time[last]), start, width, n_bins) == b:
                last += 1
        edges[found], bins[found] = first, b
        found += 1
        first = last
    edges[found] = n
    return edges[: found + 1], bins[:found]


@kernel
def time_profile(
    columns: NDArray[np.float32],
    offset: int,
    edges: NDArray[np.int64],
    bins: NDArray[np.int64],
    first: int,
    last: int,
    levels: NDArray[np.float32],
    near: NDArray[np.float64],
    counts: NDArray[np.int64],
    sums: NDArray[np.float64],
    squares: NDArray[np.float64],
    above: NDArray[np.int64],
) -> None:
    """Add stretches of events to the numbers, sums and squares of signals in each time bin, and to the bright ones.

    Squares are taken from the first value of the bin, which is near its mean. Where all stretches are added in their
    order, it does not matter how many at a time.

    Parameters
    ----------
    columns : ndarray of float32, shape (n_signals, at least the events of the stretches)
        Transformed signals, so that a few bright events do not rule a mean.
    offset : int
        Number of the first event that the columns hold.
    edges : ndarray of int64, shape (n_stretches + 1,)
    bins : ndarray of int64, shape (n_stretches,)
        From `time_stretches`.
    first, last : int
        The first stretch to add, and the one past the last.
    levels : ndarray of float32, shape (n_signals, n_levels)
        Events above these are bright; a NaN is above none.
    near, counts, sums, squares : ndarray, shape (n_signals, n_bins)
        Zeros at first; added to. NaN is in none of them.
    above : ndarray of int64, shape (n_signals, n_levels, n_bins)
        Zeros at first; added to.
    """
    away, square = np.empty(_STRETCH), np.empty(_STRETCH)
    for s in range(levels.shape[0]):
        for k in range(first, last):
            b, part = bins[k], columns[s, edges[k] - offset : edges[k + 1] - offset]
            size = part.shape[0]
            if counts[s, b] == 0:
                near[s, b] = _first_number(part)
            centre, missing = near[s, b], 0
            for i in range(size):
                known = part[i] == part[i]
                away[i] = part[i] - centre if known else 0.0
                square[i] = away[i] * away[i]
                missing += 0 if known else 1
            counts[s, b] += size - missing
            sums[s, b] += sum_of(away, size)
            squares[s, b] += sum_of(square, size)
            for which in range(levels.shape[1]):
                limit, found = levels[s, which], 0
                for i in range(size):
                    found += part[i] > limit
                above[s, which, b] += found


@kernel
def profile_moments(
    near: NDArray[np.float64],
    counts: NDArray[np.int64],
    sums: NDArray[np.float64],
    squares: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean and variance of one signal in each time bin.

    Parameters
    ----------
    near, counts, sums, squares : ndarray, shape (n_bins,)
        From `time_profile`.

    Returns
    -------
    means, variances : ndarray of float64, shape (n_bins,)
        0 where there is no event; the variance of the sample (n - 1), 0 for fewer than 2 events.
    """
    n_bins = counts.shape[0]
    means, variances = np.zeros(n_bins), np.zeros(n_bins)
    for b in range(n_bins):
        if counts[b] > 0:
            means[b] = near[b] + sums[b] / counts[b]
        if counts[b] > 1:
            variances[b] = max(squares[b] - sums[b] * sums[b] / counts[b], 0.0) / (counts[b] - 1)
    return means, variances


@kernel
def _first_number(values: NDArray[np.float32]) -> float:
    """Return the first value that is not NaN; 0 where there is none."""
    for i in range(values.shape[0]):
        if values[i] == values[i]:
            return float(values[i])
    return 0.0
