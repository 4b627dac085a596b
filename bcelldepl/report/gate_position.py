"""Where a gate lies, in words and in the instrument's units."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bcelldepl.gating.populations import GateView
from bcelldepl.report.number_format import DASH, signal
from bcelldepl.signal.marker_axis import MarkerAxis

__all__ = ["gate_position"]


def gate_position(view: GateView) -> str:
    """Say where a gate lies.

    Parameters
    ----------
    view : GateView

    Returns
    -------
    str
        Of a cut its value with the 95 % interval, ``CAR 209 [180, 240]``; of an outline its ends in both markers, where
        they lie inside the picture: ``CD19 320 – 41,000; CD3 up to 1,200``. Empty where nothing is drawn.
    """
    if view.x_axis is not None and view.cuts:
        text = f"{view.x_label} " + ", ".join(map(signal, view.x_axis.values(view.cuts).tolist()))
        if view.cut_interval is not None:
            text += f" [{', '.join(map(signal, view.x_axis.values(view.cut_interval).tolist()))}]"
        return text
    if not view.outlines:
        return ""
    corners = np.concatenate(view.outlines)
    axes = (
        (view.x_label, view.x_axis, view.x_limits, corners[:, 0]),
        (view.y_label, view.y_axis, view.y_limits, corners[:, 1]),
    )
    spans = [
        _span(label, axis, limits, float(one.min()), float(one.max())) for label, axis, limits, one in axes
    ]
    return "; ".join(span for span in spans if span)


def _span(label: str, axis: MarkerAxis | None, limits: Sequence[float], low: float, high: float) -> str:
    """Both ends of a gate in one marker; an end beyond the picture is left open."""
    if axis is None:
        return ""
    first, last = (signal(value) for value in axis.values([low, high]).tolist())
    if low > limits[0] and high < limits[1]:
        return f"{label} {first} {DASH} {last}"
    if low > limits[0]:
        return f"{label} from {first}"
    return f"{label} up to {last}" if high < limits[1] else ""
