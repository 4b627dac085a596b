"""The events of one population, as columns that are gathered when they are asked for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from bcelldepl.signal import Signal
from bcelldepl.signal.signal import Exact

__all__ = ["Events"]


class Events(Mapping[str, NDArray[np.float32]]):
    """Positions of a population's events by marker.

    Parameters
    ----------
    signal : Signal
        Of the tube.
    index : ndarray of int32, shape (n_events,)
        The population's events.
    extra : mapping of str to ndarray of float32, optional
        Further columns.
    """

    def __init__(
        self,
        signal: Signal,
        index: NDArray[np.int32],
        extra: Mapping[str, NDArray[np.float32]] | None = None,
    ) -> None:
        self._signal = signal
        self._index = index
        self._extra = extra or {}
        self._gathered: dict[str, NDArray[np.float32]] = {}

    def __getitem__(self, name: str) -> NDArray[np.float32]:
        if name in self._extra:
            return self._extra[name]
        if name not in self._gathered:
            self.gather([name])
        return self._gathered[name]

    def gather(self, markers: Iterable[str]) -> None:
        """Gather the columns of some markers, those of them that there are, all at once."""
        present = self._signal.columns
        missing = [name for name in markers if name in present and name not in self._gathered]
        self._gathered |= self._signal.take(missing, self._index)

    def __contains__(self, name: object) -> bool:
        return name in self._extra or name in self._signal.columns

    def __iter__(self) -> Iterator[str]:
        return iter((*self._signal.columns, *self._extra))

    def __len__(self) -> int:
        return len(self._signal.columns) + len(self._extra)

    @property
    def exact(self) -> Exact | None:
        """Takes a marker and places in the columns; gives positions before they were rounded. None: there are none."""
        exact = self._signal.exact
        return (
            None
            if exact is None
            else lambda marker, places: exact(marker, self._index[places].astype(np.intp))
        )
