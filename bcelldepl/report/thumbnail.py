"""The thumbnail of the contact sheet: the few gates that matter, under each other, composed pixel by pixel."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw

from bcelldepl.definitions.populations import POPULATIONS, label_of
from bcelldepl.gating.populations import GateView
from bcelldepl.report.canvas import ImageSheet, pixels
from bcelldepl.report.density import density_image, log_bars, one_marker, shrink
from bcelldepl.report.gating_path import tree_order
from bcelldepl.report.image_palette import gate_png
from bcelldepl.report.palette import EVIDENCE_COLOURS, FRAME, INK, PARENT_BARS, POPULATION_BARS, colour_ramp

__all__ = ["draw_thumbnail", "overview_gates"]

_SIDE = 96  # pixels of one panel: a pixel for each bin of a gate's picture
_BAND = 4  # pixels of the evidence band below it
_GAP = 3
_MOST = 3  # gates, where none of those that matter was drawn
_TYPE = 9.0


def overview_gates(views: Sequence[GateView]) -> list[GateView]:
    """Choose the gates that the contact sheet shows; the others are a click away.

    Parameters
    ----------
    views : sequence of GateView
        The gates of the tube.

    Returns
    -------
    list of GateView
        Those of B, CAR+ T and T cells; where there is none of them, the last ones of the gating path.
    """
    by_name = {view.population: view for view in views}
    named = [row.name for row in POPULATIONS.values() if row.overview and row.name in by_name]
    return [by_name[name] for name in named] or tree_order(views)[-_MOST:]


def draw_thumbnail(views: Sequence[GateView]) -> bytes:
    """Draw the gates that matter as small panels under each other.

    Parameters
    ----------
    views : sequence of GateView
        The gates of the tube.

    Returns
    -------
    bytes
        A PNG. Each panel has a band below in the colour of its evidence.
    """
    chosen = overview_gates(views)
    step = _SIDE + _BAND + _GAP
    sheet = ImageSheet(_SIDE, max(1, len(chosen) * step - _GAP))
    for index, view in enumerate(chosen):
        top = index * step
        sheet.place(_panel(view), (0, top))
        sheet.note((4, top + 11), label_of(view.population), _TYPE, INK)
        band = Image.new("RGB", (_SIDE, _BAND - 1), EVIDENCE_COLOURS[view.evidence])
        sheet.place(band, (0, top + _SIDE + 1))
    return gate_png(sheet.image)


def _panel(view: GateView) -> Image.Image:
    """Draw one gate as a square of pixels."""
    histogram, inside = shrink(view.histogram, _SIDE), shrink(view.inside, _SIDE)
    if one_marker(view):
        colours = _bars(log_bars(histogram), log_bars(np.minimum(inside, histogram)))
    else:
        marked = None if view.marked is None else shrink(view.marked, _SIDE)
        colours = density_image(histogram, inside, marked)[::-1]
    panel = Image.fromarray(colours).resize((_SIDE, _SIDE), Image.Resampling.NEAREST)
    draw = ImageDraw.Draw(panel)
    end = _SIDE - 1
    for x in pixels(view.cuts, view.x_limits, end):
        draw.line((round(x), 0, round(x), end), fill=INK)
    for outline in view.outlines:
        places = zip(
            pixels(outline[:, 0], view.x_limits, end), pixels(outline[:, 1], view.y_limits, end), strict=True
        )
        corners = [(round(x), end - round(y)) for x, y in places]
        draw.line([*corners, corners[0]], fill=INK)
    draw.rectangle((0, 0, end, end), outline=FRAME)
    return panel


def _bars(parent: np.ndarray, population: np.ndarray) -> np.ndarray:
    """Paint the bars of one marker, highest row first."""
    top = max(1.0, float(parent.max(initial=0)) * 1.1)
    level = (np.arange(_SIDE)[::-1, None] + 0.5) / _SIDE * top
    pixels = np.full((_SIDE, len(parent), 3), 255, dtype=np.uint8)
    pixels[level < parent] = colour_ramp(PARENT_BARS, steps=1)
    pixels[level < population] = colour_ramp(POPULATION_BARS, steps=1)
    return pixels
