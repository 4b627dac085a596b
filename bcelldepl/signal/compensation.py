"""From measured detectors to fluorochromes, with the file's matrix or the study's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from bcelldepl.errors import CompensationError
from bcelldepl.fcs.acquisition import Spillover
from bcelldepl.fcs.spillover import MAX_CONDITION, condition_number
from bcelldepl.fcs.spillover_table import on_detectors

__all__ = ["Unmixing", "plan_unmixing"]


@dataclass(frozen=True)
class Unmixing:
    """Which detectors to read, and how to weigh them, for the wanted channels.

    Attributes
    ----------
    detectors : tuple of str
        Channel names to read.
    weights : ndarray of float64, shape (n_detectors, n_wanted)
        Columns of the inverse spillover matrix.
    """

    detectors: tuple[str, ...]
    weights: NDArray[np.float64]


def plan_unmixing(
    spillover: Spillover | None, wanted: Sequence[str], present: Sequence[str], where: str = ""
) -> Unmixing:
    """Plan the compensation of the wanted channels.

    Parameters
    ----------
    spillover : Spillover or None
        None: the values are taken as they are.
    wanted : sequence of str
        Channel names to compensate; one that the matrix does not name is taken as it is.
    present : sequence of str
        All channel names of the file.
    where : str
        The file, for messages.

    Returns
    -------
    Unmixing
        Only detectors with a weight other than zero are read: an identity matrix costs nothing.

    Raises
    ------
    CompensationError
        For a matrix that is singular or nearly so, or that names channels the file does not have.
    """
    if spillover is None:
        return Unmixing(tuple(wanted), np.eye(len(wanted)))
    spillover = on_detectors(spillover, present)
    inverse = _invert(spillover, present, where)
    index = {name: i for i, name in enumerate(spillover.channels)}
    columns = np.zeros((len(spillover.channels), len(wanted)))
    for j, name in enumerate(wanted):
        if name in index:
            columns[:, j] = inverse[:, index[name]]
    used = np.flatnonzero(np.any(columns != 0.0, axis=1))
    outside = list(dict.fromkeys(name for name in wanted if name not in index))
    weights = np.zeros((len(used) + len(outside), len(wanted)))
    weights[: len(used)] = columns[used]
    for j, name in enumerate(wanted):
        if name not in index:
            weights[len(used) + outside.index(name), j] = 1.0
    return Unmixing((*(spillover.channels[i] for i in used), *outside), weights)


def _invert(spillover: Spillover, present: Sequence[str], where: str) -> NDArray[np.float64]:
    absent = [name for name in spillover.channels if name not in present]
    if absent:
        msg = f"the spillover matrix ({spillover.keyword}) names absent channels: {', '.join(absent)}"
        raise CompensationError(msg, where, f"the file has: {', '.join(present)}")
    matrix = spillover.matrix
    remedy = "give the right matrix in the study's [compensation]"
    if not np.all(np.isfinite(matrix)):
        msg = f"the spillover matrix ({spillover.keyword}) contains values that are not numbers"
        raise CompensationError(msg, where, remedy)
    inverse, condition = _inverse(np.asarray(matrix, dtype=np.float64).tobytes(), len(matrix))
    if inverse is None:
        msg = (
            f"the spillover matrix ({spillover.keyword}) is singular or nearly so: "
            f"condition number {condition:.3g}, at most {MAX_CONDITION:g} is accepted"
        )
        raise CompensationError(msg, where, remedy)
    return inverse


@lru_cache(maxsize=16)  # the tubes of a study have the same matrix
def _inverse(numbers: bytes, n: int) -> tuple[NDArray[np.float64] | None, float]:
    """Inverse of a square matrix, None where it is nearly singular, and its condition number."""
    matrix = np.frombuffer(numbers).reshape(n, n)
    condition = condition_number(matrix)
    if not condition <= MAX_CONDITION:
        return None, condition
    inverse = np.asarray(np.linalg.inv(matrix), dtype=np.float64)
    inverse.setflags(write=False)
    return inverse, condition
