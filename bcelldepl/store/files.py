"""Files that are whole or not there: written beside their place, then renamed; and known by their hash."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

__all__ = ["PART", "remove_parts", "sha256_of", "write_beside", "write_bytes"]

PART = ".part"


def write_beside(path: Path, write: Callable[[Path], object]) -> None:
    """Let a function write a file beside its place, and rename it once it is whole.

    Parameters
    ----------
    path : Path
        Where the file is to be.
    write : callable
        Takes the path to write to.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}{PART}")
    try:
        write(part)
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def write_bytes(path: Path, content: bytes) -> None:
    """Write bytes whole or not at all.

    Parameters
    ----------
    path : Path
        Where to write.
    content : bytes
    """
    write_beside(path, lambda part: part.write_bytes(content))


def remove_parts(*folders: Path) -> None:
    """Remove what a killed process left half written in these folders, not in the folders in them."""
    for folder in folders:
        for part in folder.glob(f".*{PART}"):
            part.unlink(missing_ok=True)


def sha256_of(path: Path) -> str:
    """SHA-256 of a file; empty where it is none or cannot be read.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    str
        Hexadecimal digits.
    """
    try:
        if not path.is_file():  # a pipe would never end
            return ""
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return ""
