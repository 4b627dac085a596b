"""Figures as pixels, with words that are set once: matplotlib sets each letter anew, in half the time of a figure.

The same words come again in figure after figure: names of axes, days, limits. They are set as a whole, and laid on
whole pixels, as matplotlib did until its version 3.10.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg, RendererAgg, get_hinting_flag
from numpy.typing import NDArray

if TYPE_CHECKING:
    from matplotlib.ft2font import FT2Font, LoadFlags

__all__ = ["TextCanvas"]

_KEPT = 1024  # words at once
_UNITS = 64  # of a font in a pixel


class _SetWords(NamedTuple):
    """How dark each pixel is, where their corner lies from where they begin, and what room they take."""

    ink: NDArray[np.uint8]
    left: float
    below: float
    size: tuple[float, float, float]  # width, height, descent [pixels]


@lru_cache(maxsize=_KEPT)
def _set_words(words: str, font: FT2Font, points: float, dpi: float, hinting: LoadFlags) -> _SetWords:  # noqa: ARG001
    """Set words in a font of that size."""
    font.set_text(words, 0.0, flags=hinting)
    width, height = font.get_width_height()
    descent = font.get_descent()
    font.draw_glyphs_to_bitmap(antialiased=True)
    left, below = font.get_bitmap_offset()
    size = width / _UNITS, height / _UNITS, descent / _UNITS
    return _SetWords(np.array(font.get_image()), left / _UNITS, below / _UNITS, size)


class _Renderer(RendererAgg):
    """Draws words level or upright from those that are set; all else as matplotlib does."""

    def _words(self, words: str, prop: Any) -> _SetWords:
        font = self._prepare_font(prop)  # type: ignore[no-untyped-call]
        return _set_words(words, font, prop.get_size_in_points(), self.dpi, get_hinting_flag())  # type: ignore[no-untyped-call]

    def get_text_width_height_descent(self, s: str, prop: Any, ismath: Any) -> tuple[float, float, float]:
        if ismath:
            return super().get_text_width_height_descent(s, prop, ismath)  # type: ignore[no-any-return, no-untyped-call]
        return self._words(s, prop).size

    def draw_text(
        self,
        gc: Any,
        x: float,
        y: float,
        s: str,
        prop: Any,
        angle: float,
        ismath: Any = False,
        mtext: Any = None,
    ) -> None:
        if ismath or angle not in (0, 90):
            super().draw_text(gc, x, y, s, prop, angle, ismath, mtext)  # type: ignore[no-untyped-call]
            return
        ink, left, below, (_, _, descent) = self._words(s, prop)
        # The lower left corner of the words; of upright ones the lower right.
        if angle:
            ink = np.rot90(ink)
            x, y = round(x + below + descent) + 1 - ink.shape[1], round(y - left)
        else:
            x, y = round(x + left), round(y + below + descent) + 1
        *colour, alpha = gc.get_rgb()
        opacity = gc.get_alpha() if gc.get_forced_alpha() else alpha
        pixels = np.empty((*ink.shape, 4), dtype=np.uint8)
        pixels[..., :3] = np.rint(255 * np.array(colour))
        pixels[..., 3] = np.rint(opacity * ink)
        self.draw_image(gc, x, int(self.height) - y, pixels[::-1])


class TextCanvas(FigureCanvasAgg):
    """A canvas for figures with such words."""

    def get_renderer(self) -> RendererAgg:
        """Return what draws at the size that the figure has now."""
        size = (*self.get_width_height(physical=True), self.figure.dpi)
        if self._lastKey != size:
            self.renderer, self._lastKey = _Renderer(*size), size  # type: ignore[no-untyped-call]
        return self.renderer  # type: ignore[no-any-return]
