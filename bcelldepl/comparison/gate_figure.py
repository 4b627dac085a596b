"""Automated and manual gate over the same events."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Polygon
from numpy.typing import NDArray

from bcelldepl.comparison.divergence import Share
from bcelldepl.comparison.stages import QUALITY
from bcelldepl.gate_exchange.gate import Axis, Gate, GateTree, Path
from bcelldepl.gate_exchange.scales import scale_of
from bcelldepl.gating.evidence import Evidence
from bcelldepl.gating.rules.base import limits_of
from bcelldepl.gating.rules.ellipse import ellipse_edge
from bcelldepl.gating.strategy import ALL
from bcelldepl.kernels.histogram import histogram_2d
from bcelldepl.report.density import density_image
from bcelldepl.report.palette import INK, MUTED
from bcelldepl.tubes.regate import GatedTube

__all__ = ["AUTO", "MANUAL", "draw_both_gates"]

AUTO, MANUAL = "#0072b2", "#d55e00"
TIME = "Time"
_BINS = 110
_MOST_DOTS = 4000  # more would only hide one another
_STEPS = 24  # points along an edge, which another scale bends


def draw_both_gates(
    tube: GatedTube,
    population: str,
    tree: GateTree,
    path: Path,
    members: Mapping[Path, NDArray[np.bool_]],
    share: Share,
) -> Figure | None:
    """Draw the two gates that differ, and the events that they dispute.

    Parameters
    ----------
    tube : GatedTube
    population : str
    tree : GateTree
        Manual gates.
    path : tuple of str
        The manual population.
    members : mapping of path to ndarray of bool
        Manual memberships.
    share : Share
        The pair of gates.

    Returns
    -------
    matplotlib.figure.Figure or None
        One panel per plane in which either gate is drawn; None where neither can be drawn.
    """
    manual = next((gate for gate in tree.chain(path) if gate.name == share.manual), None)
    planes = _planes(tube, share.auto, manual)
    if not planes:
        return None
    before = _parent_events(tube, share.auto, manual, members)
    auto_only = tube.membership[population] & ~members[path]
    manual_only = members[path] & ~tube.membership[population]
    figure = Figure(figsize=(3.7 * len(planes) + 0.3, 3.8), layout="constrained")
    for plane, axes in zip(planes, np.atleast_1d(figure.subplots(1, len(planes))), strict=True):
        _draw_events(tube, plane, before, axes)
        for chosen, colour in ((auto_only, AUTO), (manual_only, MANUAL)):
            _draw_dots(tube, plane, chosen, colour, axes)
        _draw_auto(tube, share.auto, plane, axes)
        if manual is not None:
            _draw_manual(tube, manual, tree, plane, axes)
        x, y = plane
        axes.set(xlim=limits_of(x), ylim=limits_of(y))
        axes.set_xlabel(
            "part of the acquisition" if x == TIME else x, fontsize=9, color=MUTED, parse_math=False
        )
        axes.set_ylabel(y, fontsize=9, color=MUTED, parse_math=False)
        axes.tick_params(length=2, width=0.6, color=MUTED, labelcolor=MUTED, labelsize=8)
        for spine in axes.spines.values():
            spine.set(color="#b8c1ca", linewidth=0.7)
    title = f"{population}: first difference at {share.name}"
    figure.suptitle(title, x=0.01, ha="left", fontsize=9.5, color=INK, parse_math=False)
    return figure


def _planes(tube: GatedTube, auto: str, manual: Gate | None) -> list[tuple[str, str]]:
    """Pairs of markers in which to look: those of the manual gate, and those of the automated one."""
    markers = _markers(tube, manual) if manual is not None else []
    rule = next((rule for rule in tube.strategy.populations if rule.name == auto), None)
    own: list[str] = []
    if rule is not None and not rule.uses:
        outline = rule.outline(_shape(tube, auto), tube.signal.columns)
        own = [marker for marker in (outline.x, outline.y) if marker]
    if auto == QUALITY and TIME in tube.panel:
        own = [TIME]
    spare = [marker for marker in ("SSC-A", "FSC-A") if marker in tube.signal.columns]
    planes: list[tuple[str, str]] = []
    for wanted in (markers[:2], own):
        if not wanted:
            continue
        other = [marker for marker in (*wanted[1:], *own, *markers, *spare) if marker != wanted[0]]
        if other and frozenset((wanted[0], other[0])) not in map(frozenset, planes):
            planes.append((wanted[0], other[0]))
    return planes


def _markers(tube: GatedTube, gate: Gate) -> list[str]:
    """Markers of a gate; of a combined gate none, for it has no outline."""
    by_channel = {
        channel: marker
        for marker, channel in tube.panel.items()
        if marker == TIME or marker in tube.signal.columns
    }
    labels = {channel.label: channel.name for channel in tube.acquisition.channels if channel.label}
    found = [
        by_channel.get(labels.get(axis.channel, axis.channel), "") for axis in gate.axes if not axis.ratio
    ]
    return [marker for marker in found if marker]


def _column(tube: GatedTube, marker: str) -> NDArray[np.float32]:
    """Positions of all events; of time the part of the acquisition that has gone by."""
    if marker != TIME:
        return tube.signal.columns[marker]
    start, span = _clock(tube)
    seconds = tube.acquisition.columns([tube.panel[TIME]])[0] * np.float32(
        tube.acquisition.time_step_s or 1.0
    )
    part: NDArray[np.float32] = ((seconds - start) / span).astype(np.float32)
    return part


def _clock(tube: GatedTube) -> tuple[float, float]:
    """First moment and length of the acquisition [s]."""
    ticks = tube.acquisition.columns([tube.panel[TIME]])[0]
    step = tube.acquisition.time_step_s or 1.0
    if not ticks.size:
        return 0.0, 1.0
    return float(ticks.min()) * step, max(float(np.ptp(ticks)) * step, 1e-9)


def _shape(tube: GatedTube, population: str):  # type: ignore[no-untyped-def]  # each rule has its own
    fit = tube.fits[population]
    return fit.shape if fit.evidence is not Evidence.FAILED else None


def _parent_events(
    tube: GatedTube, auto: str, manual: Gate | None, members: Mapping[Path, NDArray[np.bool_]]
) -> NDArray[np.bool_]:
    """Events that reach the gate by either way."""
    parents = {rule.name: parent for rule, parent in tube.strategy.rules_for(tube.signal.columns)}
    reached = np.zeros(tube.signal.n_events, dtype=np.bool_)
    if auto in parents:
        reached |= tube.membership[parents[auto]]
    if manual is not None:
        reached |= members.get(manual.parent, np.ones_like(reached)) if manual.parent else True
    return reached if reached.any() else tube.membership[ALL]


def _draw_events(tube: GatedTube, plane: tuple[str, str], chosen: NDArray[np.bool_], axes: Axes) -> None:
    x, y = (_column(tube, marker)[chosen] for marker in plane)
    counts = np.zeros((_BINS, _BINS), dtype=np.uint32)
    histogram_2d(x, y, limits_of(plane[0]), limits_of(plane[1]), counts)
    extent = (*limits_of(plane[0]), *limits_of(plane[1]))
    image = density_image(counts, np.zeros_like(counts))
    axes.imshow(image, origin="lower", extent=extent, aspect="auto", interpolation="nearest")


def _draw_dots(
    tube: GatedTube, plane: tuple[str, str], chosen: NDArray[np.bool_], colour: str, axes: Axes
) -> None:
    index = np.flatnonzero(chosen)
    index = index[:: max(1, len(index) // _MOST_DOTS)]
    x, y = (_column(tube, marker)[index] for marker in plane)
    axes.plot(x, y, ".", color=colour, markersize=3.6, alpha=0.9, markeredgewidth=0, zorder=3)


def _draw_auto(tube: GatedTube, population: str, plane: tuple[str, str], axes: Axes) -> None:
    if population == QUALITY and plane[0] == TIME:
        start, span = _clock(tube)
        for block in tube.signal.quality.blocks:
            axes.axvspan(
                (block.start_s - start) / span,
                (block.end_s - start) / span,
                color=AUTO,
                alpha=0.15,
                linewidth=0,
            )
    rule = next((rule for rule in tube.strategy.populations if rule.name == population), None)
    if rule is None or rule.uses or _shape(tube, population) is None:
        return
    outline = rule.outline(_shape(tube, population), tube.signal.columns)
    for cut in outline.cuts:
        if outline.x in plane:
            draw = axes.axvline if outline.x == plane[0] else axes.axhline
            draw(cut, color=AUTO, linewidth=1.6, zorder=5)
    if {outline.x, outline.y} == set(plane):
        for edge in outline.outlines:
            corners = edge if outline.x == plane[0] else edge[:, ::-1]
            axes.add_patch(Polygon(corners, fill=False, edgecolor=AUTO, linewidth=1.6, zorder=5))


def _draw_manual(tube: GatedTube, gate: Gate, tree: GateTree, plane: tuple[str, str], axes: Axes) -> None:
    markers = _markers(tube, gate)
    if not markers or len(markers) != len(gate.axes) or not set(markers) & set(plane):
        return
    style = {"color": MANUAL, "linewidth": 1.6, "linestyle": (0, (5, 2)), "zorder": 6}
    if gate.kind == "rectangle":
        bounds = {
            marker: [_ours(tube, marker, axis, tree, np.array([end]))[0] if end is not None else None
                     for end in (axis.low, axis.high)]
            for marker, axis in zip(markers, gate.axes, strict=True)
        }  # fmt: skip
        if set(plane) <= set(bounds):
            (x0, x1), (y0, y1) = (
                [
                    float(limit if end is None else end)
                    for end, limit in zip(bounds[m], limits_of(m), strict=True)
                ]
                for m in plane
            )
            axes.plot([x0, x1, x1, x0, x0], [y0, y0, y1, y1, y0], **style)  # type: ignore[arg-type]
        else:
            marker = next(m for m in plane if m in bounds)
            for end in bounds[marker]:
                if end is not None:
                    (axes.axvline if marker == plane[0] else axes.axhline)(float(end), **style)  # type: ignore[arg-type]
        return
    if set(markers) != set(plane):
        return
    edge = _edge(gate)
    if edge is None:
        return
    columns = zip(markers, gate.axes, edge.T, strict=True)
    sides = {marker: _ours(tube, marker, axis, tree, column) for marker, axis, column in columns}
    axes.plot(sides[plane[0]], sides[plane[1]], **style)  # type: ignore[arg-type]


def _edge(gate: Gate) -> NDArray[np.float64] | None:
    """Closed edge of a polygon or an ellipse of two channels, with points along every side."""
    if gate.kind == "polygon" and gate.corners is not None:
        start, end = gate.corners, np.roll(gate.corners, -1, axis=0)
        along = np.linspace(0.0, 1.0, _STEPS, endpoint=False)[None, :, None]
        edge = (start[:, None] + along * (end - start)[:, None]).reshape(-1, 2)
    elif (
        gate.kind == "ellipsoid"
        and gate.centre is not None
        and len(gate.centre) == 2
        and gate.covariance is not None
    ):
        edge = ellipse_edge(gate.centre, gate.covariance, gate.squared_radius)
    else:
        return None
    closed: NDArray[np.float64] = np.vstack([edge, edge[:1]])
    return closed


def _ours(
    tube: GatedTube, marker: str, axis: Axis, tree: GateTree, values: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Bring positions on a manual axis to our scale."""
    column = np.ascontiguousarray(values, dtype=np.float64)[:, None]
    linear = tree.scales[axis.scale].inverse(column) if axis.scale in tree.scales else column
    if marker == TIME:
        start, span = _clock(tube)
        return np.asarray((linear - start) / span, dtype=np.float64)[:, 0]
    return np.asarray(scale_of(tube, marker).apply(linear), dtype=np.float64)[:, 0]
