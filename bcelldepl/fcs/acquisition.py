"""What one FCS file holds: its events on demand, its channels, and the facts that counting needs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Channel", "Spillover", "Volume"]


@dataclass(frozen=True)
class Channel:
    """One measured parameter.

    Attributes
    ----------
    name : str
        Short name, ``$PnN`` (detector).
    label : str
        Long name, ``$PnS`` (marker, stain); empty where the file has none.
    range : float
        ``$PnR``: the number of distinguishable values.
    decades, offset : float
        ``$PnE``: log decades and the value at channel 0; both 0 for linear.
    gain : float
        ``$PnG``; 1 where absent.
    """

    name: str
    label: str
    range: float
    decades: float = 0.0
    offset: float = 0.0
    gain: float = 1.0


@dataclass(frozen=True)
class Spillover:
    """The spillover matrix of a file.

    Attributes
    ----------
    channels : tuple of str
        Channel names (``$PnN``), in the order of rows and columns.
    matrix : ndarray of float64, shape (n, n)
        Row i: what fluorochrome i gives to each detector; 1 on the diagonal.
    keyword : str
        Where it was found.
    """

    channels: tuple[str, ...]
    matrix: NDArray[np.float64]
    keyword: str


@dataclass(frozen=True)
class Volume:
    """The acquired volume of a file.

    Attributes
    ----------
    microlitres : float or None
        None where the file does not say it, or where it cannot be believed.
    reason : str
        Which unit was taken and why, or why there is none.
    """

    microlitres: float | None
    reason: str
