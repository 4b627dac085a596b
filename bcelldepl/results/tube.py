"""A tube of a study, read as far as its signals."""

from __future__ import annotations

from collections.abc import Mapping

from bcelldepl.errors import CompensationError
from bcelldepl.fcs import Acquisition, Spillover, read_fcs
from bcelldepl.gating.strategy import Strategy
from bcelldepl.signal import Signal, make_signal, resolve_panel
from bcelldepl.signal.compensation import read_matrix
from bcelldepl.signal.panel import SCATTER
from bcelldepl.study import Study, Tube

__all__ = ["batch_of", "read_signal"]


def read_signal(tube: Tube, study: Study, strategy: Strategy) -> tuple[Acquisition, dict[str, str], Signal]:
    """Read a tube as far as its signals.

    Returns
    -------
    Acquisition, dict of str to str, Signal
        The file, its panel (marker to channel), and its signals.

    Raises
    ------
    FcsError, PanelError, CompensationError
        Where the file cannot be read, lacks a marker, or has no usable spillover matrix.
    """
    acquisition = read_fcs(tube.path, volume_unit=study.counting.volume_unit)
    panel = resolve_panel(
        acquisition.channels,
        strategy.required_markers,
        strategy.optional_markers,
        {marker: name for marker, name in study.panel.items() if marker in strategy.markers},
        where=tube.file,
    )
    spillover = _spillover(acquisition, study, tube, panel)
    return acquisition, panel, make_signal(acquisition, panel, strategy.all_transforms, spillover)


def _spillover(
    acquisition: Acquisition, study: Study, tube: Tube, panel: Mapping[str, str]
) -> Spillover | None:
    """Find the matrix for a tube: the study's goes before the file's own."""
    if study.compensation.source == "none":
        return None
    path = study.matrix_path(batch_of(tube, acquisition))
    if path is not None:
        return read_matrix(path)
    stains = [marker for marker in panel if marker not in SCATTER and marker != "Time"]
    if acquisition.spillover is None and len(stains) > 1:
        msg = f"the file has no spillover matrix, and {len(stains)} stains are gated"
        raise CompensationError(
            msg, tube.file, 'give one in [compensation], or say source = "none" if the data needs none'
        )
    return acquisition.spillover


def batch_of(tube: Tube, acquisition: Acquisition) -> str:
    """Batch of a tube: as the sheet says, else the date of acquisition."""
    return tube.batch or acquisition.date or ""
