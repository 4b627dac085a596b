"""A part of a tube's events, as their linear signals: what the study's cells are learned from."""

from __future__ import annotations

from bcelldepl.gating.model.event_sample import EventKeys, EventSample
from bcelldepl.gating.strategy import Strategy
from bcelldepl.signal.positions import Positions
from bcelldepl.signal.recipe import plan_markers
from bcelldepl.signal.transform import Transform
from bcelldepl.signal.watch import watched
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
    recipe = plan_markers(acquisition, panel, provisional, opened.spillover)
    keys = EventKeys(acquisition.n_events)
    quality = watched(Positions(acquisition, recipe, kept_events=0), panel, keys.look)
    recipe = plan_markers(acquisition, panel, _AS_MEASURED, opened.spillover)
    values = acquisition.columns_of(recipe.channels, keys.choose(quality.keep, wanted))
    tops = {channel.name: channel.range for channel in acquisition.channels}
    return EventSample(
        tube.file,
        {marker: recipe.exact(marker, values).astype("float32") for marker in recipe.markers},
        {marker: tops[panel[marker]] for marker in recipe.markers},
        control=tube.role is Role.SAMPLE and tube.before_first_infusion,
        without=(tube.role_marker,) if tube.role is Role.FMO and tube.role_marker else (),
    )
