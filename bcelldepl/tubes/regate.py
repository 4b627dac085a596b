"""Automated gates of a results folder, applied again to know the membership of every event."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from bcelldepl.definitions.files import GATES, MODELS
from bcelldepl.errors import BcelldeplError, ExchangeError
from bcelldepl.fcs.acquisition import Acquisition, Spillover
from bcelldepl.gating.evidence import Evidence
from bcelldepl.gating.model.kept import KeptModel, read_models
from bcelldepl.gating.model.study_model import StudyModel
from bcelldepl.gating.rules.base import Fit
from bcelldepl.gating.rules.shapes import read_shape
from bcelldepl.gating.strategy import Strategy
from bcelldepl.gating.tube import membership_by
from bcelldepl.results import Results, tube_stem
from bcelldepl.results.strategies import recorded_strategies
from bcelldepl.results.unchanged import refuse_changed_files
from bcelldepl.signal import Signal
from bcelldepl.study import Override, Study, load_study
from bcelldepl.tubes.overrides import strategy_with_overrides
from bcelldepl.tubes.read import open_tube

__all__ = ["GatedResults", "GatedTube"]


@dataclass(frozen=True)
class GatedTube:
    """One tube with its automated gates.

    Attributes
    ----------
    file : str
        As in the sample sheet.
    acquisition : Acquisition
    panel : dict of str to str
        Marker to channel.
    signal : Signal
    spillover : Spillover or None
        The matrix that was used, by the names of the file's detectors.
    strategy : Strategy
    fits : dict of str to Fit
        As they were applied.
    """

    file: str
    acquisition: Acquisition
    panel: dict[str, str]
    signal: Signal
    spillover: Spillover | None
    strategy: Strategy
    fits: dict[str, Fit]

    @cached_property
    def membership(self) -> dict[str, NDArray[np.bool_]]:
        """Events by population, as bool of shape (n_events,); ``"all"`` are those that the quality mask kept."""
        return membership_by(self.signal, self.strategy, self.fits)

    def range_of(self, marker: str) -> float:
        """``$PnR`` of the channel of a marker."""
        return next(one.range for one in self.acquisition.channels if one.name == self.panel[marker])


class GatedResults:
    """A results folder, its study and its gates.

    Parameters
    ----------
    folder : Path
        Written by ``bcelldepl run``.

    Raises
    ------
    ExchangeError
        Where the folder is none.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.results = Results(folder)
        try:
            self.record = self.results.record
            refuse_changed_files(folder, self.record)
            recorded = recorded_strategies(self.record)
            self._strategies = {
                name: Strategy.model_validate(content) for name, content in recorded.all.items()
            }
            self._recorded = recorded
            self.files = [str(file) for file in self.results.tubes["file"]]
            self.counts = self.results.counts
        except (OSError, ValueError, KeyError, TypeError) as error:
            what = f"no results of a study: {error}"
            raise ExchangeError(what, str(folder), "name the folder that `bcelldepl run` wrote") from error

    @cached_property
    def study_as_written(self) -> Study:
        """The study as its files say it now."""
        path = Path(self.record["study_file"])
        return load_study(path if path.is_absolute() else self.folder / path)

    @cached_property
    def study(self) -> Study:
        """The study as it stands now, with the matrices that the run made of its controls."""
        study = self.study_as_written
        made = self.record.get("matrices_of_controls", {})
        if study.compensation.source != "controls" or not made:
            return study
        return study.with_matrices({batch: self.folder / name for batch, name in made.items()})

    @cached_property
    def models(self) -> dict[str, KeptModel]:
        """What was learned of the study's cells, by name."""
        return {kept.name: kept for kept in read_models(self.folder / MODELS)}

    @property
    def strategies(self) -> tuple[Strategy, ...]:
        """Every strategy of the run, that of the study first."""
        return tuple(self._strategies.values())

    def strategy_of(self, file: str) -> Strategy:
        """Return the strategy that a tube was gated by, without gates that were set by hand."""
        return self._strategies[str(self._recorded.of(file)["name"])]

    def tube(self, file: str) -> GatedTube:
        """Read a tube again and gate it with the recorded gates.

        Raises
        ------
        BcelldeplError
            Where the tube was never gated, its file is gone or has changed, or the record cannot be read.
        """
        record = self._gates_of(file)
        tube = next((one for one in self.study.tubes if one.file == file), None)
        if tube is None:
            raise ExchangeError("the study no longer names this tube", file, "run the study again")
        strategy, fits = self._gates_in(record, file)
        opened = open_tube(tube, self.study, strategy)
        if opened.acquisition.sha256 != record["sha256"]:
            raise ExchangeError("the FCS file has changed since it was gated", file, "run the study again")
        signal = opened.signal(strategy)
        return GatedTube(file, opened.acquisition, opened.panel, signal, opened.spillover, strategy, fits)

    def gates(self, file: str) -> tuple[Strategy, dict[str, Fit]]:
        """Recorded gates of a tube, as they were applied, and its strategy with the gates that were set by hand.

        Raises
        ------
        ExchangeError
            Where the tube was never gated, or the record cannot be read.
        """
        return self._gates_in(self._gates_of(file), file)

    def model_of(self, file: str) -> StudyModel | None:
        """Return the model that a tube was gated by; None where its strategy learns none.

        Raises
        ------
        ExchangeError
            Where the tube was never gated, or the record cannot be read.
        """
        return self._model_in(self._gates_of(file))

    def _model_in(self, record: dict[str, Any]) -> StudyModel | None:
        return self.models[record["model"]].model if record.get("model") else None

    def _on_scales(self, record: dict[str, Any], file: str) -> Strategy:
        strategy, model = self.strategy_of(file), self._model_in(record)
        return strategy.on_scales(model.scales) if model else strategy

    def _gates_in(self, record: dict[str, Any], file: str) -> tuple[Strategy, dict[str, Fit]]:
        try:
            overrides = [Override.model_validate(one) for one in record.get("overrides", [])]
            strategy = strategy_with_overrides(self._on_scales(record, file), overrides)
            return strategy, {name: _fit(gate) for name, gate in record["gates"].items()}
        except (ValidationError, KeyError, ValueError, TypeError) as error:
            raise ExchangeError(
                f"its recorded gates cannot be read: {error}", file, "run it again"
            ) from error

    def _gates_of(self, file: str) -> dict[str, Any]:
        path = self.folder / GATES / f"{tube_stem(file)}.json"
        try:
            content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError as error:
            raise ExchangeError("the tube was not gated", file, self._reason(file)) from error
        except (OSError, ValueError) as error:
            raise ExchangeError(
                f"{path.name} cannot be read: {error}", file, "run the study again"
            ) from error
        return content

    def _reason(self, file: str) -> str:
        rows = self.results.tubes[self.results.tubes["file"] == file]
        return str(rows["reason"].iloc[0]) if len(rows) else "no such tube"

    def try_tube(self, file: str) -> tuple[GatedTube | None, str]:
        """Return a tube, or None and the reason."""
        try:
            return self.tube(file), ""
        except (BcelldeplError, OSError) as error:
            return None, str(error).removeprefix(f"{file}: ")


def _fit(gate: dict[str, Any]) -> Fit:
    shape = gate["shape"]
    return Fit(
        None if shape is None else read_shape(shape),
        Evidence(gate["evidence"]),
        gate["reason"],
        gate.get("parent_events_at_fit", 0),
        gate.get("review", False),
    )
