"""Numbered dots on axes: drawn one by one, so that a later dot covers the number of an earlier one.

A text of matplotlib with a box around it does the same, and takes five times as long: it measures and shapes each box.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from matplotlib.artist import Artist, allow_rasterization
from matplotlib.colors import to_rgba
from matplotlib.font_manager import FontProperties
from matplotlib.path import Path
from matplotlib.transforms import Affine2D
from numpy.typing import ArrayLike

from bcelldepl.report.palette import text_on

__all__ = ["NumberedDots"]

_POINTS: Final = 6.5  # of the numbers
_RADIUS: Final = 5.2  # [points]
_EDGE: Final = 0.4  # [points]
_CIRCLE: Final = Path.unit_circle()


class NumberedDots(Artist):
    """Dots with a number each, within their axes; the last lies above.

    Parameters
    ----------
    places : array_like, shape (n, 2)
        In data coordinates.
    numbers : sequence of int
    colours : sequence of str
        ``#rrggbb``.
    """

    def __init__(self, places: ArrayLike, numbers: Sequence[int], colours: Sequence[str]) -> None:
        super().__init__()
        self.places = np.reshape(np.asarray(places, dtype=float), (-1, 2))
        self.numbers = tuple(numbers)
        self.colours = tuple(colours)
        self.set_zorder(3)

    @allow_rasterization  # type: ignore[untyped-decorator]
    def draw(self, renderer: Any) -> None:
        """Draw the dots, as matplotlib asks for it."""
        assert self.axes is not None
        font = FontProperties(size=_POINTS)
        _, canvas_height = renderer.get_canvas_width_height()
        radius = renderer.points_to_pixels(_RADIUS)
        edge = renderer.new_gc()
        edge.set_linewidth(renderer.points_to_pixels(_EDGE))
        edge.set_foreground("white")
        edge.set_clip_rectangle(self.axes.bbox)
        for (x, y), number, colour in zip(
            self.axes.transData.transform(self.places), self.numbers, self.colours, strict=True
        ):
            circle = Affine2D().scale(radius).translate(x, y)
            renderer.draw_path(edge, _CIRCLE, circle, to_rgba(colour))
            ink = renderer.new_gc()
            ink.set_foreground(text_on(colour))
            ink.set_clip_rectangle(self.axes.bbox)
            words = str(number)
            width, height, descent = renderer.get_text_width_height_descent(words, font, ismath=False)
            left, base = x - width / 2, y - (height - descent) / 2
            base = canvas_height - base if renderer.flipy() else base
            renderer.draw_text(ink, left, base, words, font, 0.0)
