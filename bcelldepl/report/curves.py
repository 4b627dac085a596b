"""Cells per microlitre, or percentages, by study day: a line per subject, with limits and results without number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from bcelldepl.definitions.codes import Method, ResultCode
from bcelldepl.definitions.populations import POPULATIONS, is_result, label_of
from bcelldepl.definitions.result_columns import ResultColumns, result_columns
from bcelldepl.errors import ArgumentError
from bcelldepl.kinetics.override_marks import stands_on_override
from bcelldepl.near_names import did_you_mean
from bcelldepl.report.day_axis import WITHOUT_RESULTS, plain_frame, set_day_axis
from bcelldepl.report.dose_groups import course_numbers, name_groups
from bcelldepl.report.legends import BELOW_LIMIT, below_limit_key, open_key
from bcelldepl.report.number_format import plain_number
from bcelldepl.report.palette import FRAME, INK, MUTED, dose_styles
from bcelldepl.units import PERCENT

__all__ = [
    "course_of",
    "curve_columns",
    "curve_points",
    "draw_curves",
    "draw_study_curves",
    "followed_populations",
]

# Around a result that depends on a gate set by hand.
_FRAME: dict[str, Any] = {
    "linestyle": "none", "marker": "s", "markersize": 9, "markerfacecolor": "none", "markeredgewidth": 0.8,
    "color": INK,
}  # fmt: skip


def draw_curves(
    counts: pd.DataFrame,
    population: str,
    axes: Axes,
    *,
    styles: Mapping[str, tuple[str, str]] | None = None,
) -> Axes:
    """Draw a population's concentration by day, one line per subject; its percentage where that is the result.

    Full markers are quantified. A result below the LLOQ stands at the limit that it lies below: open at the LLOQ where
    cells were detected, an arrow down from the upper limit of its interval where not; no line leads to it. A tube that
    cannot be evaluated is a cross on the day axis. Short dashes are the LLOQs of the tubes. A result that stands on a
    gate set by hand is framed. Where a subject has several tubes on a day, the line runs through their mean.

    Parameters
    ----------
    counts : pandas.DataFrame
        Rows of ``counts.csv``.
    population : str
        Which population to draw.
    axes : matplotlib.axes.Axes
        Where to draw.
    styles : mapping of str to (str, str), optional
        Colour and marker of each dose group; chosen from the groups in `counts` if not given.

    Returns
    -------
    matplotlib.axes.Axes
        The same axes.

    Raises
    ------
    ArgumentError
        There is no such population.
    """
    known = {*POPULATIONS, *counts["population"].unique()}
    if population not in known:
        hint = did_you_mean(population, known) or f"one of {', '.join(sorted(known))}"
        raise ArgumentError("is no population", f"population: {population!r}", hint)
    rows = curve_points(counts, population)
    columns = curve_columns(rows)
    styles = dose_styles(name_groups(counts)["dose_group"]) if styles is None else styles
    for (subject, _), visits in rows.groupby(["subject", course_numbers(rows)], sort=True):
        colour, _ = styles[visits["dose_group"].iloc[0]]
        course = course_of(visits)
        axes.plot(
            course.index, course, color=colour, linewidth=1, alpha=0.55, zorder=2, gid=f"subject:{subject}"
        )
    for group, of_group in rows.groupby("dose_group", sort=True):
        _draw_markers(of_group, axes, *styles[str(group)])
    axes.plot(
        rows["day"], rows[columns.lloq], linestyle="none", marker="_", markersize=7, color=INK, alpha=0.55,
        markeredgewidth=0.9, zorder=1.5, gid="lloq",
    )  # fmt: skip
    unit = columns.unit.replace("uL", "µL")
    if columns.unit == PERCENT:
        unit += f" of {', '.join(label_of(str(name)) for name in rows['parent'].unique() if name)}"
    _dress(axes, rows, f"{label_of(population)} [{unit}, log scale]", columns)
    return axes


def curve_points(counts: pd.DataFrame, population: str) -> pd.DataFrame:
    """Return the rows of a population with the height at which each is drawn.

    Parameters
    ----------
    counts : pandas.DataFrame
        Rows of ``counts.csv``.
    population : str

    Returns
    -------
    pandas.DataFrame
        With a column ``shown`` [cells/µL or percent]: the number, or the limit that it lies below; NaN where unknown.
    """
    named = name_groups(counts)
    rows = named[named["population"] == population].sort_values(["subject", "day", "file"], kind="stable")
    return rows.assign(shown=_shown(rows, curve_columns(rows)))


def curve_columns(rows: pd.DataFrame) -> ResultColumns:
    """Return the columns of the results of a population: concentrations, or percentages.

    Parameters
    ----------
    rows : pandas.DataFrame
        Of ``counts.csv``, of one population.

    Returns
    -------
    ResultColumns
    """
    methods = rows["method"] if "method" in rows else pd.Series("", index=rows.index)
    return result_columns(next(iter(methods[methods != Method.NONE]), Method.NONE))


def course_of(visits: pd.DataFrame) -> pd.Series[float]:
    """Return the line through the visits of one subject.

    Parameters
    ----------
    visits : pandas.DataFrame
        From `curve_points`.

    Returns
    -------
    pandas.Series
        Mean of the quantified results by day; NaN, which breaks the line, where there is none: an upper limit is no
        value that a line could be drawn to.
    """
    measured = visits["shown"].where(visits["result"] == ResultCode.QUANTIFIED)
    return measured.groupby(visits["day"]).mean()


def followed_populations(counts: pd.DataFrame) -> list[str]:
    """Choose the populations whose course a study shows: those that are asked something over time, else the first two.

    Parameters
    ----------
    counts : pandas.DataFrame
        Rows of ``counts.csv``.

    Returns
    -------
    list of str
    """
    present = dict.fromkeys(counts["population"])
    followed = [row.name for row in POPULATIONS.values() if row.kinetics and row.name in present]
    known = [name for name in POPULATIONS if name in present]
    return followed or [name for name in dict.fromkeys([*known, *present]) if is_result(name)][:2]


def draw_study_curves(counts: pd.DataFrame, populations: Sequence[str]) -> Figure:
    """Draw several populations side by side under one legend.

    Parameters
    ----------
    counts : pandas.DataFrame
        Rows of ``counts.csv``.
    populations : sequence of str
        One panel each.

    Returns
    -------
    matplotlib.figure.Figure
    """
    styles = dose_styles(name_groups(counts)["dose_group"])
    handles = [
        Line2D([], [], color=colour, marker=marker, markersize=5, linewidth=1.2, label=group)
        for group, (colour, marker) in styles.items()
    ]
    grey: dict[str, Any] = {"color": MUTED, "linestyle": "none", "markersize": 5}
    handles += [
        open_key("detected: below the LLOQ"),
        below_limit_key(),
        Line2D([], [], marker="x", label="not evaluable", **grey),
        Line2D([], [], marker="_", label="LLOQ of the tube", **{**grey, "color": INK}),
    ]
    if stands_on_override(counts).any():
        handles.append(Line2D([], [], label="gate set by hand", **_FRAME))
    width = max(9.4, 6.1 * len(populations))
    columns = min(len(handles), int(width / 1.5))
    legend = 0.24 * -(-len(handles) // columns)
    height = 4.25 + legend
    figure = Figure(figsize=(width, height), facecolor="white")
    axes = figure.subplots(1, len(populations), squeeze=False)[0]
    figure.subplots_adjust(
        left=0.62 / width,
        right=1 - 0.2 / width,
        top=1 - 0.33 / height,
        bottom=(legend + 0.65) / height,
        wspace=0.16,
    )
    for panel, population in zip(axes, populations, strict=True):
        draw_curves(counts, population, panel, styles=styles)
    figure.legend(
        handles=handles, loc="lower center", ncols=columns, frameon=False, fontsize=8.5, labelcolor=INK
    )
    return figure


def _shown(rows: pd.DataFrame, columns: ResultColumns) -> pd.Series[float]:
    """Return the height of each point: the number or the limit that it lies below; NaN where unknown."""
    shown = rows[columns.value].astype(float)
    for code in ResultCode:
        limited = rows["result"] == code
        if code.upper_limit and limited.any():
            ends = rows[[columns.high, columns.lod, columns.lloq]].astype(float)
            limits = pd.Series(
                [code.limit_of(*three) for three in ends.to_numpy()], index=rows.index, dtype=float
            )
            shown = shown.where(~limited, limits)
    silent = [code for code in ResultCode if not code.is_evaluable]
    return shown.where((shown > 0) & ~rows["result"].isin(silent))


def _draw_markers(rows: pd.DataFrame, axes: Axes, colour: str, marker: str) -> None:
    """Draw the points of one dose group, one artist per kind of result."""
    kinds: dict[ResultCode, dict[str, Any]] = {
        ResultCode.QUANTIFIED: {"marker": marker, "markerfacecolor": colour, "markersize": 4.5},
        ResultCode.DETECTED_BELOW_LLOQ: {"marker": marker, "markerfacecolor": "white", "markersize": 4.5},
        ResultCode.NOT_DETECTED: {
            "marker": BELOW_LIMIT,
            "markerfacecolor": "none",
            "markersize": 17,
            "alpha": 0.8,
        },
    }
    for result, style in kinds.items():
        points = rows[rows["result"] == result]
        axes.plot(
            points["day"], points["shown"], linestyle="none", color=colour, markeredgewidth=0.9, zorder=3,
            gid=str(result), **style,
        )  # fmt: skip
    framed = rows[stands_on_override(rows)]
    axes.plot(framed["day"], framed["shown"], gid="by hand", zorder=3, **_FRAME)
    crossed = rows[rows["result"].isin([code for code in ResultCode if code.needs_review])]
    axes.plot(
        crossed["day"], np.full(len(crossed), 0.018), transform=axes.get_xaxis_transform(), linestyle="none",
        marker="x", markersize=5, color=colour, zorder=3, clip_on=False, gid=str(ResultCode.NOT_EVALUABLE),
    )  # fmt: skip


def _dress(axes: Axes, rows: pd.DataFrame, title: str, columns: ResultColumns) -> None:
    """Set scales, limits, ticks and labels."""
    days = rows["day"].dropna().to_numpy(dtype=float)
    axes.set_yscale("log")
    heights = rows[["shown", columns.lloq]].to_numpy(dtype=float)
    heights = heights[np.isfinite(heights) & (heights > 0)]
    if heights.size == 0:
        axes.text(0.5, 0.5, "no result", transform=axes.transAxes, ha="center", color=MUTED)
        axes.set_ylim(*WITHOUT_RESULTS)
    else:
        axes.set_ylim(heights.min() / 2.2, heights.max() * 1.8)
        if heights.max() < 100 * heights.min():
            axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: plain_number(value)))
    axes.yaxis.set_minor_locator(NullLocator())
    set_day_axis(axes, days, "study day")
    axes.axvline(0, color=FRAME, linewidth=0.8, zorder=1)
    plain_frame(axes, title)
