"""A sheet to draw on, pixel by pixel: hundreds of gating paths are drawn per study, and figures take too long."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise
from math import hypot
from pathlib import Path

import matplotlib as mpl
from PIL import Image, ImageDraw, ImageFont

__all__ = ["Canvas"]

Point = tuple[float, float]
Box = tuple[float, float, float, float]  # left, top, right, bottom

_FINE = 2  # drawn this much larger and then reduced: edges are smooth


class Canvas:
    """A white sheet in pixels, x from the left and y from the top.

    Parameters
    ----------
    width, height : int
        Pixels.
    """

    def __init__(self, width: int, height: int) -> None:
        self._image = Image.new("RGB", (_FINE * width, _FINE * height), "white")
        self._draw = ImageDraw.Draw(self._image)

    def finished(self) -> Image.Image:
        """Return the sheet at its own size."""
        return self._image.reduce(_FINE)

    def stretch(self, pixels: Image.Image) -> None:
        """Stretch an image over the whole sheet, its pixels kept sharp."""
        self._image.paste(pixels.resize(self._image.size, Image.Resampling.NEAREST))

    def place(self, other: Canvas, at: tuple[int, int]) -> None:
        """Lay another sheet on this one; what was drawn beyond its edges is gone."""
        self._image.paste(other._image, (_FINE * at[0], _FINE * at[1]))

    def line(self, points: Sequence[Point], colour: str, width: float, dash: Sequence[float] = ()) -> None:
        """Draw a line through points; `dash` gives lengths drawn and left out in turn."""
        for piece in _dashed(points, dash) if dash else [list(points)]:
            scaled = [(_FINE * x, _FINE * y) for x, y in piece]
            self._draw.line(scaled, fill=colour, width=max(1, round(_FINE * width)), joint="curve")

    def frame(self, box: Box, colour: str) -> None:
        """Draw the edge of a box."""
        self._draw.rectangle([_FINE * edge for edge in box], outline=colour, width=_FINE)

    def fill(self, corners: Sequence[Point], colour: str) -> None:
        """Fill a polygon."""
        self._draw.polygon([(_FINE * x, _FINE * y) for x, y in corners], fill=colour)

    def shade(self, box: Box, colour: str, opacity: float) -> None:
        """Lay a tint over a box."""
        left, top, right, bottom = (round(_FINE * edge) for edge in box)
        part = self._image.crop((left, top, max(right, left + 1), bottom))
        self._image.paste(Image.blend(part, Image.new("RGB", part.size, colour), opacity), (left, top))

    def text(
        self, at: Point, words: str, size: float, colour: str, *, anchor: str = "ls", bold: bool = False
    ) -> None:
        """Write words in pixels of type size; `anchor` as Pillow has it (``ls``: left end of the baseline)."""
        font = _font(round(_FINE * size), bold)
        self._draw.text((_FINE * at[0], _FINE * at[1]), words, fill=colour, font=font, anchor=anchor)

    def upwards(self, at: Point, words: str, size: float, colour: str) -> None:
        """Write words from bottom to top, their middle at a point."""
        font = _font(round(_FINE * size), bold=False)
        _, _, width, height = font.getbbox(words)
        label = Image.new("L", (round(width), round(height)))
        ImageDraw.Draw(label).text((0, 0), words, fill=255, font=font)
        turned = label.rotate(90, expand=True)
        corner = (round(_FINE * at[0] - turned.width / 2), round(_FINE * at[1] - turned.height / 2))
        self._image.paste(Image.new("RGB", turned.size, colour), corner, turned)

    def badge(self, right_bottom: Point, words: str, size: float, ink: str, colour: str) -> None:
        """Write words on a rounded field, which ends at a point."""
        font = _font(round(_FINE * size), bold=False)
        width = font.getlength(words) / _FINE
        x, y = right_bottom
        box = [_FINE * edge for edge in (x - width - 0.6 * size, y - 1.45 * size, x, y)]
        self._draw.rounded_rectangle(box, radius=_FINE * 0.3 * size, fill=colour)
        self.text((x - 0.3 * size, y - 0.38 * size), words, size, ink, anchor="rs")


@lru_cache(maxsize=32)
def _font(size: int, bold: bool) -> ImageFont.FreeTypeFont:
    """The font of the figures, which comes with matplotlib."""
    name = "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"
    path = Path(mpl.get_data_path()) / "fonts" / "ttf" / name
    return ImageFont.truetype(str(path), size, layout_engine=ImageFont.Layout.BASIC)


def _dashed(points: Sequence[Point], dash: Sequence[float]) -> list[list[Point]]:
    """Cut a line into the pieces that a dash pattern draws."""
    pieces: list[list[Point]] = []
    place, left, drawing = 0, dash[0], True
    current: list[Point] = [points[0]] if points else []
    for start, end in pairwise(points):
        length, done = hypot(end[0] - start[0], end[1] - start[1]), 0.0
        while length - done > left:
            done += left
            at = (
                start[0] + (end[0] - start[0]) * done / length,
                start[1] + (end[1] - start[1]) * done / length,
            )
            if drawing:
                pieces.append([*current, at])
            current, drawing, place = [at], not drawing, (place + 1) % len(dash)
            left = dash[place]
        left -= length - done
        current = [*current, end]
    return [*pieces, current] if drawing and len(current) > 1 else pieces
