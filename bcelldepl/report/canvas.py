"""Pictures drawn pixel by pixel: hundreds of gating paths are drawn per study, and figures take too long.

What has slanted edges is drawn on a small canvas, larger than it will be, and reduced. Words come smooth from the font:
they go straight on the sheet, and the same words are set only once, numbers figure by figure.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import pairwise
from math import ceil, floor, hypot

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PIL import Image, ImageDraw, ImageFont

from bcelldepl.report.fonts import FontFile, font_pieces

__all__ = ["Canvas", "ImageSheet", "pixels"]

Point = tuple[float, float]
Box = tuple[float, float, float, float]  # left, top, right, bottom

_FINE = 2  # drawn this much larger and then reduced: edges are smooth
_FIGURES = frozenset("0123456789,./()% ")  # which numbers of events and parts of them are written with


class Canvas:
    """A small white field for lines and areas, in pixels, x from the left and y from the top.

    Parameters
    ----------
    width, height : int
        Pixels.
    """

    def __init__(self, width: int, height: int) -> None:
        self._image = Image.new("RGB", (width, height), "white")

    def finished(self) -> Image.Image:
        """Return the field."""
        return self._image

    def stretch(self, pixels: Image.Image) -> None:
        """Stretch an image over the whole field, its pixels kept sharp."""
        self._image = pixels.resize(self._image.size, Image.Resampling.NEAREST)

    def line(self, points: Sequence[Point], colour: str, width: float, dash: Sequence[float] = ()) -> None:
        """Draw a line through points; `dash` gives lengths drawn and left out in turn."""
        thick = max(1, round(_FINE * width))

        def draw(area: ImageDraw.ImageDraw, left: int, top: int) -> None:
            for piece in _dashed(points, dash) if dash else [points]:
                area.line(_shifted(piece, left, top), fill=255, width=thick, joint="curve")

        self._lay(points, thick, colour, draw)

    def fill(self, corners: Sequence[Point], colour: str) -> None:
        """Fill a polygon."""
        self._lay(
            corners, 1, colour, lambda area, left, top: area.polygon(_shifted(corners, left, top), fill=255)
        )

    def fill_rounded(self, box: Box, radius: float, colour: str) -> None:
        """Fill a box with rounded corners."""

        def draw(area: ImageDraw.ImageDraw, left: int, top: int) -> None:
            area.rounded_rectangle(_shifted([box[:2], box[2:]], left, top), _FINE * radius, fill=255)

        self._lay([box[:2], box[2:]], 1, colour, draw)

    def shade(self, box: Box, colour: str, opacity: float) -> None:
        """Lay a tint over a box."""
        left, top, right, bottom = (round(_FINE * edge) for edge in box)
        edges = left, top, max(right, left + 1) - 1, bottom - 1

        def draw(area: ImageDraw.ImageDraw, x: int, y: int) -> None:
            area.rectangle(
                (edges[0] - x, edges[1] - y, edges[2] - x, edges[3] - y), fill=round(255 * opacity)
            )

        self._lay([box[:2], box[2:]], 1, colour, draw)

    def _lay(
        self,
        points: Sequence[Point],
        around: int,
        colour: str,
        draw: Callable[[ImageDraw.ImageDraw, int, int], None],
    ) -> None:
        """Colour what is drawn about some points: drawn larger, and reduced to how much of each pixel it covers."""
        if not points:
            return
        across, down = zip(*points, strict=True)
        left, top = max(floor(min(across)) - around, 0), max(floor(min(down)) - around, 0)
        right = min(ceil(max(across)) + around + 1, self._image.width)
        bottom = min(ceil(max(down)) + around + 1, self._image.height)
        if right > left and bottom > top:
            area = Image.new("L", (_FINE * (right - left), _FINE * (bottom - top)))
            draw(ImageDraw.Draw(area), _FINE * left, _FINE * top)
            self._image.paste(colour, (left, top, right, bottom), area.reduce(_FINE))


def _shifted(points: Sequence[Point], left: int, top: int) -> list[Point]:
    return [(_FINE * x - left, _FINE * y - top) for x, y in points]


class ImageSheet:
    """A white sheet for words and finished pictures, in pixels, x from the left and y from the top.

    Parameters
    ----------
    width, height : int
        Pixels.

    Attributes
    ----------
    image : PIL.Image.Image
    """

    def __init__(self, width: int, height: int) -> None:
        self.image = Image.new("RGB", (width, height), "white")
        self._draw = ImageDraw.Draw(self.image)

    def place(self, picture: Image.Image, at: tuple[int, int]) -> None:
        """Lay a picture on the sheet."""
        self.image.paste(picture, at)

    def frame(self, box: Box, colour: str) -> None:
        """Draw the edge of a box."""
        self._draw.rectangle(box, outline=colour)

    def line(self, start: Point, end: Point, colour: str) -> None:
        """Draw a line one pixel wide, level or upright."""
        self._draw.line([start, end], fill=colour)

    def text(
        self, at: Point, words: str, size: float, colour: str, *, anchor: str = "ls", bold: bool = False
    ) -> None:
        """Write words in pixels of type size; `anchor` as Pillow has it (``ls``: left end of the baseline)."""
        letters, (left, top) = _letters(words, size, bold, anchor)
        self._ink(letters, (round(at[0] + left), round(at[1] + top)), colour)

    def note(self, at: Point, words: str, size: float, colour: str, *, anchor: str = "ls") -> None:
        """Write words on a white ground, so that they are read over events."""
        letters, (left, top) = _letters(words, size, False, anchor)
        x, y = round(at[0] + left), round(at[1] + top)
        self._draw.rectangle((x - 2, y - 2, x + letters.width + 1, y + letters.height + 1), fill="white")
        self._ink(letters, (x, y), colour)

    def upwards(self, at: Point, words: str, size: float, colour: str) -> None:
        """Write words from bottom to top, their middle at a point."""
        turned = _letters(words, size, False, "ls")[0].rotate(90, expand=True)
        self._ink(turned, (round(at[0] - turned.width / 2), round(at[1] - turned.height / 2)), colour)

    def _ink(self, letters: Image.Image, corner: tuple[int, int], colour: str) -> None:
        self.image.paste(colour, (*corner, corner[0] + letters.width, corner[1] + letters.height), letters)

    def badge(self, right_bottom: tuple[int, int], words: str, size: float, ink: str, colour: str) -> None:
        """Write words on a rounded field, which ends at a point."""
        badge = _badge(words, size, ink, colour)
        self.place(badge, (right_bottom[0] - badge.width, right_bottom[1] - badge.height))


@lru_cache(maxsize=512)
def _letters(words: str, size: float, bold: bool, anchor: str) -> tuple[Image.Image, tuple[int, int]]:
    """Set words: how dark each pixel is, and where their upper left corner lies from the anchor."""
    if anchor == "ls" and words.strip() == words != "" and _FIGURES.issuperset(words):
        return _set_number(words, size, bold)
    pieces = [(part, _font(file, size)) for part, file in font_pieces(words, bold=bold)]
    if len(pieces) == 1:
        return _set(*pieces[0], anchor)
    # Words of several fonts stand on one baseline, behind one another.
    set_pieces, along = [], 0.0
    for part, font in pieces:
        letters, (left, top) = _set(part, font, "ls")
        set_pieces.append((letters, round(along) + left, top))
        along += font.getlength(part)
    left = min((x for _, x, _ in set_pieces), default=0)
    top = min((y for _, _, y in set_pieces), default=0)
    width = max((x + one.width for one, x, _ in set_pieces), default=1) - left
    height = max((y + one.height for one, _, y in set_pieces), default=1) - top
    letters = Image.new("L", (width, height))
    for one, x, y in set_pieces:
        letters.paste(255, (x - left, y - top), one)
    back = {"l": 0.0, "m": along / 2, "r": along}[anchor[0]]
    down = height // 2 + top if anchor[1] == "m" else 0
    return letters, (left - round(back), top - down)


def _set(words: str, font: ImageFont.FreeTypeFont, anchor: str) -> tuple[Image.Image, tuple[int, int]]:
    """Set words of one font."""
    left, top, right, bottom = (round(edge) for edge in font.getbbox(words, anchor=anchor))
    letters = Image.new("L", (max(right - left, 1), max(bottom - top, 1)))
    ImageDraw.Draw(letters).text((-left, -top), words, fill=255, font=font, anchor=anchor)
    return letters, (left, top)


def _set_number(words: str, size: float, bold: bool) -> tuple[Image.Image, tuple[int, int]]:
    """Set a number of figures that the font sets without a look at their neighbours: every one is there already."""
    set_figures, along = [], 0
    for figure in words:
        ink, (left, top), advance = _figure(figure, size, bold)
        if figure != " ":
            set_figures.append((ink, along + left, top))
        along += advance
    left = min(0, set_figures[0][1])
    top = min(y for _, _, y in set_figures)
    width = max(along, *(x + ink.shape[1] for ink, x, _ in set_figures)) - left
    height = max(y + ink.shape[0] for ink, _, y in set_figures) - top
    letters = np.zeros((height, width), dtype=np.uint8)
    for ink, x, y in set_figures:
        place = letters[y - top : y - top + ink.shape[0], x - left : x - left + ink.shape[1]]
        np.maximum(place, ink, out=place)
    return Image.fromarray(letters), (left, top)


@lru_cache(maxsize=128)
def _figure(figure: str, size: float, bold: bool) -> tuple[NDArray[np.uint8], tuple[int, int], int]:
    """One figure of a number: how dark each pixel is, where it lies from the baseline's start, how far it goes on."""
    ((_, file),) = font_pieces(figure, bold=bold)
    font = _font(file, size)
    letters, corner = _set(figure, font, "ls")
    return np.asarray(letters), corner, round(font.getlength(figure))


