"""The thumbnail of the contact sheet: small gates in a row, composed pixel by pixel: hundreds are drawn per study."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw

from bcelldepl.gating.populations import GateView
from bcelldepl.report.canvas import pixels
from bcelldepl.report.density import density_image, log_bars, one_marker, shrink
from bcelldepl.report.gating_path import tree_order
from bcelldepl.report.image_palette import gate_png
from bcelldepl.report.palette import EVIDENCE_COLOURS, FRAME, INK, PARENT_BARS, POPULATION_BARS, colour_ramp

__all__ = ["draw_thumbnail"]

_SIDE = 56  # pixels of one panel
_BAND = 5  # pixels of the evidence band below it
_GAP = 3
_ONE_ROW = 5  # more panels than this go in two rows


def draw_thumbnail(views: Sequence[GateView]) -> bytes:
    """Draw all gates of a tube as tiny panels, in the order of the gating path.

    Parameters
    ----------
    views : sequence of GateView
        The gates of the tube.

    Returns
    -------
    bytes
        A PNG. Each panel has a band below in the colour of its evidence.
    """
    ordered = tree_order(views)
    rows = 2 if len(ordered) > _ONE_ROW else 1
    columns = max(1, -(-len(ordered) // rows))
    step_x, step_y = _SIDE + _GAP, _SIDE + _BAND + _GAP
    sheet = Image.new("RGB", (columns * step_x - _GAP, rows * step_y - _GAP), "white")
    for index, view in enumerate(ordered):
        row, column = divmod(index, columns)
        corner = (column * step_x, row * step_y)
        sheet.paste(_panel(view), corner)
        band = (corner[0], corner[1] + _SIDE + 1, corner[0] + _SIDE - 1, corner[1] + _SIDE + _BAND - 1)
        ImageDraw.Draw(sheet).rectangle(band, fill=EVIDENCE_COLOURS[view.evidence])
    return gate_png(sheet)


def _panel(view: GateView) -> Image.Image:
    """Draw one gate as a square of pixels."""
    histogram, inside = shrink(view.histogram, _SIDE), shrink(view.inside, _SIDE)
    if one_marker(view):
        colours = _bars(log_bars(histogram), log_bars(np.minimum(inside, histogram)))
    else:
        colours = density_image(histogram, inside)[::-1]
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
