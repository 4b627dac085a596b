"""The cells of a study as they were found: where each cluster lies, and the name that it was given."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import EllipseCollection
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from numpy.typing import NDArray

from bcelldepl.definitions.markers import SCATTER
from bcelldepl.definitions.populations import (
    B_WITHOUT_CD19,
    BEADS,
    CD4_T,
    CD8_T,
    NK,
    PLASMABLASTS,
    B,
    T,
    label_of,
)
from bcelldepl.gating.model.components import Component
from bcelldepl.gating.model.kept import KeptModel
from bcelldepl.gating.model.study_model import StudyModel
from bcelldepl.report.images import data_uri
from bcelldepl.report.numbered_dots import NumberedDots
from bcelldepl.report.palette import GRID, INK, MUTED

__all__ = ["CellsOfStudy", "cells_of_study", "draw_clusters"]

_COLUMNS: Final = 3
_FIRST_PLANES: Final = (("CD45", "SSC-A"), ("FSC-A", "SSC-A"), ("CD3", "CD19"))
_DEVIATIONS: Final = 1.5  # that an ellipse reaches from a component's centre
_LEAST_GAP: Final = 0.06  # of the axis between two labels
_SUPERSCRIPTS: Final = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_FAINTEST: Final = 3e-5  # share of a component that is drawn
_KINDS: Final = {
    T: "#0072b2",
    CD4_T: "#004b75",
    CD8_T: "#56b4e9",
    B: "#d55e00",
    PLASMABLASTS: "#e69f00",
    B_WITHOUT_CD19: "#8a3d00",
    NK: "#009e73",
    "monocytes": "#cc79a7",
    "granulocytes": "#8d6fb8",
    "basophils": "#b08968",
    "other_lymphocytes": "#6c7a89",
    BEADS: "#111111",
}
_OTHER: Final = "#b8c1ca"


@dataclass(frozen=True)
class CellsOfStudy:
    """What the report shows of a model.

    Attributes
    ----------
    name : str
    picture : str
        Address that holds the figure.
    clusters : tuple of (int, str, str, str)
        Number, kind, events of the sample, and percent of the study.
    remarks : tuple of str
    tubes : int
        That it was learned from.
    """

    name: str
    picture: str
    clusters: tuple[tuple[int, str, str, str], ...]
    remarks: tuple[str, ...]
    tubes: int


def cells_of_study(models: Sequence[KeptModel], pictures: Sequence[bytes]) -> list[CellsOfStudy]:
    """Prepare what the report shows of the models of a study.

    Parameters
    ----------
    models : sequence of KeptModel
    pictures : sequence of bytes
        The clusters of each, from `draw_clusters`, as PNG.

    Returns
    -------
    list of CellsOfStudy
    """
    shown = []
    for kept, picture in zip(models, pictures, strict=True):
        rows = tuple(
            (one.number, label_of(one.kind), f"{one.events:,}", f"{one.percent:.2f}")
            for one in kept.model.clusters
        )
        address = data_uri(picture, "image/png")
        shown.append(CellsOfStudy(kept.name, address, rows, kept.model.remarks, len(kept.tubes)))
    return shown


def draw_clusters(model: StudyModel) -> Figure:
    """Draw the components of a study's clusters, coloured by kind, with the clusters' numbers.

    Parameters
    ----------
    model : StudyModel

    Returns
    -------
    Figure
        A panel for each pair of markers.
    """
    planes = _planes(model)
    rows = max(1, math.ceil(len(planes) / _COLUMNS))
    width, height = 3.5 * _COLUMNS, 3.2 * rows + 0.3
    figure = Figure(figsize=(width, height))
    panels = figure.subplots(rows, _COLUMNS, squeeze=False).ravel()
    # Fixed margins [inch]: a layout that is sought moves a little each time the figure is rendered.
    figure.subplots_adjust(
        left=0.5 / width,
        right=1 - 0.1 / width,
        bottom=0.9 / height,
        top=1 - 0.1 / height,
        wspace=0.19,
        hspace=0.2,
    )
    for axes, plane in zip(panels, planes, strict=False):
        _draw_plane(axes, model, plane)
    for axes in panels[len(planes) :]:
        axes.set_axis_off()
    present = [kind for kind in _KINDS if kind in set(model.kinds.tolist())]
    named = [(label_of(kind), _KINDS[kind]) for kind in present] + [("other", _OTHER)]
    handles = [Patch(facecolor=colour, label=label.replace("_", " ")) for label, colour in named]
    figure.legend(handles=handles, loc="lower left", ncols=7, fontsize=7, frameon=False)
    return figure


def _planes(model: StudyModel) -> list[tuple[str, str]]:
    planes = [plane for plane in _FIRST_PLANES if set(plane) <= set(model.markers)]
    shown = {marker for plane in planes for marker in plane}
    stains = [marker for marker in model.markers if marker not in SCATTER and marker not in shown]
    planes += list(zip(stains[::2], stains[1::2], strict=False))
    if len(stains) % 2:
        partner = next((m for m in ("CD3", *model.markers) if m in model.markers and m != stains[-1]), "")
        planes += [(stains[-1], partner)] if partner else []
    return planes


def _draw_plane(axes: Axes, model: StudyModel, plane: tuple[str, str]) -> None:
    columns = [model.markers.index(marker) for marker in plane]
    units = np.array(model.units)[columns]
    _draw_components(axes, model, columns, units)
    clusters = [one for one in model.clusters if set(plane) <= set(one.medians)]
    clusters.sort(key=lambda one: -one.events)
    places = [_positions(model, marker, [one.medians[marker] for one in clusters]) for marker in plane]
    axes.add_artist(
        NumberedDots(
            np.transpose(places),
            [one.number for one in clusters],
            [_KINDS.get(one.kind, _OTHER) for one in clusters],
        )
    )
    for marker, axis in zip(plane, (axes.xaxis, axes.yaxis), strict=True):
        axis.set_ticks(*_ticks(model, marker))
        axis.set_label_text(marker, fontsize=8, color=INK)
    axes.tick_params(labelsize=6.5, colors=MUTED, length=2)
    axes.set_axisbelow(True)
    axes.grid(color=GRID, linewidth=0.5)
    axes.spines[["top", "right"]].set_visible(False)
    _limit(axes, model, columns, units)


def _draw_components(
    axes: Axes, model: StudyModel, places: Sequence[int], units: NDArray[np.float64]
) -> None:
    """Draw an ellipse for each component that has a share worth showing, the largest below."""
    shown = sorted(_shown(model), key=lambda one: -one.share)
    mean = np.array([one.mean for one in shown])[:, places] / units
    covariance = np.array([one.covariance for one in shown])[:, places][:, :, places] / np.outer(units, units)
    values, vectors = np.linalg.eigh(covariance)
    width, height = 2 * _DEVIATIONS * np.sqrt(np.maximum(values[:, ::-1], 1e-12)).T
    angles = np.degrees(np.arctan2(vectors[:, 1, 1], vectors[:, 0, 1]))
    colours = [
        to_rgba(_KINDS.get(one.kind, _OTHER), 0.12 + 0.4 * min(1.0, math.sqrt(one.share / 0.05)))
        for one in shown
    ]
    ellipses = EllipseCollection(
        width, height, angles, units="xy", offsets=mean, offset_transform=axes.transData,
        facecolors=colours, linewidths=0,
    )  # fmt: skip
    axes.add_collection(ellipses, autolim=False)


def _shown(model: StudyModel) -> list[Component]:
    return [one for one in model.components if one.share >= _FAINTEST]


def _positions(model: StudyModel, marker: str, signals: Sequence[float]) -> list[float]:
    positions: list[float] = model.scales[marker].apply(np.array(signals, dtype=np.float32), 1.0).tolist()
    return positions


def _ticks(model: StudyModel, marker: str) -> tuple[list[float], list[str]]:
    """Places of zero and the decades on a marker's axis; of a linear one, of round numbers."""
    scale = model.scales[marker]
    top = scale.top_signal(1.0)
    if scale.kind == "linear":
        signals = [top * part for part in (0.0, 0.25, 0.5, 0.75, 1.0)]
        return _positions(model, marker, signals), [f"{one:.3g}" for one in signals]
    highest = math.floor(math.log10(top))
    powers = range(highest - 4, highest + 1)
    zero, *places = _positions(model, marker, [0.0, *(10.0**power for power in powers)])
    ticks, words = [zero], ["0"]
    for power, place in zip(powers, places, strict=True):
        if place - ticks[-1] >= _LEAST_GAP:
            ticks.append(place)
            words.append(f"10{str(power).translate(_SUPERSCRIPTS)}")
    return ticks, words


def _limit(axes: Axes, model: StudyModel, places: Sequence[int], units: NDArray[np.float64]) -> None:
    """Show all components that have a share worth showing, and a margin."""
    shown = _shown(model)
    mean = np.array([one.mean for one in shown])[:, places] / units
    spread = np.array([np.sqrt(np.diag(np.array(one.covariance))[places]) for one in shown]) / units
    low, high = (mean - 2 * spread).min(axis=0), (mean + 2 * spread).max(axis=0)
    axes.set_xlim(low[0] - 0.03, min(high[0], 1.3) + 0.03)
    axes.set_ylim(low[1] - 0.03, min(high[1], 1.3) + 0.03)
