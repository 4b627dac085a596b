"""Arguments of public functions: taken where they make sense, else refused with what was given and what would do."""

from __future__ import annotations

import os
from operator import index
from pathlib import Path
from typing import SupportsIndex

from bcelldepl.errors import ArgumentError

__all__ = ["as_path", "as_processes", "as_workers"]

_SHOWN = 60  # characters of a value in a message


def as_path(value: object, name: str, wanted: str) -> Path:
    """Take an argument as a path.

    Parameters
    ----------
    value : object
        As it was given.
    name : str
        Of the argument.
    wanted : str
        What it may be, for the message.

    Returns
    -------
    Path

    Raises
    ------
    ArgumentError
        It is not a path.
    """
    if isinstance(value, str | os.PathLike):
        text = os.fspath(value)
        if isinstance(text, str) and text:
            return Path(text)
    raise ArgumentError(f"{_shown(value)} is not a path", name, f"give {wanted}")


def as_workers(value: object) -> int | str | None:
    """Take an argument as a number of processes, or the address of a scheduler.

    Parameters
    ----------
    value : object
        As it was given.

    Returns
    -------
    int or str or None
        None: one process per core.

    Raises
    ------
    ArgumentError
        It is neither, or a number below 1.
    """
    if isinstance(value, str) and "://" in value:
        return value
    return as_processes(value, ", or an address such as tcp://host:8786")


def as_processes(value: object, else_: str = "") -> int | None:
    """Take an argument as a number of processes.

    Parameters
    ----------
    value : object
        As it was given.
    else_ : str
        What it may be besides, for the message.

    Returns
    -------
    int or None
        None: one process per core.

    Raises
    ------
    ArgumentError
        It is none, or below 1.
    """
    if value is None:
        return None
    if isinstance(value, SupportsIndex) and value is not True and (number := index(value)) >= 1:
        return number
    what = f"{_shown(value)} is not a number of processes"
    raise ArgumentError(what, "workers", f"give a number from 1 on{else_}")


def _shown(value: object) -> str:
    """A value and its type, short."""
    text = repr(value)
    return f"{text if len(text) <= _SHOWN else text[: _SHOWN - 1] + '…'} ({type(value).__name__})"
