"""Matrices of a study from its single-stain controls: made, written with the results, held against the files' own."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from bcelldepl.batch.figures import Drawing, draw_figures
from bcelldepl.definitions.files import COMPENSATION, FIGURES, USUAL_FORMATS
from bcelldepl.definitions.tables import CONTROL_MATRICES
from bcelldepl.errors import BcelldeplError, CompensationError, PanelError, Problem, StudyError
from bcelldepl.fcs import Acquisition, Spillover, read_fcs
from bcelldepl.fcs.spillover_table import on_detectors
from bcelldepl.names import file_stem
from bcelldepl.quality.checks import Outcome
from bcelldepl.quality.control_checks import check_spillover
from bcelldepl.report.compensation_plots import draw_control
from bcelldepl.signal.panel import find_marker, find_named
from bcelldepl.signal.spillover_controls import ControlMatrix, matrix_from_controls
from bcelldepl.spreadsheet import csv_text
from bcelldepl.store import Store
from bcelldepl.store.files import write_bytes
from bcelldepl.study import Role, Study, Tube
from bcelldepl.tubes.read import batch_of

__all__ = ["ControlMatrices", "control_detector", "matrices_of_controls"]

_DRAWN: Final = 3_000  # events of a picture
_DPI: Final = 110.0


@dataclass(frozen=True)
class ControlMatrices:
    """What was made of the controls.

    Attributes
    ----------
    study : Study
        The study with these matrices.
    matrices : dict of str to str
        File of each batch's matrix, by its name in the results folder.
    files : tuple of str
        All that was written, by the same names.
    failed : dict of str to list of Outcome
        By file of a control, how it contradicts the matrix in its file.
    """

    study: Study
    matrices: Mapping[str, str] = field(default_factory=dict)
    files: tuple[str, ...] = ()
    failed: Mapping[str, Sequence[Outcome]] = field(default_factory=dict)


@dataclass(frozen=True)
class _Control:
    tube: Tube
    acquisition: Acquisition
    detector: str  # empty for an unstained tube


def matrices_of_controls(
    study: Study,
    folder: Path,
    store: Store,
    workers: int | str = 1,
    *,
    fresh: bool = False,
) -> ControlMatrices:
    """Make the matrix of every batch that has controls, where the study asks for it.

    Parameters
    ----------
    study : Study
    folder : Path
        The results folder.
    store : Store
        Keeps the pictures of the controls.
    workers : int or str
        Processes that draw them; those of a cluster draw none.
    fresh : bool
        Draw each again.

    Returns
    -------
    ControlMatrices

    Raises
    ------
    StudyError
        With every batch whose controls make no matrix.
    """
    if study.compensation.source != "controls":
        return ControlMatrices(study)
    by_batch, problems = _controls(study)
    written: list[str] = []
    matrices: dict[str, str] = {}
    rows: list[dict[str, Any]] = []
    failed: dict[str, list[Outcome]] = {}
    drawings: list[Drawing] = []
    for batch, controls in by_batch.items():
        try:
            signals, found = _solve(batch, controls)
        except BcelldeplError as error:
            problems.append(
                Problem(f"{study.path.name} [compensation] source, {error.where}", error.what, error.remedy)
            )
            continue
        name = f"{COMPENSATION}/{file_stem(batch or 'all')}.csv"
        write_bytes(folder / name, _matrix_text(found.spillover).encode())
        matrices[batch] = name
        in_file = _file_matrix(controls, found.spillover.channels)
        rows += _compared(batch, found, in_file)
        failed |= _contradicting(controls, found.spillover, in_file)
        written.append(name)
        drawings += _drawings(batch, found, signals, in_file)
    if problems:
        raise StudyError(problems)
    table = csv_text(CONTROL_MATRICES.frame(rows, rounded=False))
    write_bytes(folder / CONTROL_MATRICES.file, table.encode())
    for name, content in draw_figures(
        drawings, store, 1 if isinstance(workers, str) else workers, fresh=fresh
    ).items():
        write_bytes(folder / FIGURES / name, content)
        written.append(f"{FIGURES}/{name}")
    own = study.with_matrices({batch: folder / name for batch, name in matrices.items()})
    return ControlMatrices(own, matrices, (*written, CONTROL_MATRICES.file), failed)


def control_detector(marker: str, acquisition: Acquisition, panel: Mapping[str, str], where: str) -> str:
    """Find the detector of a single-stain control by its marker, its detector or its label.

    Parameters
    ----------
    marker : str
        As the role names it.
    acquisition : Acquisition
    panel : mapping of str to str
        The study's own names, by marker.
    where : str
        The file, for messages.

    Returns
    -------
    str
        Channel name.

    Raises
    ------
    PanelError
        No channel carries it, or more than one.
    """
    channels = acquisition.channels
    found = find_named(panel.get(marker, marker), channels) or find_marker(marker, channels)
    if len(found) != 1:
        count = "no channel found for" if not found else f"{len(found)} channels match"
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
        what = f"there is only one single-stain control, for {detectors[0]}"
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


def _compared(batch: str, found: ControlMatrix, in_file: NDArray[np.float64] | None) -> list[dict[str, Any]]:
    """Rows of the comparison: what each dye gives to each other detector."""
    names, matrix = found.spillover.channels, found.spillover.matrix
    rows = []
    for i, source in enumerate(names):
        for j, detector in enumerate(names):
            if i == j:
                continue
            parts = {"controls_percent": matrix[i, j], "error_percent": found.errors[i, j]}
            if in_file is not None:
                parts |= {
                    "file_percent": in_file[i, j],
                    "difference_percent": matrix[i, j] - in_file[i, j],
                }
            percents = {name: round(100 * float(part), 4) for name, part in parts.items()}
            rows.append({"batch": batch, "source": source, "detector": detector, **percents})
    return rows


def _contradicting(
    controls: Sequence[_Control], found: Spillover, in_file: NDArray[np.float64] | None
) -> dict[str, list[Outcome]]:
    """By file, controls whose dye spills otherwise than the matrix in the file says."""
    if in_file is None:
        return {}
    compared = {
        one.tube.file: check_spillover(one.detector, found, in_file) for one in controls if one.detector
    }
    return {file: [outcome] for file, outcome in compared.items() if not outcome.passed}


def _drawings(
    batch: str,
    found: ControlMatrix,
    signals: Mapping[str, NDArray[np.float64]],
    in_file: NDArray[np.float64] | None,
) -> list[Drawing]:
    """The picture of each control."""
    names = found.spillover.channels
    drawings = []
    for own, name in enumerate(names):
        events = signals[name]
        shown = events[:, :: -(-events.shape[1] // _DRAWN)]
        beside = [None if in_file is None else float(in_file[own, place]) for place in range(len(names))]
        title = f"{name}, single stain" + (f", batch {batch}" if batch else "")
        draw = partial(
            draw_control, shown, names, own, found.spillover.matrix[own].tolist(),
            found.lines[own].intercepts.tolist(), beside, title,
        )  # fmt: skip
        stem = f"{COMPENSATION}/{file_stem(batch or 'all')}_{file_stem(name)}"
        drawings.append(Drawing(stem, draw, _DPI, USUAL_FORMATS))
    return drawings


def _matrix_text(spillover: Spillover) -> str:
    lines = [",".join(["", *spillover.channels])]
    for name, row in zip(spillover.channels, spillover.matrix, strict=True):
        lines.append(",".join([name, *(f"{value:.6g}" for value in row)]))
    return "\n".join(lines) + "\n"
