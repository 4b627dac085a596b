"""One gate drawn over its parent's events."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Polygon

from bcelldepl.gating.evidence import Evidence
from bcelldepl.gating.populations import GateView
from bcelldepl.report.density import density_image, log_bars, one_marker
from bcelldepl.report.palette import (
    EVIDENCE_COLOURS,
    FRAME,
    INK,
    INTERVAL,
    MUTED,
    PARENT_BARS,
    POPULATION_BARS,
    text_on,
)
from bcelldepl.report.words import percent, whole

__all__ = ["draw_gate"]

_TYPE = 9.0  # points
# A gate found in this tube or its control is a full line; a borrowed one is dashed, a fixed one dotted.
_LINE_STYLES = {
    Evidence.DATA: "-",
    Evidence.CONTROL: "-",
    Evidence.SUBJECT: "--",
    Evidence.BATCH: "--",
    Evidence.FIXED: ":",
    Evidence.FAILED: ":",
}


def draw_gate(view: GateView, axes: Axes) -> Axes:
    """Draw a gate over its parent's events.

    The parent's density is grey, the population's blue, both on a log scale. The gate is drawn even where it
    holds no event.

    Parameters
    ----------
    view : GateView
        The gate, with the histograms of parent and population.
    axes : matplotlib.axes.Axes
        Where to draw.

    Returns
    -------
    matplotlib.axes.Axes
        The same axes.
    """
    if one_marker(view):
        _draw_bars(view, axes)
    else:
        axes.imshow(
            density_image(view.histogram, view.inside),
            origin="lower",
            extent=(*view.x_limits, *view.y_limits),
            aspect="auto",
            interpolation="nearest",
        )
        axes.set_ylim(*view.y_limits)
    axes.set_xlim(*view.x_limits)
    _draw_outline(view, axes)

    axes.set_xlabel(view.x_label, fontsize=_TYPE, color=MUTED, labelpad=2, parse_math=False)
    axes.set_ylabel(
        view.y_label or "events per bin [log]", fontsize=_TYPE, color=MUTED, labelpad=2, parse_math=False
    )
    axes.tick_params(length=2, width=0.6, color=MUTED, labelcolor=MUTED, labelsize=_TYPE - 1, pad=2)
    for spine in axes.spines.values():
        spine.set(color=FRAME, linewidth=0.7)

    numbers = f"{whole(view.events)} / {whole(view.parent_events)} {view.parent}"
    axes.set_title(
        f"{view.population}\n{numbers} ({percent(view.events, view.parent_events)})",
        loc="left",
        fontsize=_TYPE,
        color=INK,
        pad=4,
        linespacing=1.25,
        parse_math=False,
    )
    colour = EVIDENCE_COLOURS[view.evidence]
    axes.annotate(
        str(view.evidence),
        (1, 1),
        xytext=(-2.5, 4 + 1.5 * _TYPE),
        xycoords="axes fraction",
        textcoords="offset points",
        ha="right",
        fontsize=_TYPE - 1,
        color=text_on(colour),
        bbox={"boxstyle": "round,pad=0.25", "facecolor": colour, "linewidth": 0},
        gid="evidence",
    )
    return axes


def _draw_bars(view: GateView, axes: Axes) -> None:
    """Draw the histogram of one marker; heights are log10(1 + events)."""
    edges = np.linspace(*view.x_limits, len(view.histogram) + 1)
    bars = log_bars(view.histogram)
    axes.stairs(bars, edges, fill=True, color=PARENT_BARS)
    axes.stairs(log_bars(np.minimum(view.inside, view.histogram)), edges, fill=True, color=POPULATION_BARS)
    top = max(1.0, float(bars.max(initial=0)) * 1.08)
    axes.set_ylim(0, top)
    decades = range(int(top) + 1)
    axes.set_yticks([np.log10(1 + 10**d) for d in decades], [f"{10**d:,}" for d in decades])


def _draw_outline(view: GateView, axes: Axes) -> None:
    """Draw outlines and cuts, with the interval of the first cut shaded."""
    style = _LINE_STYLES[view.evidence]
    if view.cut_interval is not None:
        colour, opacity = INTERVAL
        axes.axvspan(
            *view.cut_interval, color=colour, alpha=opacity, linewidth=0, zorder=3, gid="cut-interval"
        )
    for cut in view.cuts:
        axes.axvline(cut, color=INK, linewidth=1.3, linestyle=style, zorder=4, gid="cut")
    for outline in view.outlines:
        patch = Polygon(
            outline, closed=True, fill=False, edgecolor=INK, linewidth=1.3, linestyle=style, zorder=4
        )
        patch.set_gid("outline")
        axes.add_patch(patch)
