"""Positions of a tube's events by marker, without its file in memory.

Those of the first events are kept, as many as there is room for; those of the others are made of the file again, for
the events and the markers that are asked for. A position does not depend on where it comes from.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from bcelldepl.definitions.markers import SCATTER
from bcelldepl.errors import CompensationError
from bcelldepl.fcs.acquisition import Acquisition
from bcelldepl.fcs.blocks import block_edges
from bcelldepl.kernels.compensation import marker_positions
from bcelldepl.kernels.selection import gather
from bcelldepl.signal.recipe import Recipe

__all__ = ["Positions"]

_AT_ONCE = 65_536  # events whose channels are in memory at a time, where some are asked for
Columns = dict[str, NDArray[np.float32]]


class Positions(Mapping[str, NDArray[np.float32]]):
    """Transformed position of every event by marker, scatter too.

    Parameters
    ----------
    acquisition : Acquisition
    recipe : Recipe
        How positions come of its channels.
    kept_events : int, optional
        So many of the first events are kept; default all.
    """

    def __init__(self, acquisition: Acquisition, recipe: Recipe, kept_events: int | None = None) -> None:
        n_events = acquisition.n_events
        kept = n_events if kept_events is None else min(kept_events, n_events)
        self.acquisition = acquisition
        self.recipe = recipe
        # One array, so that it comes in large pages; each is taken by the thread that fills it.
        self._kept = np.empty((len(recipe.markers), kept), dtype=np.float32)
        self._rows = {marker: row for row, marker in enumerate(recipe.markers)}

    def __getitem__(self, marker: str) -> NDArray[np.float32]:
        if self._kept.shape[1] == self.acquisition.n_events:
            whole: NDArray[np.float32] = self._kept[self._rows[marker]]
            return whole
        return self.span(0, self.acquisition.n_events)[marker]

    def __contains__(self, marker: object) -> bool:
        return marker in self._rows

    def __iter__(self) -> Iterator[str]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)

    def fill(
        self,
        edges: Sequence[int],
        work: Callable[[NDArray[np.float32], NDArray[np.float32], int, int, int], None],
        whole: tuple[NDArray[np.float32], NDArray[np.float32]] | None = None,
    ) -> NDArray[np.int64]:
        """Make the positions of the events of blocks that follow each other, and keep those that there is room for.

        Parameters
        ----------
        edges : sequence of int
            First event of each block, and the one past the last.
        work : callable
            Takes the channels of a block, of shape (n_channels, the longest block); positions, of shape (n_markers, n),
            and the number of the first event that these hold; the first event of the block, and the one past its last.
            Both arrays hold only until it returns.
        whole : (ndarray of float32, ndarray of float32), optional
            Channels and positions of all events, where they are at hand: the file is not read again, and all are kept.

        Returns
        -------
        ndarray of int64, shape (n_markers,)
            Events whose signal is infinite or no number.
        """
        beyond = np.zeros(len(self), dtype=np.int64)
        if whole is not None:
            channels, self._kept = whole
            for first, last in pairwise(edges):
                work(np.ascontiguousarray(channels[:, first:last]), self._kept, 0, first, last)
            return beyond
        room = np.empty((len(self), int(np.diff(edges).max(initial=0))), dtype=np.float32)
        kept = self._kept.shape[1]

        def block(raw: NDArray[np.float32], first: int, last: int) -> None:
            made, offset = (self._kept, 0) if last <= kept else (room, first)
            for row, one in enumerate(self.recipe.markers.values()):
                values = made[row, first - offset : last - offset]
                beyond[row] += marker_positions(raw, one.weights, *one.scale, values)
            if first < kept < last:
                self._kept[:, first:] = room[:, : kept - first]
            work(raw, made, offset, first, last)

        self.acquisition.over_blocks(self.recipe.channels, edges, block)
        return beyond

    def refuse_beyond(self, beyond: NDArray[np.int64]) -> None:
        """Refuse stains whose signals are no numbers.

        Parameters
        ----------
        beyond : ndarray of int64, shape (n_markers,)
            From `fill`, of all events.

        Raises
        ------
        CompensationError
        """
        n_events = self.acquisition.n_events
        for marker, events in zip(self, beyond.tolist(), strict=True):
            if events and marker not in SCATTER:
                msg = f"signals of {marker} are infinite or no numbers in {events:,} of {n_events:,} events"
                remedy = "export the file again, or check its spillover matrix"
                raise CompensationError(msg, self.acquisition.path.name, remedy)

    def span(self, first: int, last: int) -> Mapping[str, NDArray[np.float32]]:
        """Positions of the events from `first` to before `last`; those of a marker are made when it is asked for."""
        if last <= self._kept.shape[1]:
            return {marker: self._kept[row, first:last] for marker, row in self._rows.items()}
        return _Span(self.acquisition, self.recipe, first, last)

    def take(self, markers: Sequence[str], events: NDArray[np.int32]) -> Columns:
        """Positions of some events.

        Parameters
        ----------
        markers : sequence of str
        events : ndarray of int32, shape (n,)
            Their numbers, in ascending order.

        Returns
        -------
        dict of str to ndarray of float32, shape (n,)
        """
        taken = {marker: np.empty(len(events), dtype=np.float32) for marker in markers}
        within = int(np.searchsorted(events, self._kept.shape[1]))
        for marker, values in taken.items():
            gather(self._kept[self._rows[marker]], events[:within], values[:within])
        for first in range(within, len(events), _AT_ONCE):
            some = slice(first, first + _AT_ONCE)
            raw = self.acquisition.columns_of(self.recipe.channels, events[some])
            for marker, values in taken.items():
                one = self.recipe.markers[marker]
                marker_positions(raw, one.weights, *one.scale, values[some])
        return taken

    def exact(self, marker: str, events: NDArray[np.intp]) -> NDArray[np.float64]:
        """Positions of some events in float64, before they are rounded."""
        return self.recipe.exact(marker, self.acquisition.columns_of(self.recipe.channels, events))


class _Span(Mapping[str, NDArray[np.float32]]):
    """Positions of events that follow each other, each marker made once."""

    def __init__(self, acquisition: Acquisition, recipe: Recipe, first: int, last: int) -> None:
        self._acquisition, self._recipe = acquisition, recipe
        self._first, self._last = first, last
        self._raw: NDArray[np.float32] | None = None
        self._made: Columns = {}

    def __getitem__(self, marker: str) -> NDArray[np.float32]:
        if marker not in self._made:
            one, values = self._recipe.markers[marker], np.empty(self._last - self._first, dtype=np.float32)
            marker_positions(self._channels(), one.weights, *one.scale, values)
            self._made[marker] = values
        return self._made[marker]

    def _channels(self) -> NDArray[np.float32]:
        if self._raw is None:
            names, first = self._recipe.channels, self._first
            raw = np.empty((len(names), self._last - first), dtype=np.float32)

            def store(block: NDArray[np.float32], start: int, stop: int) -> None:
                raw[:, start - first : stop - first] = block[:, : stop - start]

            edges = block_edges(first, self._last, self._acquisition.place.row.n_bytes)
            self._acquisition.over_blocks(names, edges, store)
            self._raw = raw
        return self._raw

    def __contains__(self, marker: object) -> bool:
        return marker in self._recipe.markers

    def __iter__(self) -> Iterator[str]:
        return iter(self._recipe.markers)

    def __len__(self) -> int:
        return len(self._recipe.markers)