@lru_cache(maxsize=32)
def _badge(words: str, size: float, ink: str, colour: str) -> Image.Image:
    letters = _letters(words, size, False, "ls")[0]
    width, height = round(letters.width + 0.6 * size), round(1.45 * size)
    field = Canvas(width, height)
    field.fill_rounded((0, 0, width - 0.5, height - 0.5), 0.3 * size, colour)
    sheet = ImageSheet(width, height)
    sheet.place(field.finished(), (0, 0))
    sheet.text((width / 2, height - 0.38 * size), words, size, ink, anchor="ms")
    return sheet.image


@lru_cache(maxsize=32)
def _font(file: FontFile, size: float) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(file.path), size, index=file.index, layout_engine=ImageFont.Layout.BASIC)


def pixels(values: ArrayLike, limits: tuple[float, float], size: int) -> list[float]:
    """Return the places of positions on an axis so long, at most its length outside: far corners must not wrap.

    Parameters
    ----------
    values : array_like of float
        Positions.
    limits : (float, float)
        Ends of the axis.
    size : int
        Length of the axis [pixels].

    Returns
    -------
    list of float
    """
    low, high = limits
    places: list[float] = (np.clip((np.asarray(values) - low) / (high - low), -1.0, 2.0) * size).tolist()
    return places


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
