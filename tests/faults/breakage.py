"""Ten ways in which a tube's file can be broken, each with what must be said of it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bcelldepl.fcs import Acquisition, read_fcs
from bcelldepl.fcs.write import spillover_keyword, write_fcs

__all__ = ["WAYS", "Way"]


@dataclass(frozen=True)
class Way:
    """One way to break a file.

    Attributes
    ----------
    spoil : callable
        Takes the file, and a sound one of the same study.
    status : str
        Of the tube afterwards.
    words : str
        What its reason must say.
    """

    spoil: Callable[[Path, Path], None]
    status: str
    words: str


def _truncated(path: Path, _: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def _empty(path: Path, _: Path) -> None:
    path.write_bytes(b"")


def _no_fcs(path: Path, _: Path) -> None:
    path.write_bytes(b"PK\x03\x04" + bytes(5_000))


def _wrong_total(path: Path, _: Path) -> None:
    """Say as many events as the digits of the true number can."""
    content = path.read_bytes()
    total = str(read_fcs(path).n_events).encode()
    delimiter = content[int(content[10:18]) : int(content[10:18]) + 1]
    at = content.index(delimiter + b"$TOT" + delimiter) + 6
    assert content[at : at + len(total)] == total
    path.write_bytes(content[:at] + b"99999"[: len(total)] + content[at + len(total) :])


def _rewritten(path: Path, **changes: object) -> None:
    """Write a file again with other labels, names, events or matrix."""
    old: Acquisition = read_fcs(path)
    columns = changes.get("columns", old.columns())
    assert isinstance(columns, np.ndarray)
    names = changes.get("names", [channel.name for channel in old.channels])
    labels = changes.get("labels", [channel.label for channel in old.channels])
    kept = ("$DATE", "$BTIM", "$ETIM", "$CYT", "$TIMESTEP")
    keywords = {key: old.keywords[key] for key in kept if key in old.keywords}
    assert old.spillover is not None
    matrix = changes.get("matrix", old.spillover.matrix)
    if matrix is not None:
        keywords["$SPILLOVER"] = spillover_keyword(old.spillover.channels, matrix)
    write_fcs(path, np.ascontiguousarray(columns, dtype=np.float32), names, labels, keywords=keywords,
              ranges=[channel.range for channel in old.channels])  # fmt: skip


def _no_marker(path: Path, _: Path) -> None:
    _rewritten(path, labels=[c.label.replace("CD19", "CD99") for c in read_fcs(path).channels])


def _no_beads(path: Path, _: Path) -> None:
    labels = np.load(path.parent.parent / "labels" / f"{path.stem}.npy")
    _rewritten(path, columns=read_fcs(path).columns()[:, ~np.isin(labels, (20, 21, 22))])


def _singular(path: Path, _: Path) -> None:
    old = read_fcs(path).spillover
    assert old is not None
    matrix = old.matrix.copy()
    matrix[1] = matrix[0]
    _rewritten(path, matrix=matrix)


def _no_matrix(path: Path, _: Path) -> None:
    _rewritten(path, matrix=None)


def _no_numbers(path: Path, _: Path) -> None:
    """A third of the events have no CD19: without a look at it, B cells would be a third fewer."""
    old = read_fcs(path)
    columns = old.columns().copy()
    row = next(i for i, channel in enumerate(old.channels) if "CD19" in channel.label)
    columns[row, ::3] = np.nan
    _rewritten(path, columns=columns)


def _copied(path: Path, sound: Path) -> None:
    shutil.copy(sound, path)


WAYS = {
    "truncated": Way(_truncated, "failed", "it is cut off"),
    "zero bytes": Way(_empty, "failed", 'starts with ""'),
    "not an FCS file": Way(_no_fcs, "failed", "not an FCS file"),
    "wrong $TOT": Way(_wrong_total, "failed", "999 events"),
    "a marker missing": Way(_no_marker, "failed", "CD19"),
    "no beads": Way(_no_beads, "review", "bead"),
    "singular spillover": Way(_singular, "failed", "singular"),
    "no spillover": Way(_no_matrix, "failed", "no spillover matrix"),
    "no numbers": Way(_no_numbers, "failed", "no numbers"),
    "a copy of another tube": Way(_copied, "review", "the same bytes as"),
}
