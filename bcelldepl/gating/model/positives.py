"""What controls and tubes of a study show of a marker that only some cells carry."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bcelldepl.gating.model.alignment import Alignment
from bcelldepl.gating.model.binding import learn_binding, marker_signals
from bcelldepl.gating.model.cluster_comparison import BESIDE, MUCH
from bcelldepl.gating.model.control_shapes import ENOUGH, control_shapes, with_reagent, without_positives
from bcelldepl.gating.model.event_sample import EventSample
from bcelldepl.gating.model.members import members_of
from bcelldepl.gating.model.natural_grid import STEP, Numbers, cell_counts, make_grid, quantile
from bcelldepl.gating.model.positive_mixture import Signals
from bcelldepl.gating.model.positive_signals import learn_signals, signals_about
from bcelldepl.gating.model.study_model import Binding, PositiveModel, StudyModel
from bcelldepl.gating.rules.positives import PositivesRule
from bcelldepl.runtime.threads import in_threads

if TYPE_CHECKING:
    from bcelldepl.gating.strategy import Strategy

__all__ = ["learn_positives"]


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
        found = _learn(rule.marker, samples, cells, _signals_of_clusters(model, strategy, rule))
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
        names = [rule.marker, *lacking, *carried]

        def of_tube(given: tuple[EventSample, Alignment]) -> dict[str, NDArray[np.float32]]:
            sample, alignment = given
            inside = members_of(model, strategy, sample, alignment, rule.parent)
            return {name: model.scales[name].apply(sample.signals[name][inside], 1.0) for name in names}

        cells = in_threads(of_tube, zip(samples, aligned, strict=True))
        controls = [one for one, sample in zip(cells, samples, strict=True) if sample.control]
        binding = learn_binding(lacking, controls or cells)
        counts = {}
        for sample, positions in zip(samples, cells, strict=True):
            _, clean, binds = marker_signals(positions, rule.marker, unit, spilling, binding)
            counts[sample.tube] = cell_counts(clean, binds, grid)
        return cls(unit, grid, binding, counts, spilling)


def _signals_of_clusters(model: StudyModel, strategy: Strategy, rule: PositivesRule) -> Signals | None:
    """Signals of cells that are clusters of their own: they rise in the marker, and clearly more than in others."""
    cells = [one for one in model.components if one.kind in strategy.lineages.family(rule.of)]
    lacking = [model.markers.index(m) for m in strategy.lineages.lacking_in(rule.of) if m in model.markers]
    if not cells:
        return None
    negative = max(cells, key=lambda one: one.share)
    axis, logarithms, shares = model.markers.index(rule.marker), [], []
    for one in cells:
        rise = np.array(one.mean) - np.array(negative.mean)
        if rise[axis] > max(MUCH, rise[lacking].max(initial=0.0) + BESIDE):
            logarithms.append(math.log(math.sinh(one.mean[axis]) - math.sinh(negative.mean[axis])))
            shares.append(one.share)
    return signals_about(float(np.average(logarithms, weights=shares))) if shares else None


def _learn(
    marker: str, samples: Sequence[EventSample], cells: _Cells, of_clusters: Signals | None = None
) -> PositiveModel | None:
    counts, grid = cells.counts, cells.grid
    lacks = {one.tube for one in samples if marker.casefold() in map(str.casefold, one.without)}
    stained = [one.tube for one in samples if one.control and one.tube not in lacks]
    unstained = [one.tube for one in samples if one.tube in lacks]
    others = [one.tube for one in samples if one.tube not in {*stained, *unstained}]
    all_stained = {tube: counts[tube] for tube in (*stained, *others)}
    stained = with_reagent(stained, all_stained, [counts[tube] for tube in unstained], grid)
    stained = without_positives({tube: counts[tube] for tube in stained}, grid)
    controls = stained
    if sum(counts[tube].sum() for tube in stained) < ENOUGH:
        controls = without_positives({tube: counts[tube] for tube in (*stained, *unstained)}, grid)
    events = int(sum(counts[tube].sum() for tube in controls))
    if events < ENOUGH:
        return None
    shapes = control_shapes([counts[tube] for tube in controls], grid)
    found = learn_signals(shapes, [counts[tube] for tube in others])
    seen = found is not None
    # A cluster lies apart, though no more cells are clear of the negative than controls have.
    if not seen and of_clusters is not None:
        found = learn_signals(shapes, [counts[tube] for tube in others], of_clusters)
    shapes = found or shapes
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
        signals_seen=seen,
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
