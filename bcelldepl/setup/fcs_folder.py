"""The FCS files of a folder, each opened as far as its TEXT."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bcelldepl.errors import FcsError
from bcelldepl.fcs import Acquisition, read_fcs
from bcelldepl.input_limits import leaves

__all__ = ["FolderFile", "read_folder"]

_ENDINGS: Final = (".fcs", ".lmd")


@dataclass(frozen=True)
class FolderFile:
    """One file.

    Attributes
    ----------
    file : str
        Its path from the folder, with forward slashes.
    acquisition : Acquisition or None
        None where it cannot be read.
    refusal : str
        Why it cannot be read; empty where it can.
    """

    file: str
    acquisition: Acquisition | None
    refusal: str = ""

    @property
    def name(self) -> str:
        """Its path without the ending."""
        return os.path.splitext(self.file)[0]


def read_folder(folder: Path, progress: Callable[[str, int, int], None] | None = None) -> list[FolderFile]:
    """Open every FCS file of a folder and of the folders in it.

    Parameters
    ----------
    folder : Path
    progress : callable, optional
        Called with the file, how many are done, and of how many.

    Returns
    -------
    list of FolderFile
        In the order of their paths. Hidden files and links that lead out of the folder are left out.
    """
    files = sorted(_files(folder), key=lambda path: path.relative_to(folder).as_posix())
    read = []
    for number, path in enumerate(files, 1):
        name = path.relative_to(folder).as_posix()
        try:
            read.append(FolderFile(name, read_fcs(path)))
        except FcsError as error:
            read.append(FolderFile(name, None, error.what))
        if progress:
            progress(name, number, len(files))
    return read


def _files(folder: Path) -> Iterator[Path]:
    for place, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in names:
            path = Path(place) / name
            if name.startswith(".") or not name.lower().endswith(_ENDINGS) or leaves(folder, path):
                continue
            yield path
