"""What a run reads: each file hashed once, and known to be the same when it is read later."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from bcelldepl.store.files import sha256_of
from bcelldepl.study import Study

__all__ = ["Identity", "identify", "identify_inputs", "input_files", "matrix_files"]

Stamp = tuple[int, int, int, int]


@dataclass(frozen=True)
class Identity:
    """A file as it was when it was hashed.

    Attributes
    ----------
    sha256 : str
        Empty where it could not be read.
    stamp : tuple of int or None
        Number, size and times of the last change of content and of state [ns], by the operating system.
    """

    sha256: str
    stamp: Stamp | None

    def still_holds(self, path: Path) -> bool:
        """Whether the file is the one that was hashed: its state did not change since."""
        return self.stamp == _stamp(path)


def identify(path: Path) -> Identity:
    """Hash a file."""
    before = _stamp(path)
    sha256 = sha256_of(path)
    # One that is being written has no identity: no stamp will ever equal this one.
    return Identity(sha256, before if before == _stamp(path) else (0, 0, 0, 0))


def identify_inputs(study: Study, workers: int) -> dict[str, Identity]:
    """Hash every file that the results depend on, several at a time.

    Returns
    -------
    dict of str to Identity
        By the name under which results speak of the file; tubes first.
    """
    paths = input_files(study)
    with ThreadPoolExecutor(workers) as pool:
        return dict(zip(paths, pool.map(identify, paths.values()), strict=True))


def input_files(study: Study) -> dict[str, Path]:
    """Every file that the results depend on, by the name under which results speak of it; tubes first."""
    companions = {study.companions: study.folder / study.companions} if study.companions else {}
    return {tube.file: tube.path for tube in study.tubes} | matrix_files(study) | companions


def matrix_files(study: Study) -> dict[str, Path]:
    """The spillover matrices that the study gives, by name."""
    matrices = {study.matrix_path(tube.batch) for tube in study.tubes} - {None}
    return {path.name: path for path in sorted(p for p in matrices if p is not None)}


def _stamp(path: Path) -> Stamp | None:
    try:
        state = os.stat(path)
    except OSError:
        return None
    return state.st_ino, state.st_size, state.st_mtime_ns, state.st_ctime_ns
