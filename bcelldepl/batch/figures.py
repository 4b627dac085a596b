"""Figures of a study: drawn by all workers, kept in the store, drawn again only where what they show has changed."""

from __future__ import annotations

from collections.abc import Callable, Collection, Generator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, fields, is_dataclass, replace
from enum import Enum
from functools import partial
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import BaseModel

from bcelldepl.batch.record import digest_of
from bcelldepl.batch.workers import as_done
from bcelldepl.report.images import render_drawing
from bcelldepl.store import FIGURE, Store
from bcelldepl.store.versions import versions

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["Drawing", "FiguresInWork", "draw_figures", "shown_by"]


@dataclass(frozen=True)
class Drawing:
    """A figure that is not drawn yet.

    Attributes
    ----------
    name : str
        Of its file, without what tells the format.
    draw : callable
        Returns the figure; other processes can be sent it.
    dpi : float
        Pixels per inch where it is an image.
    formats : tuple of str
    shows : str
        Digest of what it shows, where that is known; else it is made of what `draw` is called with.
    """

    name: str
    draw: Callable[[], Figure]
    dpi: float
    formats: tuple[str, ...]
    shows: str = ""

    def key(self) -> str:
        """Digest of all that its bytes depend on."""
        return digest_of([versions(), self.dpi, self.shows or shown_by(self.draw)])


def draw_figures(
    drawings: Sequence[Drawing], store: Store, workers: int, *, fresh: bool = False
) -> dict[str, bytes]:
    """Draw what the store does not hold as it would be.

    Parameters
    ----------
    drawings : sequence of Drawing
    store : Store
    workers : int
        Processes.
    fresh : bool
        Draw everything again.

    Returns
    -------
    dict of str to bytes
        File by name: ``curves.png``.
    """
    with closing(FiguresInWork(store, workers, fresh=fresh)) as figures:
        figures.begin(drawings)
        return figures.files()


class FiguresInWork:
    """Figures that are being drawn: whoever needs some waits for these alone.

    Parameters
    ----------
    store : Store
        Those that it holds as they would be are taken from there; the others are kept in it.
    workers : int
        Processes.
    fresh : bool
        Draw everything again.

    Attributes
    ----------
    names : list of str
        Of all files: ``curves.png``.
    """

    def __init__(self, store: Store, workers: int, *, fresh: bool = False) -> None:
        self.names: list[str] = []
        self._store, self._workers, self._fresh = store, workers, fresh
        self._found: dict[str, bytes] = {}
        self._todo: list[_Missing] = []
        self._begun: list[tuple[list[_Missing], Generator[tuple[int, list[bytes]], None, None]]] = []

    def begin(self, drawings: Sequence[Drawing]) -> None:
        """Have some figures drawn, by workers that are at hand from now on.

        Parameters
        ----------
        drawings : sequence of Drawing
            Those that are waited for first come first.
        """
        for one in drawings:
            figure = _Missing(one, one.key(), one.formats)
            self.names += figure.names
            kept = {
                name: None if self._fresh else self._store.stage(FIGURE, name, figure.key)
                for name in figure.names
            }
            self._found |= {name: file[1] for name, file in kept.items() if file is not None}
            if missing := tuple(
                kind for kind, file in zip(one.formats, kept.values(), strict=True) if file is None
            ):
                self._todo.append(replace(figure, kinds=missing))
        if len(self._todo) > 1:  # one alone is no work for others: it goes with the next
            self._hand_over()

    def files(self, names: Collection[str] | None = None) -> dict[str, bytes]:
        """Wait for some files.

        Parameters
        ----------
        names : collection of str, optional
            Default all.

        Returns
        -------
        dict of str to bytes
            File by name, in the order of the drawings.
        """
        if self._todo:
            self._hand_over()
        wanted = self.names if names is None else [name for name in self.names if name in names]
        for todo, drawn in self._begun:
            own = {name for one in todo for name in one.names}.intersection(wanted)
            while not own <= self._found.keys():
                place, contents = next(drawn)
                for name, content in zip(todo[place].names, contents, strict=True):
                    self._store.keep_stage(FIGURE, name, todo[place].key, "", content)
                    self._found[name] = content
        return {name: self._found[name] for name in wanted}

    def close(self) -> None:
        """Draw no more."""
        for _, drawn in self._begun:
            drawn.close()

    def _hand_over(self) -> None:
        todo, self._todo = self._todo, []
        jobs = [(one.drawing.draw, one.drawing.dpi, one.kinds) for one in todo]
        self._begun.append((todo, as_done(render_drawing, jobs, self._workers)))


@dataclass(frozen=True)
class _Missing:
    """A figure that the store does not hold: its key there, and the formats that are missing."""

    drawing: Drawing
    key: str
    kinds: tuple[str, ...]

    @property
    def names(self) -> list[str]:
        """Of the files."""
        return [f"{self.drawing.name}.{kind}" for kind in self.kinds]


def shown_by(value: Any) -> Any:
    """Say in plain data what a call would use: the function by its name, and all that it is given.

    Parameters
    ----------
    value : object
        A function, a partial call, tables, settings, results of the kinetics, and plain values.

    Returns
    -------
    object
        What JSON can hold; two calls that differ in anything give different data.

    Raises
    ------
    TypeError
        For what it knows no plain form of: a figure must not be taken for another.
    """
    import pandas as pd

    match value:
        case partial():
            return ["call", shown_by(value.func), shown_by(value.args), shown_by(value.keywords)]
        case pd.DataFrame():
            # As Python writes them: nothing, no text and no number are three things then.
            return ["table", [[str(name), str(one.dtype), repr(one.tolist())] for name, one in value.items()]]
        case BaseModel():
            return [type(value).__name__, value.model_dump(mode="json")]
        case Enum():
            return [type(value).__name__, value.name]
        case np.ndarray():
            return ["array", str(value.dtype), list(value.shape), sha256(value.tobytes()).hexdigest()]
        case None | bool() | int() | float() | str():
            return value
        case Mapping():
            return ["mapping", [[shown_by(key), shown_by(one)] for key, one in value.items()]]
        case list() | tuple():
            return [shown_by(one) for one in value]
    if is_dataclass(value) and not isinstance(value, type):
        parts = {one.name: getattr(value, one.name) for one in fields(value)}
        return [type(value).__name__, shown_by(parts)]
    if callable(value) and hasattr(value, "__qualname__"):
        return f"{value.__module__}.{value.__qualname__}"
    raise TypeError(f"no plain form of {type(value).__name__}")
