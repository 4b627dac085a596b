"""Kaplan-Meier curves by dose group, with the numbers at risk under them."""

from __future__ import annotations

from typing import Final

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, FuncFormatter

from bcelldepl.definitions.endpoints import DEPLETION_DAY, DEPLETION_DURATION, RECONSTITUTION_DAY
from bcelldepl.kinetics.groups import ALL_SUBJECTS
from bcelldepl.report.day_axis import plain_frame
from bcelldepl.report.dose_groups import first_courses, with_courses
from bcelldepl.report.legends import legend_beside
from bcelldepl.report.number_format import plain_number
from bcelldepl.report.palette import INK, MUTED, dose_styles, natural_key

__all__ = ["RISK_LINES", "draw_event"]

DASHES: Final = ("-", (0, (5, 2)), (0, (1, 1.5)), (0, (5, 2, 1, 2)))
RISK_LINES: Final = 11.5  # points from one line of numbers at risk to the next
STEPS: Final = (1, 2, 7, 14, 28, 30, 60, 90, 180, 360)  # days between ticks
# Title of the figure, label of its day axis, and whom nobody at risk is left out of.
WORDS: Final = {
    DEPLETION_DAY: ("Subjects with depleted B cells", "day since infusion", "no subject could be evaluated"),
    DEPLETION_DURATION: ("Subjects whose depletion ended", "days since depletion", "no subject was depleted"),
    RECONSTITUTION_DAY: (
        "Subjects with confirmed recovery of B cells",
        "day since infusion",
        "no subject was depleted",
    ),
}


def draw_event(curves: pd.DataFrame, event: str, axes: Axes) -> Axes:
    """Draw the share of subjects with an event by day; ticks are those whose follow-up ended without it.

    Parameters
    ----------
    curves : DataFrame
        As ``time_to_event.csv`` holds it; first courses are drawn.
    event : str
        Code of the endpoint whose time it is.
    axes : Axes
        Where to draw; below it are the numbers at risk.

    Returns
    -------
    Axes
        The same axes.
    """
    named = first_courses(curves[curves["event"] == event])
    own = named[named["dose_group"] != ALL_SUBJECTS] if named["dose_group"].nunique() > 1 else named
    groups = sorted(own["dose_group"].unique(), key=natural_key)
    styles = dose_styles(groups)
    for place, group in enumerate(groups):
        curve = own[own["dose_group"] == group]
        colour, label = styles[group][0], f"{group} (n = {int(curve['n_at_risk'].max())})"
        axes.step(curve["day"], 1 - curve["survival"], where="post", color=colour, linewidth=1.6,
                  linestyle=DASHES[place % len(DASHES)], label=label)  # fmt: skip
        inner = curve["ci_low"].notna()
        axes.fill_between(curve["day"], (1 - curve["ci_high"]).where(inner), (1 - curve["ci_low"]).where(inner),
                          step="post", color=colour, alpha=0.10, linewidth=0)  # fmt: skip
        censored = curve[curve["n_censored"] > 0]
        axes.plot(
            censored["day"],
            1 - censored["survival"],
            linestyle="none",
            marker="|",
            markersize=9,
            color=colour,
        )
    title, label, nobody = WORDS[event]
    axes.set_ylim(-0.02, 1.02)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{plain_number(100 * value)} %"))
    axes.set_xlabel(with_courses(label, curves), fontsize=9, color=MUTED)
    plain_frame(axes, f"{title} (Kaplan-Meier, 95 % interval)")
    if groups:
        ticks = _ticks(float(own["day"].max()))
        axes.set_xlim(0, max(ticks[-1], float(own["day"].max()) * 1.02))
        axes.xaxis.set_major_locator(FixedLocator(ticks))
        censored_key = Line2D(
            [], [], color=MUTED, marker="|", markersize=9, linestyle="none", label="censored"
        )
        legend_beside(axes, [*axes.get_legend_handles_labels()[0], censored_key])
        _write_numbers(axes, own, groups, {group: style[0] for group, style in styles.items()}, ticks)
    else:
        axes.text(0.5, 0.5, nobody, transform=axes.transAxes, ha="center", color=MUTED)
    return axes


def _ticks(last: float) -> list[float]:
    """Days to be ticked: eight at most, at whole weeks or months."""
    step = next((days for days in STEPS if last / days <= 7), max(STEPS))
    return [float(step * n) for n in range(int(last // step) + 2)]


def _write_numbers(
    axes: Axes, curves: pd.DataFrame, groups: list[str], colours: dict[str, str], ticks: list[float]
) -> None:
    """Write how many of each group are at risk at each tick."""
    below = -36.0
    axes.annotate("at risk", (0, 0), (-6, below), xycoords="axes fraction", textcoords="offset points", fontsize=7.5,
                  color=MUTED, ha="right", va="top", annotation_clip=False)  # fmt: skip
    for line, group in enumerate(groups):
        curve = curves[curves["dose_group"] == group]
        for tick in ticks:
            later = curve[(curve["day"] >= tick) & (curve["n_at_risk"] > 0)]
            number = int(later["n_at_risk"].iloc[0]) if len(later) else 0
            axes.annotate(str(number), (tick, 0), (0, below - RISK_LINES * line), xycoords=("data", "axes fraction"),
                          textcoords="offset points", fontsize=7.5, color=colours[group] if len(groups) > 1 else INK,
                          ha="center", va="top", annotation_clip=False)  # fmt: skip
