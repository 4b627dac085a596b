"""What controls and tubes of a study show of a marker that only some cells carry."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bcelldepl.gating.model.alignment import Alignment
from bcelldepl.gating.model.binding import binds_every_stain, learn_binding
from bcelldepl.gating.model.control_shapes import (
    ENOUGH,
    anywhere_above,
    control_shapes,
    share_binding,
    without_positives,
)
from bcelldepl.gating.model.event_sample import EventSample
from bcelldepl.gating.model.members import members_of
from bcelldepl.gating.model.positive_mixture import (
    FAR_SHIFT,
    STEP,
    Numbers,
    Shapes,
    cell_counts,
    fit_tubes,
    make_grid,
    quantile,
    smoothed,
)
from bcelldepl.gating.model.study_model import Binding, PositiveModel, StudyModel
from bcelldepl.gating.rules.positives import PositivesRule
from bcelldepl.runtime.threads import in_threads

if TYPE_CHECKING:
    from bcelldepl.gating.strategy import Strategy

__all__ = ["learn_positives"]

_BODY = 2.0  # bins by which a tube's cells are smoothed
_FEW = 50  # positives of a study; fewer tell no shape of their own
_ROUNDS = 4
_NARROWEST = 0.2  # natural units, of positives
_BRIDGE = 0.25  # of the distance of positives from the negative: the spread of dim ones between
_FIRST_GUESS = (0.7, 0.3)  # shares of bright and dim positives


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
        names = [rule.marker, *lacking]

        def of_tube(given: tuple[EventSample, Alignment]) -> dict[str, NDArray[np.float32]]:
            sample, alignment = given
            inside = members_of(model, strategy, sample, alignment, rule.parent)
            return {name: model.scales[name].apply(sample.signals[name][inside], 1.0) for name in names}

        cells = in_threads(of_tube, zip(samples, aligned, strict=True))
        controls = [one for one, sample in zip(cells, samples, strict=True) if sample.control]
        binding = learn_binding(lacking, controls or cells)
        counts = {}
        for sample, positions in zip(samples, cells, strict=True):
            values = positions[rule.marker]
            binds = binds_every_stain(binding, positions, len(values))
            counts[sample.tube] = cell_counts(values * np.float32(unit), binds, grid)
        return cls(unit, grid, binding, counts)


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
    shapes = _with_positives(shapes, np.array(others), grid)
    return PositiveModel(
        marker=marker,
        unit=cells.unit,
        low=float(grid[0]),
        step=STEP,
        negative=_rounded(shapes.densities[0]),
        positive=_rounded(shapes.densities[1]),
        unspecific=_rounded(shapes.densities[2]),
        binding=_rounded(shapes.binding),
        unspecific_part=round(shapes.usual, 9),
        binding_by=cells.binding,
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


def _with_positives(shapes: Shapes, tubes: Numbers, grid: Numbers) -> Shapes:
    """Find the shape of the positives over all tubes: bright ones, and a bridge of dim ones halfway to the negative."""
    middle = quantile(shapes.densities[0], 0.5)
    centre, top = float(grid[middle]), float(grid[-1])
    densities = shapes.densities.copy()
    densities[1] = anywhere_above(densities[0], grid)
    # A tube whose negative lies higher than that of the controls has no positives for that.
    own = [_onto(one[0], middle) for one in tubes]
    above = np.sum(own, axis=0) * (densities[1] > 0) if len(tubes) else np.zeros(len(grid))
    if above.sum() < _FEW:
        return Shapes(densities, shapes.binding, shapes.usual)
    bright = float(np.average(grid, weights=above))
    width = max(math.sqrt(float(np.average((grid - bright) ** 2, weights=above))), _NARROWEST)
    share, binding = np.array(_FIRST_GUESS), shapes.binding.copy()
    for _ in range(_ROUNDS):
        densities[1] = _two_normals(grid, bright, width, centre, share)
        fitted = fit_tubes(tubes, Shapes(densities, binding, shapes.usual), grid)
        held = np.sum([one.held(len(grid))[1] for one in fitted], axis=0)
        total = held.sum(axis=0)
        if total.sum() < _FEW:
            break
        binding[1] = share_binding(held)
        for _ in range(20):
            parts = share[:, None] * _normals(grid, bright, width, centre)
            parts /= parts.sum(axis=0) + 1e-300
            weights = parts * total
            share = weights.sum(axis=1) / total.sum()
            mass = max(float(weights[0].sum()), 1e-9)
            bright = min(float(weights[0] @ grid) / mass, top)
            width = max(math.sqrt(float(weights[0] @ (grid - bright) ** 2) / mass), _NARROWEST)
    densities[1] = _two_normals(grid, bright, width, centre, share)
    return Shapes(densities, binding, shapes.usual)


def _onto(counts: Numbers, middle: int) -> Numbers:
    """Move a tube's cells so that most lie where the controls' do; none where that is too far: most may be positive."""
    mode = int(np.argmax(smoothed(counts, _BODY))) if counts.sum() else middle
    steps = middle - mode
    moved_counts = np.zeros_like(counts)
    if abs(steps) * STEP > FAR_SHIFT:
        return moved_counts
    kept = slice(max(steps, 0), len(counts) + min(steps, 0))
    moved_counts[kept] = counts[max(-steps, 0) : len(counts) - max(steps, 0)]
    return moved_counts


def _normals(grid: Numbers, bright: float, width: float, centre: float) -> Numbers:
    means = np.array([bright, 0.5 * (bright + centre)])[:, None]
    widths = np.array([width, max(_BRIDGE * (bright - centre), _NARROWEST)])[:, None]
    return np.asarray(np.exp(-0.5 * ((grid - means) / widths) ** 2) / widths)


def _two_normals(grid: Numbers, bright: float, width: float, centre: float, share: Numbers) -> Numbers:
    shape = share @ _normals(grid, bright, width, centre)
    return np.asarray(shape / (shape.sum() * STEP))
