"""What every file from outside is held to before a parser sees it: plain, of a bounded size, without entities."""

from __future__ import annotations

import errno
import os
import re
import stat
from pathlib import Path
from typing import Final

__all__ = ["MEGABYTE", "check_plain_file", "defines_entities", "leaves", "read_limited"]

MEGABYTE: Final = 1_000_000
# Entities can read other files and fill the memory; no workspace, Gating-ML or workbook needs a DTD.
_FORBIDDEN: Final = re.compile(rb"<!\s*(DOCTYPE|ENTITY)", re.IGNORECASE)


def check_plain_file(path: Path) -> int:
    """Return the size of a file in bytes, without opening it: to open a named pipe would wait for ever.

    Parameters
    ----------
    path : Path

    Returns
    -------
    int

    Raises
    ------
    OSError
        The file is not there, or is a folder, a pipe or a device; `strerror` says so in words.
    """
    about = os.stat(path)
    if stat.S_ISDIR(about.st_mode):
        raise IsADirectoryError(errno.EISDIR, "it is a folder, not a file", str(path))
    if not stat.S_ISREG(about.st_mode):
        raise OSError(errno.EINVAL, "it is a pipe or a device, not a file", str(path))
    return about.st_size


def read_limited(path: Path, limit_bytes: int) -> bytes:
    """Read a whole file that must not be larger than a limit.

    Parameters
    ----------
    path : Path
    limit_bytes : int

    Returns
    -------
    bytes

    Raises
    ------
    OSError
        As `check_plain_file`, and for a file beyond the limit.
    """
    check_plain_file(path)
    with path.open("rb") as file:
        content = file.read(limit_bytes + 1)
    if len(content) > limit_bytes:
        most = f"{limit_bytes / MEGABYTE:g} MB"
        raise OSError(
            errno.EFBIG, f"it is larger than {most}, the most that is read of such a file", str(path)
        )
    return content


def defines_entities(xml: bytes) -> bool:
    """Tell whether XML defines a document type or entities.

    Of UTF-16 and UTF-32 the zero bytes go, so that the words to look for stand as in ASCII.

    Parameters
    ----------
    xml : bytes

    Returns
    -------
    bool
    """
    return _FORBIDDEN.search(xml.replace(b"\x00", b"")) is not None


def leaves(folder: Path, path: Path) -> bool:
    """Tell whether a path ends outside a folder once every link on the way is followed.

    A path that cannot be followed (a link to itself, a name that no file can have) does not end inside.

    Parameters
    ----------
    folder : Path
        The results folder.
    path : Path

    Returns
    -------
    bool
    """
    try:
        return not path.resolve().is_relative_to(folder.resolve())
    except (OSError, RuntimeError, ValueError):
        return True
