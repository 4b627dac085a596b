"""The gating path of one tube: every gate in tree order, led to by an arrow or its parent's number."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from PIL import Image

from bcelldepl.definitions.codes import NONE_IN_STUDY
from bcelldepl.gating.evidence import Evidence
from bcelldepl.gating.populations import GateView
from bcelldepl.report.canvas import Canvas, ImageSheet, pixels
from bcelldepl.report.density import density_image, log_bars, one_marker
from bcelldepl.report.number_format import percent, signal, whole
from bcelldepl.report.palette import (
    ACCENT,
    EVIDENCE_COLOURS,
    FRAME,
    INK,
    INTERVAL,
    MARKED,
    MUTED,
    PARENT_BARS,
    POPULATION_BARS,
    REVIEW,
    text_on,
)
from bcelldepl.signal.marker_axis import MarkerAxis, Tick

__all__ = ["draw_gating_path", "tree_order"]

# Pixels. Four panels are nearly as wide as the page; a field has two pixels for each bin of a gate's picture.
_COLUMNS = 4  # at most
_CELL = (268, 288)  # one panel with its margins
_PANEL = (192, 192)  # the field of events
_LEFT, _BELOW, _HEAD = 52, 40, 40  # margins of a panel, and the headline
_TYPE, _TICK_TYPE = 11.0, 9.0
_LONG_TICK, _SHORT_TICK = 5, 3

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
        origin = "" if neighbours else f"in {f'{parent} ' if parent else ''}{view.parent_title}"
        _draw_gate(sheet, view, corner, index + 1, origin)
        if neighbours:
            start = corner[0] - _CELL[0] + _PANEL[0] + 8
            sheet.place(_arrow(corner[0] - 6 - start), (start, corner[1] - 50))
    return sheet.image


def _draw_gate(sheet: ImageSheet, view: GateView, corner: tuple[int, int], number: int, origin: str) -> None:
    """Draw one panel: number, parent and evidence, name and events, the events with the gate, the axes."""
    (left, top), (width, height) = corner, _PANEL
    axes = _axes(view.x_axis, view.x_limits, view.x_label, view.y_axis, view.y_limits, view.y_label)
    sheet.place(axes, (left - _LEFT, top - (_CELL[1] - _BELOW - height)))
    sheet.text((left, top - 41), f"{number}", _TYPE, ACCENT, bold=True)
    sheet.text((left + 21, top - 41), origin, 10.0, MUTED)
    colour = FRAME if view.is_absent else EVIDENCE_COLOURS[view.evidence]
    words = NONE_IN_STUDY if view.is_absent else str(view.evidence)
    sheet.badge((left + width, top - 37), words, 9.4, text_on(colour), colour)
    sheet.text((left, top - 21), view.title, _TYPE, INK, bold=True)
    numbers = (
        f"{whole(view.events)} / {whole(view.parent_events)} ({percent(view.events, view.parent_events)})"
    )
    sheet.text((left, top - 6), numbers, _TYPE, INK)
    sheet.place(_field(view), corner)
    for grown in range(3 if view.in_doubt else 1):
        edge = (left - grown, top - grown, left + width + grown, top + height + grown)
        sheet.frame(edge, REVIEW if view.in_doubt else FRAME)
    _write_cuts(sheet, view, corner)
    if view.marked_as:
        sheet.note((left + 3, top + height - 3), view.marked_as, _TICK_TYPE, MARKED, anchor="ls")


@lru_cache(maxsize=64)  # the tubes of a study share their axes
def _axes(
    x_axis: MarkerAxis | None,
    x_limits: tuple[float, float],
    x_label: str,
    y_axis: MarkerAxis | None,
    y_limits: tuple[float, float],
    y_label: str,
) -> Image.Image:
    """Draw an empty panel: ticks in the instrument's units, and the axes' names."""
    sheet, (width, height) = ImageSheet(*_CELL), _PANEL
    left, below = _LEFT, _CELL[1] - _BELOW
    top, right = below - height, left + width
    for tick, x in _ticks(x_axis, x_limits, width, 0.11):
        sheet.line((left + x, below + 1), (left + x, below + _length(tick)), FRAME)
        if tick.label:
            centre = min(max(left + x, left + 6), right - 6)
            sheet.text((centre, below + 15), tick.label, _TICK_TYPE, MUTED, anchor="ms")
    sheet.text((left + width / 2, below + 30), x_label, _TYPE, INK, anchor="ms")
    for tick, y in _ticks(y_axis, y_limits, height, 0.06):
        sheet.line((left - _length(tick), below - y), (left - 1, below - y), FRAME)
        if tick.label:
            sheet.text((left - 7, below - y), tick.label, _TICK_TYPE, MUTED, anchor="rm")
    sheet.upwards((left - 41, top + height / 2), y_label or "events [log]", _TYPE, INK)
    return sheet.image


def _ticks(
    axis: MarkerAxis | None, limits: tuple[float, float], size: int, closest: float
) -> list[tuple[Tick, int]]:
    """Ticks of an axis, each with its place in pixels; none where the units are not known."""
    ticks = axis.ticks(*limits, closest) if axis else ()
    places = pixels([tick.position for tick in ticks], limits, size)
    return [(tick, round(place)) for tick, place in zip(ticks, places, strict=True)]


def _length(tick: Tick) -> int:
    return _LONG_TICK if tick.major else _SHORT_TICK


def _write_cuts(sheet: ImageSheet, view: GateView, corner: tuple[int, int]) -> None:
    """Write the value of each cut beside its line, on the side where there is room."""
    if view.x_axis is None or not view.cuts:
        return
    places = pixels(view.cuts, view.x_limits, _PANEL[0])
    for x, value in zip(places, view.x_axis.values(view.cuts).tolist(), strict=True):
        to_the_right = x < 0.6 * _PANEL[0]
        at = (corner[0] + x + (5 if to_the_right else -4), corner[1] + 13)
        sheet.note(at, signal(value), 10.0, INK, anchor="ls" if to_the_right else "rs")


def _field(view: GateView) -> Image.Image:
    """Draw the events of the parent, those of the population among them, and the gate."""
    width, height = _PANEL
    field = Canvas(width, height)
    if one_marker(view):
        _draw_bars(field, view)
    else:
        field.stretch(Image.fromarray(density_image(view.histogram, view.inside, view.marked)[::-1]))
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
