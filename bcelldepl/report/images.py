"""Figures to bytes: the same figure gives the same bytes, whenever and wherever it is written."""

from __future__ import annotations

import base64
import io
import logging
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from matplotlib.text import Text
from numpy.typing import NDArray
from PIL import Image

from bcelldepl.definitions.files import FIGURE_FORMATS
from bcelldepl.report.fonts import font_families
from bcelldepl.report.indexed_png import indexed_png
from bcelldepl.report.text_renderer import TextCanvas

__all__ = ["data_uri", "figure_bytes", "fixed_style", "quiet_about_glyphs", "render_drawing", "small_png"]


# Settings of the program rather than of a figure; reading some of them would choose a window system.
_KEPT = {
    "backend",
    "backend_fallback",
    "interactive",
    "toolbar",
    "timezone",
    "webagg.port",
    "tk.window_focus",
}

# Dates and program versions that matplotlib would write into the file.
_METADATA: dict[str, dict[str, Any]] = {
    "svg": {"Date": None, "Creator": None},
    "pdf": {"CreationDate": None, "Creator": None, "Producer": None},
}


@contextmanager
def fixed_style() -> Iterator[None]:
    """Set aside the user's matplotlib settings for a while: a report's bytes do not depend on them.

    Text is never taken for a formula. It is set in the usual font; characters that this lacks in the first installed
    one of other scripts that has them.

    Yields
    ------
    None
    """
    defaults = {name: value for name, value in mpl.rcParamsDefault.items() if name not in _KEPT}
    plain = {**defaults, "font.family": font_families(), "text.parse_math": False}
    with mpl.rc_context(plain), quiet_about_glyphs():
        yield


def figure_bytes(figure: Figure, kind: str = "svg", dpi: float = 200) -> bytes:
    """Render a figure.

    Parameters
    ----------
    figure : Figure
    kind : {"svg", "png", "pdf"}
    dpi : float
        Pixels per inch of a PNG.

    Returns
    -------
    bytes
        The file, without date or program version.
    """
    with _plain_text(figure):
        return _rendered(figure, [kind], dpi)[0]


def render_drawing(
    draw: Callable[[], Figure], dpi: float, formats: Sequence[str] = FIGURE_FORMATS
) -> list[bytes]:
    """Draw a figure and render it in some formats: work for a process of its own, with the same bytes there.

    Parameters
    ----------
    draw : callable
        Returns the figure.
    dpi : float
        Pixels per inch of the PNG.
    formats : sequence of str
        Of `FIGURE_FORMATS`.

    Returns
    -------
    list of bytes
        One file per format.
    """
    with fixed_style():
        return _rendered(draw(), formats, dpi)


def _rendered(figure: Figure, kinds: Sequence[str], dpi: float) -> list[bytes]:
    files = []
    # The salt names the clip paths of an SVG, which are random without it.
    with mpl.rc_context({"svg.hashsalt": "bcelldepl", "svg.fonttype": "path"}), quiet_about_glyphs():
        for kind in kinds:
            if kind == "png":
                files.append(indexed_png(_pixels(figure, dpi), dpi))
            else:
                buffer = io.BytesIO()
                figure.savefig(buffer, format=kind, metadata=_METADATA.get(kind))
                files.append(buffer.getvalue())
    return files


@contextmanager
def quiet_about_glyphs() -> Iterator[None]:
    """Say nothing of characters that no font has, or that a font has in one weight: the study is told once, in words.

    Yields
    ------
    None
    """
    log = logging.getLogger("matplotlib.font_manager")
    level = log.level
    log.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Glyph .* missing from", category=UserWarning)
            yield
    finally:
        log.setLevel(level)


def _plain_text(figure: Figure) -> AbstractContextManager[None]:
    """Take no text for a formula: a dose of ``$5 or $10`` is neither set in italics nor refused as bad TeX."""
    for text in figure.findobj(Text):
        text.set_parse_math(False)
    return mpl.rc_context({"text.parse_math": False})  # of tick labels, which are made while it is drawn


def small_png(figure: Figure, dpi: float, colours: int = 96) -> bytes:
    """Render a figure to a PNG of so many colours, a third the size of true colour, for pages that hold many.

    Parameters
    ----------
    figure : Figure
    dpi : float
        Pixels per inch.
    colours : int
        How many.

    Returns
    -------
    bytes
    """
    with _plain_text(figure), quiet_about_glyphs():
        image = Image.fromarray(_pixels(figure, dpi)).convert("RGB")
    buffer = io.BytesIO()
    image.quantize(colours, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE).save(buffer, format="PNG")
    return buffer.getvalue()


def _pixels(figure: Figure, dpi: float) -> NDArray[np.uint8]:
    """Draw a figure as RGBA."""
    figure.set_dpi(dpi)
    canvas = TextCanvas(figure)
    canvas.draw()  # type: ignore[no-untyped-call]
    return np.asarray(canvas.buffer_rgba())  # type: ignore[no-untyped-call]


def data_uri(content: bytes, mime: str) -> str:
    """Return `content` as a ``data:`` address that a page can hold.

    Parameters
    ----------
    content : bytes
    mime : str
        Such as ``image/png``.

    Returns
    -------
    str
    """
    return f"data:{mime};base64,{base64.b64encode(content).decode('ascii')}"
