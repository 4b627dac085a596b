"""What one FCS file holds: its events on demand, its channels, and the facts that counting needs."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bcelldepl.fcs.data import read_blocks, read_words
from bcelldepl.fcs.decode import Finish, exact_dtype
from bcelldepl.fcs.errors import NoSuchChannelError, UnreadableFileError
from bcelldepl.fcs.locate import Place
from bcelldepl.fcs.scaling import linearise
from bcelldepl.fcs.some_events import read_chosen, read_skimmed

__all__ = ["Acquisition", "Channel", "Recording", "Spillover", "Volume"]


@dataclass(frozen=True)
class Channel:
    """One measured parameter.

    Attributes
    ----------
    name : str
        Short name, ``$PnN`` (detector).
    label : str
        Long name, ``$PnS`` (marker, stain); empty where the file has none.
    range : float
        ``$PnR``: the number of distinguishable values.
    decades, offset : float
        ``$PnE``: log decades and the value at channel 0; both 0 for linear.
    gain : float
        ``$PnG``; 1 where absent.
    """

    name: str
    label: str
    range: float
    decades: float = 0.0
    offset: float = 0.0
    gain: float = 1.0


@dataclass(frozen=True)
class Spillover:
    """The spillover matrix of a file.

    Attributes
    ----------
    channels : tuple of str
        Channel names (``$PnN``), in the order of rows and columns.
    matrix : ndarray of float64, shape (n, n)
        Row i: what fluorochrome i gives to each detector; 1 on the diagonal.
    keyword : str
        Where it was found.
    """

    channels: tuple[str, ...]
    matrix: NDArray[np.float64]
    keyword: str


@dataclass(frozen=True)
class Volume:
    """The acquired volume of a file.

    Attributes
    ----------
    microlitres : float or None
        None where the file does not say it, or where it cannot be believed.
    reason : str
        Which unit was taken and why, or why there is none.
    """

    microlitres: float | None
    reason: str


@dataclass(frozen=True)
class Recording:
    """What counting needs of a data set: its channels, its matrix, and where its events are.

    Holds no events; `raw` and `columns` read those of the asked channels from the file each time.

    Attributes
    ----------
    path : Path
    channels : tuple of Channel
    n_events : int
    spillover : Spillover or None
    place : Place
        Where the events are in the file and how each lies there.
    """

    path: Path
    channels: tuple[Channel, ...]
    n_events: int
    spillover: Spillover | None
    place: Place = field(repr=False)

    @cached_property
    def sha256(self) -> str:
        """SHA-256 of the whole file, in hexadecimal: the identity of the file."""
        try:
            with self.path.open("rb") as file:
                return hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:
            raise UnreadableFileError(
                f"{error.strerror or error}", str(self.path), "check the file"
            ) from error

    def raw(self, names: Sequence[str] | None = None) -> NDArray[Any]:
        """Values as stored, bit masks applied, nothing scaled.

        Parameters
        ----------
        names : sequence of str, optional
            Channel names (``$PnN``); default all, in file order.

        Returns
        -------
        ndarray, shape (len(names), n_events)
            C-contiguous, of the smallest dtype that holds every value exactly.

        Raises
        ------
        FcsError
            No such channel, or the file changed since it was opened.
        """
        indices = self.indices(names)
        return self._read(indices, exact_dtype([self.place.row.words[i] for i in indices]), scaled=False)

    def columns(self, names: Sequence[str] | None = None) -> NDArray[np.float32]:
        """Values on the linear scale: log amplifiers (``$PnE``) undone, gains (``$PnG``) divided out.

        A time channel stays in its own ticks: multiply it by `time_step_s` for seconds.

        Parameters
        ----------
        names : sequence of str, optional
            Channel names (``$PnN``); default all, in file order.

        Returns
        -------
        ndarray of float32, shape (len(names), n_events)
            C-contiguous.

        Raises
        ------
        FcsError
            No such channel, or the file changed since it was opened.
        """
        return self._read(self.indices(names), np.dtype(np.float32), scaled=True)

    def columns_of(self, names: Sequence[str], events: NDArray[np.integer[Any]]) -> NDArray[np.float32]:
        """Values of some events on the linear scale, as `columns` has them.

        Parameters
        ----------
        names : sequence of str
        events : ndarray of int, shape (n,)
            Their numbers, in any order.

        Returns
        -------
        ndarray of float32, shape (len(names), n)

        Raises
        ------
        FcsError
            As `columns`.
        """
        indices, finish = self._linear(names)
        read = partial(read_chosen, self.path, self.place.begin, self.place.row, indices, finish)
        if not np.any(np.diff(events) < 0):
            return read(events)
        order = np.argsort(events)
        values = np.empty((len(indices), len(events)), np.float32)
        values[:, order] = read(events[order])
        return values

    def skim(
        self, whole: str, names: Sequence[str], step: int
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Values of one channel, and those of others of every so many events, as `columns` has them.

        Parameters
        ----------
        whole : str
            The channel of which all events are read.
        names : sequence of str
        step : int
            The others are read of the events 0, `step`, 2 `step` and so on.

        Returns
        -------
        ndarray of float32, shape (n_events,)
        ndarray of float32, shape (len(names), n_events / step, rounded up)

        Raises
        ------
        FcsError
            As `columns`.
        """
        (index, *indices), (last, *finish) = self._linear([whole, *names])
        place = self.place
        return read_skimmed(
            self.path, place.begin, self.n_events, place.row, (index, last), indices, finish, step
        )

    def over_blocks(
        self,
        names: Sequence[str],
        edges: Sequence[int],
        work: Callable[[NDArray[np.float32], int, int], None],
    ) -> None:
        """Hand on values on the linear scale, as `columns` has them, block by block of events.

        Parameters
        ----------
        names : sequence of str
        edges : sequence of int
            First event of each block, and the one past the last.
        work : callable
            Takes the values, float32 of shape (len(names), the longest block), which hold only until it returns, the
            number of the first event, and the one past the last.

        Raises
        ------
        FcsError
            As `columns`.
        """
        indices, finish = self._linear(names)
        place = self.place
        read_blocks(self.path, place.begin, self.n_events, place.row, indices, finish, edges, work)

    def _linear(self, names: Sequence[str]) -> tuple[list[int], list[Finish | None]]:
        """Places of channels, and what puts the values of each on the linear scale."""
        indices = self.indices(names)
        return indices, [linearise(self.channels[i]) for i in indices]

    def _read(self, indices: list[int], dtype: np.dtype[Any], *, scaled: bool) -> NDArray[Any]:
        out = np.empty((len(indices), self.n_events), dtype)
        finish = [linearise(self.channels[i]) if scaled else None for i in indices]
        read_words(self.path, self.place.begin, self.n_events, self.place.row, indices, out, finish)
        return out

    def indices(self, names: Sequence[str] | None = None) -> list[int]:
        """Places of channels among `channels`; of all by default."""
        if names is None:
            return list(range(len(self.channels)))
        known: dict[str, int] = {}
        for i, channel in enumerate(self.channels):
            known.setdefault(channel.name, i)
        unknown = [name for name in names if name not in known]
        if unknown:
            raise NoSuchChannelError(
                f"no channel {', '.join(map(repr, unknown))}; it has {', '.join(known)}",
                str(self.path),
                "ask for names of $PnN",
            )
        return [known[name] for name in names]


