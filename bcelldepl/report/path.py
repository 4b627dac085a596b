"""The gating path of one tube: every gate in tree order, led to by an arrow or its parent's number."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch

from bcelldepl.gating.populations import GateView
from bcelldepl.report.gates import draw_gate
from bcelldepl.report.palette import ACCENT, INK, MUTED

__all__ = ["draw_gating_path", "tree_order"]

_COLUMNS = 5  # at most
_CELL = (2.2, 2.36)  # inches: one panel with its margins
_PANEL = (1.74, 1.60)  # inches: the axes themselves
_LEFT, _BELOW, _HEAD = 0.28, 0.26, 0.38  # inches: margins of a panel, and the headline


def tree_order(views: Sequence[GateView]) -> list[GateView]:
    """Order gates so that each population is followed by what was gated in it; siblings keep their order."""
    children: dict[str, list[int]] = {}
    names = {view.population for view in views}
    for index, view in enumerate(views):
        children.setdefault(view.parent if view.parent in names else "", []).append(index)
    ordered: list[GateView] = []
    waiting = children.pop("", [])[::-1]
    while waiting:
        view = views[waiting.pop()]
        ordered.append(view)
        waiting += children.pop(view.population, [])[::-1]
    return ordered


def draw_gating_path(views: Sequence[GateView], title: str) -> Figure:
    """Draw the whole gating path of a tube as one figure.

    Parameters
    ----------
    views : sequence of GateView
        Every gate of the tube, parents before children.
    title : str
        Headline, such as subject, visit and file.

    Returns
    -------
    matplotlib.figure.Figure
        Numbered panels; an arrow leads from a parent to its child where they are neighbours, and every other
        panel names the number of its parent.
    """
    ordered = tree_order(views)
    rows = max(1, -(-len(ordered) // _COLUMNS))
    columns = max(1, -(-len(ordered) // rows))
    width, height = columns * _CELL[0], rows * _CELL[1] + _HEAD
    figure = Figure(figsize=(width, height), facecolor="white")
    figure.text(0.12 / width, 1 - 0.13 / height, title, va="top", fontsize=9.5, color=INK, parse_math=False)
    if not ordered:
        figure.text(0.5, 0.4, "no gate was drawn", ha="center", color=MUTED)

    numbers = {view.population: number for number, view in enumerate(ordered, start=1)}
    for index, view in enumerate(ordered):
        row, column = divmod(index, columns)
        left = column * _CELL[0] + _LEFT
        bottom = height - _HEAD - (row + 1) * _CELL[1] + _BELOW
        axes = figure.add_axes((left / width, bottom / height, _PANEL[0] / width, _PANEL[1] / height))
        draw_gate(view, axes, compact=True)
        number = numbers[view.population]
        above = (bottom + _PANEL[1] + 0.40) / height
        parent = numbers.get(view.parent)
        neighbours = parent == number - 1 and column > 0
        origin = "" if neighbours else f"in {f'{parent} ' if parent else ''}{view.parent}"
        figure.text(left / width, above, f"{number}", fontsize=7.5, color=ACCENT, weight="bold")
        figure.text((left + 0.2) / width, above, origin, fontsize=7, color=MUTED, parse_math=False)
        if neighbours:
            middle = (bottom + _PANEL[1] / 2) / height
            start, end = (left - _CELL[0] + _PANEL[0] + 0.05) / width, (left - 0.17) / width
            figure.add_artist(_arrow((start, middle), (end, middle)))
    return figure


def _arrow(start: tuple[float, float], end: tuple[float, float]) -> FancyArrowPatch:
    """Return an arrow between two points of the figure."""
    return FancyArrowPatch(
        start, end, arrowstyle="-|>", mutation_scale=9, color=ACCENT, linewidth=1, gid="arrow"
    )
