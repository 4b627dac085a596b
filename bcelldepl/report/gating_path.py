"""The gating path of one tube: every gate in tree order, led to by an arrow or its parent's number."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from PIL import Image

from bcelldepl.gating.evidence import Evidence
from bcelldepl.gating.populations import GateView
from bcelldepl.report.canvas import Canvas, ImageSheet, pixels
from bcelldepl.report.density import density_image, log_bars, one_marker
from bcelldepl.report.number_format import percent, whole
from bcelldepl.report.palette import (
    ACCENT,
    EVIDENCE_COLOURS,
    FRAME,
    INK,
    INTERVAL,
    MUTED,
    PARENT_BARS,
    POPULATION_BARS,
    text_on,
)

__all__ = ["draw_gating_path", "tree_order"]

# Pixels. Five panels are as wide as the page.
_COLUMNS = 5  # at most
_CELL = (233, 250)  # one panel with its margins
_PANEL = (185, 170)  # the field of events
_LEFT, _BELOW, _HEAD = 30, 28, 40  # margins of a panel, and the headline
_TYPE = 11.0

# A gate found in this tube or its control is a full line; a borrowed one is dashed, a fixed one dotted.
_DASHES: dict[Evidence, tuple[float, ...]] = {
    Evidence.DATA: (),
    Evidence.CONTROL: (),
    Evidence.SUBJECT: (7.0, 3.0),
    Evidence.BATCH: (7.0, 3.0),
    Evidence.FIXED: (2.0, 3.0),
    Evidence.FAILED: (2.0, 3.0),
}


def tree_order(views: Sequence[GateView]) -> list[GateView]:
    """Order gates so that each population is followed by what was gated in it; siblings keep their order.

    Parameters
    ----------
    views : sequence of GateView

    Returns
    -------
    list of GateView
    """
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


def draw_gating_path(views: Sequence[GateView], title: str) -> Image.Image:
    """Draw the whole gating path of a tube.

    Parameters
    ----------
    views : sequence of GateView
        Every gate of the tube, parents before children.
    title : str
        Headline, such as subject, visit and file.

    Returns
    -------
    PIL.Image.Image
        Numbered panels; an arrow leads from a parent to its child where they are neighbours, and every other
        panel names the number of its parent. A gate is drawn even where it holds no event.
    """
    ordered = tree_order(views)
    rows = max(1, -(-len(ordered) // _COLUMNS))
    columns = max(1, -(-len(ordered) // rows))
    sheet = ImageSheet(columns * _CELL[0], rows * _CELL[1] + _HEAD)
    sheet.text((13, 24), title, 14.0, INK)
    if not ordered:
        sheet.text((_CELL[0] / 2, _HEAD + _CELL[1] / 2), "no gate was drawn", 14.0, MUTED, anchor="mm")
    numbers = {view.population: number for number, view in enumerate(ordered, start=1)}
    for index, view in enumerate(ordered):
        row, column = divmod(index, columns)
        corner = (column * _CELL[0] + _LEFT, _HEAD + (row + 1) * _CELL[1] - _BELOW - _PANEL[1])
        parent = numbers.get(view.parent)
        neighbours = parent == index and column > 0
        origin = "" if neighbours else f"in {f'{parent} ' if parent else ''}{view.parent}"
        _draw_gate(sheet, view, corner, index + 1, origin)
        if neighbours:
            start = corner[0] - _CELL[0] + _PANEL[0] + 6
            arrow = _arrow(corner[0] - 20 - start)
            sheet.place(arrow, (start, corner[1] + (_PANEL[1] - arrow.height) // 2))
    return sheet.image


def _draw_gate(sheet: ImageSheet, view: GateView, corner: tuple[int, int], number: int, origin: str) -> None:
    """Draw one panel: number and parent, name and events, evidence, the events with the gate, the axes' names."""
    (left, top), (width, height) = corner, _PANEL
    sheet.text((left, top - 43), f"{number}", _TYPE, ACCENT, bold=True)
    sheet.text((left + 21, top - 43), origin, 10.0, MUTED)
    sheet.text((left, top - 20), view.population, _TYPE, INK)
    numbers = (
        f"{whole(view.events)} / {whole(view.parent_events)} ({percent(view.events, view.parent_events)})"
    )
    sheet.text((left, top - 6), numbers, _TYPE, INK)
    colour = EVIDENCE_COLOURS[view.evidence]
    sheet.badge((left + width, top - 19), str(view.evidence), 9.4, text_on(colour), colour)
    sheet.place(_field(view), corner)
    sheet.frame((left, top, left + width, top + height), FRAME)
    sheet.text((left + width / 2, top + height + 13), view.x_label, _TYPE, MUTED, anchor="ms")
    sheet.upwards((left - 10, top + height / 2), view.y_label or "events [log]", _TYPE, MUTED)


def _field(view: GateView) -> Image.Image:
    """Draw the events of the parent, those of the population among them, and the gate."""
    width, height = _PANEL
    field = Canvas(width, height)
    if one_marker(view):
        _draw_bars(field, view)
    else:
        field.stretch(Image.fromarray(density_image(view.histogram, view.inside)[::-1]))
    if view.cut_interval is not None:
        low, high = pixels(view.cut_interval, view.x_limits, width)
        field.shade((low, 0, high, height), *INTERVAL)
    dash = _DASHES[view.evidence]
    for x in pixels(view.cuts, view.x_limits, width):
        field.line([(x, 0), (x, height)], INK, 2.0, dash)
    for outline in view.outlines:
        x_pixels = pixels(outline[:, 0], view.x_limits, width)
        y_pixels = pixels(outline[:, 1], view.y_limits, height)
        corners = [(x, height - y) for x, y in zip(x_pixels, y_pixels, strict=True)]
        field.line([*corners, corners[0]], INK, 2.0, dash)
    return field.finished()


def _draw_bars(field: Canvas, view: GateView) -> None:
    """Draw the histogram of one marker; heights are log10(1 + events)."""
    width, height = _PANEL
    bars = log_bars(view.histogram)
    top = max(1.0, float(bars.max(initial=0)) * 1.08)
    edges = np.repeat(np.linspace(0, width, len(bars) + 1), 2)
    for heights, colour in (
        (bars, PARENT_BARS),
        (log_bars(np.minimum(view.inside, view.histogram)), POPULATION_BARS),
    ):
        steps = height * (1.0 - np.concatenate(([0.0], np.repeat(heights, 2), [0.0])) / top)
        field.fill(list(zip(edges.tolist(), steps.tolist(), strict=True)), colour)


@lru_cache(maxsize=1)
def _arrow(length: int) -> Image.Image:
    height = 10
    field = Canvas(length, height)
    field.line([(0, height / 2), (length - 6, height / 2)], ACCENT, 1.5)
    field.fill([(length - 8, height / 2 - 4), (length, height / 2), (length - 8, height / 2 + 4)], ACCENT)
    return field.finished()
