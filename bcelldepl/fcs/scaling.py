"""Stored values to the linear scale: log amplifiers of ``$PnE`` undone, gains of ``$PnG`` divided out."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from bcelldepl.fcs.acquisition import Channel

__all__ = ["is_time", "linearise"]

_TIME: Final = re.compile(r"(HDR-)?TIME\d*([ _-].*)?|HDR-TM?", re.IGNORECASE)


def is_time(channel: Channel) -> bool:
    """Whether a channel counts time, by its name."""
    return bool(_TIME.fullmatch(channel.name))


def linearise(channel: Channel) -> Callable[[NDArray[Any]], NDArray[Any]] | None:
    """What brings stored values of a channel to the linear scale; None where they are on it.

    A log amplifier of f1 decades and offset f2 stores x for the signal ``10 ** (f1 * x / range) * f2``. A
    time channel has no amplifier: its gain, which some makers set to the time step, is left alone.
    """
    if is_time(channel):
        return None
    if channel.decades > 0:

        def undo_log(values: NDArray[Any]) -> NDArray[Any]:
            with np.errstate(over="ignore", invalid="ignore"):
                power = channel.decades * values.astype(np.float64) / channel.range
                return np.asarray(channel.offset * 10.0**power)

        return undo_log
    if channel.gain == 1.0:
        return None

    def undo_gain(values: NDArray[Any]) -> NDArray[Any]:
        with np.errstate(over="ignore", invalid="ignore"):
            return np.asarray(values / np.float64(channel.gain))

    return undo_gain
