"""Which events of a file lie in each gate of a tree, in double precision."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from bcelldepl.errors import ExchangeError
from bcelldepl.fcs.acquisition import Acquisition
from bcelldepl.gate_exchange.gate import AS_IN_FILE, Axis, Gate, GateTree, Matrix, Path, Scale, path_text

__all__ = ["Channels", "evaluate", "inside"]


class Channels:
    """Linear signals of one file, read once and compensated as gates ask.

    Parameters
    ----------
    acquisition : Acquisition
    matrices : mapping of str to Matrix
        Those that gates may name; the file's own matrix comes with the file.
    """

    def __init__(self, acquisition: Acquisition, matrices: Mapping[str, Matrix] | None = None) -> None:
        self.acquisition = acquisition
        self.n_events = acquisition.n_events
        # A name of $PnN goes before a label; FlowJo writes a slash as an underscore.
        own_names = [channel.name for channel in acquisition.channels]
        self._names = {name.replace("/", "_"): name for name in own_names}
        self._names |= {c.label: c.name for c in reversed(acquisition.channels) if c.label}
        self._names |= {name: name for name in own_names}
        self._matrices = dict(matrices or {})
        own = acquisition.spillover
        if own is not None:
            self._matrices[AS_IN_FILE] = Matrix(own.channels, own.channels, own.matrix)
        self._inverses: dict[str, NDArray[np.float64]] = {}
        self._columns: dict[tuple[str, str], NDArray[np.float64]] = {}
        self._scaled: dict[tuple[str, str, int], _Positions] = {}

    def name_of(self, channel: str) -> str:
        """Return the ``$PnN`` of a channel, however a gate spells it; the spelling itself where there is none."""
        return self._names.get(channel, channel)

    def column(self, channel: str, compensation: str = "") -> NDArray[np.float64]:
        """Return the linear signal of a channel; time in seconds.

        Raises
        ------
        ExchangeError
            Where the file has no such channel, or the tree no such matrix or one that cannot be inverted.
        """
        key = (channel, compensation)
        if key not in self._columns:
            self._columns[key] = (
                self._compensated(channel, compensation) if compensation else self._measured(channel)
            )
        return self._columns[key]

    def scaled(
        self, channel: str, compensation: str, scale: Scale, events: NDArray[np.intp] | None = None
    ) -> NDArray[np.float64]:
        """Return a channel on a scale: of all events, or of those that are asked for."""
        key = (channel, compensation, id(scale))
        if key not in self._scaled:
            self._scaled[key] = _Positions(self.column(channel, compensation), scale)
        return self._scaled[key].of(events)

    def _measured(self, channel: str) -> NDArray[np.float64]:
        name = self._names.get(channel) if channel else None
        if name is None:
            known = ", ".join(c.name for c in self.acquisition.channels)
            raise ExchangeError(f"no channel {channel!r}; the file has {known}", self.acquisition.path.name)
        values: NDArray[np.float64] = self.acquisition.columns([name])[0].astype(np.float64)
        return values * (self.acquisition.time_step_s or 1.0) if name.casefold() == "time" else values

    def _compensated(self, channel: str, compensation: str) -> NDArray[np.float64]:
        matrix = self._matrices.get(compensation)
        if matrix is None:
            if compensation == AS_IN_FILE:  # as Gating-ML says: without a matrix, as measured
                return self._measured(channel)
            raise ExchangeError(f"no compensation matrix {compensation!r}", self.acquisition.path.name)
        name = self._names.get(channel, channel)
        for names in (matrix.outputs, matrix.fluorochromes):
            for wanted in (channel, name):
                if wanted in names:
                    return self._unmix(compensation, matrix, names.index(wanted))
        return self._measured(channel)

    def _unmix(self, compensation: str, matrix: Matrix, row: int) -> NDArray[np.float64]:
        if compensation not in self._inverses:
            square = matrix.spectra.shape[0] == matrix.spectra.shape[1]
            try:
                inverse = (np.linalg.inv if square else np.linalg.pinv)(matrix.spectra)
            except np.linalg.LinAlgError as error:
                what = f"the compensation matrix {compensation!r} cannot be inverted"
                raise ExchangeError(what, self.acquisition.path.name) from error
            self._inverses[compensation] = np.asarray(inverse, dtype=np.float64)
        total = np.zeros(self.n_events)
        for detector, weight in zip(matrix.detectors, self._inverses[compensation][:, row], strict=True):
            if weight != 0.0:
                total += weight * self.column(detector)
        return total


class _Positions:
    """A channel on a scale, event by event as they are asked for: gates deep in a tree see few of them."""

    def __init__(self, column: NDArray[np.float64], scale: Scale) -> None:
        self.column, self.scale = column, scale  # the scale is kept, so that its identity stays its own
        self.values = np.empty(len(column))
        self.known = np.zeros(len(column), dtype=np.bool_)
        self.whole = False

    def of(self, events: NDArray[np.intp] | None) -> NDArray[np.float64]:
        """Positions of all events, or of some by their numbers."""
        if events is None:
            if not self.whole:
                self.values, self.whole = _on_scale(self.column, self.scale), True
            return self.values
        if not self.whole:
            new = events[~self.known[events]]
            if new.size:
                self.values[new] = _on_scale(self.column[new], self.scale)
                self.known[new] = True
        return self.values[events]


def evaluate(
    tree: GateTree, channels: Channels, known: Mapping[Gate, NDArray[np.bool_]] | None = None
) -> tuple[dict[Path, NDArray[np.bool_]], dict[Path, str]]:
    """Gate a file.

    Parameters
    ----------
    tree : GateTree
    channels : Channels
    known : mapping of Gate to ndarray of bool, optional
        Memberships of gates of another tree: taken over where the gate and all that it stands on are the same.

    Returns
    -------
    memberships : dict of path to ndarray of bool, shape (n_events,)
        Of every gate that could be applied, within its parent.
    skipped : dict of path to str
        The others and the reason; the gates below go with them.
    """
    members: dict[Path, NDArray[np.bool_]] = {}
    skipped: dict[Path, str] = {}
    taken: set[Path] = set()
    for path, gate in tree.gates.items():
        needs = [gate.parent, *(operand for operand, _ in gate.operands)]
        lost = [one for one in needs if one and one not in members]
        if lost:
            skipped[path] = f"it depends on {path_text(lost[0])!r}, which was not gated"
            continue
        if known and gate in known and all(one in taken for one in needs if one):
            members[path] = known[gate]
            taken.add(path)
            continue
        try:
            members[path] = inside(gate, tree, channels, members)
        except ExchangeError as error:
            skipped[path] = error.what
    return members, skipped


def inside(
    gate: Gate, tree: GateTree, channels: Channels, members: Mapping[Path, NDArray[np.bool_]]
) -> NDArray[np.bool_]:
    """Return the events inside one gate and its parent.

    Parameters
    ----------
    gate : Gate
    tree : GateTree
        Its scales.
    channels : Channels
    members : mapping of path to ndarray of bool
        Of its parent, and of what it is combined from.

    Returns
    -------
    ndarray of bool, shape (n_events,)
    """
    parent = members[gate.parent] if gate.parent else None
    if gate.kind in ("and", "or", "not"):
        parts = [np.logical_xor(members[path], turned) for path, turned in gate.operands]
        own = ~parts[0] if gate.kind == "not" else (np.all if gate.kind == "and" else np.any)(parts, axis=0)
        own = ~own if gate.complement else own
        return own & parent if parent is not None else own
    events = np.flatnonzero(parent) if parent is not None else None
    held = _in_shape(gate, [scaled(axis, tree, channels, events) for axis in gate.axes])
    held = ~held if gate.complement else held
    if events is None:
        return held
    result = np.zeros(channels.n_events, dtype=np.bool_)
    result[events] = held
    return result


def scaled(
    axis: Axis, tree: GateTree, channels: Channels, events: NDArray[np.intp] | None = None
) -> NDArray[np.float64]:
    """Return the events' positions on an axis: of all, or of those that are asked for.

    Parameters
    ----------
    axis : Axis
    tree : GateTree
        Its scales.
    channels : Channels
    events : ndarray of int, optional
        Numbers of the events.

    Returns
    -------
    ndarray of float64
    """
    if axis.scale and axis.scale not in tree.scales:
        raise ExchangeError(f"no scale {axis.scale!r}", axis.channel)
    chosen: NDArray[np.intp] | slice = slice(None) if events is None else events
    if axis.ratio is not None:
        above = channels.column(axis.ratio.x)[chosen] - axis.ratio.x_offset
        under = channels.column(axis.ratio.y)[chosen] - axis.ratio.y_offset
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio: NDArray[np.float64] = axis.ratio.factor * (above / under)
        return _on_scale(ratio, tree.scales[axis.scale]) if axis.scale else ratio
    if not axis.scale:
        return channels.column(axis.channel, axis.compensation)[chosen]
    return channels.scaled(axis.channel, axis.compensation, tree.scales[axis.scale], events)


def _on_scale(column: NDArray[np.float64], scale: Scale) -> NDArray[np.float64]:
    with np.errstate(divide="ignore", invalid="ignore"):  # logarithms of what is not above zero
        return np.asarray(scale.apply(column[:, None]), dtype=np.float64)[:, 0]


def _in_shape(gate: Gate, columns: list[NDArray[np.float64]]) -> NDArray[np.bool_]:
    if gate.kind == "rectangle":
        result = np.ones(len(columns[0]), dtype=np.bool_)
        for axis, column in zip(gate.axes, columns, strict=True):
            if axis.low is not None:
                result &= column >= axis.low
            if axis.high is not None:
                result &= column < axis.high
        return result
    from flowutils import gating

    points = np.column_stack(columns)
    if gate.kind == "polygon":
        return np.asarray(
            gating.points_in_polygon(np.asarray(gate.corners, dtype=np.float64), points), dtype=np.bool_
        )
    held = gating.points_in_ellipsoid(gate.covariance, gate.centre, gate.squared_radius, points)
    return np.asarray(held, dtype=np.bool_)
