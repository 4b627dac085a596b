"""Which markers a panel shows, by what they are recognised, and which shipped strategies fit it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from bcelldepl.definitions.markers import SCATTER, TIME, is_stain
from bcelldepl.errors import PanelError
from bcelldepl.fcs.acquisition import Channel
from bcelldepl.fcs.scaling import is_time
from bcelldepl.gating.strategy import Strategy, load_strategy, shipped_strategies
from bcelldepl.signal.panel import find_marker, find_named, found_by, resolve_panel, unused_channels

__all__ = [
    "FoundMarker",
    "StrategyFit",
    "best_fit",
    "find_markers",
    "fit_strategies",
    "panel_for",
    "stain_channels",
    "unrecognised",
]


@dataclass(frozen=True)
class FoundMarker:
    """A marker that a panel shows.

    Attributes
    ----------
    marker : str
        As strategies call it.
    channels : tuple of Channel
        The one that carries it, or all that could.
    by : str
        What it is recognised by.
    """

    marker: str
    channels: tuple[Channel, ...]
    by: str

    @property
    def is_sure(self) -> bool:
        """Whether there is but one channel that it can be."""
        return len(self.channels) == 1


@dataclass(frozen=True)
class StrategyFit:
    """Whether a panel has what a strategy needs.

    Attributes
    ----------
    name : str
    reported : tuple of str
        Populations that it would report of this panel.
    lacking : str
        What it needs and the panel does not show; empty where it fits.
    needs, uses : tuple of str
        Stains that it needs (of several that will do, the first), and those that it uses where there are any.
    """

    name: str
    reported: tuple[str, ...]
    lacking: str
    needs: tuple[str, ...]
    uses: tuple[str, ...]

    @property
    def fits(self) -> bool:
        """Whether tubes with this panel can be gated by it."""
        return not self.lacking


def find_markers(
    channels: Sequence[Channel], named: Mapping[str, str] | None = None
) -> tuple[FoundMarker, ...]:
    """List the stains of the shipped strategies that a panel shows.

    Parameters
    ----------
    channels : sequence of Channel
        Of one file.
    named : mapping of str to str, optional
        The study's ``[panel]``.

    Returns
    -------
    tuple of FoundMarker
        In the order of the channels.
    """
    given = named or {}
    wanted = dict.fromkeys(marker for strategy in _shipped() for marker in strategy.markers)
    found = []
    for marker in filter(is_stain, (*wanted, *(name for name in given if name not in wanted))):
        carrying = find_named(given[marker], channels) if marker in given else find_marker(marker, channels)
        if carrying:
            by = "[panel] of the study" if marker in given else found_by(marker, carrying[0])
            found.append(FoundMarker(marker, tuple(carrying), by))
    place = {channel.name: number for number, channel in enumerate(channels)}
    return tuple(sorted(found, key=lambda one: place[one.channels[0].name]))


def unrecognised(channels: Sequence[Channel], found: Sequence[FoundMarker]) -> tuple[Channel, ...]:
    """List the labelled channels in which no marker was recognised.

    Parameters
    ----------
    channels : sequence of Channel
        Of one file.
    found : sequence of FoundMarker
        Its markers.

    Returns
    -------
    tuple of Channel
    """
    used = {channel.name for one in found for channel in one.channels}
    used |= {channel.name for signal in SCATTER for channel in find_marker(signal, channels)}
    return tuple(one for one in channels if one.label and one.name not in used and not is_time(one))


def stain_channels(channels: Sequence[Channel]) -> tuple[Channel, ...]:
    """List the channels that a stain could be on: areas that are neither scatter nor time.

    Parameters
    ----------
    channels : sequence of Channel
        Of one file.

    Returns
    -------
    tuple of Channel
    """
    scatter = {signal: one.name for signal in SCATTER for one in find_marker(signal, channels)}
    return tuple(unused_channels(channels, scatter))


def fit_strategies(
    channels: Sequence[Channel], named: Mapping[str, str] | None = None
) -> tuple[StrategyFit, ...]:
    """Hold a panel against every shipped strategy.

    Parameters
    ----------
    channels : sequence of Channel
        Of one file.
    named : mapping of str to str, optional
        The study's ``[panel]``.

    Returns
    -------
    tuple of StrategyFit
    """
    return tuple(_fit(strategy, channels, named or {}) for strategy in _shipped())


def panel_for(
    strategy: Strategy, channels: Sequence[Channel], named: Mapping[str, str], where: str = ""
) -> dict[str, str]:
    """Find the channel of each marker of a strategy.

    Parameters
    ----------
    strategy : Strategy
    channels : sequence of Channel
        Of one file.
    named : mapping of str to str
        The study's ``[panel]``; what the strategy does not use is left aside.
    where : str
        The file, for messages.

    Returns
    -------
    dict of str to str
        Channel by marker.

    Raises
    ------
    PanelError
    """
    return resolve_panel(
        channels,
        strategy.required_markers,
        strategy.optional_markers,
        {marker: name for marker, name in named.items() if marker in strategy.markers},
        where,
        strategy.alternatives,
    )


def best_fit(fits: Sequence[StrategyFit]) -> StrategyFit | None:
    """Choose the strategy that fits and reports most of a panel.

    Parameters
    ----------
    fits : sequence of StrategyFit
        Of one panel.

    Returns
    -------
    StrategyFit or None
        None where none fits.
    """
    return max((one for one in fits if one.fits), key=lambda one: len(one.reported), default=None)


@cache  # the files do not change while the program runs
def _shipped() -> tuple[Strategy, ...]:
    return tuple(load_strategy(name) for name in shipped_strategies())


def _fit(strategy: Strategy, channels: Sequence[Channel], named: Mapping[str, str]) -> StrategyFit:
    reported: tuple[str, ...] = ()
    lacking = ""
    try:
        panel = panel_for(strategy, channels, named)
        rules = strategy.rules_for([marker for marker in panel if marker != TIME])
        reported = tuple(rule.name for rule, _ in rules if rule.report)
    except PanelError as error:
        lacking = error.complaint
    needs = (*strategy.required_markers, *(markers[0] for markers in strategy.alternatives))
    uses = tuple(marker for marker in strategy.markers if is_stain(marker) and marker not in needs)
    return StrategyFit(strategy.name, reported, lacking, needs, uses)
