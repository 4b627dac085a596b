"""Slow and obvious twins of the kernels: one event, one formula at a time."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.stats import multivariate_t

Floats = NDArray[np.float64]


def compensate(columns: NDArray[np.float32], weights: Floats) -> Floats:
    """Matrix product by its definition."""
    n_detectors, n_events = columns.shape
    out = np.zeros((weights.shape[1], n_events))
    for signal in range(weights.shape[1]):
        for event in range(n_events):
            out[signal, event] = math.fsum(
                float(columns[i, event]) * float(weights[i, signal]) for i in range(n_detectors)
            )
    return out


def histogram(values: NDArray[np.float32], low: float, high: float, n_bins: int) -> list[int]:
    """Each event looks for its bin from the left."""
    counts = [0] * n_bins
    for value in map(float, values):
        if math.isnan(value):
            continue
        here = 0
        while here < n_bins - 1 and value >= low + (high - low) * (here + 1) / n_bins:
            here += 1
        counts[here] += 1
    return counts


def biexponential(top: float, width: float, decades: float, negative: float) -> tuple[float, ...]:
    """Coefficients a, b, c, d, f and the zero x1, from the four conditions of Moore and Parks (2012)."""
    b = (decades + negative) * math.log(10)
    w = width / (decades + negative)
    x2 = negative / (decades + negative)
    x1, x0 = x2 + w, x2 + 2 * w
    d = brentq(lambda d: 2 * (math.log(d) - math.log(b)) + w * (b + d), 1e-300, b, xtol=1e-15) if w else b
    c_over_a = math.exp(x0 * (b + d))
    f_over_a = math.exp(b * x1) - c_over_a * math.exp(-d * x1)
    a = top / (math.exp(b) - c_over_a * math.exp(-d) - f_over_a)
    return a, b, c_over_a * a, d, f_over_a * a, x1


def logicle(value: float, top: float, width: float, decades: float, negative: float) -> float:
    """Root of the biexponential, by bracketing."""
    if math.isnan(value) or math.isinf(value):
        return value
    a, b, c, d, f, x1 = biexponential(top, width, decades, negative)
    if value < 0:
        return 2 * x1 - logicle(-value, top, width, decades, negative)
    # Scaled by the coefficients' size: the same root, no overflow of the difference.
    return float(brentq(lambda x: a * math.exp(b * x) - c * math.exp(-d * x) - f - value, x1 - 0.1, x1 + 10))


def inside_polygon(x: float, y: float, vertices: Floats) -> bool:
    """By the angle that the corners sweep around the point: a full turn if it is inside."""
    turn = 0.0
    for one, other in zip(vertices, np.roll(vertices, -1, axis=0), strict=True):
        first = math.atan2(one[1] - y, one[0] - x)
        second = math.atan2(other[1] - y, other[0] - x)
        turn += (second - first + math.pi) % (2 * math.pi) - math.pi
    return round(turn / (2 * math.pi)) % 2 == 1


def distance_to_edges(x: float, y: float, vertices: Floats) -> float:
    """Distance of a point from the nearest edge of a polygon."""
    point = np.array([x, y])
    nearest = math.inf
    for one, other in zip(vertices, np.roll(vertices, -1, axis=0), strict=True):
        along = other - one
        length = float(along @ along)
        part = 0.0 if length == 0 else min(max(float((point - one) @ along) / length, 0.0), 1.0)
        nearest = min(nearest, float(np.linalg.norm(point - one - part * along)))
    return nearest


def squared_distance(columns: NDArray[np.float32], centre: Floats, precision: Floats) -> Floats:
    """One event at a time."""
    away = columns.astype(np.float64).T - centre
    return np.array([float(one @ precision @ one) for one in away])


def profile(
    values: NDArray[np.float32], bins: NDArray[np.int32], n_bins: int
) -> tuple[Floats, Floats, Floats]:
    """Count, mean and variance of each bin by numpy."""
    counts, means, variances = np.zeros(n_bins), np.zeros(n_bins), np.zeros(n_bins)
    for b in range(n_bins):
        chosen = values[(bins == b) & ~np.isnan(values)].astype(np.float64)
        counts[b] = len(chosen)
        if len(chosen):
            means[b] = chosen.mean()
        if len(chosen) > 1:
            variances[b] = chosen.var(ddof=1)
    return counts, means, variances


def island_weights(
    columns: NDArray[np.float32],
    means: Floats,
    scales: Floats,
    shares: Floats,
    background: float,
    degrees: float,
) -> Floats:
    """Posterior of each event (rows) and island (columns), by scipy's multivariate t."""
    events = columns.astype(np.float64).T
    densities = np.column_stack(
        [
            share * multivariate_t(mean, scale, df=degrees).pdf(events)
            for mean, scale, share in zip(means, scales, shares, strict=True)
        ]
    ).reshape(len(events), len(means))
    return densities / (densities.sum(axis=1) + background)[:, None]


def nearest(
    columns: NDArray[np.float32], prototypes: NDArray[np.float32]
) -> tuple[NDArray[np.int64], Floats]:
    """Number of the nearest prototype of each event, the first of equals, and the distance to it."""
    away = columns.astype(np.float64).T[:, None] - prototypes.astype(np.float64)[None]
    distances = np.sqrt((away**2).sum(axis=2))
    labels = distances.argmin(axis=1)
    return labels, distances[np.arange(len(labels)), labels]
