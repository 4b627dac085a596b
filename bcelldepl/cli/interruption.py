"""``Ctrl-C`` ends the program with 130 and without a traceback, from its first moment on.

Libraries that are being imported, or that start processes, may take the `KeyboardInterrupt` for an error of their own
and go on. So it is also remembered, and raised again as soon as the program is asked.
"""

from __future__ import annotations

import signal
import sys

TYPE_CHECKING = (
    False  # nothing is imported that can wait: until the program listens, Ctrl-C shows a traceback
)
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType
    from typing import Final

__all__ = ["INTERRUPTED", "guarded", "raise_if_interrupted"]

INTERRUPTED: Final = 130
_interruptions: list[int] = []


def guarded(program: Callable[[], object]) -> None:
    """Run a program so that an interruption, whoever caught it, ends it with 130.

    Parameters
    ----------
    program : callable
        May end by `SystemExit`.
    """
    try:
        signal.signal(signal.SIGINT, _interrupt)
        try:
            program()
        finally:
            raise_if_interrupted()
    except KeyboardInterrupt:
        sys.stderr.write("interrupted\n")
        sys.exit(INTERRUPTED)


def raise_if_interrupted() -> None:
    """Raise `KeyboardInterrupt` where one came before."""
    if _interruptions:
        raise KeyboardInterrupt


def _interrupt(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
    _interruptions.append(number)
    raise KeyboardInterrupt
