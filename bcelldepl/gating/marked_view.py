"""Events that stand out in the picture of a gate."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from bcelldepl.gating.populations import GateView
from bcelldepl.gating.rules.base import Columns
from bcelldepl.kernels.histogram import histogram_1d, histogram_2d

__all__ = ["mark_events"]


def mark_events(view: GateView, columns: Columns, events: NDArray[np.bool_], words: str) -> GateView:
    """Add events to those that stand out in a view.

    Parameters
    ----------
    view : GateView
    columns : mapping of str to ndarray of float32, shape (n_events,)
        Positions of all events of the tube.
    events : ndarray of bool, shape (n_events,)
        Those that stand out; some of the parent's.
    words : str
        What they are.

    Returns
    -------
    GateView
    """
    counts = np.zeros(view.histogram.shape, dtype=np.uint32)
    x = columns[view.x_label][events]
    if view.y_label:
        histogram_2d(x, columns[view.y_label][events], view.x_limits, view.y_limits, counts)
    else:
        histogram_1d(x, *view.x_limits, counts)
    if view.marked is not None:
        counts += view.marked
    return replace(view, marked=counts, marked_as="; ".join(filter(None, (view.marked_as, words))))
