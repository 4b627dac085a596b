"""Figures to bytes: the same figure gives the same bytes, whenever and wherever it is written."""

from __future__ import annotations

import base64
import io
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text
from PIL import Image

from bcelldepl.store.files import write_bytes

__all__ = ["data_uri", "figure_bytes", "fixed_style", "save_figure", "small_png"]

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
    "png": {"Software": None},
    "svg": {"Date": None, "Creator": None},
    "pdf": {"CreationDate": None, "Creator": None, "Producer": None},
}


def fixed_style() -> AbstractContextManager[None]:
    """Set aside the user's matplotlib settings for a while: a report's bytes do not depend on them."""
    return mpl.rc_context({name: value for name, value in mpl.rcParamsDefault.items() if name not in _KEPT})


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
    buffer = io.BytesIO()
    # The salt names the clip paths of an SVG, which are random without it.
    with _plain_text(figure), mpl.rc_context({"svg.hashsalt": "bcelldepl", "svg.fonttype": "path"}):
        figure.savefig(buffer, format=kind, dpi=dpi, metadata=_METADATA.get(kind))
    return buffer.getvalue()


def _plain_text(figure: Figure) -> AbstractContextManager[None]:
    """Take no text for a formula: a dose of ``$5 or $10`` is neither set in italics nor refused as bad TeX."""
    for text in figure.findobj(Text):
        text.set_parse_math(False)
    return mpl.rc_context({"text.parse_math": False})  # of tick labels, which are made while it is drawn


def save_figure(figure: Figure, path: Path, dpi: float = 200) -> None:
    """Write a figure as PNG, SVG or PDF, by the suffix of `path`; beside it first, then renamed."""
    path = Path(path)
    write_bytes(path, figure_bytes(figure, path.suffix.lstrip(".").lower(), dpi))


def small_png(figure: Figure, dpi: float, colours: int = 96) -> bytes:
    """Render a figure to a PNG of so many colours, a third the size of true colour, for pages that hold many."""
    figure.set_dpi(dpi)
    canvas = FigureCanvasAgg(figure)
    with _plain_text(figure):
        canvas.draw()  # type: ignore[no-untyped-call]
    pixels = np.asarray(canvas.buffer_rgba())  # type: ignore[no-untyped-call]
    image = Image.fromarray(pixels[..., :3])
    buffer = io.BytesIO()
    image.quantize(colours, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE).save(buffer, format="PNG")
    return buffer.getvalue()


def data_uri(content: bytes, mime: str) -> str:
    """Return `content` as a ``data:`` address that a page can hold."""
    return f"data:{mime};base64,{base64.b64encode(content).decode('ascii')}"
