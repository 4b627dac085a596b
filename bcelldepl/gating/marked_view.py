"""Events that stand out in the picture of a gate."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from bcelldepl.gating.populations import GateView
from bcelldepl.kernels.histogram import histogram_1d, histogram_2d
from bcelldepl.kernels.membership import spaced_events
from bcelldepl.signal import Signal

__all__ = ["mark_events"]


def mark_events(view: GateView, signal: Signal, events: NDArray[np.bool_], words: str) -> GateView:
    """Add events to those that stand out in a view.

    Parameters
    ----------
    view : GateView
    signal : Signal
        Of the tube.
    events : ndarray of bool, shape (n_events,)
        Those that stand out; some of the parent's.
    words : str
        What they are.

    Returns
    -------
    GateView
    """
    counts = np.zeros(view.histogram.shape, dtype=np.uint32)
    columns = signal.take(tuple(filter(None, (view.x_label, view.y_label))), spaced_events(events, 1))
    x = columns[view.x_label]
    if view.y_label:
        histogram_2d(x, columns[view.y_label], view.x_limits, view.y_limits, counts)
    else:
        histogram_1d(x, *view.x_limits, counts)
    if view.marked is not None:
        counts += view.marked
    return replace(view, marked=counts, marked_as="; ".join(filter(None, (view.marked_as, words))))
