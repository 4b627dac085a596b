"""Concentrations by dose group and planned visit: median and range, mean and SD, geometric mean."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, NullLocator

from bcelldepl.definitions.populations import POPULATIONS, Kinetics, label_of
from bcelldepl.kinetics.summary import BY_VISIT
from bcelldepl.report.day_axis import WITHOUT_RESULTS, plain_frame, set_day_axis
from bcelldepl.report.dose_groups import Floats, bar_ends, first_courses, with_courses
from bcelldepl.report.legends import legend_beside, note_below, open_key
from bcelldepl.report.number_format import plain_number
from bcelldepl.report.palette import INK, dose_styles
from bcelldepl.units import CELLS_PER_UL, PERCENT

__all__ = ["Average", "draw_group_curves"]

AROUND: Final = 1.3  # the axis goes as many times above what is drawn, and below


class Average(StrEnum):
    """Which average stands for a group, with what around it."""

    MEDIAN = "median and range"
    MEAN = "mean ± SD"
    GEOMETRIC = "geometric mean ×/÷ geometric SD"


def draw_group_curves(
    summary: pd.DataFrame,
    analyte: str,
    axes: Axes,
    lloq: float | None = None,
    average: Average = Average.MEDIAN,
) -> Axes:
    """Draw an average of each dose group by nominal day.

    Full markers are joined by lines where both ends were measured: an average that lies below the LLOQ is open, and no
    line leads to it; on a log axis it stands at the LLOQ.

    Parameters
    ----------
    summary : DataFrame
        As ``summary.csv`` holds it; first courses are drawn.
    analyte : str
        Which population.
    axes : Axes
        Where to draw.
    lloq : float, optional
        Typical LLOQ of the tubes, in the unit of the rows: cells/uL, or percent of the parent.
    average : Average
        The mean has a linear axis, the others a logarithmic one.

    Returns
    -------
    Axes
        The same axes.
    """
    named = first_courses(summary)
    rows = named[named["parameter"].isin(BY_VISIT) & (named["analyte"] == analyte) & (named["n"] > 0)]
    linear = average is Average.MEAN
    floor = 0.0 if linear else lloq or _smallest(rows)
    styles = dose_styles(rows["dose_group"])
    heights = [lloq] if lloq else []
    any_below = False
    for place, (group, visits) in enumerate(rows.groupby("dose_group", sort=False)):
        visits = visits.sort_values("day")
        colour, marker = styles[str(group)]
        # A little apart, so that bars of one day do not hide each other.
        day = visits["day"].to_numpy(float) * (1 + 0.012 * place) + 0.12 * place
        low, middle, high = _ends(visits, average)
        known = ~np.isnan(middle)
        below = known & (middle < (lloq or 0.0))
        measured = np.where(known & ~below, middle, np.nan)
        any_below |= bool(below.any())
        if not linear:
            low, high, middle = (np.maximum(values, floor) for values in (low, high, middle))
        heights += [*low[known], *high[known], *middle[known]]
        axes.vlines(day[known], low[known], high[known], color=colour, linewidth=1.1, alpha=0.45, zorder=2)
        axes.plot(day, measured, color=colour, linewidth=1.4, marker=marker, markersize=5, zorder=3,
                  label=f"{group} (n = {int(visits['n'].max())})")  # fmt: skip
        axes.plot(day[below], middle[below], linestyle="none", marker=marker, color=colour, markersize=5,
                  markerfacecolor="white", zorder=4)  # fmt: skip
    if lloq:
        axes.axhline(lloq, color=INK, linewidth=0.8, linestyle=(0, (4, 3)), zorder=1)
        axes.annotate("LLOQ", (1, lloq), xycoords=("axes fraction", "data"), fontsize=7.5, color=INK,
                      xytext=(3, 0), textcoords="offset points", ha="left", va="center")  # fmt: skip
    _set_heights(axes, heights, linear)
    set_day_axis(axes, rows["day"], with_courses("nominal day since infusion", summary))
    scale = "linear" if linear else "log"
    unit = next(iter(rows["unit"]), CELLS_PER_UL).replace("uL", "µL")
    unit = "% of parent" if unit == PERCENT else unit
    plain_frame(axes, f"{label_of(analyte)} [{unit}, {scale} scale]: {average}")
    if len(rows):
        handles = axes.get_legend_handles_labels()[0]
        words = (
            f"{average.split(' ')[0]} below the LLOQ"
            if average is not Average.GEOMETRIC
            else "below the LLOQ"
        )
        legend_beside(axes, [*handles, *([open_key(words)] if any_below else [])])
        note_below(axes, _rule(analyte, average))
    return axes


def _rule(analyte: str, average: Average) -> str:
    """Say what results below the LLOQ count as."""
    if POPULATIONS[analyte].kinetics is Kinetics.EXPANSION:
        rule = "Results below the LLOQ count as 0"
        return (
            f"{rule}; a visit with one has no geometric mean." if average is Average.GEOMETRIC else f"{rule}."
        )
    return "Results below the LLOQ count as half of the limit that they lie below."


def _ends(visits: pd.DataFrame, average: Average) -> tuple[Floats, Floats, Floats]:
    """Lower end, middle and upper end [cells/uL]."""
    if average is Average.MEDIAN:
        low, middle, high = (visits[name].to_numpy(float) for name in ("min", "median", "max"))
        return low, middle, high
    low, middle, high = bar_ends(visits, geometric=average is Average.GEOMETRIC)
    return np.maximum(low, 0.0), middle, high


def _set_heights(axes: Axes, heights: list[float], linear: bool) -> None:
    axes.autoscale(enable=False, axis="y")  # where all is one number, its limits would be one too
    if linear:
        axes.set_ylim(0, AROUND * max([*heights, 1e-9]))
    else:
        axes.set_yscale("log")
        above = [height for height in heights if height > 0]
        around = (min(above) / AROUND, max(above) * AROUND) if above else WITHOUT_RESULTS
        axes.set_ylim(*around)
        axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: plain_number(value)))


def _smallest(rows: pd.DataFrame) -> float:
    seen = rows[["min", "median"]].to_numpy(float)
    seen = seen[seen > 0]
    return float(seen.min()) if seen.size else 1.0
