"""Slow and obvious twins of the kernels: one event, one formula at a time."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d
from scipy.optimize import brentq
from scipy.stats import multivariate_t, poisson

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


def component_weights(
    columns: NDArray[np.float32],
    means: Floats,
    scales: Floats,
    shares: Floats,
    background: float,
    degrees: float,
) -> Floats:
    """Posterior of each event (rows) and component (columns), by scipy's multivariate t."""
    densities = component_densities(columns, means, scales, degrees) * shares
    return densities / (densities.sum(axis=1) + background)[:, None]


def component_densities(
    columns: NDArray[np.float32], means: Floats, scales: Floats, degrees: float
) -> Floats:
    """Density of each component (columns) at each event (rows), by scipy's multivariate t."""
    events = columns.astype(np.float64).T
    densities = [multivariate_t(m, s, df=degrees).pdf(events) for m, s in zip(means, scales, strict=True)]
    return np.column_stack(densities).reshape(len(events), len(means))


def event_key(signals: list[int]) -> int:
    """The mixing function of SplitMix64 over the bits of one event, with Python's whole numbers."""
    every = 2**64 - 1
    key = golden = 0x9E3779B97F4A7C15
    for bits in signals:
        mixed = (key + golden + bits) & every
        mixed = ((mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9) & every
        mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & every
        key = mixed ^ (mixed >> 31)
    return key


def significant_valley(
    positions: Floats, low: float, high: float, widths: Floats, least_z: float, depth: float, bins: int
) -> tuple[float, float, float] | None:
    """Every bin at every width by scipy's filter; the first of the best."""
    counts = np.histogram(positions, np.linspace(low, high, bins + 1))[0].astype(np.float64)
    best: tuple[float, float, float] | None = None
    for width in widths:
        smooth = gaussian_filter1d(counts, width, mode="constant", radius=int(3 * width))
        window = 2 * math.sqrt(math.pi) * width
        for i in range(bins):
            peak = min(smooth[: i + 1].max(), smooth[i:].max())
            if smooth[i] >= depth * peak:
                continue
            z = (peak - smooth[i]) * window / math.sqrt((peak + smooth[i]) * window)
            if z > (least_z if best is None else best[1]) * (1 + 1e-9):
                last = i
                while last + 1 < bins and smooth[last + 1] <= smooth[i]:
                    last += 1
                best = low + (0.5 * (i + last) + 0.5) * (high - low) / bins, z, smooth[i] / peak
    return best


def lowest(smooth: Floats, tolerance: float) -> int:
    """Middle of the bins that are lowest."""
    flat = np.flatnonzero(smooth <= smooth.min() + tolerance)
    return int(flat[len(flat) // 2])


def part_peaks(
    counts: NDArray[np.uint32], smooth: Floats, half: int, min_events: int, min_z: float, max_depth: float
) -> list[list[int]]:
    """Peaks are looked at pair by pair, and the worst pair loses one of its own, until none is bad."""
    peaks = [i for i in range(1, len(smooth) - 1) if smooth[i - 1] < smooth[i] and smooth[i] >= smooth[i + 1]]

    def bottom(left: int, right: int) -> int:
        return left + lowest(smooth[left : right + 1], 1e-9 * smooth.max())

    def merit(left: int, right: int) -> float:
        valley = bottom(left, right)
        at_left, inside, at_right = (
            float(counts[max(i - half, 0) : i + half + 1].sum()) for i in (left, valley, right)
        )
        lower = min(at_left, at_right)
        z = (lower - inside) / math.sqrt(max(lower + inside, 1.0))
        enough = min(counts[:valley].sum(), counts[valley:].sum()) >= min_events
        deep = smooth[valley] <= max_depth * min(smooth[left], smooth[right])
        return z if enough and deep else min(z, 0.0)

    while len(peaks) > 1:
        merits = [merit(a, b) for a, b in pairwise(peaks)]
        worst = int(np.argmin(merits))
        if merits[worst] >= min_z:
            break
        del peaks[worst if smooth[peaks[worst]] < smooth[peaks[worst + 1]] else worst + 1]
    return [[a, bottom(a, b), b] for a, b in pairwise(peaks)]


def locate_peak(
    positions: Floats, counts: NDArray[np.uint32], smooth: Floats, n_usable: int, fair: float
) -> tuple[float, float, float]:
    """By the list of all peaks, and interpolation among the cumulated events of the lower half."""
    seen = np.where(np.arange(len(smooth)) < n_usable, smooth, 0.0)
    rising = np.diff(seen) > 0
    peaks = [i for i in np.flatnonzero(rising[:-1] & ~rising[1:]) + 1 if seen[i] >= fair * seen.max()]
    peaks = peaks or [np.argmax(seen)]
    mode = int(peaks[0])
    width, step = positions[1] - positions[0], 0.0
    if 0 < mode < len(seen) - 1:
        left, top, right = seen[mode - 1 : mode + 2]
        bend = left - 2 * top + right
        step = 0.5 * (left - right) / bend if bend < 0 else 0.0
    centre = positions[mode] + np.clip(step, -0.5, 0.5) * width
    lower = counts[: mode + 1][::-1].astype(np.float64)
    lower[0] *= (centre - positions[mode]) / width + 0.5
    from_mode = np.cumsum(lower)
    distance = centre - positions[: mode + 1][::-1] + 0.5 * width
    return centre, float(np.interp(0.5 * from_mode[-1], from_mode, distance)), float(lower.sum())


def lowest_redrawn(
    counts: NDArray[np.uint32], uniform: Floats, sigma: float, reach: int, tolerance: float
) -> list[int]:
    """Quantiles of scipy's Poisson distribution, smoothed by scipy's filter."""
    drawn = np.where(counts[:, None] > 0, poisson.ppf(uniform, np.maximum(counts, 1)[:, None]), 0.0)
    smooth = gaussian_filter1d(drawn, sigma, axis=0, mode="constant", radius=reach)
    return [lowest(column, tolerance) for column in smooth[reach : len(counts) - reach].T]


def mix_with_part(
    part: Floats,
    negative: Floats,
    positive: Floats,
    unspecific: Floats,
    seen: Floats,
    prior: float,
    bound: Floats,
    rounds: int,
) -> tuple[Floats, Floats]:
    """Shifts, parts and bins as three axes; every step for all of them at once."""
    negative, positive, unspecific = negative[:, None], positive[:, None], unspecific[:, None]
    rest, bound = np.clip(1.0 - part, 1e-9, 1.0)[None, :, None], bound[..., None]
    for _ in range(rounds):
        others = (1.0 - bound) * negative + bound * unspecific
        of_others = seen * rest * others / (part[:, None] * positive + rest * others)
        binds = (of_others * bound * unspecific / others).sum(axis=2, keepdims=True)
        every = of_others.sum(axis=2, keepdims=True)
        bound = np.clip((binds + prior) / (every + prior + 1e-9), 1e-9, 1.0 - 1e-9)
    mixed = part[:, None] * positive + rest * ((1.0 - bound) * negative + bound * unspecific)
    return mixed, bound[..., 0]


def fit_parts(density, shape, seen, binds, part, prior, sparse, binding, like_others, rounds):
    """Fill the parts of three kinds, all shifts at once; the last round is that in which none moves."""
    for _ in range(rounds):
        held = part[:, :, None] * density * seen / np.einsum("sk,skb->sb", part, density)[:, None]
        events = held.sum(axis=2)
        bound = (held[:, 1, binds].sum(axis=1) + like_others * binding) / (events[:, 1] + like_others)
        density[:, 1] = shape * np.where(binds, bound[:, None], 1.0 - bound[:, None])
        events[:, 1] = np.maximum(events[:, 1] - sparse, 0.0)
        events[:, 2] += prior
        again = np.clip(events / events.sum(axis=1, keepdims=True), 1e-9, 1.0)
        before, part[:] = part.copy(), again
        if np.abs(part - before).max() < 1e-7:
            return
