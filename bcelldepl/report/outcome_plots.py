"""The trial's outcome by visit: share of subjects depleted, percent of baseline and log10 change, by dose group."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, NullFormatter

from bcelldepl.kinetics.groups import ALL_SUBJECTS
from bcelldepl.kinetics.outcomes import ChangeMeasure
from bcelldepl.report.day_axis import plain_frame, set_day_axis
from bcelldepl.report.dose_groups import bar_ends, first_courses, with_courses
from bcelldepl.report.legends import legend_beside, note_below, open_key
from bcelldepl.report.number_format import plain_number
from bcelldepl.report.palette import INK, MUTED, dose_styles

__all__ = ["draw_changes", "draw_rates"]

APART: Final = 0.035  # of the axis, between the bars of one visit


def draw_rates(rates: pd.DataFrame, axes: Axes) -> Axes:
    """Draw the share of subjects depleted at each visit with its exact 95 % interval.

    Parameters
    ----------
    rates : DataFrame
        As ``depletion_rates.csv`` holds it; first courses are drawn.
    axes : Axes
        Where to draw.

    Returns
    -------
    Axes
        The same axes.
    """
    rows = first_courses(rates)
    rows = rows[rows["n_evaluable"] > 0]
    for group, colour, marker, days, visits in _groups(rows):
        middle = visits["percent_depleted"].to_numpy(float)
        low, high = (visits[f"ci_{end}_percent"].to_numpy(float) for end in ("low", "high"))
        axes.vlines(days, low, high, color=colour, linewidth=1.2, alpha=0.6)
        axes.plot(days, middle, linestyle="none", marker=marker, color=colour, markersize=5,
                  label=f"{group} (N = {int(visits['n_subjects'].max())})")  # fmt: skip
    axes.set_ylim(-4, 104)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{plain_number(value)} %"))
    set_day_axis(axes, rows["day"], with_courses("nominal day since infusion", rates))
    words = next(iter(rows["threshold"]), "")
    plain_frame(
        axes, f"Subjects with depleted B cells ({words.replace('uL', 'µL')}): share and exact 95 % interval"
    )
    legend_beside(axes)
    return axes


def draw_changes(changes: pd.DataFrame, measure: ChangeMeasure, axes: Axes) -> Axes:
    """Draw the change of B cells from baseline by dose group.

    The percent of baseline is shown by its geometric mean times and divided by the geometric SD on a log axis, the
    log10 change by its mean and SD. Open markers: half of the subjects or more lie below the LLOQ.

    Parameters
    ----------
    changes : DataFrame
        As ``b_cell_changes.csv`` holds it; first courses are drawn.
    measure : ChangeMeasure
        Which change.
    axes : Axes
        Where to draw.

    Returns
    -------
    Axes
        The same axes.
    """
    rows = first_courses(changes)
    rows = rows[(rows["measure"] == measure) & (rows["n"] > 0)]
    percent = measure is ChangeMeasure.PERCENT_OF_BASELINE
    for group, colour, marker, days, visits in _groups(rows):
        low, middle, high = bar_ends(visits, geometric=percent)
        axes.vlines(days, low, high, color=colour, linewidth=1.1, alpha=0.5)
        below = (visits["n_below_limit"] * 2 >= visits["n"]).to_numpy(bool)
        label = f"{group} (n = {int(visits['n'].max())})"
        axes.plot(days[~below], middle[~below], linestyle="none", marker=marker, color=colour, markersize=5)
        axes.plot(days[below], middle[below], linestyle="none", marker=marker, color=colour, markersize=5,
                  markerfacecolor="white")  # fmt: skip
        axes.plot([], [], linestyle="none", marker=marker, color=colour, markersize=5, label=label)
    if percent:
        axes.set_yscale("log")
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{plain_number(value)} %"))
        axes.yaxis.set_minor_formatter(NullFormatter())
        title = "B cells, percent of baseline: geometric mean ×/÷ geometric SD (log scale)"
    else:
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: plain_number(value)))
        title = "B cells, log10 change from baseline: mean ± SD"
    axes.axhline(100 if percent else 0, color=MUTED, linewidth=0.8, linestyle=(0, (1, 2)))
    set_day_axis(axes, rows["day"], with_courses("nominal day since infusion", changes))
    plain_frame(axes, title)
    handles = axes.get_legend_handles_labels()[0]
    if len(rows):
        legend_beside(axes, [*handles, open_key("half or more below\nthe LLOQ")])
        rule = next(iter(rows["baseline"]), "")
        note_below(
            axes, f"Baseline: {rule}. Results below the LLOQ count as half of the limit that they lie below."
        )
    return axes


def _groups(rows: pd.DataFrame) -> Iterator[tuple[str, str, str, np.ndarray, pd.DataFrame]]:
    """Each group with its style and its days, moved apart a little so that bars of one visit do not hide each other."""
    doses = [group for group in dict.fromkeys(rows["dose_group"]) if group != ALL_SUBJECTS]
    styles = dose_styles(doses) | (
        {ALL_SUBJECTS: (INK, "_")} if ALL_SUBJECTS in set(rows["dose_group"]) else {}
    )
    names = doses or list(styles)
    for place, group in enumerate(names):
        visits = rows[rows["dose_group"] == group].sort_values("day")
        shift = (place - (len(names) - 1) / 2) * APART
        days = visits["day"].to_numpy(float)
        colour, marker = styles[group]
        yield group, colour, marker, days + shift * (10.0 + np.abs(days)), visits
