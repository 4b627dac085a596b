"""The volume behind the counts of either method: part of the acquisition, whole file, counting beads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from bcelldepl.comparison.stages import gate_channels
from bcelldepl.definitions.codes import Method
from bcelldepl.definitions.populations import BEADS
from bcelldepl.gate_exchange.evaluate import Channels
from bcelldepl.gate_exchange.gate import GateTree, Path, path_in
from bcelldepl.gate_exchange.manual import ManualCount, ManualTube

__all__ = ["auto_volume", "count_beads", "manual_volume", "number_of", "time_share"]

_MOMENTS: Final = 1000  # parts of the acquisition, each kept or not


def count_beads(
    rows: Sequence[Mapping[str, Any]],
    manual: ManualTube,
    named: Mapping[str, str],
    members: Mapping[Path, NDArray[np.bool_]],
) -> tuple[int, int] | None:
    """Counting beads by both methods; None where the tube is not counted by them, or either has none.

    Parameters
    ----------
    rows : sequence of mapping of str to object
    manual : ManualTube
    named : mapping of str to str
    members : mapping of Path to ndarray of bool

    Returns
    -------
    (int, int) or None
    """
    row = next((row for row in rows if row["population"] == BEADS), None)
    by_beads = any(one.get("method") == Method.BEADS for one in rows)
    if row is None or not by_beads or BEADS not in named:
        return None
    member = members.get(path_in(members, named[BEADS]))
    theirs = (
        int(member.sum()) if member is not None else manual.stated.get(named[BEADS], ManualCount()).events
    )
    ours = number_of(row.get("events"))
    return (int(ours), theirs) if ours and theirs else None


def auto_volume(row: Mapping[str, Any], kept_time_fraction: float) -> float:
    """Volume behind an automated count [uL]; where none is known, the part of the acquisition that was kept.

    Parameters
    ----------
    row : mapping of str to object
        Of ``counts.csv``.
    kept_time_fraction : float

    Returns
    -------
    float
    """
    return number_of(row.get("analysed_volume_ul")) or kept_time_fraction or 1.0


def manual_volume(
    ours: float, beads: tuple[int, int] | None, kept_time_fraction: float, share: float
) -> float:
    """Volume behind a manual count, in the unit of the automated one.

    Parameters
    ----------
    ours : float
        From `auto_volume`.
    beads : (int, int) or None
        Automated and manual; their ratio is that of the volumes.
    kept_time_fraction : float
        Part of the acquisition time that the automated quality mask kept.
    share : float
        Part of the acquisition time that the manual gates keep.

    Returns
    -------
    float
    """
    if beads:
        return ours * beads[1] / beads[0]
    return ours / (kept_time_fraction or 1.0) * share


def time_share(
    tree: GateTree, path: Path, members: Mapping[Path, NDArray[np.bool_]], channels: Channels, time: str
) -> float:
    """Part of the acquisition that the manual gates on the way to a population keep.

    Parameters
    ----------
    tree : GateTree
    path : Path
    members : mapping of Path to ndarray of bool
    channels : Channels
    time : str
        ``$PnN`` of the channel of time; empty where the file has none.

    Returns
    -------
    float
        1 where no gate on the way is drawn on time. Else, gate by gate, the parts of the acquisition in which the gate
        holds an event, of those in which its parent holds one.
    """
    cutting = [gate for gate in tree.chain(path) if time in gate_channels(gate, tree, channels)]
    if not cutting:
        return 1.0
    seconds = channels.column(time)
    span = float(np.ptp(seconds)) or 1.0
    moment = np.minimum(((seconds - seconds.min()) / span * _MOMENTS).astype(np.intp), _MOMENTS - 1)
    share = 1.0
    for gate in cutting:
        held = np.unique(moment[members[gate.path]]).size
        seen = np.unique(moment[members[gate.parent]] if gate.parent else moment).size
        share *= held / seen if seen else 1.0
    return share


def number_of(value: Any) -> float | None:
    """A number of a table; None where it is missing.

    Parameters
    ----------
    value : object

    Returns
    -------
    float or None
    """
    import pandas as pd

    if value is None or pd.isna(value):
        return None
    return float(value)
