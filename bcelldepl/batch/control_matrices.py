"""Matrices of a study from its single-stain controls: made, written with the results, held against the files' own."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bcelldepl.errors import BcelldeplError, CompensationError, PanelError, Problem, StudyError
from bcelldepl.fcs import Acquisition, Spillover, read_fcs
from bcelldepl.fcs.spillover_table import on_detectors
from bcelldepl.names import file_stem
from bcelldepl.report.compensation_plots import draw_control
from bcelldepl.report.images import FORMATS, render_drawing
from bcelldepl.results.tube import batch_of
from bcelldepl.signal.panel import find_marker, find_named
from bcelldepl.signal.spillover_controls import ControlMatrix, matrix_from_controls
from bcelldepl.spreadsheet import csv_text
from bcelldepl.store.files import write_bytes
from bcelldepl.study import Role, Study, Tube

__all__ = ["MOST_DIFFERENCE", "ControlMatrices", "control_detector", "matrices_of_controls"]

MOST_DIFFERENCE: Final = 0.05  # between the matrix of the controls and the file's, before a person looks
_DRAWN: Final = 3_000  # events of a picture
_DPI: Final = 110.0
COLUMNS: Final = (
    "batch", "source", "detector", "controls_percent", "error_percent", "file_percent", "difference_percent",
)  # fmt: skip


@dataclass(frozen=True)
class ControlMatrices:
    """What was made of the controls.

    Attributes
    ----------
    study : Study
        The study with these matrices, and with doubts about controls that contradict their files' matrices.
    files : tuple of str
        What was written, by its name in the results folder.
    """

    study: Study
    files: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Control:
    tube: Tube
    acquisition: Acquisition
    detector: str  # empty for an unstained tube


def matrices_of_controls(study: Study, folder: Path) -> ControlMatrices:
    """Make the matrix of every batch that has controls, where the study asks for it.

    Parameters
    ----------
    study : Study
    folder : Path
        The results folder.

    Raises
    ------
    StudyError
        With every batch whose controls make no matrix.
    """
    if study.compensation.source != "controls":
        return ControlMatrices(study)
    by_batch, problems = _controls(study)
    written: list[str] = []
    paths: dict[str, str] = {}
    rows: list[tuple[object, ...]] = []
    doubts: dict[str, list[str]] = defaultdict(list)
    for batch, controls in by_batch.items():
        try:
            signals, found = _solve(batch, controls)
        except BcelldeplError as error:
            problems.append(
                Problem(f"{study.path.name} [compensation] source, {error.where}", error.what, error.remedy)
            )
            continue
        name = f"compensation/{file_stem(batch or 'all')}.csv"
        write_bytes(folder / name, _matrix_text(found.spillover).encode())
        paths[batch] = os.path.relpath(folder / name, study.folder)
        in_file = _file_matrix(controls, found.spillover.channels)
        rows += _compared(batch, found, in_file)
        for file, doubt in _contradictions(controls, found.spillover, in_file):
            doubts[file].append(doubt)
        written += [name, *_pictures(folder, batch, found, signals, in_file)]
    if problems:
        raise StudyError(problems)
    write_bytes(folder / "compensation/comparison.csv", _table_text(rows).encode())
    only = next(iter(paths.values())) if len(paths) == 1 else None
    settings = study.compensation.model_copy(update={"matrix": only, "by_batch": paths})
    merged = dict(study.tube_doubts)
    for file, said in doubts.items():
        merged[file] = (*merged.get(file, ()), *said)
    own = study.model_copy(update={"compensation": settings, "tube_doubts": merged})
    return ControlMatrices(own, (*written, "compensation/comparison.csv"))


def control_detector(marker: str, acquisition: Acquisition, panel: Mapping[str, str], where: str) -> str:
    """Find the detector of a single-stain control by its marker, its detector or its label.

    Raises
    ------
    PanelError
        No channel carries it, or more than one.
    """
    channels = acquisition.channels
    found = find_named(panel.get(marker, marker), channels) or find_marker(marker, channels)
    if len(found) != 1:
        count = "no channel carries" if not found else f"{len(found)} channels could be"
        names = ", ".join(channel.name for channel in found)
        what = f"the role single:{marker}: {count} {marker}" + (f" ({names})" if names else "")
        raise PanelError(what, where, "write single: and the name of the detector")
    return found[0].name


def _controls(study: Study) -> tuple[dict[str, list[_Control]], list[Problem]]:
    """Single-stain controls and unstained tubes by batch; batches without single stains are left out."""
    found: dict[str, list[_Control]] = defaultdict(list)
    problems = []
    for tube in study.tubes:
        if tube.role not in (Role.SINGLE, Role.UNSTAINED):
            continue
        try:
            acquisition = read_fcs(tube.path)
            batch = batch_of(tube, acquisition)
            panel = study.panel_of(batch)
            detector = (
                control_detector(tube.role_marker, acquisition, panel, tube.file) if tube.role_marker else ""
            )
        except BcelldeplError as error:
            problems.append(Problem(tube.file, error.what, error.remedy))
            continue
        found[batch].append(_Control(tube, acquisition, detector))
    return {
        batch: controls for batch, controls in found.items() if any(one.detector for one in controls)
    }, problems


def _solve(batch: str, controls: Sequence[_Control]) -> tuple[dict[str, NDArray[np.float64]], ControlMatrix]:
    """Signals of each control, with the unstained events, and the matrix that they make."""
    detectors = list(dict.fromkeys(one.detector for one in controls if one.detector))
    where = f"batch {batch}" if batch else "controls"
    if len(detectors) < 2:
        what = f"there is but one single-stain control, of {detectors[0]}"
        raise CompensationError(what, where, "add a control for each dye")
    unstained = [_on_scale(one.acquisition, detectors) for one in controls if not one.detector]
    signals: dict[str, NDArray[np.float64]] = {}
    for one in controls:
        if one.detector in signals:
            what = f"{one.tube.file} is a second single-stain control of {one.detector}"
            raise CompensationError(what, where, "keep one control for each dye, and check its role")
        if one.detector:
            own = _on_scale(one.acquisition, detectors)
            signals[one.detector] = np.concatenate([own, *unstained], axis=1)
    return signals, matrix_from_controls(signals, detectors, f"controls of {batch}", where)


def _on_scale(acquisition: Acquisition, detectors: Sequence[str]) -> NDArray[np.float64]:
    """Events that no detector shows at the end of its scale."""
    columns = acquisition.columns(detectors).astype(np.float64)
    ranges = [acquisition.channels[i].range for i in acquisition.indices(detectors)]
    tops = np.array([limit - 1.0 if limit > 0 else np.inf for limit in ranges])[:, np.newaxis]
    return np.ascontiguousarray(columns[:, (np.isfinite(columns) & (columns < tops)).all(axis=0)])


def _file_matrix(controls: Sequence[_Control], detectors: Sequence[str]) -> NDArray[np.float64] | None:
    """The matrix in the files, for these detectors; None where they hold none of all of them."""
    own = next((one.acquisition.spillover for one in controls if one.acquisition.spillover is not None), None)
    if own is None:
        return None
    named = on_detectors(own, detectors)
    if not set(detectors) <= set(named.channels):
        return None
    places = [named.channels.index(name) for name in detectors]
    return named.matrix[np.ix_(places, places)]


def _compared(
    batch: str, found: ControlMatrix, in_file: NDArray[np.float64] | None
) -> list[tuple[object, ...]]:
    names, matrix = found.spillover.channels, found.spillover.matrix
    rows: list[tuple[object, ...]] = []
    for i, source in enumerate(names):
        for j, detector in enumerate(names):
            if i == j:
                continue
            part = matrix[i, j]
            beside = (None, None) if in_file is None else (in_file[i, j], part - in_file[i, j])
            numbers = [part, found.errors[i, j], *beside]
            rows.append(
                (batch, source, detector, *(None if one is None else round(100 * one, 4) for one in numbers))
            )
    return rows


def _contradictions(
    controls: Sequence[_Control], found: Spillover, in_file: NDArray[np.float64] | None
) -> list[tuple[str, str]]:
    """File of a control, and why it needs review: its dye spills otherwise than the matrix in the file says."""
    if in_file is None:
        return []
    told = []
    for one in controls:
        if not one.detector:
            continue
        i = found.channels.index(one.detector)
        away = np.abs(found.matrix[i] - in_file[i])
        j = int(np.argmax(away))
        if away[j] > MOST_DIFFERENCE:
            told.append((
                one.tube.file,
                f"{one.detector} gives {100 * found.matrix[i, j]:.1f} % to {found.channels[j]} by this control, "
                f"{100 * in_file[i, j]:.1f} % by the matrix in the file",
            ))  # fmt: skip
    return told


def _pictures(
    folder: Path,
    batch: str,
    found: ControlMatrix,
    signals: Mapping[str, NDArray[np.float64]],
    in_file: NDArray[np.float64] | None,
) -> list[str]:
    names = found.spillover.channels
    written = []
    for own, name in enumerate(names):
        events = signals[name]
        shown = events[:, :: -(-events.shape[1] // _DRAWN)]
        beside = [None if in_file is None else float(in_file[own, place]) for place in range(len(names))]
        title = f"{name}, single stain" + (f", batch {batch}" if batch else "")
        draw = partial(
            draw_control, shown, names, own, found.spillover.matrix[own].tolist(),
            found.lines[own].intercepts.tolist(), beside, title,
        )  # fmt: skip
        stem = f"figures/compensation/{file_stem(batch or 'all')}_{file_stem(name)}"
        for kind, content in zip(FORMATS, render_drawing(draw, _DPI), strict=True):
            write_bytes(folder / f"{stem}.{kind}", content)
            written.append(f"{stem}.{kind}")
    return written


def _matrix_text(spillover: Spillover) -> str:
    lines = [",".join(["", *spillover.channels])]
    for name, row in zip(spillover.channels, spillover.matrix, strict=True):
        lines.append(",".join([name, *(f"{value:.6g}" for value in row)]))
    return "\n".join(lines) + "\n"


def _table_text(rows: Sequence[tuple[object, ...]]) -> str:
    import pandas as pd

    return csv_text(pd.DataFrame(rows, columns=list(COLUMNS)))
