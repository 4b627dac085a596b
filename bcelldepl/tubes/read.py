"""A tube of a study, read as far as its signals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bcelldepl.definitions.markers import is_stain
from bcelldepl.errors import CompensationError, StrategyError
from bcelldepl.fcs import Acquisition, Spillover, read_fcs
from bcelldepl.fcs.spillover_table import on_detectors, read_matrix
from bcelldepl.gating.panel_fit import panel_for
from bcelldepl.gating.strategy import Strategy, load_strategy
from bcelldepl.signal import Signal, make_signal
from bcelldepl.study import Study, Tube

__all__ = ["OpenTube", "batch_of", "open_tube", "panel_of", "spillover_of"]


@dataclass(frozen=True)
class OpenTube:
    """A tube of which everything is known but its events.

    Attributes
    ----------
    acquisition : Acquisition
    panel : dict of str to str
        Marker to channel.
    spillover : Spillover or None
        The matrix to use, by the names of the file's detectors.
    """

    acquisition: Acquisition
    panel: dict[str, str]
    spillover: Spillover | None

    def signal(self, strategy: Strategy, kept_events: int | None = None) -> Signal:
        """Read its events as far as their signals.

        Parameters
        ----------
        strategy : Strategy
        kept_events : int, optional
            As for `make_signal`.

        Returns
        -------
        Signal

        Raises
        ------
        FcsError
            Where DATA cannot be read.
        """
        transforms = strategy.all_transforms
        return make_signal(self.acquisition, self.panel, transforms, self.spillover, kept_events)


def open_tube(tube: Tube, study: Study, strategy: Strategy) -> OpenTube:
    """Read a tube as far as its TEXT.

    Parameters
    ----------
    tube : Tube
    study : Study
    strategy : Strategy

    Returns
    -------
    OpenTube

    Raises
    ------
    FcsError, PanelError, CompensationError
        Where the file cannot be read, lacks a marker, or has no usable spillover matrix.
    StrategyError
        Where the tube's batch has another strategy.
    """
    own = study.strategy_of(tube.batch)
    if own != study.strategy and load_strategy(own, study.folder).name != strategy.name:
        what = f"the batch {tube.batch} is gated by the strategy {own}, not by {strategy.name}"
        raise StrategyError(what, tube.file, "ask for the tubes of one strategy")
    acquisition = read_fcs(tube.path, volume_unit=study.counting.volume_unit)
    panel = panel_of(acquisition, tube, study, strategy)
    return OpenTube(acquisition, panel, spillover_of(acquisition, tube, study, panel))


def panel_of(acquisition: Acquisition, tube: Tube, study: Study, strategy: Strategy) -> dict[str, str]:
    """Find the channel of each marker of a strategy.

    Parameters
    ----------
    acquisition : Acquisition
        Of the tube.
    tube : Tube
    study : Study
    strategy : Strategy

    Returns
    -------
    dict of str to str
        Channel by marker.

    Raises
    ------
    PanelError
    """
    named = study.panel_of(batch_of(tube, acquisition))
    return panel_for(strategy, acquisition.channels, named, tube.file)


def spillover_of(
    acquisition: Acquisition, tube: Tube, study: Study, panel: Mapping[str, str]
) -> Spillover | None:
    """Find the matrix for a tube, by the names of its detectors: the study's goes before the file's own.

    Parameters
    ----------
    acquisition : Acquisition
        Of the tube.
    tube : Tube
    study : Study
    panel : mapping of str to str
        Channel by marker.

    Returns
    -------
    Spillover or None
        None where the values are not to be compensated.

    Raises
    ------
    CompensationError
        There is no matrix, or none that fits.
    """
    if study.compensation.source == "none":
        return None
    path = study.matrix_path(batch_of(tube, acquisition))
    stains = [marker for marker in panel if is_stain(marker)]
    present = [channel.name for channel in acquisition.channels]
    if study.compensation.source == "controls":
        return _of_controls(path, tube, {marker: panel[marker] for marker in stains}, present)
    if path is not None:
        return on_detectors(read_matrix(path), present)
    if acquisition.spillover is None and len(stains) > 1:
        msg = f"the file has no spillover matrix, and {len(stains)} stains are gated"
        raise CompensationError(
            msg, tube.file, 'give one in [compensation], or set source = "none" if the data need none'
        )
    return acquisition.spillover


def _of_controls(
    path: Path | None, tube: Tube, stains: Mapping[str, str], present: Sequence[str]
) -> Spillover:
    """Read the matrix that a run made of the controls: every stain that is gated needs one."""
    if path is None:
        what = "no matrix was made of single-stain controls for the batch of this tube"
        remedy = "give its batch controls, or name matrices that a run made (compensation/) in [compensation] by_batch"
        raise CompensationError(what, tube.file, remedy)
    spillover = on_detectors(read_matrix(path), present)
    missing = [f"{marker} ({name})" for marker, name in stains.items() if name not in spillover.channels]
    if missing and len(stains) > 1:
        what = f"there is no single-stain control of {', '.join(missing)}"
        raise CompensationError(what, tube.file, "add a row with the role single: and the marker")
    return spillover


def batch_of(tube: Tube, acquisition: Acquisition) -> str:
    """Batch of a tube: as the sheet says, else the date of acquisition.

    Parameters
    ----------
    tube : Tube
    acquisition : Acquisition

    Returns
    -------
    str
    """
    return tube.batch or acquisition.date or ""
