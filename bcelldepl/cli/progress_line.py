"""One line of progress on a terminal, written over itself."""

from __future__ import annotations

import sys
from collections.abc import Callable

import typer

__all__ = ["progress_line"]


def progress_line() -> Callable[[str, int, int], None]:
    """Return what shows progress: a tube, how many are done, and of how many; nothing where no terminal looks on.

    Returns
    -------
    callable
    """
    terminal = sys.stderr.isatty()

    def show(name: str, done: int, total: int) -> None:
        if terminal:
            typer.echo(f"\r\x1b[K{done}/{total} {name}" if done < total else "\r\x1b[K", nl=False, err=True)

    return show
