"""The garbage collector, while Numba starts and when the process ends.

Numba, with what it imports and the kernels that it loads, makes more than a hundred thousand objects that live as long
as the process. To look through them for garbage, again and again, takes a seventh of a second while they come and a
third when Python ends; there is next to none among them.
"""

from __future__ import annotations

import atexit
import gc
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Final

__all__ = ["leave_quickly", "without_collections"]

_MANY: Final = 20_000  # new objects: dozens of times as many as let a collection begin


@cache
def leave_quickly() -> None:
    """Have this process, which is the program's own, look for no garbage when Python ends.

    Objects that hold each other in circles then go back to the system as they are, not one by one; what is held by a
    name, such as an open file, is still closed, and functions registered with `atexit` still run.
    """
    atexit.register(gc.freeze)


@contextmanager
def without_collections() -> Iterator[None]:
    """Let no collection run meanwhile, nor look through all that came meanwhile as soon as it is over."""
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collects:
            if gc.get_count()[0] > _MANY and gc.get_freeze_count() == 0:
                gc.freeze()
                gc.unfreeze()  # what came now counts as old: only a full collection looks at it
            gc.enable()
