"""The few colours of gating paths and thumbnails: an image of bytes is a third the size of one of true colour.

They are the same for every tube, so that none has to be chosen: to choose the best colours of one picture takes longer
than to draw it.
"""

from __future__ import annotations

import io
from functools import cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from bcelldepl.report.palette import (
    ACCENT,
    EVIDENCE_COLOURS,
    FRAME,
    INK,
    INSIDE,
    INTERVAL,
    MARKED,
    MUTED,
    OUTSIDE,
    PARENT_BARS,
    POPULATION_BARS,
    REVIEW,
    blend,
    colour_ramp,
    text_on,
)

__all__ = ["gate_colours", "gate_png"]

# Steps from few events to many: of one kind, of both in a bin, under the interval of a cut.
_SHADES, _MIXED, _SHADED = 20, 10, 10
_EDGES = 8  # from white to the colour of a line or a letter
_LEVEL = 3  # of compression: 6 takes twice the time for a tenth of the bytes


def gate_png(image: Image.Image) -> bytes:
    """Encode a picture of gates as PNG, each pixel in the nearest of the colours.

    Parameters
    ----------
    image : PIL Image
        RGB.

    Returns
    -------
    bytes
    """
    buffer = io.BytesIO()
    reduced = image.quantize(palette=_palette(), dither=Image.Dither.NONE)
    reduced.save(buffer, format="PNG", compress_level=_LEVEL)
    return buffer.getvalue()


@cache
def _palette() -> Image.Image:
    holder = Image.new("P", (1, 1))
    holder.putpalette(gate_colours().tobytes())
    return holder


def gate_colours() -> NDArray[np.uint8]:
    """Return the colours, as uint8 of shape (n, 3) with n at most 256: all that is drawn, and its smooth edges.

    Returns
    -------
    ndarray of uint8
    """
    amber, strength = INTERVAL
    events = [colour_ramp(*ramp, steps=_SHADES) for ramp in (OUTSIDE, INSIDE)]
    grey, blue = (colour_ramp(*ramp, steps=_MIXED) for ramp in (OUTSIDE, INSIDE))
    mixed = [blend(grey, blue, share) for share in (1 / 3, 2 / 3)]
    shaded = [
        blend(colour_ramp(*ramp, steps=_SHADED), colour_ramp(amber, steps=1), strength)
        for ramp in (("#ffffff",), OUTSIDE, INSIDE)
    ]
    edges = [colour_ramp("#ffffff", colour, steps=_EDGES + 1) for colour in (INK, MUTED, ACCENT, MARKED)]
    badges = [
        colour_ramp("#ffffff", colour, text_on(colour), steps=_EDGES + 1)
        for colour in (*EVIDENCE_COLOURS.values(), FRAME)
    ]
    fills = [colour_ramp(colour, steps=1) for colour in (FRAME, REVIEW, PARENT_BARS, POPULATION_BARS)]
    return np.unique(np.concatenate([*events, *mixed, *shaded, *edges, *badges, *fills]), axis=0)
