"""Awkward little cases for every kernel, so that the compiled kernels and their Python source can be compared.

Run as a script it writes the outcome of every case to the file that is named.
"""

from __future__ import annotations

import sys

import numpy as np
from numpy.typing import NDArray

from bcelldepl.kernels.charts import axis_of, chart_of, cut_signals
from bcelldepl.kernels.compensation import exact_positions, marker_positions, weigh
from bcelldepl.kernels.components import accumulate_components, component_densities
from bcelldepl.kernels.densest import shortest_stretch
from bcelldepl.kernels.density import locate_peak, part_peaks, smooth_counts
from bcelldepl.kernels.disturbance import mark_bright, mark_merged_shifts, mark_shifts, usual
from bcelldepl.kernels.event_keys import event_keys, lowest_keys
from bcelldepl.kernels.histogram import histogram_1d, histogram_2d, histogram_inside
from bcelldepl.kernels.inverse import signals_at
from bcelldepl.kernels.membership import count_bit, have_bit, mark_bit, nth_event, spaced_events, with_bit
from bcelldepl.kernels.mixture import fit_parts
from bcelldepl.kernels.planes import log_density
from bcelldepl.kernels.polygons import judge_polygon
from bcelldepl.kernels.positions import asinh_table, linear_table, logicle_table
from bcelldepl.kernels.posteriors import choose_kinds, sum_posteriors
from bcelldepl.kernels.redraw import lowest_redrawn
from bcelldepl.kernels.regions import ELLIPSE, POLYGON, STRIP, ellipse, judge, polygon, strip
from bcelldepl.kernels.rows import FETCHED, weigh_rows
from bcelldepl.kernels.scales import logicle_coefficients, logicle_position
from bcelldepl.kernels.selection import gather, select
from bcelldepl.kernels.separation import line_ends, project, significant_valley
from bcelldepl.kernels.shades import colour_bins
from bcelldepl.kernels.sieve import WORK_ROWS, sift
from bcelldepl.kernels.stream import COMBINE, COUNT, GATE, STRIDE, WEIGH, stream_tile
from bcelldepl.kernels.sums import normal_equations
from bcelldepl.kernels.timeline import clock_steps, mean_step, profile_moments, time_profile, time_stretches

TRIANGLE = np.array([(0.1, 0.1), (0.9, 0.2), (0.5, 0.8)])


def columns(n_events: int) -> NDArray[np.float32]:
    """Two columns with everything in them that a file may hold."""
    rng = np.random.default_rng(n_events)
    values = rng.normal(0.5, 0.4, (2, n_events)).astype(np.float32)
    odd = [(np.nan, 0.5), (0.5, np.nan), (np.inf, 0.5), (0.5, -np.inf), (-1e30, 1e30), (0.0, -0.0)]
    if n_events > len(odd):
        values[:, : len(odd)] = np.float32(odd).T
    return values


