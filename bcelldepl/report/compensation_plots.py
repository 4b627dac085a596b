"""Pictures of single-stain controls: what a dye gives to each other detector, and the lines that say how much."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from bcelldepl.report.palette import INK, MUTED

__all__ = ["draw_control", "draw_spillover_pair"]

_COLUMNS: Final = 4
_SHOWN: Final = (0.002, 0.998)  # quantiles of the signals
_BY_CONTROLS: Final = "#c2410c"


def draw_spillover_pair(
    own: NDArray[np.float64],
    other: NDArray[np.float64],
    axes: Axes,
    *,
    names: tuple[str, str],
    part: float,
    intercept: float = 0.0,
    in_file: float | None = None,
) -> Axes:
    """Draw what one dye gives to one other detector.

    Parameters
    ----------
    own, other : ndarray of float64, shape (n_events,)
        Signals of the control in the dye's own detector and in the other, linear and as measured.
    axes : Axes
        Where to draw.
    names : tuple of str
        Of the two detectors.
    part : float
        Spillover by the controls: the slope of the line.
    intercept : float
        Of the line.
    in_file : float, optional
        Spillover by the file's own matrix, drawn beside it.

    Returns
    -------
    Axes
        The same axes.
    """
    axes.plot(
        own, other, linestyle="none", marker=".", markersize=1.5, color=MUTED, alpha=0.5, rasterized=True
    )
    ends = np.quantile(own, _SHOWN) if len(own) else np.array([0.0, 1.0])
    axes.plot(ends, part * ends + intercept, color=_BY_CONTROLS, linewidth=1.4)
    words = f"{100 * part:.2f} %"
    if in_file is not None:
        axes.plot(ends, in_file * ends + intercept, color=INK, linewidth=1.0, linestyle=(0, (4, 3)))
        words += f", file {100 * in_file:.2f} %"
    if len(other):
        low, high = np.quantile(other, _SHOWN)
        axes.set_ylim(low - 0.05 * (high - low) - 1.0, high + 0.15 * (high - low) + 1.0)
        axes.set_xlim(ends[0] - 1.0, ends[1] + 1.0)
    axes.set_title(words, fontsize=8, color=INK, loc="left")
    axes.set_xlabel(names[0], fontsize=7.5, color=INK)
    axes.set_ylabel(names[1], fontsize=7.5, color=INK)
    axes.tick_params(labelsize=6.5, colors=INK)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(MaxNLocator(4))
    axes.spines[["top", "right"]].set_visible(False)
    return axes


def draw_control(
    signals: NDArray[np.float64],
    detectors: Sequence[str],
    own: int,
    parts: Sequence[float],
    intercepts: Sequence[float],
    in_file: Sequence[float | None],
    title: str,
) -> Figure:
    """Draw one control: a panel for each other detector.

    Parameters
    ----------
    signals : ndarray of float64, shape (n_detectors, n_events)
    detectors : sequence of str
    own : int
        Place of the dye's own detector.
    parts, intercepts : sequence of float
        Lines, by detector.
    in_file : sequence of float or None
        Spillover by the file's own matrix, by detector.
    title : str

    Returns
    -------
    Figure
    """
    others = [place for place in range(len(detectors)) if place != own]
    rows = max(1, math.ceil(len(others) / _COLUMNS))
    figure = Figure(figsize=(2.3 * _COLUMNS, 2.1 * rows + 0.5), layout="constrained")
    figure.suptitle(title, fontsize=10, color=INK, x=0.01, ha="left")
    panels = figure.subplots(rows, _COLUMNS, squeeze=False).ravel()
    for axes, place in zip(panels, others, strict=False):
        draw_spillover_pair(
            signals[own], signals[place], axes, names=(detectors[own], detectors[place]),
            part=parts[place], intercept=intercepts[place], in_file=in_file[place],
        )  # fmt: skip
    for axes in panels[len(others) :]:
        axes.set_axis_off()
    return figure
