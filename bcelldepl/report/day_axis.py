"""The day axis that figures share: room for the visits around the infusion and for the months after it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from bcelldepl.report.palette import FRAME, GRID, INK, MUTED

__all__ = ["WITHOUT_RESULTS", "plain_frame", "set_day_axis"]

DAY_WIDTH: Final = 10.0  # days around the infusion that are nearly linear
# Of a log axis with nothing on it, which has no limits of its own; cells/uL or percent.
WITHOUT_RESULTS: Final = (0.1, 1_000.0)
SPACING: Final = 0.05  # of the axis, between two labels


def set_day_axis(axes: Axes, days: Iterable[float], label: str = "day since infusion") -> None:
    """Give an axes a day axis that spans `days` and is ticked at them.

    Parameters
    ----------
    axes : Axes
    days : iterable of float
        Every day that the figure speaks of; whole days are labelled first.
    label : str
        Empty for an axes above another one; that the scale is not linear is added.
    """
    ticks = np.unique(np.round([day for day in days if np.isfinite(day)] or [0.0, 1.0]) + 0.0)  # no -0
    at = np.arcsinh(ticks / DAY_WIDTH)
    margin = 0.03 * max(float(np.ptp(at)), 0.1)
    left, right = DAY_WIDTH * np.sinh(np.array([at[0] - margin, at[-1] + margin]))
    axes.set_xscale("asinh", linear_width=DAY_WIDTH)
    axes.set_xlim(float(left), float(right))
    chosen: list[int] = []
    # Day 0, then both ends, then whole weeks.
    for n in sorted(
        range(len(ticks)), key=lambda n: (ticks[n] != 0, n not in (0, len(ticks) - 1), ticks[n] % 7 != 0, n)
    ):
        if all(abs(at[n] - at[other]) >= SPACING * max(float(np.ptp(at)), 1e-9) for other in chosen):
            chosen.append(n)
    axes.xaxis.set_major_locator(FixedLocator([float(ticks[n]) for n in sorted(chosen)]))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.set_xlabel(f"{label} (asinh scale)" if label else "", fontsize=9, color=MUTED)
    if not label:
        axes.tick_params(axis="x", which="both", labelbottom=False)


def plain_frame(axes: Axes, title: str = "", grid: str | None = "y") -> None:
    """Leave the left and lower edge of an axes, with a light grid behind the data.

    Parameters
    ----------
    axes : Axes
        Where to draw.
    title : str
    grid : str, optional
        ``x``, ``y`` or None.
    """
    if grid == "y":
        axes.grid(axis="y", color=GRID, linewidth=0.7)
    elif grid == "x":
        axes.grid(axis="x", color=GRID, linewidth=0.7)
    axes.set_axisbelow(True)
    for side, spine in axes.spines.items():
        spine.set(visible=side in ("left", "bottom"), color=FRAME, linewidth=0.8)
    axes.tick_params(labelsize=8.5, labelcolor=INK, color=FRAME, length=3, which="both")
    if title:
        axes.set_title(title, loc="left", y=1.0, fontsize=11, color=INK, pad=8)
