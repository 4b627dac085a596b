"""What `inspect` says of a panel: its markers, by what they are recognised, and the strategies that fit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from bcelldepl.fcs import Channel

__all__ = ["describe_panel", "marker_words", "show_strategies"]


def describe_panel(channels: Sequence[Channel]) -> dict[str, Any]:
    """Return the markers of a panel and the strategies that fit, for JSON.

    Parameters
    ----------
    channels : sequence of Channel
        Of one file.

    Returns
    -------
    dict of str to object
    """
    from bcelldepl.gating.panel_fit import find_markers, fit_strategies, unrecognised

    found = find_markers(channels)
    return {
        "markers": [
            {
                "marker": one.marker,
                "detectors": [channel.name for channel in one.channels],
                "labels": [channel.label for channel in one.channels],
                "recognised_by": one.by,
                "sure": one.is_sure,
            }
            for one in found
        ],
        "not_recognised": [channel.name for channel in unrecognised(channels, found)],
        "strategies": [
            {"name": one.name, "fits": one.fits, "reports": list(one.reported), "why_not": one.lacking}
            for one in fit_strategies(channels)
        ],
    }


def marker_words(channels: Sequence[Channel], panel: dict[str, Any]) -> list[str]:
    """Say of each channel which marker it carries, and by what that is recognised where not by its label.

    Parameters
    ----------
    channels : sequence of Channel
        Of one file.
    panel : dict of str to object
        From `describe_panel`.

    Returns
    -------
    list of str
        Empty for channels of no known marker.
    """
    words: dict[str, list[str]] = {}
    for one in panel["markers"]:
        by = one["recognised_by"] if one["sure"] else "or another: name it under [panel]"
        word = one["marker"] if by == "its label" else f"{one['marker']}, {by}"
        for detector in one["detectors"]:
            words.setdefault(detector, []).append(word)
    return ["; ".join(words.get(channel.name, [])) for channel in channels]


def show_strategies(console: Console, panel: dict[str, Any]) -> None:
    """Show which strategies fit, and why the others do not.

    Parameters
    ----------
    console : Console
    panel : dict of str to object
        From `describe_panel`.
    """
    from rich.text import Text

    for one in panel["strategies"]:
        fits = f"fits; reports {', '.join(one['reports'])}"
        words = (
            (f"strategy {one['name']} ", "bold"),
            fits if one["fits"] else f"does not fit: {one['why_not']}",
        )
        console.print(Text.assemble(*words))
    if any(not one["fits"] for one in panel["strategies"]):
        console.print(
            "a marker whose label is not known is named in the study file, under [panel]",
            style="dim",
            markup=False,
        )
    console.print()
