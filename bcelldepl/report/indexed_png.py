"""PNG files of drawn figures: a list of colours, and for each pixel its number in it.

A figure has few colours; most of what it has are the smooth edges of its lines and letters. As numbers of a list its
file is half as large as with three bytes for each pixel, is encoded in a third of the time, and goes on a page as it
is. No pixel looks different: where a list of 256 does not come near enough, all colours stay.
"""

from __future__ import annotations

import io
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

__all__ = ["indexed_png"]

_LISTED: Final = 256  # colours that a byte can number
_FREQUENT: Final = 64  # of them, those of most pixels, which stay exactly as they are
_FARTHEST: Final = 8  # that a pixel may lie from its own colour [of 255, in three dimensions]
_MOST: Final = 4096  # colours among which a list is looked for
_LEVEL, _LEVEL_OF_ALL = 4, 2  # of compression; more takes twice the time for a few percent of the bytes


def indexed_png(pixels: NDArray[np.uint8], dpi: float) -> bytes:
    """Encode a figure as PNG, with a list of colours where that shows the same.

    Parameters
    ----------
    pixels : ndarray of uint8, shape (height, width, 4)
        RGBA; nothing shows through.
    dpi : float
        Pixels per inch, which the file tells.

    Returns
    -------
    bytes
    """
    height, width, _ = pixels.shape
    words = np.ascontiguousarray(pixels).view(np.uint32).ravel()
    # Neighbours mostly are alike: to look at runs of them takes a tenth of the time that each pixel would.
    starts = np.flatnonzero(np.concatenate(([True], words[1:] != words[:-1])))
    lengths = np.diff(starts, append=len(words))
    colours = np.unique(words[starts])
    of_run = np.searchsorted(colours, words[starts])
    rgb = colours.view(np.uint8).reshape(-1, 4)[:, :3]
    listed = _listed(rgb, np.bincount(of_run, lengths)) if len(rgb) <= _MOST else None
    if listed is None:
        return _encoded(Image.frombuffer("RGBA", (width, height), words).convert("RGB"), dpi, _LEVEL_OF_ALL)
    chosen, nearest = listed
    numbers = np.repeat(nearest.astype(np.uint8)[of_run], lengths)
    image = Image.frombuffer("P", (width, height), numbers)
    image.putpalette(rgb[chosen].tobytes())
    return _encoded(image, dpi, _LEVEL)


def _listed(
    rgb: NDArray[np.uint8], frequency: NDArray[Any]
) -> tuple[NDArray[np.intp], NDArray[np.intp]] | None:
    """Choose the colours of the list, and the place in it of the nearest to each; None where one is too far off.

    After the most frequent, always that which lies farthest from all that are chosen, until none lies too far
    (Gonzalez 1985, Theoretical Computer Science 38:293).
    """
    if len(rgb) <= _LISTED:
        return np.arange(len(rgb)), np.arange(len(rgb))
    places = rgb.astype(np.float32)  # whole numbers, and so are all sums of their squares: exact
    squares = np.square(places).sum(axis=1)
    chosen = np.argsort(-frequency, kind="stable")[:_FREQUENT].tolist()
    distance = np.full(len(rgb), np.inf, dtype=np.float32)
    nearest = np.zeros(len(rgb), dtype=np.intp)
    for number in range(_LISTED):
        if number == len(chosen):
            if distance.max() <= _FARTHEST**2:
                break
            chosen.append(int(distance.argmax()))
        apart = squares + squares[chosen[number]] - 2 * (places @ places[chosen[number]])
        nearer = apart < distance
        distance[nearer], nearest[nearer] = apart[nearer], number
    return (np.array(chosen), nearest) if distance.max() <= _FARTHEST**2 else None


def _encoded(image: Image.Image, dpi: float, level: int) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format="PNG", dpi=(dpi, dpi), compress_level=level)
    return buffer.getvalue()
