"""What controls and tubes of a study show of a marker that only some cells carry."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from bcelldepl.gating.model.alignment import Alignment
from bcelldepl.gating.model.binding import binds_every_stain, learn_binding
from bcelldepl.gating.model.control_shapes import (
    DIM_PART,
    DIM_SPREAD,
    DIMMER,
    ENOUGH,
    control_shapes,
    share_binding,
    without_positives,
)
from bcelldepl.gating.model.event_sample import EventSample
from bcelldepl.gating.model.left_spill import near_mode, without_spill
from bcelldepl.gating.model.members import members_of
from bcelldepl.gating.model.natural_grid import (
    STEP,
    Numbers,
    cell_counts,
    make_grid,
    quantile,
    smoothed,
    to_linear,
)
from bcelldepl.gating.model.positive_mixture import FAR_SHIFT, Shapes, Signals
from bcelldepl.gating.model.study_model import Binding, PositiveModel, StudyModel
from bcelldepl.gating.model.tube_fit import fit_tube
from bcelldepl.gating.rules.positives import PositivesRule

if TYPE_CHECKING:
    from bcelldepl.gating.strategy import Strategy

__all__ = ["learn_positives"]

_BODY = 2.0  # bins by which a tube's cells are smoothed
_FEW = 50  # positives of a study; fewer tell no shape of their own
_ROUNDS = 5
_ALIKE = 200.0  # positives of a tube at most, in how many bind every stain
_CLEAR = 4.5  # upper standard deviations above the mode, for a first guess
_BRIGHT_SPREADS, _DIM_SPREADS = (0.2, 1.2), (0.35, 0.9)  # logarithms
_DIMMER_BY = (0.8, 2.5)  # logarithms, by which dim positives may lie below bright ones
_DIM_EVENTS, _PART_EVENTS = 20.0, 40.0  # that what is expected of dim positives, and of their part, weighs as


def learn_positives(
    model: StudyModel, strategy: Strategy, samples: Sequence[EventSample], aligned: Sequence[Alignment]
) -> dict[str, PositiveModel]:
    """Learn what controls and tubes show of each marker that a strategy counts positives of.

    Parameters
    ----------
    model : StudyModel
        With its boundaries.
    strategy : Strategy
    samples : sequence of EventSample
    aligned : sequence of Alignment
        Of the same tubes.

    Returns
    -------
    dict of str to PositiveModel
        By population; one whose negative no control shows is left out.
    """
    learned = {}
    for rule in strategy.populations:
        if not isinstance(rule, PositivesRule) or rule.marker not in model.scales:
            continue
        cells = _Cells.of(model, strategy, rule, samples, aligned)
        found = _learn(rule.marker, samples, cells)
        if found is not None:
            learned[rule.name] = found
    return learned


@dataclass(frozen=True)
class _Cells:
    """The cells of all tubes, by bin of the marker and by whether they bind every stain."""

    unit: float
    grid: Numbers
    binding: Binding | None
    counts: Mapping[str, Numbers]
    spilling: tuple[tuple[str, float], ...] = ()

    @classmethod
    def of(
        cls,
        model: StudyModel,
        strategy: Strategy,
        rule: PositivesRule,
        samples: Sequence[EventSample],
        aligned: Sequence[Alignment],
    ) -> _Cells:
        """Gate the samples down to the cells that are counted."""
        unit = model.unit_of(rule.marker)
        grid = make_grid(unit)
        lacking = [m for m in strategy.lineages.lacking_in(rule.of) if m in model.markers]
        carried = [m for m in strategy.lineages.carried_by(rule.of) if m in model.markers]
        linear = any(model.scales[m].kind == "linear" for m in (rule.marker, *carried))
        spilling = () if linear else tuple((m, model.unit_of(m)) for m in carried)
        cells = []
        for sample, alignment in zip(samples, aligned, strict=True):
            inside = members_of(model, strategy, sample, alignment, rule.parent)
            names = [rule.marker, *lacking, *carried]
            positions = {name: model.scales[name].apply(sample.signals[name][inside], 1.0) for name in names}
            cells.append(positions)
        controls = [one for one, sample in zip(cells, samples, strict=True) if sample.control]
        binding = learn_binding(lacking, controls or cells)
        counts = {}
        for sample, positions in zip(samples, cells, strict=True):
            stains = [positions[name] * np.float32(size) for name, size in spilling]
            values = without_spill(positions[rule.marker] * np.float32(unit), stains)
            counts[sample.tube] = cell_counts(
                values, binds_every_stain(binding, positions, near_mode(values)), grid
            )
        return cls(unit, grid, binding, counts, spilling)


def _learn(marker: str, samples: Sequence[EventSample], cells: _Cells) -> PositiveModel | None:
    counts, grid = cells.counts, cells.grid
    lacks = {one.tube for one in samples if marker.casefold() in map(str.casefold, one.without)}
    stained = [one.tube for one in samples if one.control and one.tube not in lacks]
    unstained = [one.tube for one in samples if one.tube in lacks]
    stained = without_positives({tube: counts[tube] for tube in stained}, grid)
    controls = stained
    if sum(counts[tube].sum() for tube in stained) < ENOUGH:
        controls = without_positives({tube: counts[tube] for tube in (*stained, *unstained)}, grid)
    events = int(sum(counts[tube].sum() for tube in controls))
    if events < ENOUGH:
        return None
    shapes = control_shapes([counts[tube] for tube in controls], grid)
    others = [counts[one.tube] for one in samples if one.tube not in {*stained, *unstained}]
    shapes = _with_positives(shapes, others)
    return PositiveModel(
        marker=marker,
        unit=cells.unit,
        low=float(grid[0]),
        step=STEP,
        place=round(shapes.negative.place, 9),
        spread=round(shapes.negative.spread, 9),
        negative=_rounded(shapes.negative.density),
        signal_means=_rounded(shapes.signals.means),
        signal_spreads=_rounded(shapes.signals.spreads),
        dim_part=round(shapes.signals.dim_part, 9),
        unspecific=_rounded(shapes.unspecific),
        binding=_rounded(shapes.binding),
        unspecific_part=round(shapes.usual, 9),
        binding_by=cells.binding,
        spilling=cells.spilling,
        controls=tuple(controls),
        control_events=events,
        background=_median([counts[tube] for tube in stained], grid),
        unstained=_median([counts[tube] for tube in unstained], grid),
    )


def _rounded(numbers: Numbers) -> tuple[float, ...]:
    return tuple(np.round(numbers, 9).tolist())


def _median(counts: Sequence[Numbers], grid: Numbers) -> float | None:
    total = np.sum(counts, axis=(0, 1)) if counts else np.zeros(len(grid))
    return round(float(grid[quantile(total, 0.5)]), 6) if total.sum() >= ENOUGH else None


def _with_positives(shapes: Shapes, tubes: Sequence[Numbers]) -> Shapes:
    """Find the signals of the positives over all tubes, and how many of them bind every stain."""
    signals = _clear_signals(shapes, tubes)
    if signals is None:
        return shapes
    found = replace(shapes, signals=signals)
    at: list[tuple[float, float] | None] = [None] * len(tubes)
    for _ in range(_ROUNDS):
        fits = [fit_tube(one, found, where) for one, where in zip(tubes, at, strict=True)]
        at = [(one.place, one.stretch) for one in fits]  # positives hardly move it
        held = [one.held()[1:3].sum(axis=0) for one in fits]
        total = np.sum(held, axis=0)
        if total.sum() < _FEW:
            break
        # No tube counts for all: after an infusion CAR-T cells carry what they tore off, and not later.
        alike = np.sum([one * min(1.0, _ALIKE / max(one.sum(), 1.0)) for one in held], axis=0)
        binding = found.binding.copy()
        binding[1] = share_binding(alike)
        signals = _fitted(found, [one.sum(axis=0) for one in held], [one.place for one in fits])
        found = replace(found, binding=binding, signals=signals)
    return found


def _clear_signals(shapes: Shapes, tubes: Sequence[Numbers]) -> Signals | None:
    """Signals of the cells that lie clear above the negative of their tube; None for few."""
    grid, negative = shapes.grid, shapes.negative
    clear = _CLEAR * (negative.quantile(0.8413) - negative.quantile(0.5)) * negative.spread
    usual = float(np.arcsinh(negative.place))
    logarithms, events = [], []
    for one in tubes:
        mode = float(grid[np.argmax(smoothed(one.sum(axis=0), _BODY))])
        # Where the mode is too far off, most cells may be positive.
        beyond = to_linear(grid) - math.sinh(mode)
        if one.sum() and abs(mode - usual) <= FAR_SHIFT:
            logarithms.append(np.log(beyond[beyond > clear]))
            events.append(one[0, beyond > clear])
    number = np.concatenate([*events, np.zeros(1)])
    if number.sum() < _FEW:
        return None
    logarithm = np.concatenate([*logarithms, np.zeros(1)])
    bright = float(np.average(logarithm, weights=number))
    spread = math.sqrt(float(np.average((logarithm - bright) ** 2, weights=number)))
    spreads = np.array([np.clip(spread, *_BRIGHT_SPREADS), DIM_SPREAD])
    return Signals(np.array([bright, bright - DIMMER]), spreads, DIM_PART)


def _fitted(shapes: Shapes, held: Sequence[Numbers], places: Sequence[float]) -> Signals:
    """Fit the signals to positives by bin, each of which lies beyond any part of the negative of its tube."""
    signals = shapes.signals
    sums = np.zeros((3, 2))  # events, and their logarithms to the first and second power
    for counts, place in zip(held, places, strict=True):
        used = np.flatnonzero(counts > 1e-9)
        beyond = shapes.beyond(place)[used]
        shares = np.array([1.0 - signals.dim_part, signals.dim_part])[:, None, None]
        parts = shares * signals.densities(beyond) / np.maximum(beyond, 1e-12)
        parts *= counts[used, None] / (parts.sum(axis=(0, 2)) + 1e-300)[:, None]
        logarithm = np.log(np.maximum(beyond, 1e-12))
        sums += [(parts * logarithm**power).sum(axis=(1, 2)) for power in range(3)]
    number = np.maximum(sums[0], 1e-9)
    bright = sums[1, 0] / number[0]
    spread = math.sqrt(max(sums[2, 0] / number[0] - bright**2, 0.0))
    # Of dim ones little is seen where they reach into the negative: what is expected of them has its weight.
    weight = number[1] + _DIM_EVENTS
    dim = (sums[1, 1] + _DIM_EVENTS * (bright - DIMMER)) / weight
    dim = float(np.clip(dim, bright - _DIMMER_BY[1], bright - _DIMMER_BY[0]))
    around = max(sums[2, 1] - 2.0 * dim * sums[1, 1] + dim**2 * number[1], 0.0)
    dim_spread = math.sqrt((around + _DIM_EVENTS * DIM_SPREAD**2) / weight)
    part = (number[1] + _PART_EVENTS * DIM_PART) / (number.sum() + _PART_EVENTS)
    spreads = np.array([np.clip(spread, *_BRIGHT_SPREADS), np.clip(dim_spread, *_DIM_SPREADS)])
    return Signals(np.array([bright, dim]), spreads, float(part))