@dataclass(frozen=True, repr=False)
class Acquisition(Recording):
    """One data set of an FCS file: its facts at hand, its events on demand.

    Attributes
    ----------
    version : str
        ``FCS3.1``.
    keywords : mapping of str to str
        Upper-case keys, standard ones with their ``$``; values without blanks around them.
    volume : Volume
    time_step_s : float or None
        ``$TIMESTEP`` [s]; 1 where the time channel is in seconds already, None where it cannot be right.
    time_advances : bool
        Whether the time channel tells the order of the events: not where it is cut to its range.
    acquisition_seconds : float or None
        By the clock (``$ETIM`` - ``$BTIM``, over midnight too), else the span of the time channel [s].
    date : str or None
        Day of acquisition, yyyy-mm-dd.
    cytometer : str
        ``$CYT``.
    dataset, n_datasets : int
        Which data set of the file this is, counted from 0, and how many there are.
    warnings : tuple of str
        What was unusual in the file, and how it was read.
    facts : tuple of str
        What is common in valid files and needs no attention.
    """

    version: str
    keywords: Mapping[str, str]
    volume: Volume
    time_step_s: float | None
    time_advances: bool
    acquisition_seconds: float | None
    date: str | None
    cytometer: str
    dataset: int
    n_datasets: int
    warnings: tuple[str, ...]
    facts: tuple[str, ...] = ()

    def __repr__(self) -> str:
        channels = f"{len(self.channels)} channels"
        return f"Acquisition({self.path.name}: {self.n_events:,} events, {channels}, {self.version}, {self.cytometer})"

    def _repr_html_(self) -> str:
        import pandas as pd

        from bcelldepl.html_pages import titled_table

        rows = [(one.name, one.label, one.range, one.gain) for one in self.channels]
        return titled_table(repr(self), pd.DataFrame(rows, columns=["$PnN", "$PnS", "$PnR", "$PnG"]))
