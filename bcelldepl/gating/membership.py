"""Which events of a tube each population holds, in a bit for each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from bcelldepl.kernels.membership import count_bit, have_bit, mark_bit, with_bit

__all__ = ["Membership"]

_BITS = 32


class Membership(Mapping[str, NDArray[np.bool_]]):
    """Which events each population holds: bool of shape (n_events,), made when it is asked for.

    Parameters
    ----------
    populations : sequence of str
        None of them holds an event at first.
    n_events : int
        Of the file.
    """

    def __init__(self, populations: Sequence[str], n_events: int) -> None:
        self._places = {name: divmod(number, _BITS) for number, name in enumerate(populations)}
        self._words = np.zeros((-(-len(self._places) // _BITS), n_events), dtype=np.uint32)

    def __getitem__(self, population: str) -> NDArray[np.bool_]:
        word, bit = self._places[population]
        held = np.empty(self._words.shape[1], dtype=np.bool_)
        have_bit(self._words[word], bit, held)
        return held

    def __contains__(self, population: object) -> bool:
        return population in self._places

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)

    def add(self, population: str, events: NDArray[np.int32], first: int = 0) -> None:
        """Add events, numbered from `first`, to those that a population holds."""
        word, bit = self._places[population]
        mark_bit(self._words[word, first:], events, bit)

    def events(self, population: str) -> NDArray[np.int32]:
        """Numbers of the events that a population holds, in ascending order."""
        word, bit = self._places[population]
        return with_bit(self._words[word], bit)

    def count(self, population: str, before: int) -> int:
        """How many events a population holds of those before one."""
        word, bit = self._places[population]
        return int(count_bit(self._words[word, :before], bit))
