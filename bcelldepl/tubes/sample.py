"""A part of a tube's events, as their linear signals: what the study's cells are learned from."""

from __future__ import annotations

import numpy as np

from bcelldepl.gating.model.event_sample import EventSample, choose_events
from bcelldepl.gating.strategy import Strategy
from bcelldepl.signal.recipe import plan_markers
from bcelldepl.signal.signal import measure
from bcelldepl.signal.transform import Transform
from bcelldepl.study import Role, Tube
from bcelldepl.tubes.read import OpenTube

__all__ = ["take_sample"]

# A scale that shows where the flow was disturbed; gates lie on scales that the study's events give.
_PROVISIONAL = {"scatter": Transform(kind="linear"), "fluorescence": Transform(kind="asinh")}
_AS_MEASURED = dict.fromkeys(("scatter", "fluorescence"), Transform(kind="linear", top=1.0))


def take_sample(opened: OpenTube, tube: Tube, strategy: Strategy, wanted: int) -> EventSample:
    """Take a part of a tube's undisturbed events.

    Parameters
    ----------
    opened : OpenTube
    tube : Tube
    strategy : Strategy
        Names the markers.
    wanted : int
        How many events; a smaller sample is the first part of a larger one.

    Returns
    -------
    EventSample

    Raises
    ------
    FcsError, CompensationError, PanelError
        Where the file's events cannot be read, or not compensated.
    """
    acquisition, panel = opened.acquisition, opened.panel
    provisional = {**_PROVISIONAL, **strategy.transforms}
    read = measure(acquisition, panel, provisional, opened.spillover)
    recipe = plan_markers(acquisition, panel, _AS_MEASURED, opened.spillover)
    raw = read.raw[: len(recipe.channels)]  # without the time
    values = np.take(raw, choose_events(raw, read.quality.keep, wanted), axis=1)
    tops = {channel.name: channel.range for channel in acquisition.channels}
    return EventSample(
        tube.file,
        {marker: recipe.exact(marker, values).astype("float32") for marker in recipe.markers},
        {marker: tops[panel[marker]] for marker in recipe.markers},
        control=tube.role is Role.SAMPLE and tube.before_first_infusion,
        without=(tube.role_marker,) if tube.role is Role.FMO and tube.role_marker else (),
    )
