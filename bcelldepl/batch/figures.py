"""Figures of a study: drawn by all workers, kept in the store, drawn again only where what they show has changed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, fields, is_dataclass
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

__all__ = ["Drawing", "draw_figures", "shown_by"]


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
    keys = {one.name: one.key() for one in drawings}
    found: dict[str, bytes] = {}
    todo = []
    for one in drawings:
        kept = {
            kind: None if fresh else store.stage(FIGURE, f"{one.name}.{kind}", keys[one.name])
            for kind in one.formats
        }
        found |= {f"{one.name}.{kind}": file[1] for kind, file in kept.items() if file is not None}
        if missing := tuple(kind for kind, file in kept.items() if file is None):
            todo.append((one, missing))
    jobs = [(one.draw, one.dpi, missing) for one, missing in todo]
    with closing(as_done(render_drawing, jobs, workers)) as results:
        for place, files in results:
            one, missing = todo[place]
            for kind, content in zip(missing, files, strict=True):
                name = f"{one.name}.{kind}"
                store.keep_stage(FIGURE, name, keys[one.name], "", content)
                found[name] = content
    return {name: found[name] for one in drawings for name in (f"{one.name}.{kind}" for kind in one.formats)}


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
