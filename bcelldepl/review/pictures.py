"""Pictures of gates, drawn from the events: histograms that the page colours, and gates that it can move."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bcelldepl.gating.evidence import Evidence
from bcelldepl.gating.rules.base import limits_of
from bcelldepl.gating.rules.boolean import BooleanRule
from bcelldepl.gating.rules.marker_cut import MarkerGate
from bcelldepl.gating.strategy import ALL
from bcelldepl.kernels.histogram import histogram_1d, histogram_inside
from bcelldepl.review.highlights import LEFT_OUT, highlighted
from bcelldepl.review.opened import Gated, Index, TubeUnderReview

__all__ = ["View", "draw", "gate_of", "packed", "time_course", "view_of"]

_MOST_BINS = 512
_LINE_BINS = 256


@dataclass(frozen=True)
class View:
    """What a picture shows.

    Attributes
    ----------
    population, parent : str
        Whose gate, over whose events.
    x, y : str
        Markers; `y` is empty for a histogram.
    x_limits, y_limits : tuple of float
    bins : int
    highlight : str
        What `highlighted` knows, whose events are shown beside, wherever they lie; empty for none.
    """

    population: str
    parent: str
    x: str
    y: str
    x_limits: tuple[float, float]
    y_limits: tuple[float, float]
    bins: int = 128
    highlight: str = ""


def view_of(opened: TubeUnderReview, gated: Gated, population: str, bins: int = 128) -> View:
    """The picture of a gate on its own axes.

    Parameters
    ----------
    opened : TubeUnderReview
    gated : Gated
    population : str
    bins : int

    Returns
    -------
    View
    """
    rule, parent, fit = gated.rule(population), gated.parents[population], gated.fits[population]
    shape = fit.shape if fit.evidence is not Evidence.FAILED else None
    if isinstance(rule, BooleanRule):
        x, y = "FSC-A", "SSC-A"
    else:
        drawn = rule.outline(shape, opened.columns(gated.index[parent][:0]))
        x, y = drawn.x, drawn.y
    present = opened.gated.signal.columns
    x, y = (x if x in present else next(iter(present))), (y if y in present else "")
    return View(population, parent, x, y, limits_of(x), limits_of(y) if y else (0.0, 1.0), bins)


def draw(opened: TubeUnderReview, gated: Gated, view: View) -> list[NDArray[np.uint32]]:
    """Bin the events under a view.

    Parameters
    ----------
    opened : TubeUnderReview
    gated : Gated
    view : View

    Returns
    -------
    list of ndarray of uint32
        Events of the parent, of the population among them, and of the highlighted one; shape (bins, bins), x first, or
        (256,) for one marker.
    """
    bins = int(np.clip(view.bins, 16, _MOST_BINS))
    parent = gated.index[view.parent]
    held = np.zeros(opened.gated.signal.n_events, dtype=np.bool_)
    held[gated.index[view.population]] = True
    drawn = list(_binned(opened, view, parent, held[parent], bins))
    events = highlighted(opened, gated, view.highlight)
    if events is not None:
        # Of those that the quality mask left out none reaches a parent: all are shown. Of others those that reach this
        # one, wherever its gate has them: back-gating.
        reaching = (
            events if view.highlight == LEFT_OUT else np.intersect1d(events, parent, assume_unique=True)
        )
        shown = reaching.astype(np.int32)
        drawn.append(_binned(opened, view, shown, np.zeros(len(shown), dtype=np.bool_), bins)[0])
    return drawn


def _binned(
    opened: TubeUnderReview, view: View, index: Index, inside: NDArray[np.bool_], bins: int
) -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
    if view.x_limits != limits_of(view.x) or (view.y and view.y_limits != limits_of(view.y)):
        index, inside = _in_window(opened, view, index, inside)
    columns = opened.columns(index)
    x = columns[view.x]
    if not view.y:
        line, part = np.zeros(_LINE_BINS, np.uint32), np.zeros(_LINE_BINS, np.uint32)
        histogram_1d(x, *view.x_limits, line)
        histogram_1d(x[inside], *view.x_limits, part)
        return line, part
    plane, part = np.zeros((bins, bins), np.uint32), np.zeros((bins, bins), np.uint32)
    histogram_inside(x, columns[view.y], inside, view.x_limits, view.y_limits, plane, part)
    return plane, part


def _in_window(
    opened: TubeUnderReview, view: View, index: Index, inside: NDArray[np.bool_]
) -> tuple[Index, NDArray[np.bool_]]:
    """Events of a part of the plane: beyond the ends of the whole plane they are drawn at its edge, here not at all."""
    columns = opened.columns(index)
    shown = np.ones(len(index), dtype=np.bool_)
    for marker, (low, high) in ((view.x, view.x_limits), (view.y, view.y_limits)):
        if marker:
            shown &= (columns[marker] >= low) & (columns[marker] <= high)
    return index[shown], inside[shown]


def gate_of(opened: TubeUnderReview, gated: Gated, population: str) -> dict[str, Any]:
    """A gate as the page draws and moves it.

    Parameters
    ----------
    opened : TubeUnderReview
    gated : Gated
    population : str

    Returns
    -------
    dict of str to object
        Its kind (``cut``, ``polygon`` or ``none``), its numbers in transformed units, what it holds and why.
    """
    rule, fit, found = gated.rule(population), gated.fits[population], gated.members[population]
    parent = gated.parents[population]
    shape = fit.shape if fit.evidence is not Evidence.FAILED else None
    content: dict[str, Any] = {
        "population": population,
        "parent": "" if parent == ALL else parent,
        "kind": "none",
        "evidence": fit.evidence.value,
        "reason": fit.reason,
        "review": fit.review,
        "reported": rule.report,
        "events": found.events,
        "parent_events": found.parent_events,
    }
    if isinstance(rule, BooleanRule):
        return content
    drawn = rule.outline(shape, opened.columns(gated.index[parent][:0]))
    if isinstance(rule, MarkerGate):
        cut = drawn.cuts[0] if drawn.cuts else None
        low_high = list(drawn.cut_interval) if drawn.cut_interval else None
        marker = {"marker": rule.marker, "side": rule.side, "cut": cut, "interval": low_high}
        return {**content, "kind": "cut", **marker}
    corners = [[round(a, 6), round(b, 6)] for a, b in drawn.outlines[0].tolist()] if drawn.outlines else []
    return {**content, "kind": "polygon", "x": drawn.x, "y": drawn.y, "polygon": corners}


def time_course(
    opened: TubeUnderReview, gated: Gated, populations: Sequence[str], bins: int = 120
) -> dict[str, Any]:
    """Events over the acquisition, in parts of as many events each: where the flow was disturbed, counts bend.

    Parameters
    ----------
    opened : TubeUnderReview
    gated : Gated
    populations : sequence of str
    bins : int

    Returns
    -------
    dict of str to object
        By population, its events in each part; ``kept`` tells what the quality mask kept of each.
    """
    n_events = opened.gated.signal.n_events
    edges = np.linspace(0, n_events, bins + 1)

    def counted(index: NDArray[Any]) -> list[int]:
        return np.histogram(index, edges)[0].tolist()  # type: ignore[no-any-return]

    kept = np.flatnonzero(opened.gated.signal.quality.keep)
    return {
        "events_per_part": n_events / bins,
        "kept": counted(kept),
        "populations": {name: counted(gated.index[name]) for name in populations if name in gated.index},
    }


def packed(header: Mapping[str, Any], arrays: Sequence[NDArray[np.uint32]]) -> bytes:
    """Numbers as the page reads them: length of the header, the header as JSON, then 32-bit numbers behind one another.

    Parameters
    ----------
    header : mapping of str to object
    arrays : sequence of ndarray of uint32

    Returns
    -------
    bytes
    """
    text = json.dumps(header, allow_nan=False).encode()
    text += b" " * (-len(text) % 4)
    return b"".join([len(text).to_bytes(4, "little"), text, *(one.astype("<u4").tobytes() for one in arrays)])
