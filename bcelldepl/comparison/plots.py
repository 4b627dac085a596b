"""The plots of a method comparison: difference against mean, and one method against the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator
from numpy.typing import NDArray

from bcelldepl.comparison.statistics import bland_altman, deming, passing_bablok
from bcelldepl.report.palette import ACCENT, GRID, INK, MUTED, dose_styles

__all__ = ["draw_agreement"]

BEYOND = "#b3261e"  # limits that are held to
Values = NDArray[np.float64]
Styles = Mapping[str, tuple[str, str]]  # colour and mark of each visit
_FINE = (-20, -15, -10, -8, -6, -4, -2, 0, 2, 4, 6, 8, 10, 15, 20, 25)
_MIDDLE = tuple(range(-30, 35, 5))
_COARSE = (
    -99,
    -98,
    -95,
    -90,
    -80,
    -67,
    -50,
    -33,
    -20,
    -10,
    0,
    10,
    25,
    50,
    100,
    200,
    400,
    900,
    2000,
    5000,
    10000,
)


_MARKS = "osD^vP*X<>phd8H+x1234"  # no two visits share one, also where colours are not printed
_MOST_LABELS = 12
_SAME_PERCENT = 0.5  # lines that lie closer have one label


def draw_agreement(
    manual: Sequence[float],
    auto: Sequence[float],
    visits: Sequence[str],
    quantified: Sequence[bool],
    names: Sequence[str],
    disagreeing: Sequence[bool],
    limits: tuple[float, float],
    *,
    unit: str,
    population: str,
) -> Figure:
    """Draw one population's agreement.

    Parameters
    ----------
    manual, auto : sequence of float, length n
        Concentrations or events, tube by tube.
    visits : sequence of str, length n
        Tubes of one visit share a mark; in the order in which the key is to name them.
    quantified : sequence of bool, length n
        Tubes whose ratio is taken; the others are in the left plot alone.
    names : sequence of str, length n
        Of tubes, for those that lie beyond the limits.
    disagreeing : sequence of bool, length n
        Tubes that are named in the left plot where the right one does not show them.
    limits : (float, float)
        Differences that are allowed of a single tube, in percent of the manual value.
    unit, population : str
        For labels.

    Returns
    -------
    matplotlib.figure.Figure
        Left, automated against manual with identity and the two lines; right, Bland and Altman's plot of the ratio,
        with limits and their intervals. Both show which differences are allowed.
    """
    figure = Figure(figsize=(11.4, 4.3), layout="constrained")
    left, right = figure.subplots(1, 2)
    styles = _visit_styles(visits)
    in_right = [there and min(both) > 0 for there, *both in zip(quantified, manual, auto, strict=True)]
    named = {i: name for i, name in enumerate(names) if disagreeing[i] and not in_right[i]}
    _scatter(np.asarray(manual), np.asarray(auto), visits, styles, named, limits, unit, left)
    counted = np.asarray(quantified, dtype=bool)
    kept, called = (
        [one for one, there in zip(of_all, quantified, strict=True) if there] for of_all in (visits, names)
    )
    _differences(
        np.asarray(manual)[counted], np.asarray(auto)[counted], kept, called, styles, limits, unit, right
    )
    for axes in (left, right):
        for axis in (axes.xaxis, axes.yaxis):
            if axis.get_scale() == "log":
                _plain_ticks(axis)
        axes.grid(color=GRID, linewidth=0.7)
        axes.set_axisbelow(True)
        axes.tick_params(length=2, width=0.6, color=MUTED, labelcolor=MUTED, labelsize=8)
        for side, spine in axes.spines.items():
            spine.set(visible=side in ("left", "bottom"), color="#b8c1ca", linewidth=0.8)
    figure.suptitle(population, x=0.01, ha="left", fontsize=11, color=INK, parse_math=False)
    return figure


def _visit_styles(visits: Sequence[str]) -> Styles:
    """Colour and mark of each visit, in the order in which they come."""
    order = list(dict.fromkeys(visits))
    colours = [colour for colour, _ in dose_styles(order).values()]
    marks = [_MARKS[i] if i < len(_MARKS) else f"${i + 1}$" for i in range(len(order))]
    return dict(zip(order, zip(colours, marks, strict=True), strict=True))


def _log_ratio(percent: Values | Sequence[float]) -> Values:
    """Height of a difference in percent: twice and half are as far from none."""
    return np.log(np.maximum(1.0 + np.asarray(percent, dtype=np.float64) / 100.0, 1e-6))


def _percent_ticks(axes: Axes) -> None:
    """Mark round percentages, nine at most."""
    low, high = axes.get_ylim()
    for known in (_FINE, _MIDDLE, _COARSE, _COARSE[::2]):
        marks = [percent for percent in known if low <= _log_ratio([percent])[0] <= high]
        if len(marks) <= 9:
            break
    axes.set_yticks(_log_ratio(marks), [f"{mark:+g}" if mark else "0" for mark in marks])


def _plain_ticks(axis: Axis) -> None:
    """Write a log axis in plain numbers, at 1, 2 and 5 of every decade."""
    axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_locator(NullLocator())


def _scatter(
    manual: Values,
    auto: Values,
    visits: Sequence[str],
    styles: Styles,
    named: Mapping[int, str],
    limits: tuple[float, float],
    unit: str,
    axes: Axes,
) -> None:
    above = np.concatenate([manual[manual > 0], auto[auto > 0]])
    if not above.size:
        axes.set_axis_off()
        return
    low, high = float(above.min()), float(above.max())
    edge = low / 1.5
    zeros = bool(((manual <= 0) != (auto <= 0)).any())  # by one method only: drawn at the edge
    line = np.geomspace(edge, high * 1.5, 60)
    axes.plot(line, line, color=MUTED, linewidth=1.0, label="identity")
    low_edge, high_edge = (line * (1 + limit / 100) for limit in limits)
    axes.fill_between(line, low_edge, high_edge, color=MUTED, alpha=0.12, linewidth=0, label=_allowed(limits))
    fits = {"Passing-Bablok": passing_bablok(manual, auto), "Deming": deming(manual, auto)}
    for (name, fit), (colour, style) in zip(fits.items(), ((ACCENT, "-"), ("#009e73", "--")), strict=True):
        fitted = fit.intercept.value + fit.slope.value * line
        seen = fitted > edge
        if seen.any():
            label = f"{name}: {fit.slope.value:.3f} x {fit.intercept.value:+.2f}"
            axes.plot(line[seen], fitted[seen], color=colour, linewidth=1.2, linestyle=style, label=label)
    for visit, (colour, marker) in styles.items():
        chosen = np.array([one == visit for one in visits]) & ((manual > 0) | (auto > 0))
        axes.plot(np.maximum(manual[chosen], edge), np.maximum(auto[chosen], edge), marker, color=colour,
                  markersize=5, alpha=0.85, linestyle="none", clip_on=False)  # fmt: skip
    axes.set(xscale="log", yscale="log", xlim=(edge, high * 1.5), ylim=(edge, high * 1.5))
    where = [(max(manual[i], edge), max(auto[i], edge)) for i in named]
    _name_tubes(where, list(named.values()), axes)
    at_edge = "; 0 at the edge" if zeros else ""
    axes.set_xlabel(f"manual [{unit}]{at_edge}", fontsize=9, color=MUTED)
    axes.set_ylabel(f"automated [{unit}]{at_edge}", fontsize=9, color=MUTED)
    axes.legend(fontsize=8, frameon=False, labelcolor=INK, loc="lower left", bbox_to_anchor=(-0.01, 1.0),
                ncols=2, borderaxespad=0.2, columnspacing=1.2)  # fmt: skip


def _allowed(limits: tuple[float, float]) -> str:
    return f"allowed: {limits[0]:+.3g} to {limits[1]:+.3g} %"


def _differences(
    manual: Values,
    auto: Values,
    visits: Sequence[str],
    names: Sequence[str],
    styles: Styles,
    limits: tuple[float, float],
    unit: str,
    axes: Axes,
) -> None:
    result = bland_altman(manual, auto)
    if not len(result.middle):
        axes.set_axis_off()
        return
    both = (manual > 0) & (auto > 0)
    kept, called = (
        [one for one, there in zip(of_all, both, strict=True) if there] for of_all in (visits, names)
    )
    for limit in limits:
        axes.axhline(_log_ratio([limit])[0], color=BEYOND, linewidth=1.0, linestyle=":")
    for estimate, name in (
        (result.bias, "bias"),
        (result.upper, "upper limit"),
        (result.lower, "lower limit"),
    ):
        if np.isfinite(estimate.low):
            axes.axhspan(*_log_ratio([estimate.low, estimate.high]), color=ACCENT, alpha=0.09, linewidth=0)
        same = name != "bias" and abs(estimate.value - result.bias.value) < _SAME_PERCENT
        if np.isfinite(estimate.value) and not same:
            (height,) = _log_ratio([estimate.value])
            axes.axhline(height, color=ACCENT, linewidth=1.2, linestyle="-" if name == "bias" else "--")
            axes.annotate(f"{name} {estimate.value:+.1f} %", (1.0, height), xycoords=("axes fraction", "data"),
                          xytext=(-3, 2), textcoords="offset points", ha="right", fontsize=8, color=ACCENT)  # fmt: skip
    axes.axhline(0.0, color=MUTED, linewidth=0.8)
    heights = _log_ratio(result.offset)
    for visit, (colour, marker) in styles.items():
        chosen = np.array([one == visit for one in kept], dtype=bool)
        if not chosen.any():
            continue
        axes.plot(result.middle[chosen], heights[chosen], marker, color=colour, markersize=5, alpha=0.85,
                  linestyle="none", label=visit)  # fmt: skip
    _label_outliers(result.middle, result.offset, called, limits, axes)
    axes.plot([], [], color=BEYOND, linewidth=1.0, linestyle=":", label="allowed")
    ends = [end for end in (result.lower.value, result.upper.value) if np.isfinite(end)]
    seen = np.concatenate([heights, _log_ratio(ends), _log_ratio(limits)])
    margin = max(0.35 * float(np.ptp(seen)), 0.02)
    axes.set_ylim(float(seen.min()) - margin, float(seen.max()) + margin)
    _percent_ticks(axes)
    axes.set_xscale("log")
    axes.set_xlabel(f"geometric mean [{unit}]", fontsize=9, color=MUTED)
    axes.set_ylabel("automated against manual [%]", fontsize=9, color=MUTED)
    axes.legend(
        fontsize=7.5, frameon=False, labelcolor=INK, loc="upper left", bbox_to_anchor=(1.0, 1.02),
        title="visit", title_fontsize=8, borderaxespad=0.2
    )  # fmt: skip


def _label_outliers(
    middle: Values, offset: Values, names: Sequence[str], limits: tuple[float, float], axes: Axes
) -> None:
    """Name the tubes that lie beyond what is allowed, the farthest first."""
    beyond = [i for i, percent in enumerate(offset) if not limits[0] <= percent <= limits[1]]
    heights = _log_ratio(offset)
    beyond = sorted(beyond, key=lambda i: -abs(heights[i]))
    _name_tubes([(middle[i], heights[i]) for i in beyond], [names[i] for i in beyond], axes)


def _name_tubes(where: Sequence[tuple[float, float]], names: Sequence[str], axes: Axes) -> None:
    """Write the names of tubes beside their marks; of many, of the first."""
    for place, name in list(zip(where, names, strict=True))[:_MOST_LABELS]:
        axes.annotate(name, place, xytext=(5, 3), textcoords="offset points", fontsize=7, color=INK,
                      parse_math=False)  # fmt: skip
