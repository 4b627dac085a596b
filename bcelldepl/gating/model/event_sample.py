"""A part of a tube's events, from which gates are learned; counts are made of all events."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from bcelldepl.kernels.event_keys import event_keys, lowest_keys
from bcelldepl.signal.transform import Transform

__all__ = ["EventKeys", "EventSample", "events_per_tube", "pool"]

_ALL_TUBES = 600_000  # events, so that what is kept of a study fits into memory
_FEWEST, _MOST = 2_000, 60_000  # of one tube
_TELLING = 200  # events, in which no two tubes are alike


@dataclass(frozen=True)
class EventSample:
    """Signals of some events of one tube.

    Attributes
    ----------
    tube : str
        The tube's key.
    signals : dict of str to ndarray of float32, shape (n_events,)
        By marker and scatter signal: linear, compensated.
    tops : dict of str to float
        ``$PnR`` of the channel, by marker.
    control : bool
        Whether none of its cells can carry the CAR.
    without : tuple of str
        Markers whose reagent was left out.
    """

    tube: str
    signals: Mapping[str, NDArray[np.float32]]
    tops: Mapping[str, float]
    control: bool = False
    without: tuple[str, ...] = ()

    @property
    def events(self) -> int:
        """Events in the sample."""
        return len(next(iter(self.signals.values()), ()))

    def first(self, events: int) -> EventSample:
        """Return a smaller sample, that of its first events."""
        return replace(self, signals={name: values[:events] for name, values in self.signals.items()})

    def digest(self) -> str:
        """SHA-256 of the signals of its first events: the same for copies of a tube alone."""
        digest = hashlib.sha256()
        for name, values in sorted(self.signals.items()):
            digest.update(name.encode())
            digest.update(values[:_TELLING].tobytes())
        return digest.hexdigest()

    def positions(self, transforms: Mapping[str, Transform]) -> dict[str, NDArray[np.float32]]:
        """Put the signals on scales, by marker."""
        known = {name: values for name, values in self.signals.items() if name in transforms}
        return {name: transforms[name].apply(values, 1.0) for name, values in known.items()}


def events_per_tube(tubes: int) -> int:
    """How many events of each tube a study of so many tubes is learned from."""
    return int(np.clip(_ALL_TUBES // max(tubes, 1), _FEWEST, _MOST))


class EventKeys:
    """Chooses events as if at random, by their own signals: the same ones in whatever order they stand in the file.

    Parameters
    ----------
    n_events : int
        Of the file.
    """

    def __init__(self, n_events: int) -> None:
        self._keys = np.empty(n_events, dtype=np.uint64)

    def look(self, channels: NDArray[np.float32], first: int, last: int) -> None:
        """Look at events that follow each other.

        Parameters
        ----------
        channels : ndarray of float32, shape (k, n)
            As the file holds them, of these events or more behind them.
        first, last : int
            The first of the events, and the one past the last.
        """
        event_keys(channels.view(np.uint32), self._keys[first:last])

    def choose(self, keep: NDArray[np.bool_], wanted: int) -> NDArray[np.int64]:
        """Choose events, once all were looked at.

        Parameters
        ----------
        keep : ndarray of bool, shape (n_events,)
            Events that may be chosen.
        wanted : int

        Returns
        -------
        ndarray of int64, shape (at most wanted,)
            In an order that follows from their signals, too.
        """
        return lowest_keys(self._keys, keep, wanted)


def pool(samples: Sequence[EventSample], name: str) -> NDArray[np.float32]:
    """Signals of one marker of all samples, one after the other."""
    return np.concatenate([sample.signals[name] for sample in samples])
