"""Compensation, and on to the scale, while an event's numbers are in the nearest cache."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bcelldepl.kernels.positions import exact_position, positions, round_positions
from bcelldepl.runtime.compiled import kernel

__all__ = ["LARGEST", "add_four", "add_one", "exact_positions", "marker_positions", "weigh"]

_BLOCK = 512  # events, whose float64 numbers stay in the nearest cache
LARGEST = float(np.finfo(np.float32).max)


@kernel
def add_one(out: NDArray[np.float64], channel: NDArray[np.float32], weight: float) -> None:
    """Add a weighted channel to the signals of some events.

    Parameters
    ----------
    out : ndarray of float64, shape (n,)
        Added to.
    channel : ndarray of float32, shape (n,)
    weight : float
    """
    for i in range(out.shape[0]):
        out[i] += weight * channel[i]


@kernel
def add_four(
    out: NDArray[np.float64],
    a: NDArray[np.float32],
    b: NDArray[np.float32],
    c: NDArray[np.float32],
    d: NDArray[np.float32],
    wa: float,
    wb: float,
    wc: float,
    wd: float,
) -> None:
    """Add four weighted channels, one after the other: the sum is that of four times `add_one`, to the bit.

    Parameters
    ----------
    out : ndarray of float64, shape (n,)
        Added to.
    a, b, c, d : ndarray of float32
    wa, wb, wc, wd : float
    """
    for i in range(out.shape[0]):
        out[i] = (((out[i] + wa * a[i]) + wb * b[i]) + wc * c[i]) + wd * d[i]


@kernel
def weigh(
    channels: NDArray[np.float32], weights: NDArray[np.float64], out: NDArray[np.float64], start: int = 0
) -> None:
    """Weigh channels into one compensated signal, in float64.

    Parameters
    ----------
    channels : ndarray of float32, shape (n_channels, at least start + n_events)
        Measured signals, linear.
    weights : ndarray of float64, shape (n_channels,)
        Of the inverse spillover matrix; a channel of weight 0 is passed over, whatever it holds.
    out : ndarray of float64, shape (n_events,)
        Filled.
    start : int
        First of the events.
    """
    n, n_channels, stop = out.shape[0], weights.shape[0], start + out.shape[0]
    used, n_used = np.empty(n_channels, np.int64), 0
    for c in range(n_channels):
        used[n_used] = c
        n_used += weights[c] != 0.0
    # Channels are taken as `channels[c, start:stop]`: Numba then knows that their events lie side by side.
    if n_used == 1 and weights[used[0]] == 1.0:
        channel = channels[used[0], start:stop]
        for i in range(n):
            out[i] = channel[i]
        return
    for i in range(n):
        out[i] = 0.0
    first = 0
    while first + 4 <= n_used:
        a, b, c, d = used[first], used[first + 1], used[first + 2], used[first + 3]
        add_four(
            out, channels[a, start:stop], channels[b, start:stop], channels[c, start:stop], channels[d, start:stop],
            weights[a], weights[b], weights[c], weights[d],
        )  # fmt: skip
        first += 4
    while first < n_used:
        add_one(out, channels[used[first], start:stop], weights[used[first]])
        first += 1


@kernel
def marker_positions(
    channels: NDArray[np.float32],
    weights: NDArray[np.float64],
    numbers: NDArray[np.float64],
    table: NDArray[np.float64],
    out: NDArray[np.float32],
    start: int = 0,
) -> int:
    """Compensate one marker and put it on its scale.

    Parameters
    ----------
    channels, weights, start
        As in `weigh`.
    numbers, table : ndarray of float64
        The scale, from `bcelldepl.kernels.positions`.
    out : ndarray of float32, shape (n_events,)
        Filled with the exact positions, rounded once.

    Returns
    -------
    int
        Events whose compensated signal is no number, infinite, or too large for a float32.
    """
    signals, near, scratch = np.empty(_BLOCK), np.empty(_BLOCK), np.empty(_BLOCK)
    beyond = 0
    for first in range(0, out.shape[0], _BLOCK):
        size = min(_BLOCK, out.shape[0] - first)
        weigh(channels, weights, signals[:size], start + first)
        for i in range(size):
            beyond += not abs(signals[i]) <= LARGEST  # NaN too
        positions(signals[:size], numbers, table, scratch[:size], near[:size])
        round_positions(signals[:size], near[:size], numbers, out[first : first + size])
    return beyond


@kernel
def exact_positions(
    channels: NDArray[np.float32],
    weights: NDArray[np.float64],
    numbers: NDArray[np.float64],
    out: NDArray[np.float64],
) -> None:
    """Exact positions in float64, for the few events that need them; parameters as in `marker_positions`.

    Parameters
    ----------
    channels : ndarray of float32, shape (n_channels, n)
    weights : ndarray of float64, shape (n_channels,)
    numbers : ndarray of float64
        Of a scale, from one of the tables of this module.
    out : ndarray of float64, shape (n,)
        Filled.
    """
    weigh(channels, weights, out)
    for i in range(out.shape[0]):
        out[i] = exact_position(out[i], numbers)
