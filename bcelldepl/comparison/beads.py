"""Counting beads by both methods: the volume behind manual counts, and disagreements that the beads make."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bcelldepl.definitions.codes import Method
from bcelldepl.definitions.populations import BEADS
from bcelldepl.gate_exchange.gate import Path, path_in
from bcelldepl.gate_exchange.manual import ManualCount, ManualTube

__all__ = ["count_beads", "manual_volume_ul", "number_of"]


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


def manual_volume_ul(
    rows: Sequence[Mapping[str, Any]], beads: tuple[int, int] | None, kept_time_fraction: float
) -> float | None:
    """Blood volume behind the manual counts: by the manual beads, else the whole acquired volume [uL].

    Parameters
    ----------
    rows : sequence of mapping of str to object
    beads : (int, int) or None
    kept_time_fraction : float

    Returns
    -------
    float or None
    """
    volume = number_of(rows[0].get("analysed_volume_ul"))
    if volume is None:
        return None
    if beads:
        return volume * beads[1] / beads[0]
    # Our volume shrinks with the time that the quality mask left out; a manual count is of the whole file.
    return volume / kept_time_fraction if kept_time_fraction > 0 else None


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
