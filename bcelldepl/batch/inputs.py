"""What a run reads: each file hashed once, and known to be the same when it is read later."""

from __future__ import annotations

import os
from collections.abc import Mapping
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
        """Whether the file is the one that was hashed: its state did not change since.

        Another host may see the same file of a shared disk under another number: then its bytes are asked.
        """
        now = _stamp(path)
        if now is None or self.stamp is None or now == self.stamp:
            return now == self.stamp
        return now[1:3] == self.stamp[1:3] and sha256_of(path) == self.sha256


def identify(path: Path) -> Identity:
    """Hash a file.

    Parameters
    ----------
    path : Path

    Returns
    -------
    Identity
        With an empty hash where the file cannot be read.
    """
    before = _stamp(path)
    sha256 = sha256_of(path)
    # One that is being written has no identity: no stamp will ever equal this one.
    return Identity(sha256, before if before == _stamp(path) else (0, 0, 0, 0))


def identify_inputs(
    study: Study, workers: int, known: Mapping[str, Identity] | None = None
) -> dict[str, Identity]:
    """Hash every file that the results depend on, several at a time.

    Parameters
    ----------
    study : Study
    workers : int
        How many at a time.
    known : mapping of str to Identity, optional
        Of earlier: one that still holds is not hashed again.

    Returns
    -------
    dict of str to Identity
        By the name under which results speak of the file; tubes first.
    """
    paths = input_files(study)
    before = known or {}

    def look(name: str) -> Identity:
        one = before.get(name)
        return (
            one if one is not None and one.stamp and one.still_holds(paths[name]) else identify(paths[name])
        )

    with ThreadPoolExecutor(workers) as pool:
        return dict(zip(paths, pool.map(look, paths), strict=True))


def input_files(study: Study) -> dict[str, Path]:
    """Every file that the results depend on, by the name under which results speak of it; tubes first.

    Parameters
    ----------
    study : Study

    Returns
    -------
    dict of str to Path
        Path by that name.
    """
    named = [name for name in (study.companions, study.gating.model) if name]
    others = {name: study.folder / name for name in named}
    return {tube.file: tube.path for tube in study.tubes} | matrix_files(study) | others


def matrix_files(study: Study) -> dict[str, Path]:
    """The spillover matrices that the study gives, by the path it gives.

    All of them: which batch a tube is of may stand in its file alone.

    Parameters
    ----------
    study : Study

    Returns
    -------
    dict of str to Path
        Path by that name.
    """
    settings = study.compensation
    names = {settings.matrix, *settings.by_batch.values()} - {None}
    return {name: study.folder / name for name in sorted(name for name in names if name is not None)}


def _stamp(path: Path) -> Stamp | None:
    try:
        state = os.stat(path)
    except OSError:
        return None
    return state.st_ino, state.st_size, state.st_mtime_ns, state.st_ctime_ns
