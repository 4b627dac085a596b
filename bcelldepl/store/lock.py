"""One process at a time works on a results folder; another is told who does.

The lock is the operating system's: it ends with the process that holds it, however that ends. The file only carries the
lock and a note of its holder, so one that a killed process left behind holds nobody up.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import time
from pathlib import Path
from typing import Final

from bcelldepl.store.errors import LockedError
from bcelldepl.store.identity import account, host, now

__all__ = ["LOCK", "NAMELESS_S", "FolderLock"]

LOCK = ".lock"
# How long the holder's note is waited for: it comes right after the lock, and goes right before it.
NAMELESS_S: Final = 2.0
_FAR = 1 << 30  # Windows locks a byte, which nobody else can read then: one beyond the note

if sys.platform == "win32":  # pragma: no cover - the suite runs on POSIX
    import msvcrt

    def _try_lock(handle: int) -> bool:
        try:
            os.lseek(handle, _FAR, os.SEEK_SET)
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True
else:
    import fcntl

    def _try_lock(handle: int) -> bool:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


class FolderLock:
    """The lock of a folder, held from making until `release`.

    Parameters
    ----------
    folder : Path
        Made where it is not there.
    doing : str
        What others are told, such as ``run``.
    wait_s : float
        How long to wait for another to end [s].

    Attributes
    ----------
    left_behind : bool
        Whether the last holder was killed: it did not take its note away.

    Raises
    ------
    LockedError
        Where another process still holds it: says which, since when, and whose it is.
    OSError
        Where the folder cannot be written to.
    """

    def __init__(self, folder: Path, doing: str, wait_s: float = 0.0) -> None:
        self.path = folder / LOCK
        folder.mkdir(parents=True, exist_ok=True)
        begun = time.monotonic()
        while True:
            handle = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o644)
            if not _try_lock(handle):
                os.close(handle)
                holder, waited_s = _holder(self.path), time.monotonic() - begun
                if waited_s < (wait_s if holder else max(wait_s, NAMELESS_S)):
                    time.sleep(0.05)
                    continue
                raise LockedError(
                    f"these results are in use: {holder or 'a process that has only just begun or is about to end'}",
                    str(folder),
                    "wait until it is done, or end it",
                )
            if _is_at(handle, self.path):
                break
            os.close(handle)  # its last holder removed the file between our opening and locking it
        self._handle = handle
        self.left_behind = os.fstat(handle).st_size > 0
        note = {"pid": os.getpid(), "host": host(), "user": account(), "since": now(), "doing": doing}
        os.ftruncate(handle, 0)
        os.lseek(handle, 0, os.SEEK_SET)
        os.write(handle, json.dumps(note).encode())

    def release(self) -> None:
        """Give the folder free, and leave no file behind."""
        if sys.platform == "win32":  # pragma: no cover - an open file cannot be removed there
            os.close(self._handle)
            with contextlib.suppress(OSError):
                self.path.unlink(missing_ok=True)
        else:
            with contextlib.suppress(OSError):
                self.path.unlink(missing_ok=True)
            os.close(self._handle)


def _is_at(handle: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(handle), path.stat())
    except FileNotFoundError:
        return False


def _holder(path: Path) -> str:
    """Who holds the lock, by its note; empty where there is none yet, or none any more."""
    try:
        note = json.loads(path.read_text(encoding="utf-8"))
        return (f"`bcelldepl {note['doing']}` of {note['user']}, process {note['pid']} on {note['host']}, "
                f"since {note['since']}")  # fmt: skip
    except (OSError, ValueError, KeyError, TypeError):
        return ""