def outcomes() -> dict[str, NDArray[np.generic]]:
    """Every kernel on no event, one event and many."""
    out: dict[str, NDArray[np.generic]] = {}
    for n in (0, 1, 60):
        both = columns(n)
        x, y = both
        weights = np.array([1.0, -0.2])
        with np.errstate(invalid="ignore", over="ignore"):
            out[f"weigh {n}"] = weighed = np.empty(n)
            weigh(both, weights, weighed)
            tables = linear_table(2.0), asinh_table(1.0, 0.01), logicle_table(1.0, 0.5, 4.5, 0.0)
            for kind, scale in zip(("linear", "asinh", "logicle"), tables, strict=True):
                out[f"marker {kind} {n}"] = marker = np.empty(n, dtype=np.float32)
                out[f"beyond {kind} {n}"] = np.array(marker_positions(both, weights, *scale, marker))
                out[f"exact {kind} {n}"] = exact = np.empty(n)
                exact_positions(both, weights, scale[0], exact)
                out[f"signals {kind} {n}"] = signals = np.empty(n)
                signals_at(
                    np.nan_to_num(x[:7], posinf=2.0).clip(-1, 2).astype(np.float64),
                    scale[0],
                    1.0,
                    signals[:7],
                )
                signals[7:] = 0.0
        for width in (0.0, 0.5):
            coefficients = logicle_coefficients(1e4, width, 4.5, 0.0)
            out[f"logicle {width} {n}"] = np.array(
                [logicle_position(1e4 * float(value), coefficients) for value in x]
            )
        out[f"histogram {n}"] = line = np.zeros(7, dtype=np.uint32)
        histogram_1d(x, 0.0, 1.0, line)
        out[f"plane {n}"] = plane = np.zeros((3, 5), dtype=np.uint32)
        histogram_2d(x, y, (0.0, 1.0), (-1.0, 1.0), plane)
        out[f"planes {n}"] = planes = np.zeros((2, 3, 5), dtype=np.uint32)
        histogram_inside(x, y, np.arange(n) % 3 == 0, (0.0, 1.0), (-1.0, 1.0), planes[0], planes[1])
        out[f"shades {n}"] = shades = np.full((5, 3, 3), 255, dtype=np.uint8)
        colour_bins(planes[0], planes[1], np.arange(5 * 4 * 3, dtype=np.uint8).reshape(5, 4, 3), shades)
        out[f"selected {n}"] = selected = np.zeros(n + 1, dtype=np.int32)
        order = np.arange(n, dtype=np.int32)[::-1].copy()
        out[f"held {n}"] = np.array(select(order, order % 3 == 0, selected))
        words = np.zeros(n, np.uint32)
        mark_bit(words, order[::3], 5)
        mark_bit(words, order[::2], 31)
        out[f"marked {n}"], out[f"with {n}"] = words, with_bit(words, 5)
        out[f"have {n}"] = have = np.empty(n, np.bool_)
        have_bit(words, 31, have)
        out[f"numbers {n}"] = np.array([count_bit(words, 5), nth_event(have, n // 4)])
        out[f"spaced {n}"] = spaced_events(have, 2)
        if n > 1:
            in_order = np.sort(np.nan_to_num(x).astype(np.float64))
            out[f"densest {n}"] = np.array(shortest_stretch(in_order, n // 2))
        near, sums = normal_equations(
            both.T.astype(np.float64), y.astype(np.float64), np.nan_to_num(x), 0.3, 0.4
        )
        out |= {f"near middle {n}": np.array(near), f"products {n}": sums}
        out[f"gathered {n}"] = gathered = np.empty(n, dtype=np.float32)
        gather(x, order, gathered)
        densities = np.random.default_rng(1).gamma(1.0, size=(2, 4, n)) + 1e-7
        seen, binds = np.arange(1.0, n + 1.0), np.arange(n) % 3 == 0
        expected, weight = np.array([0.02, 0.2, 0.1]), np.array([500.0, 30.0, 100.0])
        for positive in (-1.0, 0.3):
            part, bound, fit = np.tile([0.85, 0.05, 0.05, 0.05], (2, 1)), np.full(2, 0.1), np.zeros(2)
            fit_parts(densities, seen, binds, part, bound, fit, expected, weight, 1.0, positive, 9)
            out |= {f"parts {positive} {n}": part, f"bound {positive} {n}": bound, f"fit {positive} {n}": fit}
        regions = {
            "cut": (STRIP, strip(1.0, 0.0, 0.5, np.inf)),
            "band": (STRIP, strip(1.0, -1.2, -0.3, 0.2)),
            "polygon": (POLYGON, polygon(TRIANGLE)),
            "ellipse": (ELLIPSE, ellipse((0.5, 0.4), np.array([[9.0, 1.0], [1.0, 4.0]]), 2.0)),
        }
        for name, (kind, numbers) in regions.items():
            for error in (0.0, 0.01):
                out[f"{name} {error} {n}"] = verdict = np.empty(n, dtype=np.uint8)
                with np.errstate(invalid="ignore", over="ignore"):
                    out[f"near {name} {error} {n}"] = np.array(judge(kind, numbers, x, y, error, verdict))
        if n > 1:
            many = np.tile(both, 7_000 // n)
            out[f"squares {n}"] = verdict = np.empty(many.shape[1], dtype=np.uint8)
            with np.errstate(invalid="ignore", over="ignore"):
                judge_polygon(polygon(TRIANGLE), many[0], many[1], 1e-7, verdict)
        clock = np.nan_to_num(x, nan=0.0).clip(-1.0, 2.0)
        out[f"clock {n}"] = np.array(clock_steps(clock))
        if n > 1:
            out[f"tick {n}"] = np.array(mean_step(clock, 3.0))
        for in_order, time in ((False, clock), (True, np.sort(clock))):
            edges, bins = time_stretches(time, 0.0, 0.25, 4, in_order)
            out |= {f"edges {in_order} {n}": edges, f"bins {in_order} {n}": bins}
        known = np.where(np.isinf(y), np.float32(0), y)
        near, sums, squares = np.zeros((1, 4)), np.zeros((1, 4)), np.zeros((1, 4))
        numbers, above = np.zeros((1, 4), np.int64), np.zeros((1, 2, 4), np.int64)
        levels = np.array([[0.1, 0.5]], dtype=np.float32)
        time_profile(known[None], 0, edges, bins, 0, len(bins), levels, near, numbers, sums, squares, above)
        counts, above = numbers[0], above[0]
        means, variances = profile_moments(near[0], counts, sums[0], squares[0])
        out[f"above {n}"] = above
        out |= {f"counts {n}": counts, f"means {n}": means, f"variances {n}": variances}
        if n > 1:
            out[f"usual {n}"] = np.array(usual(means, counts))
            out[f"shifted {n}"] = shifted = np.zeros(4, np.bool_)
            mark_shifts(counts, means, variances, 0.01, 0.5, 1.0, 1, shifted)
            out[f"merged {n}"] = merged = np.zeros(4, np.bool_)
            mark_merged_shifts(counts, means, variances, 2, 0.01, 0.5, 1.0, 1, merged)
            out[f"bright {n}"] = bright = np.zeros(4, np.bool_)
            with np.errstate(divide="ignore", invalid="ignore"):
                mark_bright(above[0], counts, 1, 0.01, 0.5, 1.0, 1, bright)
        out |= components(both, n)
        out |= separation(both, n)
        out |= density(x, n)
        out |= streamed(both, n)
    return out


def streamed(both: NDArray[np.float32], n: int) -> dict[str, NDArray[np.generic]]:
    """Two markers of three channels: a cut, a polygon in it with another cut, and what is in the one only."""
    rows = np.column_stack([both[0] * np.float32(900), both[1] * np.float32(500), both[0] - both[1]])
    scales = [asinh_table(1e3, 10.0), linear_table(500.0)]
    numbers = np.stack([np.resize(scale[0], 7) for scale in scales])
    tables = np.concatenate([scale[1] for scale in scales])
    ends = np.array([[0, len(scales[0][1])], [len(scales[0][1]), len(tables)]])
    cut, triangle = strip(1.0, 0.0, 0.5, np.inf), polygon(TRIANGLE)
    regions = np.concatenate([cut, triangle])
    x, y = (scale[0] for scale in scales)
    drawn = [chart_of(STRIP, cut, x, None), chart_of(POLYGON, triangle, x, y)]
    first, last = len(drawn[0]), len(drawn[0]) + len(drawn[1])
    steps = [
        (WEIGH, 0, 0, 0, 0, 0, 0, 0, 0, 0),
        (GATE, 0, 0, 0, STRIP, 0, 1, 0, first, 1),
        (WEIGH, 1, 1, 1, 1, 0, 0, 0, 0, 0),
        (GATE, 1, 0, 1, POLYGON, 1, 4, first, last, 2),
        (COUNT, 1, 0, 0, STRIP, 0, 1, 0, first, 4),
        (COMBINE, 0, 0, 0, 0, 0, 0, 0, 0, 3),
    ]
    counts, members = np.zeros(6, np.int64), np.empty(n, np.uint64)
    combinations = np.zeros((4, 3), np.uint64)
    combinations[3] = 1 << 1, 0, 1 << 2
    room = [
        np.empty((4, STRIDE), np.uint32), np.empty((6, STRIDE), np.uint32),
        np.empty((FETCHED, STRIDE), np.float32), np.empty((WORK_ROWS, STRIDE)),
    ]  # fmt: skip
    keep = np.arange(n) % 5 != 4
    weights = np.array([[1.0, 0.1, 0.0], [-0.2, 1.0, 0.3]])
    with np.errstate(invalid="ignore", over="ignore"):
        stream_tile(
            np.ascontiguousarray(rows, np.float32), keep, np.arange(3), weights, numbers, tables, ends,
            np.array([axis_of(x), axis_of(y)]), np.concatenate(drawn), np.array(steps),
            regions, combinations, *room, counts, members,
        )  # fmt: skip
    out = {f"streamed counts {n}": counts, f"streamed members {n}": members}
    some = np.arange(0, n, 2, dtype=np.uint32)
    one, other = np.empty((2, len(some)))
    with np.errstate(invalid="ignore", over="ignore"):
        weigh_rows(
            np.ascontiguousarray(rows, np.float32), np.array([2, 0, 1, 0, 2]),
            np.array([0.5, -1.0, 0.1, 3.0, 0.2]), np.array([1.0, 2.0, -0.3, 0.4, 0.6]),
            some, room[2], one, other,
        )  # fmt: skip
    out |= {f"rows one {n}": one, f"rows other {n}": other}
    square = (np.arange(2 * n, dtype=np.uint32) % 3).reshape(2, n)
    inside, near = np.zeros((2, n + 1), np.uint32)
    out[f"sifted {n}"] = np.array(sift(np.arange(12, dtype=np.uint8) % 3, *square, 2, some, inside, near))
    out |= {f"sifted inside {n}": inside, f"sifted near {n}": near}
    for kind, scale in zip(("asinh", "linear"), (x, y), strict=True):
        out[f"squares {kind} {n}"] = squares = np.empty(n, np.uint32)
        cut_signals(both[0] * 300.0, axis_of(scale), np.empty(n), squares)
    return out


def density(x: NDArray[np.float32], n: int) -> dict[str, NDArray[np.generic]]:
    """A histogram of 60 bins: smoothed, parted and redrawn."""
    counts, smooth = np.zeros(60, dtype=np.uint32), np.empty(60)
    histogram_1d(x, -0.5, 1.5, counts)
    weights = np.array([0.4, 0.25, 0.05])
    smooth_counts(counts, weights, smooth)
    found = np.full((60, 3), -1)
    part_peaks(counts, smooth, 2, 2, 0.1, 0.9, found)
    positions = (np.arange(60) + 0.5) / 60
    lowest, uniform = np.empty(9, dtype=np.int64), np.random.default_rng(n).random((60, 9))
    lowest_redrawn(counts, uniform, weights, 1e-9, lowest)
    return {
        f"smooth {n}": smooth,
        f"parted {n}": found,
        f"peak {n}": np.array(locate_peak(positions, counts, smooth, 50, 0.25)),
        f"lowest {n}": lowest,
    }


def components(both: NDArray[np.float32], n: int) -> dict[str, NDArray[np.generic]]:
    """Two components in two markers."""
    means = np.float32([[0.2, 0.3], [0.7, 0.6]])
    whiteners = np.float32([np.eye(2) * 7.0, [[5.0, 0.0], [1.0, 4.0]]])
    heights, background = np.float32([2.7, 1.6]), np.float32(1e-3)
    densities, sums = np.empty((2, n), np.float32), np.zeros((2, 7))
    worth = np.linspace(1.0, 3.0, n, dtype=np.float32)
    with np.errstate(invalid="ignore", under="ignore"):
        accumulate_components(both, worth, 0, n, means, whiteners, heights, background, 6.0, sums)
        component_densities(both, 0, n, means, whiteners, heights, 6.0, densities)
        less = np.zeros((2, 4))
        accumulate_components(both, worth, 0, n, means, whiteners, heights, background, 6.0, less)
    expected, kinds = np.empty(2), np.empty(n, np.int32)
    sum_posteriors(densities, np.array([0.3, 0.7]), 1e-3, expected)
    choose_kinds(densities, np.array([0.3, 0.7]), 1e-3, np.array([1, 0], np.int32), 2, 0.5, kinds)
    return {
        f"components {n}": sums,
        f"component densities {n}": densities,
        f"components without products {n}": less,
        f"expected {n}": expected,
        f"chosen {n}": kinds,
    }


def separation(both: NDArray[np.float32], n: int) -> dict[str, NDArray[np.generic]]:
    """Keys of events, and two humps along a line."""
    keys = np.empty(n, np.uint64)
    with np.errstate(over="ignore"):
        event_keys(both.view(np.uint32), keys)
        lowest = lowest_keys(keys, np.arange(n) % 3 > 0, n // 2)
    rows = np.ascontiguousarray(np.nan_to_num(both, posinf=2.0, neginf=-2.0).clip(-2, 2).T)
    members, projected = np.arange(n)[::-1].copy(), np.empty(n)
    project(rows, members, np.array([0.6, -0.8]), projected)
    humps = np.concatenate((projected - 3.0, projected + 3.0, projected * 0.5 + 3.0))
    found = np.full(3, -1.0)
    answer = significant_valley(humps, -8.0, 8.0, np.array([2.0, 5.0]), 2.0, 0.7, found)
    valley = np.array([float(answer), *found])
    ends, density = np.full(2, -1.0), np.empty(n)
    if n:
        line_ends(projected, 0.1, 0.9, ends)
    normals = np.array([[0.0, 1.0], [1.0, 0.0], [2.0, 3.0], [0.5, 0.0], [1.0, 1.0], [-1.0, -2.0]])
    log_density(projected, projected[::-1].copy(), normals, density)
    return {
        f"keys {n}": keys, f"lowest keys {n}": lowest, f"projected {n}": projected, f"valley {n}": valley,
        f"ends {n}": ends, f"log density {n}": density,
    }  # fmt: skip


if __name__ == "__main__":
    np.savez(sys.argv[1], **outcomes())
