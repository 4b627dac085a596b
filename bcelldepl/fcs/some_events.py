"""Channels of some of a file's events."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from bcelldepl.fcs.blocks import BLOCK_BYTES, block_edges, read_pieces, read_span
from bcelldepl.fcs.data import LARGE_BYTES, store_into
from bcelldepl.fcs.decode import Finish, decode_into
from bcelldepl.fcs.layout import Row
from bcelldepl.runtime.threads import in_threads

__all__ = ["read_chosen", "read_skimmed"]

_SKIP_BYTES: Final = 32 << 10  # so much that nobody asks for is read along, rather than begin another read


def read_chosen(
    path: Path,
    begin: int,
    row: Row,
    indices: Sequence[int],
    finish: Sequence[Finish | None],
    events: NDArray[np.integer[Any]],
) -> NDArray[np.float32]:
    """Read channels of some events.

    Parameters
    ----------
    path, begin, row, indices, finish
        As in `read_words`.
    events : ndarray of int, shape (n,)
        Their numbers, in ascending order.

    Returns
    -------
    ndarray of float32, shape (len(indices), n)

    Raises
    ------
    UnreadableFileError, TruncatedDataError
    """
    out = np.empty((len(indices), len(events)), np.float32)
    decode = decode_into(path, row, indices, finish)

    def read(runs: Sequence[tuple[int, int]]) -> None:
        waiting = iter(runs)

        def store(block: memoryview, start: int, stop: int) -> None:  # noqa: ARG001
            some = slice(*next(waiting))
            rows = np.frombuffer(block, np.uint8).reshape(-1, row.n_bytes)
            decode(rows[events[some] - start].data.cast("B"), out[:, some])

        pieces = [(int(events[first]), int(events[last - 1]) + 1) for first, last in runs]
        read_pieces(path, begin, row.n_bytes, pieces, store)

    runs = list(_near_each_other(events, row.n_bytes))
    half = len(runs) // 2
    in_threads(read, [part for part in (runs[:half], runs[half:]) if part])
    return out


def read_skimmed(
    path: Path,
    begin: int,
    n_events: int,
    row: Row,
    whole: tuple[int, Finish | None],
    indices: Sequence[int],
    finish: Sequence[Finish | None],
    step: int,
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Read one channel of all events, and channels of every so many, in one go.

    Parameters
    ----------
    path, begin, n_events, row, indices, finish
        As in `read_words`.
    whole : (int, callable or None)
        The channel of which all events are read, and its `finish`.
    step : int
        The other channels are read of the events 0, `step`, 2 `step` and so on.

    Returns
    -------
    ndarray of float32, shape (n_events,)
    ndarray of float32, shape (len(indices), n_events / step, rounded up)

    Raises
    ------
    UnreadableFileError, TruncatedDataError
    """
    large = n_events * row.n_bytes >= LARGE_BYTES
    column, some = (
        np.empty((1, n_events), np.float32),
        np.empty((len(indices), -(-n_events // step)), np.float32),
    )
    fill = store_into(path, row, [whole[0]], [whole[1]], column, compiled=large)
    decode = decode_into(path, row, indices, finish)

    def store(block: memoryview, start: int, stop: int) -> None:
        rows = np.frombuffer(block, np.uint8).reshape(-1, row.n_bytes)[-start % step :: step]
        decode(np.ascontiguousarray(rows).data.cast("B"), some[:, -(-start // step) : -(-stop // step)])
        fill(block, start, stop)  # which may turn the bytes of the block about

    halves = (0, n_events // 2, n_events) if large else (0, n_events)
    edges = [block_edges(*half, row.n_bytes) for half in pairwise(halves)]
    in_threads(lambda half: read_span(path, begin, row.n_bytes, half, store), edges)
    return column[0], some


def _near_each_other(events: NDArray[np.integer[Any]], row_bytes: int) -> Iterator[tuple[int, int]]:
    """Runs of events that are read at once: little lies between them that nobody asks for, and none exceeds a block."""
    most = max(1, BLOCK_BYTES // row_bytes)
    skips = np.flatnonzero(np.diff(events) > max(1, _SKIP_BYTES // row_bytes)) + 1
    for first, end in pairwise((0, *skips.tolist(), len(events))):
        while first < end:
            last = first + int(np.searchsorted(events[first:end], events[first] + most))
            yield first, last
            first = last
