"""A study gated as `bcelldepl run` gates it, without the tables and the report."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bcelldepl.batch.inputs import identify
from bcelldepl.batch.outcome import FittedTube
from bcelldepl.batch.passes import Passes
from bcelldepl.batch.strategies import load_strategies
from bcelldepl.gating.model.event_sample import EventSample
from bcelldepl.gating.model.gate_tube import automated_gates
from bcelldepl.gating.model.study_model import StudyModel
from bcelldepl.gating.populations import Populations
from bcelldepl.gating.rules.base import Fit
from bcelldepl.gating.strategy import Strategy
from bcelldepl.quality.limits import DIFFERENT_CELLS
from bcelldepl.signal import Signal
from bcelldepl.signal.recipe import plan_markers
from bcelldepl.signal.transform import Transform
from bcelldepl.store import Store
from bcelldepl.study import Study, Tube
from bcelldepl.tubes.read import open_tube

__all__ = ["Gated", "count_events", "fit_study", "linear_sample", "quiet"]

_LINEAR = dict.fromkeys(("scatter", "fluorescence"), Transform(kind="linear", top=1.0))


@dataclass(frozen=True)
class Gated:
    """A study whose gates are placed.

    Attributes
    ----------
    study : Study
    strategy : Strategy
        On the scales of the study.
    model : StudyModel
    fitted : dict of str to FittedTube
    fits : dict of str to dict of str to Fit
        Gates by file and population.
    """

    study: Study
    strategy: Strategy
    model: StudyModel
    fitted: Mapping[str, FittedTube]
    fits: Mapping[str, Mapping[str, Fit]]


def quiet(stage: str, done: int, total: int) -> None:
    """Progress that is told to nobody."""


def fit_study(study: Study, workers: int) -> Gated:
    """Learn the study's cells, and place the gates of every tube."""
    strategies = load_strategies(study)
    identities = {tube.file: identify(tube.path) for tube in study.tubes}
    with tempfile.TemporaryDirectory() as folder, Store(Path(folder), "benchmark") as store:
        passes = Passes(study, strategies, identities, store, workers=workers, fresh=False, tell=quiet)
        gated = passes.gate((), learn_again=False)
    model = gated.models.kept[0].model
    strategy = strategies.common.on_scales(model.scales)
    return Gated(study, strategy, model, {one.file: one for one in gated.fitted}, gated.fits)


def count_events(gated: Gated, tube: Tube, signal: Signal) -> Populations:
    """Populations of a tube with the membership of every event, and what of them looks like others."""
    fits, alignment = gated.fits[tube.file], gated.fitted[tube.file].alignment
    populations, _ = automated_gates(signal, gated.strategy, fits, gated.model, alignment, DIFFERENT_CELLS)
    return populations


def linear_sample(gated: Gated, tube: Tube) -> EventSample:
    """Linear signals of all events of a tube, in the file's order."""
    opened = open_tube(tube, gated.study, gated.strategy)
    recipe = plan_markers(opened.acquisition, opened.panel, _LINEAR, opened.spillover)
    raw: NDArray[np.float32] = opened.acquisition.columns(recipe.channels)
    tops = {channel.name: channel.range for channel in opened.acquisition.channels}
    return EventSample(
        tube.file,
        {marker: recipe.exact(marker, raw).astype(np.float32) for marker in recipe.markers},
        {marker: tops[opened.panel[marker]] for marker in recipe.markers},
    )
