"""Why two gatings differ at a gate: try what would bring them together again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from bcelldepl.comparison.divergence import Divergence
from bcelldepl.comparison.stages import QUALITY, gate_channels
from bcelldepl.definitions.markers import TIME, is_stain
from bcelldepl.errors import BcelldeplError
from bcelldepl.gate_exchange.evaluate import Channels, evaluate
from bcelldepl.gate_exchange.gate import Axis, Gate, GateTree, Path, Scale
from bcelldepl.gate_exchange.gates_from_fits import MATRIX, matrices_of
from bcelldepl.gate_exchange.quality_gates import kept_time
from bcelldepl.gate_exchange.scales import scale_of
from bcelldepl.tubes.regate import GatedTube

__all__ = ["Cause", "explain"]

_OURS = "that of the automated gating"  # name of our matrix among theirs
_ENOUGH = 0.5  # of the disputed events must go for a cause to be believed
_NEARLY = 0.1  # a plainer cause goes before one that is better by less than this
_SHIFTS = tuple(sign * step for step in (0.005, 0.01, 0.02, 0.03, 0.045, 0.06, 0.08, 0.1, 0.13, 0.17, 0.22, 0.3)
                for sign in (1, -1))  # fmt: skip


@dataclass(frozen=True)
class Cause:
    """What explains a divergence.

    Attributes
    ----------
    kind : str
        ``time``, ``margin``, ``doublets``, ``compensation``, ``transform``, ``quadrant``, ``cut`` or ``shape``.
    sentence : str
    remaining : int or None
        Disputed events that would be left without it; None where that was not tried.
    """

    kind: str
    sentence: str
    remaining: int | None = None


@dataclass(frozen=True)
class _Case:
    """Everything that a trial needs."""

    tube: GatedTube
    tree: GateTree
    path: Path
    channels: Channels
    wanted: NDArray[np.bool_]
    known: Mapping[Gate, NDArray[np.bool_]]
    within: NDArray[np.bool_]

    def disputed(self, tree: GateTree) -> int:
        """Disputed events with other gates; only what differs from the manual tree is evaluated again."""
        try:
            members, _ = evaluate(replace(tree, gates=_needed(tree, self.path)), self.channels, self.known)
        except BcelldeplError:
            return self.channels.n_events
        if self.path not in members:
            return self.channels.n_events
        return int(np.count_nonzero((members[self.path] ^ self.wanted) & self.within))

    def marker(self, channel: str) -> str:
        """Marker of a channel; the channel where no marker is known."""
        name = self.channels.name_of(channel)
        return next((m for m, c in self.tube.panel.items() if c == name), channel)


def explain(tube: GatedTube, population: str, tree: GateTree, path: Path, divergence: Divergence) -> Cause:
    """Say what explains the first divergent gate.

    Parameters
    ----------
    tube : GatedTube
    population : str
        Ours.
    tree : GateTree
        Manual gates.
    path : tuple of str
        The manual population.
    divergence : Divergence

    Returns
    -------
    Cause
        Masks are told by what they are drawn on. Other causes are tried: the manual gates are evaluated again with the
        automated compensation or scales, with rectangles opened to quadrants, with the gate moved along its axes; what
        makes half of the disputed events go is the cause.
    """
    own = matrices_of(tube)
    matrices = {**tree.matrices, _OURS: own[MATRIX]} if own else tree.matrices
    channels = Channels(tube.acquisition, matrices)
    members, _ = evaluate(replace(tree, gates=_needed(tree, path)), channels)
    known = {tree.gates[one]: member for one, member in members.items()}
    within = kept_time(tube, channels)
    case = _Case(tube, tree, path, channels, tube.membership[population], known, within)
    share = divergence.gate
    gate = next((one for one in tree.chain(path) if one.name == share.manual), None)
    drawn_on = gate_channels(gate, tree, case.channels) if gate is not None else frozenset()
    if share.auto == QUALITY and share.shut_out_by_auto >= share.shut_out_by_manual:
        return _mask(tube)
    if TIME in {case.marker(channel) for channel in drawn_on}:
        return Cause("time", f"the manual gate {share.manual!r} cuts acquisition time")
    trials = [*_systematic(case, divergence.disputed)]
    gate = gate or _counterpart(case, share.auto)
    if gate is not None:
        trials += _local(case, gate)
    best = min(
        (cause.remaining for cause in trials if cause.remaining is not None), default=divergence.disputed
    )
    for cause in trials:
        remaining = divergence.disputed if cause.remaining is None else cause.remaining
        near_best = remaining - best <= _NEARLY * divergence.disputed
        if near_best and remaining <= (1 - _ENOUGH) * divergence.disputed:
            return cause
    if gate is not None and _doublets(case, drawn_on):
        return Cause("doublets", f"the two doublet gates differ ({share.name})")
    names = ", ".join(sorted(case.marker(channel) for channel in drawn_on)) or "other channels"
    return Cause("shape", f"the two gates have different shapes in {names}")


def _mask(tube: GatedTube) -> Cause:
    dropped = {reason: n for reason, n in tube.signal.quality.dropped.items() if n}
    words = ", ".join(f"{reason} {n}" for reason, n in dropped.items())
    kind = "margin" if set(dropped) <= {"margin"} else "time"
    return Cause(kind, f"the automated quality mask left them out ({words} events)")


def _doublets(case: _Case, drawn_on: frozenset[str]) -> bool:
    markers = {case.marker(channel) for channel in drawn_on}
    return len(markers) > 1 and markers <= {"FSC-A", "FSC-H", "FSC-W", "SSC-A", "SSC-H", "SSC-W"} and (
        len({marker[:3] for marker in markers}) == 1
    )  # fmt: skip


def _counterpart(case: _Case, auto: str) -> Gate | None:
    """Return the last manual gate that is drawn on a channel of an automated one."""
    rule = next((rule for rule in case.tube.strategy.populations if rule.name == auto), None)
    if rule is None:
        return None
    axes = rule.axes(case.tube.fits[auto].shape)
    channels = {case.tube.panel[marker] for marker in axes if marker in case.tube.panel}
    chain = [gate for gate in case.tree.chain(case.path) if gate.axes]
    return next((g for g in reversed(chain) if channels & gate_channels(g, case.tree, case.channels)), None)


def _systematic(case: _Case, disputed: int) -> Iterator[Cause]:
    """Try what would spoil every gate: another compensation, other scales."""
    spoilt = _changed(case.tree, lambda axis: _our_compensation(axis, case))
    if spoilt is not None:
        n = case.disputed(spoilt)
        yield Cause(
            "compensation", f"compensated as the automated gating does, {n} of {disputed} would remain", n
        )
    scales = dict(case.tree.scales)
    spoilt = _changed(case.tree, lambda axis: _our_scale(axis, case, scales))
    if spoilt is not None:
        n = case.disputed(replace(spoilt, scales=scales))
        yield Cause("transform", f"on the scales of the automated gating, {n} of {disputed} would remain", n)


def _changed(tree: GateTree, change: Callable[[Axis], Axis]) -> GateTree | None:
    """Change every axis; None where nothing changes."""
    gates = {path: replace(gate, axes=tuple(map(change, gate.axes))) for path, gate in tree.gates.items()}
    if all(gates[path].axes == gate.axes for path, gate in tree.gates.items()):
        return None
    return replace(tree, gates=gates)


def _our_compensation(axis: Axis, case: _Case) -> Axis:
    marker = case.marker(axis.channel)
    if axis.ratio or marker not in case.tube.panel or not is_stain(marker):
        return axis
    ours = _OURS if matrices_of(case.tube) else ""
    own = case.channels.column(axis.channel, axis.compensation)
    other = case.channels.column(axis.channel, ours)
    # The same matrix under another name, or rounded in print, is no other compensation.
    if np.allclose(own, other, rtol=1e-3, atol=1e-3 * float(np.std(own)) + 1e-12):
        return axis
    return replace(axis, compensation=ours)


def _our_scale(axis: Axis, case: _Case, scales: dict[str, Scale]) -> Axis:
    marker = case.marker(axis.channel)
    if axis.ratio or not axis.scale or marker not in case.tube.panel or marker == TIME:
        return axis
    ours = scale_of(case.tube, marker)
    probe = np.linspace(-0.01, 1.0, 50)[:, None] * case.tube.range_of(marker)
    with np.errstate(divide="ignore", invalid="ignore"):
        same = np.allclose(case.tree.scales[axis.scale].apply(probe), ours.apply(probe), atol=1e-3)
    if same:
        return axis
    scales[f"ours {marker}"] = ours
    return replace(axis, scale=f"ours {marker}")


def _local(case: _Case, gate: Gate) -> Iterator[Cause]:
    """Try what would spoil this gate alone: its outer edges, its position."""
    opened = []
    if gate.kind == "rectangle" and all(a.low is not None and a.high is not None for a in gate.axes):
        opened = [
            _with(case.tree, replace(gate, axes=tuple(replace(axis, high=None) for axis in gate.axes))),
            _with(case.tree, replace(gate, axes=tuple(replace(axis, low=None) for axis in gate.axes))),
        ]
    if opened:
        n = min(case.disputed(tree) for tree in opened)
        yield Cause("quadrant", f"a quadrant in place of the rectangle {gate.name!r} would leave {n}", n)
    if gate.kind in ("rectangle", "polygon"):
        yield from _shifts(case, gate)


def _shifts(case: _Case, gate: Gate) -> Iterator[Cause]:
    for i, axis in enumerate(gate.axes):
        marker = case.marker(axis.channel)
        if axis.ratio or marker not in case.tube.panel or marker == TIME:
            continue
        ends = {"low": (True, False), "high": (False, True), "": (True, True)}
        best: tuple[int, float, str] | None = None
        for end, moved in ends.items():
            if gate.kind == "polygon" and end:
                continue
            if (end == "low" and axis.low is None) or (end == "high" and axis.high is None):
                continue
            for shift in _SHIFTS:
                n = case.disputed(_with(case.tree, _moved(gate, i, shift, moved, case)))
                if best is None or n < best[0]:
                    best = (n, shift, end)
        if best is None:
            continue
        n, shift, end = best
        what = {"low": "lower edge", "high": "upper edge", "": "position"}[end]
        sentence = (
            f"the {what} of {gate.name!r} in {marker} lies {abs(shift):.3g} {'below' if shift > 0 else 'above'} the "
            f"automated one on a scale from 0 to 1; moved there, {n} would remain"
        )
        yield Cause("cut", sentence, n)


def _moved(gate: Gate, i: int, shift: float, ends: tuple[bool, bool], case: _Case) -> Gate:
    """Move a gate along one axis, by so much of our own scale."""
    axis = gate.axes[i]
    own = case.tree.scales[axis.scale] if axis.scale else None
    ours = scale_of(case.tube, case.marker(axis.channel))

    def move(values: NDArray[np.float64]) -> NDArray[np.float64]:
        with np.errstate(all="ignore"):
            linear = own.inverse(values[:, None]) if own is not None else values[:, None]
            linear = ours.inverse(np.asarray(ours.apply(linear), dtype=np.float64) + shift)
            result = np.asarray(own.apply(linear) if own is not None else linear, dtype=np.float64)[:, 0]
        return np.where(np.isfinite(result), result, values)

    if gate.kind == "polygon" and gate.corners is not None:
        corners = gate.corners.copy()
        corners[:, i] = move(np.ascontiguousarray(corners[:, i]))
        return replace(gate, corners=corners)
    low, high = axis.low, axis.high
    if ends[0] and low is not None:
        low = float(move(np.array([low]))[0])
    if ends[1] and high is not None:
        high = float(move(np.array([high]))[0])
    axes = list(gate.axes)
    axes[i] = replace(axis, low=low, high=high)
    return replace(gate, axes=tuple(axes))


def _with(tree: GateTree, gate: Gate) -> GateTree:
    return replace(tree, gates={**tree.gates, gate.path: gate})


def _needed(tree: GateTree, path: Path) -> dict[Path, Gate]:
    """Gates that a population stands on."""
    wanted: set[Path] = set()
    waiting = [path]
    while waiting:
        one = waiting.pop()
        if one and one not in wanted and one in tree.gates:
            wanted.add(one)
            waiting += [tree.gates[one].parent, *(operand for operand, _ in tree.gates[one].operands)]
    return {one: gate for one, gate in tree.gates.items() if one in wanted}
