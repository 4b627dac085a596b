"""Legends that stand beside the points, and what the open and pointed symbols of a figure mean."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.path import Path

from bcelldepl.report.palette import INK, MUTED

__all__ = ["BELOW_LIMIT", "at_least_key", "below_limit_key", "legend_beside", "note_below", "open_key"]

# A bar at the limit with an arrow down from it.
BELOW_LIMIT: Final = Path(
    [(-0.55, 0), (0.55, 0), (0, 0), (0, -2), (-0.5, -1.35), (0, -2), (0.5, -1.35)],
    [Path.MOVETO, Path.LINETO, Path.MOVETO, Path.LINETO, Path.MOVETO, Path.LINETO, Path.LINETO],
)


def below_limit_key() -> Line2D:
    """Key of a result without a number, which lies below the bar.

    Returns
    -------
    Line2D
    """
    label = "not detected: below this limit"
    return Line2D([], [], marker=BELOW_LIMIT, markerfacecolor="none", markersize=14, label=label, **_GREY)


def open_key(label: str) -> Line2D:
    """Key of an open marker.

    Parameters
    ----------
    label : str

    Returns
    -------
    Line2D
    """
    return Line2D([], [], marker="o", markerfacecolor="white", markersize=5, label=label, **_GREY)


def at_least_key(label: str, arrow: str) -> Line2D:
    """Key of an arrow that a censored value carries.

    Parameters
    ----------
    label : str
    arrow : str
        As a marker of matplotlib.

    Returns
    -------
    Line2D
    """
    return Line2D([], [], marker=arrow, markersize=9, label=label, **{**_GREY, "color": INK})


def legend_beside(axes: Axes, handles: Sequence[Artist] | None = None) -> None:
    """Put a legend to the right of an axes, outside of it; none where there is nothing to explain.

    Parameters
    ----------
    axes : Axes
    handles : sequence of Artist, optional
        By default the labelled artists of the axes.
    """
    named = axes.get_legend_handles_labels()[0] if handles is None else handles
    if named:
        axes.legend(
            handles=list(named), frameon=False, fontsize=8, labelcolor=INK,
            loc="upper left", bbox_to_anchor=(1.01, 1.0), borderaxespad=0.0, alignment="left",
        )  # fmt: skip


def note_below(axes: Axes, text: str, lines: float = 3.4) -> None:
    """Write a note under the labels of the day axis.

    Parameters
    ----------
    axes : Axes
    text : str
    lines : float
        How far below the axes [lines of text].
    """
    axes.annotate(text, (0, 0), (0, -10.5 * lines), xycoords="axes fraction", textcoords="offset points", fontsize=7.5,
                  color=MUTED, va="top", annotation_clip=False)  # fmt: skip


_GREY: Final[dict[str, Any]] = {"color": MUTED, "linestyle": "none"}
