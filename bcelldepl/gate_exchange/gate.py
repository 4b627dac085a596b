"""A gate as other programs know it: a shape on scaled channels, in a tree."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "AS_IN_FILE",
    "Axis",
    "Gate",
    "GateTree",
    "Matrix",
    "Path",
    "Ratio",
    "Scale",
    "below",
    "in_order",
    "path_in",
    "path_text",
]

Path = tuple[str, ...]  # names from the root, the gate's own last
AS_IN_FILE = "FCS"  # compensation by the matrix in the file


class Scale(Protocol):
    """A scale that can be gone along in both directions."""

    def apply(self, events: NDArray[np.float64], /) -> NDArray[np.float64]:
        """Put signals on the scale."""

    def inverse(self, events: NDArray[np.float64], /) -> NDArray[np.float64]:
        """Return to signals."""


@dataclass(frozen=True)
class Ratio:
    """A made-up channel: ``factor * (x - x_offset) / (y - y_offset)``."""

    x: str
    y: str
    factor: float
    x_offset: float
    y_offset: float


@dataclass(frozen=True)
class Matrix:
    """A compensation matrix: each row says what one fluorochrome gives to the detectors.

    Attributes
    ----------
    outputs : tuple of str, length k
        Names of the compensated signals.
    detectors : tuple of str, length n
    spectra : ndarray of float64, shape (k, n)
        Square, or with more detectors than fluorochromes: then by least squares.
    fluorochromes : tuple of str
        Other names of `outputs`; may be empty.
    """

    outputs: tuple[str, ...]
    detectors: tuple[str, ...]
    spectra: NDArray[np.float64]
    fluorochromes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Axis:
    """One dimension of a gate.

    Attributes
    ----------
    channel : str
        ``$PnN`` or ``$PnS``; for a ratio its name.
    compensation : str
        Empty: as measured. `AS_IN_FILE`, or the name of one of the tree's matrices.
    scale : str
        Name of one of the tree's scales; empty for none.
    low, high : float or None
        Ends of a rectangle on the scale, ``low <= x < high``; None where it is open.
    ratio : Ratio or None
    """

    channel: str
    compensation: str = ""
    scale: str = ""
    low: float | None = None
    high: float | None = None
    ratio: Ratio | None = None


@dataclass(frozen=True, eq=False)
class Gate:
    """One gate. Two are the same only if they are one object.

    Attributes
    ----------
    path : tuple of str
        Its place in the tree.
    kind : {"rectangle", "polygon", "ellipsoid", "and", "or", "not"}
    axes : tuple of Axis
        Empty for the last three.
    corners : ndarray of float64, shape (m, 2), or None
        Of a polygon, on the scales of the axes.
    centre, covariance, squared_radius
        Of an ellipsoid.
    complement : bool
        Whether the events outside are meant.
    operands : tuple of (tuple of str, bool)
        Of the last three kinds: paths, and whether the events outside are meant.
    quadrant : bool
        Whether the rectangle is a part of a plane split by dividers.
    """

    path: Path
    kind: Literal["rectangle", "polygon", "ellipsoid", "and", "or", "not"]
    axes: tuple[Axis, ...] = ()
    corners: NDArray[np.float64] | None = None
    centre: NDArray[np.float64] | None = None
    covariance: NDArray[np.float64] | None = None
    squared_radius: float = 1.0
    complement: bool = False
    operands: tuple[tuple[Path, bool], ...] = ()
    quadrant: bool = False

    @property
    def name(self) -> str:
        """The gate's own name."""
        return self.path[-1]

    @property
    def parent(self) -> Path:
        """Path of the parent; empty at the root."""
        return self.path[:-1]

    @property
    def needs(self) -> list[Path]:
        """Gates that it stands on: its parent, and what it is combined from."""
        return [one for one in (self.parent, *(path for path, _ in self.operands)) if one]


@dataclass(frozen=True)
class GateTree:
    """The gates of one tube.

    Attributes
    ----------
    gates : dict of path to Gate
        Parents, and what a gate is combined from, come first.
    scales : mapping of str to Scale
    matrices : mapping of str to Matrix
    """

    gates: dict[Path, Gate]
    scales: Mapping[str, Scale] = field(default_factory=dict)
    matrices: Mapping[str, Matrix] = field(default_factory=dict)

    def chain(self, path: Path) -> list[Gate]:
        """List the gates on the way from the root to a population, the population's own last."""
        return [self.gates[path[:depth]] for depth in range(1, len(path) + 1) if path[:depth] in self.gates]


def in_order(gates: Iterable[Gate]) -> tuple[dict[Path, Gate], list[Gate]]:
    """Put parents, and what a gate is combined from, before the gates that stand on them.

    Parameters
    ----------
    gates : iterable of Gate

    Returns
    -------
    ordered : dict of path to Gate
        Among those that are free, as they came. What a gate names that is not there counts as free.
    left : list of Gate
        Gates that refer to one another in a circle, and those that stand on them.
    """
    left = list(gates)
    known = {gate.path for gate in left}
    done: dict[Path, Gate] = {}
    while left:
        ready = [gate for gate in left if all(one in done or one not in known for one in gate.needs)]
        if not ready:
            break
        done.update({gate.path: gate for gate in ready})
        left = [gate for gate in left if gate.path not in done]
    return done, left


def path_text(path: Path) -> str:
    """Write a path as ``A/B/C``.

    Parameters
    ----------
    path : Path

    Returns
    -------
    str
    """
    return "/".join(path)


def below(path: Path, ancestor: Path) -> bool:
    """Tell whether a path lies at or under another.

    Parameters
    ----------
    path, ancestor : Path

    Returns
    -------
    bool
    """
    return path[: len(ancestor)] == ancestor


def path_in(paths: Iterable[Path], text: str) -> Path:
    """Find a path among others by its text: names may hold slashes themselves.

    Parameters
    ----------
    paths : iterable of Path
    text : str

    Returns
    -------
    Path
    """
    return next((path for path in paths if path_text(path) == text), tuple(text.split("/")))
