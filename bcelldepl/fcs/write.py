"""Write one FCS 3.1 file: float32, little-endian, the same bytes for the same input."""

from __future__ import annotations

import os
from array import array
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bcelldepl.errors import FcsError

__all__ = ["DEFAULT_RANGE", "spillover_keyword", "write_fcs"]

DEFAULT_RANGE = 262144.0


def write_fcs(
    path: str | Path,
    columns: NDArray[np.float32],
    channel_names: Sequence[str],
    labels: Sequence[str],
    *,
    keywords: Mapping[str, str],
    ranges: Sequence[float] | None = None,
) -> None:
    """Write events and keywords to `path`; the file appears whole or not at all.

    Parameters
    ----------
    path : str or Path
        The file to write; replaced if it is there.
    columns : ndarray of float32, shape (n_channels, n_events)
        Values as stored, one row per channel.
    channel_names : sequence of str, length n_channels
        ``$PnN``, unique.
    labels : sequence of str, length n_channels
        ``$PnS``; an empty string writes none.
    keywords : mapping of str to str
        Further keywords, e.g. ``$CYT``, ``$SPILLOVER``, ``$TIMESTEP``. Those that describe the data segment
        (``$TOT``, ``$BYTEORD``, ...) are the writer's own and ignored.
    ranges : sequence of float, length n_channels, optional
        ``$PnR``; 262144 for every channel by default.

    Raises
    ------
    FcsError
        Where the parts do not fit together.
    """
    import flowio

    path = Path(path)
    _check(path, columns, channel_names, labels, keywords, ranges)
    metadata = {name: value for name, value in keywords.items() if value}
    for number, upper in enumerate(ranges or [DEFAULT_RANGE] * len(channel_names), start=1):
        metadata[f"$P{number}R"] = f"{upper:.0f}"
    # Event by event, as list mode wants it. flowio writes the bytes of an array('f') as they stand and says
    # little-endian, so little-endian they are on any machine.
    events = array("f")
    events.frombytes(np.ascontiguousarray(columns.T).astype("<f4").tobytes())
    beside = path.with_name(path.name + ".part")
    try:
        with beside.open("wb") as handle:
            flowio.create_fcs(handle, events, list(channel_names), list(labels), metadata)
        os.replace(beside, path)
    finally:
        beside.unlink(missing_ok=True)


def spillover_keyword(channels: Sequence[str], matrix: NDArray[np.float64]) -> str:
    """Text of ``$SPILLOVER``: the number of channels, their names, then the matrix row by row.

    Parameters
    ----------
    channels : sequence of str, length n
        Channel names (``$PnN``).
    matrix : ndarray of float64, shape (n, n)
        Row i: what fluorochrome i gives to each detector, relative to its own.
    """
    numbers = (f"{value:.6g}" for value in np.asarray(matrix).ravel())
    return ",".join([str(len(channels)), *channels, *numbers])


def _check(
    path: Path,
    columns: NDArray[np.float32],
    channel_names: Sequence[str],
    labels: Sequence[str],
    keywords: Mapping[str, str],
    ranges: Sequence[float] | None,
) -> None:
    where = path.name
    if columns.ndim != 2 or columns.shape[0] != len(channel_names):
        what = f"columns have shape {columns.shape}, but there are {len(channel_names)} channel names"
        raise FcsError(what, where, "one row per channel")
    if len(labels) != len(channel_names) or (ranges is not None and len(ranges) != len(channel_names)):
        raise FcsError("labels and ranges must be as many as the channel names", where)
    if len(set(channel_names)) != len(channel_names):
        raise FcsError("a channel name occurs twice", where, "$PnN must be unique")
    bad = [name for name in channel_names if not name or "," in name]
    if bad:
        raise FcsError(f"channel names {bad} are empty or hold a comma", where, "FCS 3.1 forbids both")
    # A value that begins with the delimiter cannot be told from an escaped one.
    if any(value.startswith("/") for value in (*labels, *keywords.values())):
        raise FcsError("a label or keyword begins with '/', the delimiter", where)
