"""Concentrations by dose group: the median of each planned visit, with the range of its subjects."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, NullLocator

from bcelldepl.definitions.populations import label_of
from bcelldepl.kinetics.summary import CONCENTRATION
from bcelldepl.report.day_axis import plain_frame, set_day_axis
from bcelldepl.report.dose_groups import name_groups
from bcelldepl.report.palette import INK, dose_styles

__all__ = ["draw_group_curves"]

_AROUND: Final = 1.3  # the axis goes as many times above what is drawn, and below


def draw_group_curves(
    summary: pd.DataFrame, analyte: str, axes: Axes, lloq_per_ul: float | None = None
) -> Axes:
    """Draw the median and the range of each dose group by nominal day.

    Parameters
    ----------
    summary : DataFrame
        As `bcelldepl.kinetics.summarise` gives it, by `dose_group`.
    analyte : str
        Which population.
    axes : Axes
        Where to draw.
    lloq_per_ul : float, optional
        Typical LLOQ of the tubes [cells/uL]. Medians below it are open; what counts as 0 lies at its half.

    Returns
    -------
    Axes
        The same axes.
    """
    named = name_groups(summary)
    rows = named[(named["parameter"] == CONCENTRATION) & (named["analyte"] == analyte) & (named["n"] > 0)]
    floor = lloq_per_ul / 2 if lloq_per_ul else _smallest(rows) / 2
    styles = dose_styles(rows["dose_group"])
    heights = [lloq_per_ul] if lloq_per_ul else []
    for place, (group, visits) in enumerate(rows.groupby("dose_group", sort=False)):
        visits = visits.sort_values("day")
        colour, marker = styles[str(group)]
        # A little apart, so that bars of one day do not hide each other.
        day = visits["day"].to_numpy(float) * (1 + 0.012 * place) + 0.12 * place
        low, middle, high = (
            np.maximum(visits[name].to_numpy(float), floor) for name in ("min", "median", "max")
        )
        heights += [*low, *high]
        axes.vlines(day, low, high, color=colour, linewidth=1.1, alpha=0.45, zorder=2)
        axes.plot(day, middle, color=colour, linewidth=1.4, zorder=3)
        below = visits["median"].to_numpy(float) < (lloq_per_ul or floor)
        subjects = int(visits["n"].max())
        axes.plot(day[~below], middle[~below], linestyle="none", marker=marker, color=colour, markersize=5, zorder=4,
                  label=f"{group} (n = {subjects})")  # fmt: skip
        axes.plot(day[below], middle[below], linestyle="none", marker=marker, color=colour, markersize=5,
                  markerfacecolor="white", zorder=4)  # fmt: skip
    if lloq_per_ul:
        axes.axhline(lloq_per_ul, color=INK, linewidth=0.8, linestyle=(0, (4, 3)), zorder=1)
        axes.annotate("LLOQ", (1, lloq_per_ul), xycoords=("axes fraction", "data"), fontsize=7.5, color=INK,
                      xytext=(-2, 2), textcoords="offset points", ha="right", va="bottom")  # fmt: skip
    axes.autoscale(enable=False, axis="y")  # where all is one number, its limits would be one too
    axes.set_yscale("log")
    if heights:
        axes.set_ylim(min(heights) / _AROUND, max(heights) * _AROUND)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,g}"))
    axes.yaxis.set_minor_locator(NullLocator())
    set_day_axis(axes, rows["day"], "nominal day since infusion")
    plain_frame(axes, f"{label_of(analyte)} [cells/µL]: median and range")
    if len(rows):
        axes.legend(frameon=False, fontsize=8, labelcolor=INK, ncols=len(styles), loc="upper center",
                    bbox_to_anchor=(0.5, -0.13))  # fmt: skip
    return axes


def _smallest(rows: pd.DataFrame) -> float:
    seen = rows[["min", "median"]].to_numpy(float)
    seen = seen[seen > 0]
    return float(seen.min()) if seen.size else 1.0
