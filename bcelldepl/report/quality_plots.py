"""Levey-Jennings charts: what should be alike in every tube, in the order of acquisition, by cytometer."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from bcelldepl.definitions.quality_measures import QUALITY_MEASURES, WestgardRule
from bcelldepl.report.day_axis import plain_frame
from bcelldepl.report.number_format import plain_number
from bcelldepl.report.palette import ACCENT, FRAME, INK, MARKED, MUTED

__all__ = ["draw_quality", "draw_quality_over_time"]

PANEL: Final = 1.75  # inches
WIDTH: Final = 10.4
BETWEEN: Final = 2  # places between two cytometers
CLOSEST: Final = 0.075  # of the axis, between two labels of batches
MARKS: Final = {WestgardRule.ONE_3S: ("X", MARKED), WestgardRule.TWO_2S: ("D", "#b7791f")}


def draw_quality_over_time(table: pd.DataFrame) -> Figure:
    """Draw a chart for each measure that has values.

    Parameters
    ----------
    table : DataFrame
        Rows of ``quality_over_time.csv``.

    Returns
    -------
    Figure
    """
    measures = [name for name in QUALITY_MEASURES if name in set(table["measure"])]
    height = 0.75 + PANEL * max(len(measures), 1)
    figure = Figure(figsize=(WIDTH, height), facecolor="white")
    panels = figure.subplots(max(len(measures), 1), 1, squeeze=False)[:, 0]
    figure.subplots_adjust(
        left=0.75 / WIDTH, right=1 - 0.55 / WIDTH, top=1 - 0.3 / height, bottom=0.72 / height, hspace=0.55
    )
    for axes, name in zip(panels, measures, strict=False):
        draw_quality(table, name, axes)
    for axes in panels[: len(measures) - 1]:
        axes.set_xlabel("")
    handles = [
        Line2D([], [], linestyle="none", marker="o", markersize=3.5, color=ACCENT, label="tube"),
        *(
            Line2D(
                [],
                [],
                linestyle="none",
                marker=marker,
                markersize=6,
                color=colour,
                label=f"{rule}: {rule.meaning}",
            )
            for rule, (marker, colour) in MARKS.items()
        ),
        Line2D([], [], color=INK, linewidth=1, label="mean"),
        Line2D([], [], color=MUTED, linewidth=0.8, linestyle=(0, (4, 2)), label="±1, 2, 3 SD"),
    ]
    figure.legend(handles=handles, loc="lower left", ncols=5, frameon=False, fontsize=7.5, labelcolor=INK)
    return figure


def draw_quality(table: pd.DataFrame, measure: str, axes: Axes) -> Axes:
    """Draw the chart of one measure.

    Parameters
    ----------
    table : DataFrame
        Rows of ``quality_over_time.csv``.
    measure : str
        Of `QUALITY_MEASURES`.
    axes : Axes
        Where to draw.

    Returns
    -------
    Axes
        The same axes. Cytometers stand side by side, each with its own mean and SD; a light line parts batches.
    """
    rows = table[table["measure"] == measure]
    start, ticks = 0, []
    for cytometer, own in rows.groupby("cytometer", sort=False):
        places = start + np.arange(len(own))
        _draw_limits(axes, own, places)
        _draw_values(axes, own, places)
        batches = own["batch"].to_numpy(str)
        first = [n for n in range(len(own)) if n == 0 or batches[n] != batches[n - 1]]
        if len(first) > 1:
            _part_batches(axes, places[first[1:]] - 0.5)
        ticks += [(int(places[n]), batches[n]) for n in first]
        if rows["cytometer"].nunique() > 1:
            axes.annotate(str(cytometer), (places[0], 1), (0, 2), xycoords=("data", "axes fraction"),
                          textcoords="offset points", fontsize=7, color=MUTED)  # fmt: skip
        start = int(places[-1]) + 1 + BETWEEN
    definition = QUALITY_MEASURES[measure]
    _dress(axes, ticks, max(start - BETWEEN, 1))
    plain_frame(axes, f"{definition.label} [{definition.unit}]", grid=None)
    axes.title.set_fontsize(9.5)
    return axes


def _part_batches(axes: Axes, places: np.ndarray) -> None:
    """Draw light lines over the whole height, all at once: in a long study there are hundreds."""
    lines = [[(place, 0.0), (place, 1.0)] for place in places]
    upright = axes.get_xaxis_transform()
    drawn = LineCollection(lines, transform=upright, colors=FRAME, linewidths=0.5, zorder=0, gid="batches")
    axes.add_collection(drawn, autolim=False)


def _draw_limits(axes: Axes, rows: pd.DataFrame, places: np.ndarray) -> None:
    mean, sd = float(rows["mean"].iloc[0]), float(rows["sd"].iloc[0])
    if not np.isfinite(mean):
        return
    ends = (places[0] - 0.6, places[-1] + 0.6)
    axes.hlines(mean, *ends, color=INK, linewidth=1, zorder=1, gid="mean")
    for times, strength in ((1, 0.35), (2, 0.6), (3, 0.95)):
        for sign, name in ((-1, "\N{MINUS SIGN}"), (1, "+")):
            height = mean + sign * times * sd
            axes.hlines(height, *ends, color=MUTED, linewidth=0.8, alpha=strength, zorder=1, linestyle=(0, (4, 2)),
                        gid=f"{name}{times} SD")  # fmt: skip
            axes.annotate(f"{name}{times} SD", (ends[1], height), (2, 0), textcoords="offset points", fontsize=5.5,
                          color=MUTED, va="center")  # fmt: skip


def _draw_values(axes: Axes, rows: pd.DataFrame, places: np.ndarray) -> None:
    values = rows["value"].to_numpy(float)
    axes.plot(places, values, color=ACCENT, linewidth=0.6, alpha=0.45, zorder=2)
    rules = rows["rule"].fillna("").to_numpy(str)
    plain = rules == ""
    axes.plot(
        places[plain], values[plain], linestyle="none", marker="o", markersize=3, color=ACCENT, zorder=3
    )
    for rule, (marker, colour) in MARKS.items():
        broken = rules == rule
        axes.plot(places[broken], values[broken], linestyle="none", marker=marker, markersize=6, color=colour, zorder=4,
                  markeredgecolor="white", markeredgewidth=0.4, gid=str(rule))  # fmt: skip


def _dress(axes: Axes, ticks: list[tuple[int, str]], places: int) -> None:
    """Label the first tube of each batch, as far as there is room."""
    shown: list[tuple[int, str]] = []
    for place, batch in ticks:
        if not shown or place - shown[-1][0] >= CLOSEST * places:
            shown.append((place, batch))
    axes.set_xlim(-1, places)
    axes.xaxis.set_major_locator(FixedLocator([place for place, _ in shown]))
    axes.xaxis.set_minor_locator(NullLocator())
    names = dict(shown)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: names.get(round(value), "")))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: plain_number(value)))
    axes.tick_params(labelsize=7)
    axes.set_xlabel(
        "tubes in the order of acquisition; the first of each batch is named", fontsize=8, color=MUTED
    )
