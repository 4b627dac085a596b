"""The quality mask as gates: margins of the forward scatter, and the stretches of time that are kept."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bcelldepl.definitions.markers import TIME
from bcelldepl.gate_exchange.evaluate import Channels
from bcelldepl.gate_exchange.gate import Axis, Gate
from bcelldepl.tubes.regate import GatedTube

__all__ = ["KEPT", "kept_time", "quality_gates"]

KEPT = "kept"


def kept_time(tube: GatedTube, channels: Channels) -> NDArray[np.bool_]:
    """Events of the time that the automated quality mask kept, those off scale among them.

    Parameters
    ----------
    tube : GatedTube
    channels : Channels

    Returns
    -------
    ndarray of bool, shape (n_events,)
    """
    kept = np.ones(channels.n_events, dtype=np.bool_)
    if tube.signal.quality.blocks and TIME in tube.panel:
        seconds = channels.column(tube.panel[TIME])
        for block in tube.signal.quality.blocks:
            kept &= (seconds < block.start_s) | (seconds >= block.end_s)
    return kept


def quality_gates(tube: GatedTube, channels: Channels) -> list[Gate]:
    """Write the quality mask as gates.

    Parameters
    ----------
    tube : GatedTube
    channels : Channels

    Returns
    -------
    list of Gate
        The last one holds the events that were kept. Empty where all were. Edges lie between two events.
    """
    quality = tube.signal.quality
    if quality.keep.all():
        return []
    forward = [tube.panel[marker] for marker in ("FSC-A", "FSC-H") if marker in tube.panel]
    kept_in_time = kept_time(tube, channels)
    margins = tuple(_margin(channel, channels, quality.keep, kept_in_time) for channel in forward)
    margins = tuple(axis for axis in margins if axis.low is not None or axis.high is not None)
    if kept_in_time.all():
        return [Gate((KEPT,), "rectangle", margins)] if margins else []
    axes = _stretches(tube.panel[TIME], channels.column(tube.panel[TIME]), kept_in_time)
    if len(axes) == 1:
        return [Gate((KEPT,), "rectangle", (*margins, axes[0]))]
    parts = [Gate((f"time_{i}",), "rectangle", (axis,)) for i, axis in enumerate(axes, start=1)]
    either = tuple((part.path, False) for part in parts)
    if not margins:
        return [*parts, Gate((KEPT,), "or", operands=either)]
    on_scale, steady = Gate(("on_scale",), "rectangle", margins), Gate(("steady",), "or", operands=either)
    both = Gate((KEPT,), "and", operands=((on_scale.path, False), (steady.path, False)))
    return [*parts, on_scale, steady, both]


def _margin(
    channel: str, channels: Channels, keep: NDArray[np.bool_], kept_in_time: NDArray[np.bool_]
) -> Axis:
    """Part the kept values from those off scale at either end."""
    values = channels.column(channel)
    held = values[keep]
    if not held.size:
        return Axis(channel, low=0.0, high=0.0)
    low, high = float(held.min()), float(held.max())
    off = values[kept_in_time & ~keep]
    below, above = off[off < low], off[off > high]
    return Axis(
        channel,
        low=0.5 * (float(below.max()) + low) if below.size else None,
        high=0.5 * (float(above.min()) + high) if above.size else None,
    )


def _stretches(channel: str, time: NDArray[np.float64], kept: NDArray[np.bool_]) -> list[Axis]:
    """Stretches of time that are kept, each from between two events to between two events."""
    order = np.argsort(time, kind="stable")
    moments, inside = time[order], kept[order]
    edges = np.flatnonzero(np.diff(np.concatenate(([False], inside, [False])).astype(np.int8)))
    axes = []
    for first, last in zip(edges[::2], edges[1::2], strict=True):
        low = None if first == 0 else 0.5 * (moments[first - 1] + moments[first])
        high = None if last == len(moments) else 0.5 * (moments[last - 1] + moments[last])
        axes.append(
            Axis(channel, low=None if low is None else float(low), high=None if high is None else float(high))
        )
    return axes
