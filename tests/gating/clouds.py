"""Clouds of events with known truth, and what is needed to gate them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from pydantic import TypeAdapter

from bcelldepl.gating.model.natural_grid import STEP, make_grid
from bcelldepl.gating.model.negative import ZONE
from bcelldepl.gating.model.study_model import PositiveModel
from bcelldepl.gating.rules import AnyRule, Rule
from bcelldepl.gating.strategy import Strategy
from bcelldepl.signal import Signal
from bcelldepl.signal.quality_mask import Quality

Columns = dict[str, NDArray[np.float32]]


def rule(kind: str, name: str = "X", parent: str = "all", **settings: object) -> Rule:
    """A rule as a strategy file would give it."""
    made: Rule = TypeAdapter(AnyRule).validate_python(
        {"rule": kind, "name": name, "parent": parent, **settings}
    )
    return made


def cloud(
    n: int, seed: int | Sequence[int], spread: float | Mapping[str, float] = 0.05, **centres: float
) -> Columns:
    """Normal events around a centre."""
    rng = np.random.default_rng(seed)
    widths = spread if isinstance(spread, Mapping) else dict.fromkeys(centres, spread)
    return {
        marker: rng.normal(centre, widths[marker], n).astype(np.float32) for marker, centre in centres.items()
    }


def together(*parts: Columns) -> Columns:
    """Several clouds as one tube, one after the other."""
    return {marker: np.concatenate([part[marker] for part in parts]) for marker in parts[0]}


def truth(*parts: Columns) -> NDArray[np.intp]:
    """Which cloud each event of `together` comes from."""
    return np.repeat(np.arange(len(parts)), [len(next(iter(part.values()))) for part in parts])


def take(columns: Columns, index: NDArray[np.generic]) -> Columns:
    """Chosen events, in the given order."""
    return {marker: column[index] for marker, column in columns.items()}


def signal(
    columns: Columns, keep: NDArray[np.bool_] | None = None, scale: str = "logicle to 262144"
) -> Signal:
    """A tube with these transformed columns."""
    n = len(next(iter(columns.values())))
    kept = np.ones(n, dtype=np.bool_) if keep is None else keep
    return Signal(columns, Quality(kept, 1.0, {}), dict.fromkeys(columns, scale))


def positive_model(marker: str, positives: float = 6.0) -> PositiveModel:
    """Negatives at 2 and positives higher, of standard deviation 0.5; a natural unit is a tenth of a position."""
    grid = make_grid(10.0)
    place, spread = np.sinh(2.0), np.sinh(2.0) - np.sinh(1.5)
    signal = place + spread * ZONE
    negative = np.exp(-0.5 * ((np.arcsinh(signal) - 2.0) / 0.5) ** 2) / np.hypot(1.0, signal)
    unspecific = np.exp(-0.5 * ((grid - 5.0) / 2.0) ** 2)
    beyond = np.sinh(positives) - place
    bright, wide = np.log(beyond), 0.5 * np.sinh(positives) / beyond
    return PositiveModel(
        marker=marker, unit=10.0, low=float(grid[0]), step=STEP, place=float(place), spread=float(spread),
        negative=tuple((negative / negative.sum()).tolist()),
        signal_means=(float(bright), float(bright) - 1.5), signal_spreads=(float(wide), 0.5),
        dim_part=0.01, signals_seen=True,
        unspecific=tuple((unspecific / (unspecific.sum() * STEP)).tolist()),
        binding=(1e-3, 1e-2, 0.5), unspecific_part=1e-4, binding_by=None, spilling=(), controls=("control.fcs",),
        control_events=10_000,
    )  # fmt: skip


def strategy(*rules: Rule) -> Strategy:
    """A strategy of these rules."""
    return Strategy(name="test", populations=tuple(rules))
