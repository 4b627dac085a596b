"""What `inspect` says of a panel: its markers, by what they are recognised, and the strategies that fit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from bcelldepl.fcs import Channel

__all__ = ["describe_panel", "show_panel"]


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


def show_panel(console: Console, channels: Sequence[Channel]) -> None:
    """Show the same to a person.

    Parameters
    ----------
    console : Console
    channels : sequence of Channel
        Of one file.
    """
    from rich import box
    from rich.table import Table
    from rich.text import Text

    panel = describe_panel(channels)
    if panel["markers"]:
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
        for name in ("marker", "detector", "label", "recognised by"):
            table.add_column(name)
        for one in panel["markers"]:
            by = one["recognised_by"] if one["sure"] else "more than one could be it: name it under [panel]"
            cells = (one["marker"], ", ".join(one["detectors"]), ", ".join(one["labels"]), by)
            table.add_row(*(Text(cell, style="" if one["sure"] else "yellow") for cell in cells))
        console.print(table)
    else:
        console.print(
            "no marker is recognised: name the detectors under [panel] in the study file\n", markup=False
        )
    if panel["not_recognised"]:
        console.print(f"labels without a known marker: {', '.join(panel['not_recognised'])}\n", markup=False)
    for one in panel["strategies"]:
        fits = f"fits; reports {', '.join(one['reports'])}"
        words = (
            (f"strategy {one['name']} ", "bold"),
            fits if one["fits"] else f"does not fit: {one['why_not']}",
        )
        console.print(Text.assemble(*words))
    console.print()
