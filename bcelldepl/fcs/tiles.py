"""Events of a file as rows of float32, tile by tile through one buffer: what is in memory does not grow with the file.

A tile of a mebibyte stays in the processor's cache between reading and gating. Files of plain floats are handed on as
they lie there; others are decoded and scaled, channel by channel, into rows of the asked channels.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from bcelldepl.fcs.acquisition import Recording
from bcelldepl.fcs.blocks import block_edges, read_span
from bcelldepl.fcs.decode import common_storage, decode_into
from bcelldepl.fcs.scaling import linearise

__all__ = ["TileReader"]

Work = Callable[[NDArray[np.float32], int], None]


class TileReader:
    """Rows of a file on the linear scale.

    Parameters
    ----------
    recording : Recording
    names : sequence of str
        Channel names (``$PnN``).

    Attributes
    ----------
    places : ndarray of int64, shape (len(names),)
        Where each channel is in a row.

    Raises
    ------
    FcsError
        No such channel.
    """

    def __init__(self, recording: Recording, names: Sequence[str]) -> None:
        self._recording = recording
        self._indices = recording.indices(names)
        self._row = recording.place.row
        self._finish = [linearise(recording.channels[i]) for i in self._indices]
        storage = common_storage(self._row, self._indices, self._finish)
        self._floats = storage if storage is not None and storage.kind == "f" else None
        if self._floats is not None:
            self.places = np.array([self._row.words[i].offset // 4 for i in self._indices], np.int64)
        else:
            self.places = np.arange(len(self._indices))

    def read(self, first: int, last: int, work: Work) -> None:
        """Hand on the events from `first` to before `last`.

        Parameters
        ----------
        first, last : int
        work : callable
            Takes rows, float32 of shape (n, width), which hold only until it returns, and the number of the first.

        Raises
        ------
        FcsError
            The file cannot be read, or became shorter.
        """
        path, begin = self._recording.path, self._recording.place.begin
        floats = self._floats

        def as_it_lies(block: memoryview, start: int, stop: int) -> None:
            rows = np.frombuffer(block, np.float32).reshape(stop - start, -1)
            if floats is not None and not floats.isnative:
                rows.view(np.uint32).byteswap(inplace=True)
            work(rows, start)

        store = None if floats else decode_into(path, self._row, self._indices, self._finish)

        def decoded(block: memoryview, start: int, stop: int) -> None:
            assert store is not None
            rows = np.empty((stop - start, len(self._indices)), np.float32)
            store(block, rows.T)
            work(rows, start)

        with np.errstate(over="ignore", invalid="ignore"):
            edges = block_edges(first, last, self._row.n_bytes)
            read_span(path, begin, self._row.n_bytes, edges, decoded if store else as_it_lies)
