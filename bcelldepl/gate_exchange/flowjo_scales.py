"""The scales of FlowJo workspaces: where the display, 256 bins wide, puts a signal."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from bcelldepl.gate_exchange.gate import Scale
from bcelldepl.gate_exchange.xml_documents import TRANSFORMS, tag_of

__all__ = ["DISPLAY_BINS", "DisplayScale", "LinearScale", "LogScale", "ScaleError", "display_scale"]

DISPLAY_BINS: Final = 256.0  # across an axis; ellipses are kept in these
_BIEX_TOP: Final = 4096.0  # of FlowJo's table of a biex scale


class ScaleError(ValueError):
    """A scale cannot be built from what the workspace says of it; its text says why."""


@dataclass(frozen=True)
class LinearScale:
    """From `low` at position 0 to `high` at position 1."""

    low: float
    high: float

    def apply(self, events: NDArray[np.float64], /) -> NDArray[np.float64]:
        """Put signals on the scale."""
        return (events - self.low) / (self.high - self.low)

    def inverse(self, events: NDArray[np.float64], /) -> NDArray[np.float64]:
        """Return to signals."""
        return events * (self.high - self.low) + self.low


@dataclass(frozen=True)
class LogScale:
    """From `offset` at position 0, `decades` decades to position 1; what lies below the offset is put on it."""

    offset: float
    decades: float

    def apply(self, events: NDArray[np.float64], /) -> NDArray[np.float64]:
        """Put signals on the scale."""
        return np.log10(np.maximum(events, self.offset) / self.offset) / self.decades

    def inverse(self, events: NDArray[np.float64], /) -> NDArray[np.float64]:
        """Return to signals."""
        return np.asarray(self.offset * 10.0 ** (events * self.decades), dtype=np.float64)


@dataclass(frozen=True)
class DisplayScale:
    """A scale in bins of the display.

    Attributes
    ----------
    scale : Scale
    top : float
        Position on it that is the display's right end; 0 is its left end.
    ends_known : bool
        Whether the display's ends are known. Straight lines need none, ellipses do.
    """

    scale: Scale
    top: float = 1.0
    ends_known: bool = True

    def apply(self, events: NDArray[np.float64], /) -> NDArray[np.float64]:
        """Put signals on the display."""
        return np.asarray(self.scale.apply(events), dtype=np.float64) * (DISPLAY_BINS / self.top)

    def inverse(self, events: NDArray[np.float64], /) -> NDArray[np.float64]:
        """Return to signals."""
        return np.asarray(self.scale.inverse(events * (self.top / DISPLAY_BINS)), dtype=np.float64)


def display_scale(element: Any) -> DisplayScale:
    """Build the scale that an element of ``<Transformations>`` describes.

    Parameters
    ----------
    element : lxml.etree._Element

    Returns
    -------
    DisplayScale

    Raises
    ------
    ScaleError
        For a kind that FlowJo does not publish, and for parameters of which no scale can be made.

    References
    ----------
    Logicle and hyperlog: Gating-ML 2.0, doi:10.1002/cyto.a.22690. The biex table is FlowKit's.
    """
    kind = tag_of(element)
    builders = {
        "linear": _linear,
        "log": _log,
        "biex": _biex,
        "fasinh": _asinh,
        "logicle": _logicle,
        "hyperlog": _hyperlog,
    }
    if kind not in builders:
        raise ScaleError(f"FlowJo's scale {kind!r} is not published")
    scale = builders[kind](element)
    probe = np.array([[-1000.0], [0.0], [1.0], [1000.0], [100_000.0]])
    with np.errstate(all="ignore"):
        positions = scale.apply(probe)
    if not np.isfinite(positions).all() or not (np.diff(positions, axis=0) >= 0).all():
        raise ScaleError(f"its scale {kind!r} does not rise with the signal")
    return scale


def _linear(element: Any) -> DisplayScale:
    low, high = _number(element, "minRange", 0.0), _number(element, "maxRange", -math.inf)
    if not high > low:
        return DisplayScale(LinearScale(0.0, DISPLAY_BINS), ends_known=False)
    return DisplayScale(LinearScale(low, high))


def _log(element: Any) -> DisplayScale:
    offset, decades = _number(element, "offset"), _number(element, "decades")
    if not (offset > 0 and decades > 0):
        raise ScaleError(
            f"a log scale needs an offset and decades above zero, not {offset:g} and {decades:g}"
        )
    return DisplayScale(LogScale(offset, decades))


def _biex(element: Any) -> DisplayScale:
    from flowkit import transforms

    width, length = _number(element, "width"), _number(element, "length", DISPLAY_BINS)
    positive, top = _number(element, "pos"), _number(element, "maxRange")
    if not width < 0:
        raise ScaleError(f"a biex scale of width {width:g} has no table: its width must be below zero")
    if length != DISPLAY_BINS:
        raise ScaleError(f"a biex scale of {length:g} bins is not published, only that of {DISPLAY_BINS:g}")
    if not (positive > 0 and top > 0):
        raise ScaleError(f"a biex scale of {positive:g} decades up to {top:g} has no table")
    try:
        scale = transforms.WSPBiexTransform(_number(element, "neg", 0.0), width, positive, top)
    except (ValueError, ZeroDivisionError, OverflowError, IndexError, FloatingPointError) as error:
        raise ScaleError(f"its biex scale has no table: {error}") from error
    return DisplayScale(scale, _BIEX_TOP)


def _asinh(element: Any) -> DisplayScale:
    from flowkit import transforms

    t, m, a = (_number(element, name) for name in "TMA")
    if not (t > 0 and m > 0 and a >= 0):
        raise ScaleError(f"an arcsinh scale of T = {t:g}, M = {m:g}, A = {a:g} is not valid")
    return DisplayScale(transforms.AsinhTransform(t, m, a))


def _logicle(element: Any) -> DisplayScale:
    from flowkit import transforms

    return DisplayScale(transforms.LogicleTransform(*_biexponential(element)))


def _hyperlog(element: Any) -> DisplayScale:
    from flowkit import transforms

    t, w, m, a = _biexponential(element)
    if w == 0:
        raise ScaleError("a hyperlog scale needs W above zero")
    return DisplayScale(transforms.HyperlogTransform(t, w, m, a))


def _biexponential(element: Any) -> tuple[float, float, float, float]:
    """T, W, M and A, within the bounds that Gating-ML sets them."""
    t, w, m, a = (_number(element, name) for name in "TWMA")
    if not (t > 0 and m > 0 and 0 <= w <= m / 2 and -w <= a <= m - 2 * w):
        raise ScaleError(f"no {tag_of(element)} scale has T = {t:g}, W = {w:g}, M = {m:g} and A = {a:g}")
    return t, w, m, a


def _number(element: Any, name: str, default: float | None = None) -> float:
    """An attribute; some programs write its name in small letters."""
    for spelling in (name, name.lower()):
        text = element.get(f"{{{TRANSFORMS}}}{spelling}")
        if text is not None:
            break
    else:
        if default is None:
            raise ScaleError(f"its scale {tag_of(element)!r} does not state {name}")
        return default
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise ScaleError(f"{name} of its scale {tag_of(element)!r} is {text!r}, which is not a number")
    return value
